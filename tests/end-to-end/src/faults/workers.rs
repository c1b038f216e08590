//! The processes in which the local AWS runs the functions.

use rustix::process::{Pid, Signal, kill_process};

use crate::function::Function;
use local_cloud::LocalCloud;
use local_cloud::cause::{Cause, Context as _};

/// The variable with the function's name, as in AWS.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME=";

/// The variable with the address of the local AWS.
const ENDPOINT: &str = "AWS_ENDPOINT_URL=";

/// Kills every process of the functions of `cloud`, or only those of `function`. Returns their number. A deployment of
/// another run has functions of the same names.
pub(super) fn kill(cloud: &LocalCloud, function: Option<Function>) -> Result<u64, Cause> {
    let name = function.map(|function| function.to_string()).unwrap_or_default();
    let name = format!("{FUNCTION_NAME}{}pipeline-{name}", cloud.stack_prefix());
    let endpoint = format!("{ENDPOINT}{}", cloud.parts.ministack.endpoint());
    let mut killed = 0;
    for process in std::fs::read_dir("/proc").context("listing the processes in /proc, which Linux has")? {
        let process = process?;
        let id = process.file_name().to_str().and_then(|name| name.parse().ok());
        let Some((pid, id)) = id.and_then(|id: i32| Some((Pid::from_raw(id)?, id))) else { continue };
        // A process that has ended or that belongs to another user can't be read.
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        let variables = || environment.split(|byte| *byte == 0);
        let is_of_run = variables().any(|variable| variable == endpoint.as_bytes());
        if !is_of_run || !variables().any(|variable| variable.starts_with(name.as_bytes())) {
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
