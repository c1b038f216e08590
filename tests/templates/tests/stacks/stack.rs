//! One synthesised stack, and its template as readable text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::synthesis::read_json;

/// One synthesised stack.
#[derive(Debug)]
pub(crate) struct Stack {
    /// Path on the command line: `<environment>/<id>`.
    pub(crate) path: String,
    /// `true` with termination protection.
    pub(crate) is_protected: bool,
    /// File of the template.
    pub(crate) file: PathBuf,
    /// The template.
    pub(crate) template: Value,
    /// The folder of each function's code, by the name of the object in S3.
    pub(crate) code: BTreeMap<String, PathBuf>,
    /// Name on AWS.
    pub(crate) name: String,
    /// Its region.
    pub(crate) region: String,
    /// The paths of the stacks that are deployed before it.
    pub(crate) dependencies: Vec<String>,
    /// Outputs of other stacks as readable text, by the names of stack and output.
    pub(crate) others_outputs: BTreeMap<(String, String), String>,
}

/// A resource of a template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resource<'a> {
    /// The logical id.
    pub(crate) id: &'a str,
    /// The CloudFormation type.
    pub(crate) kind: &'a str,
    /// The resource with its type and policies.
    pub(crate) whole: &'a Value,
    /// Its properties.
    pub(crate) properties: &'a Value,
}

impl Stack {
    pub(crate) fn read(folder: &Path, artifact: &Value) -> Self {
        let properties = &artifact["properties"];
        let file = folder.join(properties["templateFile"].as_str().unwrap());
        let assets = file.to_str().unwrap().replace(".template.json", ".assets.json");
        let assets = read_json(Path::new(&assets));
        let code = assets["files"].as_object().unwrap().iter().map(|(hash, asset)| {
            (format!("{hash}.zip"), folder.join(asset["source"]["path"].as_str().unwrap_or_default()))
        });
        Self {
            path: artifact["displayName"].as_str().unwrap().to_owned(),
            is_protected: properties["terminationProtection"] == true,
            template: read_json(&file),
            code: code.collect(),
            name: properties["stackName"].as_str().unwrap().to_owned(),
            region: artifact["environment"].as_str().unwrap().rsplit('/').next().unwrap().to_owned(),
            dependencies: Vec::new(),
            others_outputs: BTreeMap::new(),
            file,
        }
    }

    /// Every resource.
    pub(crate) fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.template["Resources"].as_object().unwrap().iter().map(|(id, resource)| Resource {
            id,
            kind: resource["Type"].as_str().unwrap(),
            whole: resource,
            properties: &resource["Properties"],
        })
    }

    /// Every resource of a CloudFormation type.
    pub(crate) fn all(&self, kind: &str) -> impl Iterator<Item = Resource<'_>> {
        self.resources().filter(move |resource| resource.kind == kind)
    }

    /// The resource of a CloudFormation type of which the stack has one.
    pub(crate) fn only(&self, kind: &str) -> Resource<'_> {
        let all: Vec<_> = self.all(kind).collect();
        assert_eq!(all.len(), 1, "{} has {} of {kind}", self.path, all.len());
        all[0]
    }

    /// The resource of a CloudFormation type whose construct is called `name`.
    pub(crate) fn named(&self, kind: &str, name: &str) -> Resource<'_> {
        let found = self.all(kind).find(|resource| without_hash(resource.id) == name);
        found.unwrap_or_else(|| panic!("{} has no {kind} called {name}", self.path))
    }

    /// A value as readable text: references are names like `data/Variants.Arn`, joined parts are one text.
    pub(crate) fn text(&self, value: &Value) -> String {
        let Value::Object(function) = value else {
            return value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        };
        let (name, argument) = function.iter().next().unwrap();
        match (name.as_str(), argument) {
            ("Ref", argument) if *argument == "AWS::Partition" => "aws".to_owned(),
            ("Ref", argument) if *argument == "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            ("Ref", Value::String(id)) => self.local(id),
            ("Fn::GetAtt", Value::Array(path)) => {
                format!("{}.{}", self.local(path[0].as_str().unwrap()), path[1].as_str().unwrap())
            }
            ("Fn::Join", Value::Array(arguments)) => {
                let parts = arguments[1].as_array().unwrap().iter().map(|part| self.text(part));
                parts.collect::<Vec<_>>().join(arguments[0].as_str().unwrap())
            }
            ("Fn::Select", Value::Array(arguments)) if arguments[0] == 2 && arguments[1]["Fn::Split"][0] == "/" => {
                format!("the host of {}", self.text(&arguments[1]["Fn::Split"][1]))
            }
            // The parts of an alias's ARN.
            ("Fn::Select", Value::Array(arguments)) if arguments[1]["Fn::Split"][0] == ":" => {
                let part = if arguments[0] == 6 { "function" } else { "qualifier" };
                format!("the {part} of {}", self.text(&arguments[1]["Fn::Split"][1]))
            }
            ("Fn::GetStackOutput", reference) => {
                let name = |key: &str| reference[key].as_str().unwrap().to_owned();
                self.others_outputs[&(name("StackName"), name("OutputName"))].clone()
            }
            _ => value.to_string(),
        }
    }

    /// One value or a list of values as readable texts.
    pub(crate) fn texts(&self, value: &Value) -> Vec<String> {
        match value {
            Value::Array(values) => values.iter().map(|value| self.text(value)).collect(),
            value => vec![self.text(value)],
        }
    }

    /// The outputs for operators and programs, as readable texts. The others are for other stacks.
    pub(crate) fn outputs(&self) -> BTreeMap<&str, String> {
        let outputs = self.template["Outputs"].as_object().unwrap().iter();
        let published = outputs.filter(|(name, _)| !name.starts_with("PublishOutput"));
        published.map(|(name, output)| (name.as_str(), self.text(&output["Value"]))).collect()
    }

    /// Every output as readable text, by the names of stack and output.
    pub(crate) fn all_outputs(&self) -> Vec<((String, String), String)> {
        let outputs = self.template["Outputs"].as_object().into_iter().flatten();
        let named = |name: &String| (self.name.clone(), name.clone());
        outputs.map(|(name, output)| (named(name), self.text(&output["Value"]))).collect()
    }

    /// The name of a resource of this stack: `<stack>/<construct>`.
    pub(crate) fn local(&self, id: &str) -> String {
        let stack = self.path.split_once('/').unwrap().1;
        format!("{stack}/{}", without_hash(id))
    }
}

/// A logical id without the hash that the CDK appends to most of them.
fn without_hash(id: &str) -> &str {
    match id.len().checked_sub(8).and_then(|length| id.split_at_checked(length)) {
        Some((name, hash)) if hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')) => name,
        _ => id,
    }
}
