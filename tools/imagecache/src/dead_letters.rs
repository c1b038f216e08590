//! `imagecache dead-letters`: the messages of the dead-letter queue.

mod discard;
mod list;
mod replay;

use clap::Subcommand;

use crate::exit::{Exit, Failure};
use crate::session::Session;

/// Changes that could not be processed and purges that failed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Replay(replay::Args),
    Discard(discard::Args),
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    match args.command {
        Command::List(args) => list::run(&args, session).await,
        Command::Discard(args) => discard::run(args, session).await,
        Command::Replay(args) => replay::run(&args, session).await,
    }
}
