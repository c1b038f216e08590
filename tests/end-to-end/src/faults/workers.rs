//! The processes in which the local AWS runs the functions, and their sudden end.

use std::io;

use rustix::process::{Pid, Signal, kill_process};

use local_cloud::function::Function;

/// By which a process knows which function it runs, as in AWS.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME=";

/// Why no process could be ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkersError {
    /// The system does not say what runs.
    #[error("the processes of the functions could not be listed; this needs /proc, which Linux has")]
    List(#[source] io::Error),
    /// A process could not be killed.
    #[error("the process {pid} could not be killed")]
    Kill {
        /// Which one.
        pid: i32,
        /// Why.
        source: rustix::io::Errno,
    },
}

/// Kills every process that runs one of the functions whose names begin with `stack_prefix`, or that runs `function` if
/// one is named, and says how many. None of them can do anything about it.
pub(super) fn kill(stack_prefix: &str, function: Option<Function>) -> Result<u64, WorkersError> {
    let name = function.map(|function| function.to_string()).unwrap_or_default();
    let wanted = format!("{FUNCTION_NAME}{stack_prefix}pipeline-{name}");
    let mut killed = 0;
    for process in std::fs::read_dir("/proc").map_err(WorkersError::List)? {
        let process = process.map_err(WorkersError::List)?;
        let id = process.file_name().to_str().and_then(|name| name.parse().ok());
        let Some((pid, id)) = id.and_then(|id: i32| Some((Pid::from_raw(id)?, id))) else { continue };
        // One that has ended meanwhile, or is somebody else's, can't be read.
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        if !environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(wanted.as_bytes())) {
            continue;
        }
        match kill_process(pid, Signal::KILL) {
            Ok(()) => killed += 1,
            Err(rustix::io::Errno::SRCH) => {}
            Err(source) => return Err(WorkersError::Kill { pid: id, source }),
        }
    }
    Ok(killed)
}
