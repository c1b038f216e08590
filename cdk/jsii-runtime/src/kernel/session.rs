//! A session with a kernel: requests, responses and the loaded modules.

use std::cell::RefCell;
use std::io::{self, Write};
use std::panic::Location;
use std::process::ExitStatus;
use std::ptr;
use std::time::Duration;

use serde_json::Value;

use super::channel::Channel;
use super::process::{self, Launch, Process, SILENCE_MAX};
#[cfg(windows)]
use super::relay::launch;
#[cfg(unix)]
use super::socket::launch;
use super::{callback, construct, hello, load};
use crate::modules::Installation;
use crate::{Error, Module, Result};

thread_local! {
    /// A call of a static method has no object that identifies a kernel, so a thread has one kernel.
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// A running kernel and its loaded modules. Dropping it closes the channel.
///
/// A kernel that reads ends then, so nothing waits for it: freeing its memory takes Node 20 ms. Any other one is waited for,
/// and killed if it does not end; so is one with a temporary cache, which is deleted after its end.
#[derive(Debug)]
pub(super) struct Session {
    channel: Channel,
    process: Process,
    installation: Installation,
    loaded: Vec<&'static Module>,
}

/// Sends a request to this thread's kernel, which the first request starts. `module` is loaded first.
///
/// `call` identifies the call in an error, which also has the construct and the caller's line.
#[track_caller]
pub(super) fn request(module: Option<&'static Module>, call: &str, message: &Value) -> Result<Value> {
    let caller = Location::caller();
    exchange(module, call, message).map_err(|error| error.at(caller, || construct::path(message)))
}

/// Loads a module whose types a request will name, unless it is already loaded.
pub(super) fn load(module: &'static Module) -> Result<()> {
    with(|session| session.load(module))
}

/// Sends a request and receives its response. The session is not borrowed while a callback is carried out, which may send
/// requests itself.
pub(super) fn exchange(module: Option<&'static Module>, call: &str, message: &Value) -> Result<Value> {
    with(|session| {
        if let Some(module) = module {
            session.load(module)?;
        }
        session.channel.send(message)
    })?;
    loop {
        let mut message = with(|session| session.channel.receive(report_slow(call)))?;
        let Some(callback) = message.get_mut("callback") else { return result(call, message) };
        let completion = callback::complete(callback.take());
        with(|session| session.channel.send(&completion))?;
    }
}

/// Calls `action` with this thread's session, which is started if there is none.
fn with<T>(action: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
    let result = SESSION.try_with(|slot| {
        let slot = &mut *slot.borrow_mut();
        let session = match slot {
            Some(session) => session,
            None => slot.insert(Session::start(Installation::find()?, launch)?),
        };
        action(session).map_err(|error| session.explain(error))
    });
    result.unwrap_or(Err(Error::ThreadEnding))
}

impl Drop for Session {
    fn drop(&mut self) {
        self.channel.close();
        if self.channel.is_answered() && !self.installation.is_cache_temporary() {
            self.process.leave();
        }
    }
}

impl Session {
    fn start(installation: Installation, launch: Launch) -> Result<Self> {
        let (process, mut channel) = Process::start(&installation, launch)?;
        let late = || {
            let cause = format!("Node runs, but the kernel did not greet within {} s", SILENCE_MAX.as_secs());
            Err(process::start_error(&installation, io::Error::new(io::ErrorKind::TimedOut, cause)))
        };
        match channel.receive(late) {
            Ok(greeting) => hello::expect(&greeting, &installation)?,
            Err(Error::Ended { .. }) => {
                channel.close();
                return Err(process.explain_end(&installation));
            }
            Err(error) => return Err(error),
        }
        Ok(Self { channel, process, installation, loaded: Vec::new() })
    }

    /// Loads a module after its dependencies, unless it is already loaded.
    fn load(&mut self, module: &'static Module) -> Result<()> {
        if let Some(loaded) = self.loaded.iter().find(|loaded| loaded.name == module.name) {
            let is_same = ptr::eq(*loaded, module) || loaded.assembly == module.assembly;
            return if is_same { Ok(()) } else { Err(Error::OtherBindings { module: module.name }) };
        }
        for dependency in module.dependencies {
            self.load(dependency)?;
        }
        let message = load::message(module, &self.installation)?;
        self.request(&format!("load {}", module.name), &message)?;
        self.loaded.push(module);
        Ok(())
    }

    /// Adds the exit status to the error of a kernel that has ended. A kernel that writes garbage is ended, because its
    /// next line could be taken for the response to another request.
    fn explain(&mut self, error: Error) -> Error {
        match error {
            Error::Ended { source, .. } => Error::Ended { source, status: self.end().ok() },
            Error::Protocol { .. } => {
                let _ = self.end();
                error
            }
            other => other,
        }
    }

    fn end(&mut self) -> io::Result<ExitStatus> {
        self.channel.close();
        self.process.end()
    }

    /// Sends a request that leads to no callback.
    fn request(&mut self, call: &str, message: &Value) -> Result<Value> {
        self.channel.send(message)?;
        result(call, self.channel.receive(report_slow(call))?)
    }
}

/// Reports a call each time that [`SILENCE_MAX`] has passed without a message. A call has no time limit.
fn report_slow(call: &str) -> impl FnMut() -> Result<()> {
    let mut silence = Duration::ZERO;
    move || {
        silence += SILENCE_MAX;
        let _ = writeln!(io::stderr(), "{}", slow(call, silence));
        Ok(())
    }
}

fn slow(call: &str, silence: Duration) -> String {
    format!(
        "No message from the jsii kernel for {} s, in {call}. The program waits; end it to cancel.",
        silence.as_secs()
    )
}

/// The result in a response.
fn result(call: &str, mut response: Value) -> Result<Value> {
    match response.get_mut("ok") {
        Some(result) => Ok(result.take()),
        None => Err(thrown(call, &response)),
    }
}

fn thrown(call: &str, response: &Value) -> Error {
    let text = |key| response.get(key).and_then(Value::as_str).map(str::to_owned);
    match text("error") {
        Some(message) => Error::Thrown {
            call: call.to_owned(),
            name: text("name").unwrap_or_default(),
            message,
            stack: text("stack"),
            construct: None,
            caller: None,
        },
        // `{}`: an `ok` that is undefined does not exist in JSON.
        None => Error::Protocol { line: response.to_string() },
    }
}

#[cfg(test)]
#[cfg(unix)]
#[path = "session_tests.rs"]
mod tests;
