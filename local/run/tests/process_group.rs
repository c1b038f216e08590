//! A child process and its own children end together.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::process::Stdio;

use run::process_group::ProcessGroup;
use rustix::process::{Pid, test_kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// Starts a shell script that starts a grandchild and prints the grandchild's id. Gives the group and that id.
async fn family(script: &str) -> (ProcessGroup, Pid) {
    let mut group = ProcessGroup::spawn(Command::new("sh").args(["-c", script]).stdout(Stdio::piped())).unwrap();
    let stdout = group.leader().stdout.take().unwrap();
    let id = BufReader::new(stdout).lines().next_line().await.unwrap().unwrap();
    (group, Pid::from_raw(id.parse().unwrap()).unwrap())
}

async fn check_all_end(script: &str) {
    let (group, grandchild) = family(script).await;
    let leader = Pid::from_raw(group.id()).unwrap();
    assert!(test_kill_process(grandchild).is_ok(), "the test can see the process that it expects to go");
    drop(group);
    for process in [leader, grandchild] {
        assert!(test_kill_process(process).is_err(), "{process:?} is still there");
    }
}

#[tokio::test]
async fn a_grandchild_ends_with_the_group() {
    check_all_end("sleep 1000 & echo $!; wait").await;
}

#[tokio::test]
async fn a_grandchild_that_outlived_its_parent_ends_with_the_group() {
    check_all_end("sleep 1000 & echo $!").await;
}

#[tokio::test]
async fn a_process_that_ignores_a_polite_request_is_ended_all_the_same() {
    check_all_end("trap '' TERM; sleep 1000 & echo $!; while true; do wait; done").await;
}
