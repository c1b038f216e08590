//! A child process with its descendants.

use std::io;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::{Child, Command};

/// The time for a group to end after SIGTERM. `MiniStack` with warm Lambda functions needs under a second.
const GRACE: Duration = Duration::from_secs(5);
/// The pause between two checks whether the group has ended.
const POLL: Duration = Duration::from_millis(10);

/// A running child process, the leader of its own process group. Dropping it ends the group: on success, on an error,
/// on a panic, and when the future that holds it is cancelled.
///
/// A terminal's Ctrl-C does not reach another process group, so this program decides the order in which processes end.
#[derive(Debug)]
pub struct ProcessGroup {
    leader: Child,
    group: Pid,
}

impl ProcessGroup {
    /// Starts `command` as the leader of a new process group.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut leader = command.process_group(0).spawn()?;
        let group = leader.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            return Ok(Self { leader, group });
        }
        leader.start_kill()?;
        Err(io::Error::other("the process ended before it could be watched"))
    }

    /// The leading process, to read its output or wait for it.
    pub fn leader(&mut self) -> &mut Child {
        &mut self.leader
    }

    /// The group's id, which is the leader's process id.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.group.as_raw_nonzero().get()
    }

    /// Whether no process of the group is left within `deadline`.
    fn ends_within(&mut self, deadline: Duration) -> bool {
        let began = Instant::now();
        loop {
            // The leader is our child: unless its exit is collected it counts as a member of the group.
            let leader_ended = !matches!(self.leader.try_wait(), Ok(None));
            if leader_ended && test_kill_process_group(self.group).is_err() {
                return true;
            }
            if began.elapsed() >= deadline {
                return false;
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for ProcessGroup {
    /// Blocks until the group has ended.
    fn drop(&mut self) {
        for signal in [Signal::TERM, Signal::KILL] {
            // An error: no process of the group is left.
            let _ = kill_process_group(self.group, signal);
            if self.ends_within(GRACE) {
                return;
            }
        }
    }
}
