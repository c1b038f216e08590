//! `imagecache dead-letters discard`: deletes dead letters without a replay.

use std::collections::BTreeSet;
use std::io::IsTerminal;

use crate::dead_letters::list::ListedDeadLetter;
use crate::exit::{Exit, Failure, UsageError};
use crate::output::print_error;
use crate::progress::progress;
use crate::question::ask;
use crate::session::Session;

/// Deletes dead letters without a replay, and prints them.
///
/// The images that they name stay stale until they are changed or purged. Discard a dead letter only if it cannot be
/// replayed, after a resync, or if it is of another program. The command asks before it deletes; without a terminal it needs --yes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ids of the dead letters, as `list` prints them.
    #[arg(value_name = "ID", required_unless_present = "all")]
    ids: Vec<String>,
    /// Deletes every dead letter.
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// Deletes without asking.
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let ids: BTreeSet<_> = args.ids.into_iter().collect();
    let named = if args.all { "every dead letter".to_owned() } else { format!("{} dead letters", ids.len()) };
    if !args.yes && !is_confirmed(&named)? {
        print_error(format_args!("Nothing is deleted."));
        return Ok(Exit::Remains);
    }
    let progress = progress("{spinner} {pos} dead letters");
    let discarded = session.recovery().discard((!args.all).then_some(&ids), &progress).await;
    progress.finish_and_clear();
    let discarded = discarded?;
    session.output.print_rows(&discarded.iter().map(ListedDeadLetter::of).collect::<Vec<_>>())?;
    let missing: Vec<_> = ids.iter().filter(|id| !discarded.iter().any(|one| one.id == **id)).collect();
    for id in &missing {
        print_error(format_args!("warning: there is no dead letter {id}, or another receiver has it: list them again"));
    }
    Ok(if missing.is_empty() { Exit::Done } else { Exit::Remains })
}

fn is_confirmed(named: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(UsageError(format!("{named} would be deleted: without a terminal, --yes is required")).into());
    }
    let question = "The images that they name stay stale until they are purged. Type yes: ";
    Ok(ask(format_args!("Delete {named}? {question}"))? == "yes")
}
