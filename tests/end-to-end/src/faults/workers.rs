//! The processes in which the local AWS runs the functions.

use rustix::process::{Pid, Signal, kill_process};

use crate::function::Function;
use local_cloud::cause::{Cause, Context as _};

/// The variable with the function's name, as in AWS.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME=";

/// Kills every process of the functions whose names begin with `stack_prefix`, or only those of `function`. Returns their
/// number.
pub(super) fn kill(stack_prefix: &str, function: Option<Function>) -> Result<u64, Cause> {
    let name = function.map(|function| function.to_string()).unwrap_or_default();
    let expected = format!("{FUNCTION_NAME}{stack_prefix}pipeline-{name}");
    let mut killed = 0;
    for process in std::fs::read_dir("/proc").context("listing the processes in /proc, which Linux has")? {
        let process = process?;
        let id = process.file_name().to_str().and_then(|name| name.parse().ok());
        let Some((pid, id)) = id.and_then(|id: i32| Some((Pid::from_raw(id)?, id))) else { continue };
        // A process that has ended or that belongs to another user can't be read.
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        if !environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(expected.as_bytes())) {
            continue;
        }
        match kill_process(pid, Signal::KILL) {
            Ok(()) => killed += 1,
            Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error).context(format!("killing the process {id}")),
        }
    }
    Ok(killed)
}
