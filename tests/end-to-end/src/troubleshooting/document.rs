//! The decision table of docs/troubleshooting.md.

use local_cloud::cause::Cause;

/// The table's first line.
const HEADER: &str = "| symptom | cause | the command prints | fix |";

/// One row: a symptom and the texts that `imagecache` must print for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) symptom: String,
    /// The texts in code of the third and the fourth column: after the name of a command, what this command prints; in the
    /// last column, what any of the commands prints.
    pub(super) printed: Vec<(Option<String>, String)>,
}

/// The rows of every table of `document` that has this header.
pub(super) fn rows(document: &str) -> Result<Vec<Row>, Cause> {
    let mut rows = Vec::new();
    let mut lines = document.lines();
    while lines.by_ref().any(|line| line == HEADER) {
        for line in lines.by_ref().skip(1).take_while(|line| line.starts_with('|')) {
            rows.push(row(line)?);
        }
    }
    Ok(rows)
}

fn row(line: &str) -> Result<Row, Cause> {
    let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
    let [symptom, _, prints, fix] = cells[..] else { return Err(format!("not a row of four cells: {line}").into()) };
    let mut printed = Vec::new();
    for part in prints.split("; ") {
        let mut texts = code(part);
        let command = texts.next().ok_or_else(|| format!("no command in {part:?} of {symptom:?}"))?;
        let before = printed.len();
        printed.extend(texts.map(|text| (Some(command.clone()), text)));
        if printed.len() == before {
            return Err(format!("no text that {command} prints for {symptom:?}").into());
        }
    }
    printed.extend(code(fix).map(|text| (None, text)));
    Ok(Row { symptom: symptom.to_owned(), printed })
}

/// The texts in backquotes.
fn code(markdown: &str) -> impl Iterator<Item = String> {
    markdown.split('`').skip(1).step_by(2).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_symptom_with_what_each_command_prints() {
        let table = "# Title\n\n| symptom | cause | the command prints | fix |\n|---|---|---|---|\n\
                     | It is old | It waits | `why`: `is due`, `by`; `doctor`: `FAILED` | Wait, or `replay` |\n\n| a | b |\n";
        let printed = [(Some("why"), "is due"), (Some("why"), "by"), (Some("doctor"), "FAILED"), (None, "replay")];
        let printed = printed.map(|(command, text)| (command.map(ToOwned::to_owned), text.to_owned())).into();
        assert_eq!(rows(table).unwrap(), [Row { symptom: "It is old".to_owned(), printed }]);
    }

    #[test]
    fn a_row_without_a_printed_text_is_an_error() {
        let table = |prints: &str| format!("{HEADER}\n|---|---|---|---|\n| s | c | {prints} | f |\n");
        for prints in ["nothing", "`why`", "`why`: `a`; `doctor`"] {
            assert!(rows(&table(prints)).is_err(), "{prints}");
        }
    }
}
