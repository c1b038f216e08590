//! The output of `why`: the verdict, the evidence, the next step.

use std::time::Duration;

use domain::Timestamp;
use domain::purge::purge_status::{Pending, Running};
use serde::Serialize;

use super::diagnosis::{Diagnosis, touched_names};
use super::evidence::Evidence;
use crate::output::{Row, table, time};
use crate::viewer::Seen;

/// A diagnosis with its evidence.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explanation {
    #[serde(flatten)]
    pub(super) diagnosis: Diagnosis,
    url: String,
    layers: Vec<Layer>,
    purges: Vec<String>,
}

/// A layer with the image that it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    name: &'static str,
    /// `None`: it has no image.
    fingerprint: Option<String>,
    /// The time since when it has it, in RFC 3339.
    since: Option<String>,
    is_current: bool,
    note: String,
}

impl Row for Layer {
    const COLUMNS: &'static [&'static str] = &["layer", "image-fingerprint", "", "since", "note"];

    fn cells(&self) -> Vec<String> {
        let Self { name, fingerprint, since, is_current, note } = self;
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let is_current = if *is_current { "current" } else { "" };
        vec![(*name).to_owned(), text(fingerprint), is_current.to_owned(), text(since), note.clone()]
    }
}

impl Explanation {
    /// The explanation of `diagnosis`, made `now`.
    pub(super) fn of(now: Timestamp, diagnosis: Diagnosis, evidence: &Evidence) -> Self {
        Self { diagnosis, url: evidence.url.clone(), layers: layers(now, evidence), purges: purges(evidence) }
    }
}

fn layers(now: Timestamp, evidence: &Evidence) -> Vec<Layer> {
    let Evidence { current, stored, looks, pack, .. } = evidence;
    let layer = |name, fingerprint: Option<String>, since: Option<Timestamp>, note| {
        let is_current = fingerprint.is_some() && fingerprint == *current;
        Layer { name, fingerprint, since: since.map(time), is_current, note }
    };
    let by = pack.as_ref().and_then(|pack| pack.written_by.as_ref()).map(|by| format!("written by {by}"));
    let touched = touched_names(evidence.touched.as_deref()).map(|names| format!("the last write touched {names}"));
    let note = [by, touched].into_iter().flatten().collect::<Vec<_>>().join("; ");
    let table = layer("pack table", current.clone(), pack.as_ref().and_then(|pack| pack.written_at), note);
    let variants = stored.iter().map(|variant| {
        let note = if Some(&variant.fingerprint) == current.as_ref() { "" } else { "never served" };
        layer("variants bucket", Some(variant.fingerprint.clone()), Some(variant.stored_at), note.to_owned())
    });
    let at_edge = |name, seen: &Seen| {
        let since = seen.is_hit().then(|| now.minus(Duration::from_secs(seen.age_secs)));
        let edge = seen.edge_location.as_ref().map(|edge| format!(", edge {edge}")).unwrap_or_default();
        let note = format!("{}{edge}", seen.x_cache.as_deref().unwrap_or("no X-Cache"));
        layer(name, seen.fingerprint.clone(), since, note)
    };
    let edge = [at_edge("CloudFront", &looks.through), at_edge("past its cache", &looks.past)];
    [table].into_iter().chain(variants).chain(edge).collect()
}

pub(super) fn purges(evidence: &Evidence) -> Vec<String> {
    let Evidence { purges, ledger, dead_letters, .. } = evidence;
    let pending = purges.pending.iter().map(|pending| {
        let Pending { target, cause, waits_for, waits_until, .. } = pending;
        let reasons: Vec<_> = cause.reasons.iter().map(|reason| reason.as_str()).collect();
        let until = waits_until.map(|until| format!(" until {}", time(until))).unwrap_or_default();
        format!(
            "queue: {target} since {}, {} ({}), {}{until}",
            time(cause.first_event_at),
            reasons.join(", "),
            cause.requested_by.iter().cloned().collect::<Vec<_>>().join(", "),
            waits_for.map_or_else(|| "due".to_owned(), |reason| format!("waits for {reason}")),
        )
    });
    let running = purges.running.iter().map(|running| {
        let Running { target, is_final, since, invalidation_id, invalidation_status, .. } = running;
        let kind = if *is_final { "final" } else { "early" };
        let id = invalidation_id.as_deref().map_or("not accepted by CloudFront", |id| id);
        let status = invalidation_status.as_ref().map(|status| format!(", {status}")).unwrap_or_default();
        format!("in flight: {kind} purge of {target} since {}, {id}{status}", time(*since))
    });
    let newest = ledger.iter().max_by_key(|row| row.started_at).map(|row| {
        let kind = if row.is_final { "final" } else { "early" };
        let end = row.completed_at.map(|at| format!(", completed {}", time(at))).unwrap_or_default();
        let id = row.invalidation_id.as_deref().unwrap_or("rejected");
        format!("ledger: {kind} purge of {} at {}, {id}{end}", row.target, time(row.started_at))
    });
    let newest = newest.unwrap_or_else(|| "ledger: no purge".to_owned());
    let dead = (*dead_letters > 0).then(|| format!("dead letters: {dead_letters}"));
    pending.chain(running).chain([newest]).chain(dead).collect()
}

impl Explanation {
    /// The explanation for people, on a terminal of that many `columns`.
    pub(super) fn text(&self, columns: Option<usize>) -> String {
        let Diagnosis { verdict, next, .. } = &self.diagnosis;
        let (layers, purges) = (table(&self.layers, columns), self.purges.join("\n"));
        format!("{verdict}.\n\n{}\n\n{layers}\n{purges}\n\nNext: {next}.", self.url)
    }
}
