//! Troubleshooting: each symptom of docs/troubleshooting.md is brought about, and `imagecache` must print what its row
//! says, cause and fix.

mod document;
mod fixture;
mod further_cache;
mod steps;

use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::checkout::Checkout;
use local_cloud::expectation::{UnmetError, expect_eq};
use local_cloud::report::{Report, StepError};

use document::{Row, rows};
use fixture::Fixture;

/// The path of the document in the checkout.
const DOCUMENT: &str = "docs/troubleshooting.md";

/// The symptoms, in the order of their steps. Each has a row in the document.
const SYMPTOMS: [&str; 17] = [
    "An edited image still shows the old one",
    "No purge run starts by itself",
    "An edited image still shows the old one after minutes",
    "The new image shows, and the purge has not ended",
    "Some viewers see the new image, others the old one",
    "An edit never shows",
    "All images of a location keep their old size or quality",
    "Purges wait, and CloudFront throttles",
    "Purges of one tenant wait",
    "A purge became a dead letter",
    "Purges complete, and viewers keep the old image: no tags",
    "Purges complete, and viewers keep the old image: another distribution",
    "Edits reach neither the queue nor the ledger",
    "The times that the commands print are wrong",
    "The host of a tenant does not respond",
    "An alarm was raised, and no operator heard of it",
    "There is no image",
];

/// The name of each command that was run, and its output.
#[derive(Debug, Default)]
struct Printed(Vec<(&'static str, String)>);

/// Plays every symptom.
pub(crate) async fn play(cloud: &LocalCloud, checkout: &Checkout, report: &Report) -> Result<(), StepError> {
    let open = async {
        let rows = rows(&std::fs::read_to_string(checkout.root().join(DOCUMENT))?)?;
        expect_eq(
            "the symptoms of the document",
            &sorted(rows.iter().map(|row| row.symptom.as_str())),
            &sorted(SYMPTOMS),
        )?;
        let fixture = Fixture::open(cloud).await?;
        let healthy = fixture.healthy(&[], "12 checks hold").await?;
        Ok(((rows, fixture), healthy))
    };
    let (rows, fixture) =
        report.step("the document has a row for each step, and the doctor finds nothing", open).await?;
    let mut failed = None;
    for symptom in SYMPTOMS {
        let step = async {
            let printed = fixture.play(symptom).await?;
            let row = rows.iter().find(|row| row.symptom == symptom).ok_or("the document has no such row")?;
            printed.expect(row)
        };
        // The other symptoms are played nevertheless.
        failed = report.check(symptom, step).await.err().or(failed);
    }
    failed.map_or(Ok(()), Err)?;
    let purged = fixture.healthy(&["--probe"], "ok      acme: an edit is purged");
    report.check("the doctor finds nothing once everything is mended, and purges a probe", purged).await?;
    report.check("the permissions that the runbook lists suffice for why, check and doctor", fixture.permitted()).await
}

fn sorted<'a>(symptoms: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut symptoms: Vec<_> = symptoms.into_iter().collect();
    symptoms.sort_unstable();
    symptoms
}

impl Printed {
    /// Checks that the commands have printed what `row` says. Returns the first line of each.
    fn expect(&self, row: &Row) -> Result<String, Cause> {
        for (command, text) in &row.printed {
            let of_command = self.0.iter().filter(|(name, _)| command.as_ref().is_none_or(|command| command == name));
            let outputs: Vec<_> = of_command.map(|(_, output)| output.as_str()).collect();
            if !outputs.iter().any(|output| output.contains(text.as_str())) {
                let expected = format!("{text:?} of {}", command.as_deref().unwrap_or("any command"));
                return Err(UnmetError::new(expected, outputs.join("\n\n")).into());
            }
        }
        let finding = |output: &str| {
            let failed = output.lines().find(|line| line.starts_with("FAILED"));
            failed.or(output.lines().next()).unwrap_or_default().to_owned()
        };
        let lines: Vec<_> = self.0.iter().map(|(name, output)| format!("{name}: {}", finding(output))).collect();
        Ok(lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_a_row_for_each_step() {
        let document = include_str!("../../../docs/troubleshooting.md");
        let rows = rows(document).unwrap();
        assert_eq!(sorted(rows.iter().map(|row| row.symptom.as_str())), sorted(SYMPTOMS));
    }

    #[test]
    fn a_text_that_a_command_does_not_print_is_an_error() {
        let row = Row {
            symptom: "s".to_owned(),
            printed: vec![(Some("why".to_owned()), "is due".to_owned()), (None, "replay".to_owned())],
        };
        let printed = |why: &str, doctor: &str| Printed(vec![("why", why.to_owned()), ("doctor", doctor.to_owned())]);
        assert!(printed("its purge is due", "replay it").expect(&row).is_ok());
        assert!(printed("replay it", "its purge is due").expect(&row).is_err());
        assert!(printed("its purge is due", "").expect(&row).is_err());
    }
}
