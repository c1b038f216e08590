//! One process of a candidate.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::candidate::{Function, Language};
use super::event::{BATCH, Event, batch};
use super::local_aws::LocalAws;
use super::runtime_api::RuntimeApi;
use crate::Folders;
use crate::error::{BenchError, Doing};

/// Duration of a measurement of throughput.
const THROUGHPUT: Duration = Duration::from_secs(3);
/// Batches before a measurement of throughput.
const WARM_UP: usize = 3;

/// A cold start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// From the start of the process to its first response.
    pub(crate) milliseconds: f64,
    /// Largest resident memory until then.
    pub(crate) peak_megabytes: f64,
}

impl Measured {
    pub(crate) fn min(self, other: Self) -> Self {
        Self {
            milliseconds: self.milliseconds.min(other.milliseconds),
            peak_megabytes: self.peak_megabytes.min(other.peak_megabytes),
        }
    }
}

/// A process that is killed when this is dropped.
struct Running {
    child: Child,
    started: Instant,
    api: RuntimeApi,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    async fn start(
        folders: &Folders,
        aws: &LocalAws,
        function: Function,
        language: Language,
    ) -> Result<Self, BenchError> {
        let api = RuntimeApi::start().await?;
        let mut command = language.command(folders, function);
        environment(&mut command, function, &api, aws)?;
        let log = folders.out.join("functions.log");
        let log = File::options().create(true).append(true).open(&log).doing(|| format!("open {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let started = Instant::now();
        let child = command.spawn().doing(|| format!("start {command:?}"))?;
        Ok(Self { child, started, api })
    }

    /// Largest resident memory so far.
    fn peak_megabytes(&self) -> Result<f64, BenchError> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).doing(|| format!("read {path}"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let kilobytes: f64 = peak.trim().trim_end_matches(" kB").parse().doing(|| format!("read VmHWM in {path}"))?;
        Ok(kilobytes * 1024.0 / 1e6)
    }
}

/// The environment that Lambda gives to a function, with the local AWS as its endpoint.
fn environment(command: &mut Command, function: Function, api: &RuntimeApi, aws: &LocalAws) -> Result<(), BenchError> {
    let path = std::env::var("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).envs(function.variables()?).envs(aws.variables()).envs([
        ("AWS_LAMBDA_RUNTIME_API", api.address.as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_SESSION_TOKEN", "test"),
    ]);
    Ok(())
}

/// Starts a function and waits for its first response, or for its first poll if it has no event without a call.
pub(crate) async fn measure_start(
    folders: &Folders,
    aws: &LocalAws,
    function: Function,
    language: Language,
    event: Event,
) -> Result<Measured, BenchError> {
    let mut running = Running::start(folders, aws, function, language).await?;
    let calls_before = aws.calls();
    let mut end = running.api.polled().await?;
    if let Some(payload) = event.of(function) {
        let (responded, response) = running.api.invoke(payload).await?;
        end = responded;
        let (calls, expected) = (aws.calls() - calls_before, event.calls_of(function));
        let message =
            || format!("{} made {calls} calls and responded {response}; expected: {expected}", function.name());
        if calls != expected {
            return Err(message()).doing(|| format!("compare {language:?}"));
        }
    }
    let milliseconds = end.duration_since(running.started).as_secs_f64() * 1e3;
    Ok(Measured { milliseconds, peak_megabytes: running.peak_megabytes()? })
}

/// Records that the stream function enqueues in a second, when it is warm.
pub(crate) async fn measure_throughput(
    folders: &Folders,
    aws: &LocalAws,
    language: Language,
) -> Result<f64, BenchError> {
    let mut running = Running::start(folders, aws, Function::Stream, language).await?;
    running.api.polled().await?;
    let mut batches = 0;
    let mut begin = Instant::now();
    loop {
        if batches == WARM_UP {
            begin = Instant::now();
        }
        running.api.invoke(batch(batches * BATCH)).await?;
        running.api.polled().await?;
        batches += 1;
        let elapsed = begin.elapsed();
        if batches > WARM_UP && elapsed > THROUGHPUT {
            return Ok(((batches - WARM_UP) * BATCH) as f64 / elapsed.as_secs_f64());
        }
    }
}
