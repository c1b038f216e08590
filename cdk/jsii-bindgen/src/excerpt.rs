//! The excerpt of an assembly that a program gives to the kernel. It has the bound types without their documentation, and of
//! all other classes and interfaces what they derive from: JavaScript returns objects of any class.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Error;
use crate::closure::Closure;
use crate::library::{Library, Module, parse};

/// The fields of types, members and parameters that only readers need.
const FOR_READERS: [&str; 3] = ["docs", "locationInModule", "symbolId"];

/// An excerpt. What the kernel does not read of an assembly is missing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Excerpt<'a> {
    schema: &'a str,
    name: &'a str,
    version: &'a str,
    jsii_version: &'a str,
    dependencies: &'a BTreeMap<String, String>,
    used_features: &'a [String],
    types: BTreeMap<&'a str, Value>,
}

/// A type without bindings. Of these the excerpt has the classes and the interfaces. It has no structure and no enumeration,
/// because nothing refers to one.
#[derive(Deserialize, Serialize)]
struct Unbound<'a> {
    kind: &'a str,
    fqn: &'a str,
    name: &'a str,
    assembly: &'a str,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<&'a str>,
    #[serde(default, borrow)]
    interfaces: Vec<&'a str>,
    #[serde(default, skip_serializing)]
    datatype: bool,
}

/// The name of the file of a package's excerpt, e.g. `aws-cdk-lib.jsii.gz`.
pub(crate) fn file_name(package: &str) -> String {
    package.replace('/', "+") + ".jsii.gz"
}

/// The excerpt of a package's assembly, compressed by gzip.
pub(crate) fn of(library: &Library<'_>, closure: &Closure, module: &Module) -> Result<Vec<u8>, Error> {
    let mut types = BTreeMap::new();
    for (fqn, text) in library.types_of(&module.name) {
        if closure.has(fqn) {
            let mut bound = parse(fqn, text)?;
            remove(&FOR_READERS, &mut bound);
            types.insert(fqn, bound);
            continue;
        }
        let unbound: Unbound<'_> = parse(fqn, text)?;
        if unbound.kind != "enum" && !unbound.datatype {
            types.insert(fqn, serde_json::to_value(unbound).map_err(|source| malformed(fqn, source))?);
        }
    }
    let excerpt = Excerpt {
        schema: &module.schema,
        name: &module.name,
        version: &module.version,
        jsii_version: &module.jsii_version,
        dependencies: &module.needs,
        used_features: &module.used_features,
        types,
    };
    let json = serde_json::to_vec(&excerpt).map_err(|source| malformed(&module.name, source))?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(&json).and_then(|()| encoder.finish());
    written.map_err(|source| Error::Unwritable { path: file_name(&module.name).into(), source })
}

fn malformed(name: &str, source: serde_json::Error) -> Error {
    Error::Malformed { path: name.into(), source }
}

/// Removes fields at every depth.
fn remove(fields: &[&str], value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|field, _| !fields.contains(&field.as_str()));
            object.values_mut().for_each(|value| remove(fields, value));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| remove(fields, value)),
        _ => {}
    }
}
