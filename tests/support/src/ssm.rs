//! Systems Manager's parameters.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_adapters::clients;
use aws_config::SdkConfig;
use load_proxy::LoadFaults;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json_api::{self, JsonApi, ServiceError, parse};

/// The most parameters that one call reads.
const NAMES_MAX: usize = 10;
/// The most bytes of a parameter's value in the standard tier.
const VALUE_BYTES_MAX: usize = 4096;

/// A parameter store of this test's own, behind a proxy that answers as AWS does under load: `PutParameter`,
/// `GetParameter`, `GetParameters` and `DeleteParameter`.
#[derive(Debug)]
pub struct LocalSsm {
    sdk: SdkConfig,
    faults: LoadFaults,
}

impl LocalSsm {
    /// Starts one without parameters.
    pub async fn start() -> Self {
        let (endpoint_url, faults) = crate::under_load(json_api::serve(Parameters::default()).await).await;
        Self { sdk: crate::in_own_region(&endpoint_url), faults }
    }

    /// A client of it, which retries as those of the functions do.
    #[must_use]
    pub fn client(&self) -> aws_sdk_ssm::Client {
        clients::ssm(&self.sdk)
    }

    /// The faults that its clients meet.
    #[must_use]
    pub fn faults(&self) -> &LoadFaults {
        &self.faults
    }
}

/// The values by their names.
#[derive(Default)]
struct Parameters(Mutex<BTreeMap<String, String>>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Put {
    name: String,
    value: String,
    r#type: String,
    #[serde(default)]
    overwrite: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ByNames {
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ByName {
    name: String,
}

impl JsonApi for Parameters {
    const TARGET: &str = "AmazonSSM";

    async fn call(&self, operation: &str, request: Value) -> Result<Value, ServiceError> {
        match operation {
            "PutParameter" => self.put(parse(request)?),
            "GetParameter" => self.get(&parse(request)?),
            "DeleteParameter" => self.delete(&parse(request)?),
            "GetParameters" => self.get_several(&parse(request)?),
            _ => Err(ServiceError::unknown_operation(operation)),
        }
    }
}

impl Parameters {
    fn put(&self, Put { name, value, r#type, overwrite }: Put) -> Result<Value, ServiceError> {
        check_path(&name)?;
        if r#type != "String" {
            return Err(ServiceError::new("UnsupportedParameterType", format!("{type} is not supported")));
        }
        if value.is_empty() || value.len() > VALUE_BYTES_MAX {
            let message = format!("a value has 1 to {VALUE_BYTES_MAX} bytes, not {}", value.len());
            return Err(ServiceError::new("ValidationException", message));
        }
        let mut parameters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if parameters.contains_key(&name) && !overwrite {
            return Err(ServiceError::new("ParameterAlreadyExists", format!("{name} exists already")));
        }
        parameters.insert(name, value);
        Ok(json!({"Version": 1, "Tier": "Standard"}))
    }

    fn delete(&self, ByName { name }: &ByName) -> Result<Value, ServiceError> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name) {
            Some(_) => Ok(json!({})),
            None => Err(ServiceError::new("ParameterNotFound", format!("{name} does not exist"))),
        }
    }

    fn get(&self, ByName { name }: &ByName) -> Result<Value, ServiceError> {
        check_path(name)?;
        let parameters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(value) = parameters.get(name) else {
            return Err(ServiceError::new("ParameterNotFound", format!("{name} does not exist")));
        };
        Ok(json!({"Parameter": {"Name": name, "Value": value, "Type": "String", "Version": 1}}))
    }

    fn get_several(&self, ByNames { names }: &ByNames) -> Result<Value, ServiceError> {
        if !(1..=NAMES_MAX).contains(&names.len()) {
            let message = format!("Names has 1 to {NAMES_MAX} members, not {}", names.len());
            return Err(ServiceError::new("ValidationException", message));
        }
        for name in names {
            check_path(name)?;
        }
        let parameters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (found, unknown): (Vec<_>, Vec<_>) = names.iter().partition(|name| parameters.contains_key(*name));
        let found = found
            .into_iter()
            .map(|name| json!({"Name": name, "Value": parameters[name], "Type": "String", "Version": 1}));
        Ok(json!({"Parameters": found.collect::<Vec<_>>(), "InvalidParameters": unknown}))
    }
}

fn check_path(path: &str) -> Result<(), ServiceError> {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || "_.-/".contains(character);
    if path.starts_with('/') && path.chars().all(is_allowed) {
        return Ok(());
    }
    Err(ServiceError::new("ValidationException", format!("{path:?} is not the path of a parameter")))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ssm::error::ProvideErrorMetadata;
    use aws_sdk_ssm::types::ParameterType::String as Text;

    use super::*;

    #[tokio::test]
    async fn ten_parameters_are_read_at_once_and_unknown_ones_are_named() {
        let client = LocalSsm::start().await.client();
        let name = |number| format!("/tenants/t{number:02}");
        for number in 0..9 {
            client.put_parameter().name(name(number)).r#type(Text).value("{}").send().await.unwrap();
        }
        let names = |count| Some((0..count).map(name).collect());
        let found = client.get_parameters().set_names(names(10)).send().await.unwrap();
        assert_eq!((found.parameters().len(), found.invalid_parameters()), (9, [name(9)].as_slice()));
        let error = client.get_parameters().set_names(names(11)).send().await.unwrap_err();
        assert_eq!(error.code(), Some("ValidationException"));
    }

    #[tokio::test]
    async fn one_parameter_is_read_by_its_name() {
        let client = LocalSsm::start().await.client();
        client.put_parameter().name("/tenants/acme").r#type(Text).value("{}").send().await.unwrap();
        let get = client.get_parameter().name("/tenants/acme");
        assert_eq!(get.clone().send().await.unwrap().parameter.and_then(|found| found.value).as_deref(), Some("{}"));
        assert_eq!(get.name("/tenants/globex").send().await.unwrap_err().code(), Some("ParameterNotFound"));
    }

    #[tokio::test]
    async fn a_parameter_that_exists_is_not_overwritten_unless_the_request_says_so() {
        let client = LocalSsm::start().await.client();
        let put = client.put_parameter().name("/tenants/acme").r#type(Text).value("{}");
        put.clone().send().await.unwrap();
        let error = put.clone().send().await.unwrap_err();
        assert_eq!(error.code(), Some("ParameterAlreadyExists"));
        put.overwrite(true).send().await.unwrap();
    }
}
