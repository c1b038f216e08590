//! The command `imagecache`: parses the command line and runs one command. Each command is a module.

mod alarms;
mod arguments;
mod check;
mod completions;
mod console;
mod cost;
mod dead_letters;
mod deployment;
mod doctor;
#[cfg(test)]
mod documented;
mod exit;
mod forget_tenant;
mod history;
mod image_address;
mod man;
mod output;
mod progress;
mod purge;
mod question;
mod queue;
#[cfg(test)]
mod reference;
mod resync;
mod session;
mod snapshot;
mod status;
#[cfg(test)]
mod test_row;
mod verify;
mod viewer;
mod watch;
mod why;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing::Level;

use exit::{Exit, Failure};
use session::{Connection, Session};

/// Tells what purges wait, what was purged and at what price, purges on demand, verifies a deployment, and recovers from
/// failures.
///
/// Results are on stdout, everything else on stderr. Credentials and region are those of the AWS SDKs: environment
/// variables, a profile, a role, and, by the AWS CLI, single sign-on. docs/runbook.md lists the permissions of each command.
#[derive(Debug, Parser)]
#[command(name = "imagecache", version, after_help = exit::HELP)]
struct Cli {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(status::Args),
    Queue(queue::Args),
    History(history::Args),
    Watch(watch::Args),
    Cost(cost::Args),
    Purge(purge::Args),
    DeadLetters(dead_letters::Args),
    Resync(resync::Args),
    Why(why::Args),
    Check(check::Args),
    Doctor(doctor::Args),
    Verify(verify::Args),
    ForgetTenant(forget_tenant::Args),
    Console(console::Args),
    Completions(completions::Args),
    Man(man::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    // Warnings of the adapters, for example of a registration that cannot be read.
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(Level::WARN).without_time().init();
    let Cli { connection, command } = Cli::parse();
    match Box::pin(run(connection, command)).await {
        Ok(exit) => exit.into(),
        Err(failure) => exit::report(failure.as_ref()),
    }
}

async fn run(connection: Connection, command: Command) -> Result<Exit, Failure> {
    let session = async || Session::open(connection).await;
    match command {
        Command::Status(args) => status::run(args, &session().await?).await,
        Command::Queue(args) => queue::run(args, &session().await?).await,
        Command::History(args) => history::run(args, &session().await?).await,
        Command::Watch(args) => watch::run(args, &session().await?).await,
        Command::Cost(args) => cost::run(&args, &session().await?).await,
        Command::Purge(args) => purge::run(args, &session().await?).await,
        Command::DeadLetters(args) => dead_letters::run(args, &session().await?).await,
        Command::Resync(args) => resync::run(args, &session().await?).await,
        Command::Why(args) => why::run(args, &session().await?).await,
        Command::Check(args) => check::run(args, &session().await?).await,
        Command::Doctor(args) => doctor::run(args, &session().await?).await,
        Command::Verify(args) => verify::run(args, &session().await?).await,
        Command::ForgetTenant(args) => forget_tenant::run(args, &session().await?).await,
        Command::Console(args) => console::run(args, session().await?).await,
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
