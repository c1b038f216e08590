//! The times of edits, from the write to the viewer, and of the answers to DELETE.

use std::io;

use serde_json::json;

use crate::figures;
use local_cloud::checkout::Checkout;

/// The times of one scenario, in milliseconds.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "the unit is a part of each name")]
pub(super) struct EditFigures {
    /// From the upload of an original to the first response with the new image: a purge run was woken.
    pub(super) write_to_fresh_ms: u64,
    /// The same edit in the ledger: from the write to the completion of the early purge.
    pub(super) ledger_write_to_fresh_ms: u64,
    /// From another edit to the first response with the new image: the schedule started the purge run.
    pub(super) unwoken_write_to_fresh_ms: u64,
    /// The answers to DELETE.
    pub(super) delete_ms: Vec<u64>,
}

impl EditFigures {
    /// The time within which 95 of 100 answers to DELETE arrived.
    pub(super) fn delete_p95_ms(&self) -> u64 {
        let mut sorted = self.delete_ms.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * 95).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// Writes the figures and returns them as a text.
    pub(super) fn write(&self, checkout: &Checkout) -> io::Result<String> {
        let figures = json!({
            "write_to_fresh_ms": self.write_to_fresh_ms,
            "ledger_write_to_fresh_ms": self.ledger_write_to_fresh_ms,
            "unwoken_write_to_fresh_ms": self.unwoken_write_to_fresh_ms,
            "delete_answers": self.delete_ms.len(),
            "delete_p95_ms": self.delete_p95_ms(),
        });
        figures::write(checkout, "edits", &figures)?;
        Ok(format!(
            "write to fresh: {} ms woken ({} ms by the ledger), {} ms by the schedule; p95 of {} answers to DELETE: {} ms",
            self.write_to_fresh_ms,
            self.ledger_write_to_fresh_ms,
            self.unwoken_write_to_fresh_ms,
            self.delete_ms.len(),
            self.delete_p95_ms()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_95th_percentile_is_the_time_that_95_of_100_answers_do_not_exceed() {
        let cases = [(vec![], 0), (vec![7], 7), ((1..=20).rev().collect(), 19), ((1..=30).collect(), 29)];
        for (delete_ms, expected) in cases {
            let figures = EditFigures { delete_ms, ..EditFigures::default() };
            assert_eq!(figures.delete_p95_ms(), expected, "{figures:?}");
        }
    }
}
