//! The command line on a terminal, without an environment.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use terminal::{CTRL_C, Ended, Terminal};

const SIZE: (u16, u16) = (24, 80);
const WITHIN: Duration = Duration::from_secs(20);

/// `imagecache` with an AWS at `endpoint`.
fn imagecache(endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_imagecache"));
    // The user's own AWS configuration must not reach a real account.
    for (name, value) in [
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("NO_PROXY", "127.0.0.1"),
    ] {
        command.env(name, value);
    }
    command.env_remove("NO_COLOR").env_remove("IMAGECACHE_ENVIRONMENT").args(arguments);
    command
}

async fn end(command: &Command) -> std::io::Result<Ended> {
    Terminal::run(command, SIZE)?.end(WITHIN).await
}

#[tokio::test]
async fn an_error_is_red_on_a_terminal_only_and_not_with_no_color() {
    let plain = "error: name the environment: --environment <NAME>, or the variable IMAGECACHE_ENVIRONMENT";
    for (arguments, text) in [(&["status"][..], plain), (&["status", "--unknown"], "error: unexpected argument")] {
        let mut command = imagecache("http://127.0.0.1:1", arguments);
        let coloured = end(&command).await.unwrap();
        assert_eq!((coloured.code, coloured.screen.contents().starts_with(text)), (2, true), "{}", coloured.written);
        assert!(coloured.written.starts_with("\x1b[1m\x1b[31merror:\x1b[0m "), "{:?}", coloured.written);

        let piped = command.output().unwrap();
        assert!(String::from_utf8(piped.stderr).unwrap().starts_with(text));

        command.env("NO_COLOR", "1");
        let plain = end(&command).await.unwrap();
        assert!(plain.written.starts_with(text), "{:?}", plain.written);
    }
}

/// A command whose first call has no response yet.
#[tokio::test]
async fn ctrl_c_ends_a_command_with_the_exit_code_that_the_help_names() {
    let unresponsive = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", unresponsive.local_addr().unwrap());
    let mut terminal = Terminal::run(&imagecache(&endpoint, &["status", "--environment", "dev"]), SIZE).unwrap();
    tokio::task::spawn_blocking(move || unresponsive.accept()).await.unwrap().unwrap();
    terminal.press(CTRL_C).await.unwrap();
    let ended = terminal.end(WITHIN).await.unwrap();
    assert_eq!((ended.code, ended.screen.contents().as_str()), (130, "^C"));
}
