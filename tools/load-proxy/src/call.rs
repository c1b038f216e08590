//! One call of a service, as far as its faults depend on it.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, Method, Uri};
use serde_json::{Map, Value};

/// A call.
#[derive(Debug)]
pub(crate) struct Call {
    service: Service,
    operation: String,
    path: String,
    pub(crate) body: Value,
}

/// The service of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    DynamoDb,
    Ssm,
    CloudFront,
}

/// The kind of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `TransactWriteItems`.
    Transaction,
    /// A write of one item of DynamoDB.
    Write,
    BatchGet,
    BatchWrite,
    /// A call of CloudFront.
    CloudFront,
    /// Any other call.
    Other,
}

/// One item that a write names: its table, and its key or the whole item.
#[derive(Debug)]
pub(crate) struct Named<'a> {
    pub(crate) table: &'a str,
    pub(crate) attributes: &'a Map<String, Value>,
    /// Whether `attributes` is the key alone.
    pub(crate) is_key: bool,
}

/// The parts of a transaction, and their member with the item.
const TRANSACTION_PARTS: [&str; 4] = ["Put", "Update", "Delete", "ConditionCheck"];

impl Call {
    /// Reads a call. `None`: the proxy does not know the service.
    pub(crate) fn of(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let (service, operation) = match target.and_then(|target| target.split_once('.')) {
            Some((name, operation)) if name.starts_with("DynamoDB_") => (Service::DynamoDb, operation),
            Some(("AmazonSSM", operation)) => (Service::Ssm, operation),
            _ if uri.path().contains("/distribution/") && uri.path().contains("/invalidation") => {
                let operation = if *method == Method::POST { "CreateInvalidation" } else { "GetInvalidation" };
                (Service::CloudFront, operation)
            }
            _ => return None,
        };
        // CloudFront's bodies are XML; no fault depends on them.
        let body = serde_json::from_slice(body).unwrap_or_default();
        Some(Self { service, operation: operation.to_owned(), path: uri.path().to_owned(), body })
    }

    pub(crate) fn service(&self) -> Service {
        self.service
    }

    pub(crate) fn operation(&self) -> &str {
        &self.operation
    }

    pub(crate) fn kind(&self) -> Kind {
        match (self.service, self.operation.as_str()) {
            (Service::CloudFront, _) => Kind::CloudFront,
            (Service::DynamoDb, "TransactWriteItems") => Kind::Transaction,
            (Service::DynamoDb, "PutItem" | "UpdateItem" | "DeleteItem") => Kind::Write,
            (Service::DynamoDb, "BatchGetItem") => Kind::BatchGet,
            (Service::DynamoDb, "BatchWriteItem") => Kind::BatchWrite,
            _ => Kind::Other,
        }
    }

    /// Whether the call names `name`: as the value of a key or of a condition, or as its distribution.
    pub(crate) fn names(&self, name: &str) -> bool {
        fn has(value: &Value, name: &str) -> bool {
            match value {
                Value::Object(members) => {
                    members.get("S").and_then(Value::as_str) == Some(name)
                        || members.values().any(|member| has(member, name))
                }
                Value::Array(elements) => elements.iter().any(|element| has(element, name)),
                _ => false,
            }
        }
        has(&self.body, name) || self.path.split('/').any(|segment| segment == name)
    }

    /// The items that a write or a transaction names, in the order of a transaction's parts.
    pub(crate) fn items(&self) -> Vec<Named<'_>> {
        match self.kind() {
            Kind::Write => named(&self.body).into_iter().collect(),
            Kind::Transaction => {
                let parts = self.body["TransactItems"].as_array().into_iter().flatten();
                parts.filter_map(|part| TRANSACTION_PARTS.iter().find_map(|name| named(part.get(name)?))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The table and the names of its key's attributes, where the call declares them.
    pub(crate) fn declared_key(&self) -> Option<(&str, BTreeSet<String>)> {
        let schema = self.body.get("KeySchema")?.as_array()?;
        let names = schema.iter().filter_map(|element| Some(element["AttributeName"].as_str()?.to_owned()));
        Some((self.body["TableName"].as_str()?, names.collect()))
    }
}

fn named(write: &Value) -> Option<Named<'_>> {
    let table = write["TableName"].as_str()?;
    let key = write.get("Key").and_then(Value::as_object);
    let attributes = key.or_else(|| write.get("Item").and_then(Value::as_object))?;
    Some(Named { table, attributes, is_key: key.is_some() })
}
