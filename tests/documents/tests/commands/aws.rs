//! `aws`: service, operation and parameters are those of AWS's models, which botocore has.

use std::process::Command;

use documents::root;

/// Commands of the AWS CLI alone, which are no operations of a service.
const OF_THE_CLI: [&str; 2] = ["sso", "configure"];

#[test]
fn services_operations_and_parameters_exist() {
    super::check_all("aws", |arguments, is_mention| {
        if OF_THE_CLI.contains(&arguments[0].as_str()) {
            return Ok(());
        }
        let python = root().join(".venv/bin/python");
        assert!(python.exists(), "{} is missing; run `make setup`", python.display());
        let mut check = Command::new(python);
        check.args(["-c", include_str!("aws.py"), if is_mention { "mention" } else { "complete" }]).args(arguments);
        let output = check.output().unwrap();
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
    });
}
