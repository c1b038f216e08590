//! `cdk`: command and options are those of the installed command line.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;

use documents::root;

#[test]
fn commands_and_options_exist() {
    let helps = Mutex::new(BTreeMap::new());
    super::check_all("cdk", |arguments, _| {
        let (command, rest) = arguments.split_first().ok_or("a command is missing")?;
        let mut helps = helps.lock().unwrap();
        let help = helps.entry(command.clone()).or_insert_with(|| help(command));
        if !help.starts_with(&format!("cdk {command}")) {
            return Err(format!("there is no command {command}"));
        }
        for option in rest.iter().filter(|argument| argument.starts_with("--")) {
            let name = option.split('=').next().unwrap_or_default();
            if !help.split([' ', ',', '\n']).any(|word| word == name) {
                return Err(format!("there is no option {name}"));
            }
        }
        Ok(())
    });
}

fn help(command: &str) -> String {
    let cdk = root().join("node_modules/.bin/cdk");
    assert!(cdk.exists(), "{} is missing; run `make setup`", cdk.display());
    let output = Command::new(cdk).args([command, "--help"]).env("CDK_DISABLE_CLI_TELEMETRY", "true").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
