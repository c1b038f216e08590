//! `make`: targets and variables exist. `make -n` expands the recipes and runs nothing.

use std::fs;
use std::process::Command;

use documents::root;

#[test]
fn targets_and_variables_exist() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    super::check_all("make", |arguments, _| {
        for variable in arguments.iter().filter_map(|argument| Some(argument.split_once('=')?.0)) {
            if !makefile.contains(&format!("$({variable})")) {
                return Err(format!("no target reads {variable}"));
            }
        }
        let output =
            Command::new("make").args(["-n", "--no-print-directory"]).args(arguments).current_dir(root()).output();
        let output = output.map_err(|error| error.to_string())?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    });
}
