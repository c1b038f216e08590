//! `imagecache watch`: the status and the queue as they change.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use domain::{Target, TenantId, Timestamp};
use serde::Serialize;

use crate::arguments;
use crate::exit::{Exit, Failure};
use crate::output::{Output, print_json, print_line, size, table, time};
use crate::queue::{QueueRow, State, rows};
use crate::session::Session;
use crate::snapshot::Snapshot;
use crate::status::Status;

/// The sequence that moves the cursor to the upper left and clears the screen.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Shows the status and the oldest rows of the queue, until Ctrl-C.
///
/// On a terminal it redraws the view, as much of it as fits. Elsewhere, and with `--output json`, it prints a JSON object
/// for each change of a row: it is queued, has another state, or has left the queue, because its final purge is done. A
/// state that lasts less than the pause between two looks is not seen; `history` has every purge.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Limits the view to this tenant.
    #[arg(long, value_parser = arguments::tenant)]
    tenant: Option<TenantId>,
    /// Ends after this time, for example 30s or 5m.
    #[arg(long = "for", value_name = "DURATION", value_parser = arguments::duration)]
    duration: Option<Duration>,
    /// Pause between two looks.
    #[arg(long, value_name = "DURATION", value_parser = arguments::duration, default_value = "2s")]
    every: Duration,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<Exit, Failure> {
    let duration = args.duration;
    let ended = async {
        match duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        failed = show(args, session) => failed,
        () = ended => Ok(Exit::Done),
        _ = tokio::signal::ctrl_c() => {
            if size().is_some() {
                // The prompt of the shell is not behind the `^C` of the terminal.
                print_line(&"")?;
            }
            Ok(Exit::Done)
        }
    }
}

/// Shows every change; ends with an error only.
async fn show(args: Args, session: &Session) -> Result<Exit, Failure> {
    let purger = session.purger().await?;
    let mut seen = None;
    loop {
        let looked_at = Instant::now();
        let snapshot = Snapshot::read(session, &purger, args.tenant.as_ref()).await?;
        let rows = rows(&snapshot);
        if let Some(size) = size().filter(|_| session.output == Output::Table) {
            let columns = Some(size.1);
            let status = Status::of(&snapshot.overview(), &session.environment, snapshot.at);
            let (sums, tenants, rows) = (status.sums(), status.table(columns), table(&rows, columns));
            let view = format!("{} of {}\n{sums}\n\n{tenants}\n\n{rows}", time(snapshot.at), session.environment);
            print_line(&format!("{CLEAR}{}", fitted(&view, size)))?;
        } else {
            let states = states(&rows);
            for change in changes(seen.as_ref(), &states, snapshot.at) {
                print_json(&change)?;
            }
            seen = Some(states);
        }
        std::io::stdout().flush()?;
        tokio::time::sleep(args.every.saturating_sub(looked_at.elapsed())).await;
    }
}

/// The lines of `view` that fit on a screen of that many rows and columns, with a row for the cursor and one for the line
/// that Ctrl-C ends: with more, the screen would scroll instead of being redrawn in place.
fn fitted(view: &str, (rows, columns): (usize, usize)) -> String {
    let rows_of = |line: &str| line.chars().count().div_ceil(columns).max(1);
    let mut left = rows.saturating_sub(2);
    if view.lines().map(rows_of).sum::<usize>() <= left {
        return view.to_owned();
    }
    // The last row is the ellipsis.
    left = left.saturating_sub(1);
    let fits = |line: &&str| {
        let is_shown = rows_of(line) <= left;
        left = left.saturating_sub(rows_of(line));
        is_shown
    };
    view.lines().take_while(fits).chain(["…"]).collect::<Vec<_>>().join("\n")
}

/// The states of the rows, with the numbers of their early purges.
type States = BTreeMap<(TenantId, Target), (State, u64)>;

fn states(rows: &[QueueRow]) -> States {
    rows.iter().map(|row| ((row.tenant.clone(), row.target.clone()), (row.state, row.early_purges))).collect()
}

/// A change of one row.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    at: String,
    tenant: TenantId,
    target: Target,
    /// The state before. `None`: the row was not in the queue.
    from: Option<State>,
    /// The state now. `None`: the row has left the queue.
    to: Option<State>,
    early_purges: u64,
}

/// The changes between two looks. Every row of the first look is a change.
fn changes(before: Option<&States>, after: &States, at: Timestamp) -> Vec<Change> {
    let change = |(tenant, target): &(TenantId, Target), from: Option<State>, to: Option<State>, early_purges| Change {
        at: time(at),
        tenant: tenant.clone(),
        target: target.clone(),
        from,
        to,
        early_purges,
    };
    let earlier = |key| before.and_then(|before| before.get(key));
    let other = after.iter().filter(|(key, now)| earlier(key) != Some(*now));
    let other = other.map(|(key, (to, early))| change(key, earlier(key).map(|(from, _)| *from), Some(*to), *early));
    let left = before.into_iter().flatten().filter(|(key, _)| !after.contains_key(key));
    let left = left.map(|(key, (from, early))| change(key, Some(*from), None, *early));
    other.chain(left).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(rows: &[(&str, State, u64)]) -> States {
        let key = |target: &str| (TenantId::parse("acme").unwrap(), Target::parse(target).unwrap());
        rows.iter().map(|(target, state, early)| (key(target), (*state, *early))).collect()
    }

    #[test]
    fn a_view_is_cut_so_that_the_terminal_does_not_scroll() {
        for (size, expected) in [
            ((6, 10), "one\ntwo two\nthree"),
            ((5, 10), "one\ntwo two\nthree"),
            ((4, 10), "one\n…"),
            ((5, 4), "one\n…"),
            ((6, 4), "one\ntwo two\n…"),
            ((7, 4), "one\ntwo two\nthree"),
            ((1, 4), "…"),
        ] {
            assert_eq!(fitted("one\ntwo two\nthree", size), expected, "{size:?}");
        }
    }

    #[test]
    fn a_row_that_is_new_changes_or_leaves_is_a_change() {
        let seen = |before: Option<&States>, after| {
            let changes = changes(before, after, Timestamp::from_millis(0));
            changes.into_iter().map(|change| (change.target.to_string(), change.from, change.to)).collect::<Vec<_>>()
        };
        let first = states(&[("pack#a", State::Due, 0), ("pack#b", State::Settling, 0)]);
        let a = |from, to| ("pack#a".to_owned(), from, to);
        let b = |from, to| ("pack#b".to_owned(), from, to);
        assert_eq!(seen(None, &first), [a(None, Some(State::Due)), b(None, Some(State::Settling))]);
        assert_eq!(seen(Some(&first), &first), []);
        let second = states(&[("pack#b", State::Settling, 1)]);
        let expected = [b(Some(State::Settling), Some(State::Settling)), a(Some(State::Due), None)];
        assert_eq!(seen(Some(&first), &second), expected);
    }
}
