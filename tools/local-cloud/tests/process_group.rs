//! A child process and its descendants end together.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::process::Stdio;

use local_cloud::process_group::ProcessGroup;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// Starts a shell script that starts a grandchild and prints its id. Returns the group and that id.
async fn family(script: &str) -> (ProcessGroup, i32) {
    let mut group = ProcessGroup::spawn(Command::new("sh").args(["-c", script]).stdout(Stdio::piped())).unwrap();
    let stdout = group.leader().stdout.take().unwrap();
    let id = BufReader::new(stdout).lines().next_line().await.unwrap().unwrap();
    (group, id.parse().unwrap())
}

/// Whether a process runs. A zombie (state Z) does not: the first process of a container may never reap it.
fn is_running(process: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with('Z'))
}

async fn check_all_end(script: &str) {
    let (group, grandchild) = family(script).await;
    let leader = group.id();
    assert!(is_running(grandchild), "the test sees the process before the drop");
    drop(group);
    for process in [leader, grandchild] {
        assert!(!is_running(process), "{process} is still running");
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
async fn a_process_that_ignores_sigterm_is_killed() {
    check_all_end("trap '' TERM; sleep 1000 & echo $!; while true; do wait; done").await;
}
