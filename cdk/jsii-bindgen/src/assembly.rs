//! The part of the assembly format (`jsii/0.10.0`) that bindings need.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Error, Package};

/// An assembly. Its types are unparsed: a project uses about 1,000 of some 23,000.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Assembly<'a> {
    #[serde(default)]
    pub(crate) schema: String,
    #[serde(default)]
    pub(crate) jsii_version: String,
    #[serde(default)]
    pub(crate) used_features: Vec<String>,
    pub(crate) name: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) dependencies: BTreeMap<String, String>,
    #[serde(borrow)]
    pub(crate) types: HashMap<&'a str, &'a RawValue>,
}

/// The content of `.jsii` when the assembly is in another file.
#[derive(Debug, Deserialize)]
struct Redirect {
    filename: PathBuf,
}

/// A type of an assembly.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub(crate) enum Type {
    Class(ClassType),
    Interface(InterfaceType),
    Enum(EnumType),
}

/// The types that a type derives from. Parsed alone, for every type of the library.
#[derive(Debug, Deserialize)]
pub(crate) struct Parents {
    #[serde(default)]
    datatype: bool,
    base: Option<String>,
    #[serde(default)]
    interfaces: Vec<String>,
}

impl Parents {
    /// The base class, then the interfaces. None for a structure, which is passed by value.
    pub(crate) fn all(self) -> Vec<String> {
        if self.datatype { Vec::new() } else { self.base.into_iter().chain(self.interfaces).collect() }
    }
}

/// The attributes that all types share.
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) fqn: String,
    pub(crate) name: String,
    pub(crate) assembly: String,
    /// Dotted. It can include the name of an enclosing type.
    #[serde(default)]
    pub(crate) namespace: String,
    #[serde(default)]
    pub(crate) docs: Docs,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ClassType {
    #[serde(flatten)]
    pub(crate) header: Header,
    #[serde(default, rename = "abstract")]
    pub(crate) is_abstract: bool,
    pub(crate) base: Option<String>,
    #[serde(default)]
    pub(crate) interfaces: Vec<String>,
    pub(crate) initializer: Option<Box<Callable>>,
    #[serde(flatten)]
    pub(crate) members: Members,
}

#[derive(Debug, Deserialize)]
pub(crate) struct InterfaceType {
    #[serde(flatten)]
    pub(crate) header: Header,
    /// A structure: passed by value, properties only.
    #[serde(default)]
    pub(crate) datatype: bool,
    #[serde(default)]
    pub(crate) interfaces: Vec<String>,
    #[serde(flatten)]
    pub(crate) members: Members,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EnumType {
    #[serde(flatten)]
    pub(crate) header: Header,
    pub(crate) members: Vec<EnumMember>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EnumMember {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) docs: Docs,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Members {
    #[serde(default)]
    pub(crate) methods: Vec<Callable>,
    #[serde(default)]
    pub(crate) properties: Vec<Property>,
}

/// A method, or an initializer (which has no name).
#[derive(Debug, Deserialize)]
pub(crate) struct Callable {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) docs: Docs,
    #[serde(default)]
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Option<Returned>,
    #[serde(default)]
    pub(crate) protected: bool,
    #[serde(default, rename = "static")]
    pub(crate) is_static: bool,
    #[serde(default, rename = "async")]
    pub(crate) is_async: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) docs: Docs,
    #[serde(rename = "type")]
    pub(crate) type_: TypeRef,
    #[serde(default)]
    pub(crate) optional: bool,
    #[serde(default)]
    pub(crate) variadic: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Returned {
    #[serde(rename = "type")]
    pub(crate) type_: TypeRef,
    #[serde(default)]
    pub(crate) optional: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the assembly's format")]
pub(crate) struct Property {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) type_: TypeRef,
    #[serde(default)]
    pub(crate) docs: Docs,
    #[serde(default)]
    pub(crate) optional: bool,
    #[serde(default)]
    pub(crate) immutable: bool,
    #[serde(default)]
    pub(crate) protected: bool,
    #[serde(default, rename = "static")]
    pub(crate) is_static: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TypeRef {
    Fqn(String),
    Primitive(Primitive),
    Collection { kind: Kind, elementtype: Box<TypeRef> },
    Union { types: Vec<TypeRef> },
    Intersection { types: Vec<TypeRef> },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Primitive {
    Any,
    Boolean,
    Date,
    Json,
    Number,
    String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Array,
    Map,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Docs {
    pub(crate) summary: String,
    pub(crate) remarks: String,
    pub(crate) default: String,
    pub(crate) deprecated: String,
    pub(crate) returns: String,
    pub(crate) see: String,
    pub(crate) example: String,
    pub(crate) stability: String,
}

/// The text of a package's assembly.
pub(crate) fn read(package: &Package) -> Result<String, Error> {
    let path = package.folder.join(".jsii");
    let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
    // Only a redirect has a `filename`; otherwise the file is the assembly itself.
    let Ok(redirect) = serde_json::from_str::<Redirect>(&text) else {
        return Ok(text);
    };
    let path = package.folder.join(redirect.filename);
    let compressed = fs::read(&path).map_err(unreadable(&path))?;
    let mut text = String::new();
    GzDecoder::new(compressed.as_slice()).read_to_string(&mut text).map_err(unreadable(&path))?;
    Ok(text)
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    |source| Error::Unreadable { path, source }
}
