//! `imagecache dead-letters list`: the messages of the dead-letter queue.

use domain::{Target, TenantId};
use recovery::{Kind, Listed};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::Row;
use crate::progress::progress;
use crate::session::Session;

/// Lists the dead letters. The exit code is 1 if there are any.
///
/// While the command reads them, SQS hides them from other receivers.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_: &Args, session: &Session) -> Result<Exit, Failure> {
    let progress = progress("{spinner} {pos} dead letters");
    let listed = session.recovery().list(&progress).await;
    progress.finish_and_clear();
    let listed: Vec<_> = listed?.iter().map(ListedDeadLetter::of).collect();
    session.output.print_rows(&listed)?;
    Ok(if listed.is_empty() { Exit::Done } else { Exit::Remains })
}

/// A dead letter.
#[derive(Debug, Serialize)]
pub(super) struct ListedDeadLetter {
    pub(super) id: String,
    kind: &'static str,
    tenant: Option<TenantId>,
    target: Option<Target>,
    reason: String,
}

impl ListedDeadLetter {
    pub(super) fn of(Listed { id, kind, subject, reason }: &Listed) -> Self {
        let (tenant, target) = subject.clone().unzip();
        Self { id: id.clone(), kind: named(*kind), tenant, target, reason: reason.clone() }
    }
}

fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::Record => "record",
        Kind::Batch => "batch",
        Kind::Rejected => "rejected",
        Kind::Unknown => "unknown",
    }
}

impl Row for ListedDeadLetter {
    const COLUMNS: &'static [&'static str] = &["id", "kind", "tenant", "target", "reason"];

    fn cells(&self) -> Vec<String> {
        let Self { id, kind, tenant, target, reason } = self;
        let text = |part: Option<String>| part.unwrap_or_default();
        vec![
            id.clone(),
            (*kind).to_owned(),
            text(tenant.as_ref().map(ToString::to_string)),
            text(target.as_ref().map(ToString::to_string)),
            reason.clone(),
        ]
    }
}
