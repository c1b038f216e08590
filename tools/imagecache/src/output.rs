//! The output of the commands: data on stdout, everything else on stderr.
//!
//! `table` prints tables and sentences for people, the same on a terminal and in a pipe; only a table that is wider than the
//! terminal becomes a list. `json` prints one JSON object in each line, so that a program reads the first one while later
//! ones are still being computed; `jq -s` makes one document of them. Colours are on a terminal only, and not with
//! `NO_COLOR`.

use std::fmt::{Arguments, Display};
use std::io::{IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use comfy_table::{Table, presets};
use domain::Timestamp;
use rustix::termios::tcgetwinsize;
use serde::Serialize;

/// The style of what holds.
pub(crate) const OK: Style = AnsiColor::Green.on_default().bold();
/// The style of what failed.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();

/// The format of the results on stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Tables and sentences.
    #[default]
    Table,
    /// A JSON object in each line.
    Json,
}

/// A row of a table, and its cells in the order of the columns.
pub(crate) trait Row: Serialize {
    const COLUMNS: &'static [&'static str];

    fn cells(&self) -> Vec<String>;
}

impl Output {
    /// Prints `rows`: a table, or an object for each.
    pub(crate) fn print_rows<R: Row>(self, rows: &[R]) -> std::io::Result<()> {
        match self {
            Self::Table => print_line(&table(rows, columns())),
            Self::Json => rows.iter().try_for_each(print_json),
        }
    }

    /// Prints one result: `text`, which may have styles, or the object.
    pub(crate) fn print(self, result: &impl Serialize, text: &impl Display) -> std::io::Result<()> {
        match self {
            Self::Table => print_line(text),
            Self::Json => print_json(result),
        }
    }
}

/// The table of `rows`, or, if it is wider than `columns`, a list of each row's cells. No line ends with spaces.
pub(crate) fn table<R: Row>(rows: &[R], columns: Option<usize>) -> String {
    let names: Vec<_> = R::COLUMNS.iter().map(|name| name.to_uppercase()).collect();
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(&names);
    table.add_rows(rows.iter().map(Row::cells));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    if columns.is_some_and(|columns| lines.iter().any(|line| line.chars().count() > columns)) {
        rows.iter().map(|row| list(&names, row)).collect::<Vec<_>>().join("\n\n")
    } else {
        lines.join("\n")
    }
}

/// The cells of `row` that are not empty, one in each line after the name of its column.
fn list(names: &[String], row: &impl Row) -> String {
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let cells = names.iter().zip(row.cells()).filter(|(_, cell)| !cell.is_empty());
    cells.map(|(name, cell)| format!("{name:width$}  {cell}")).collect::<Vec<_>>().join("\n")
}

/// The columns of the terminal. `None`: stdout is none.
pub(crate) fn columns() -> Option<usize> {
    size().map(|(_, columns)| columns)
}

/// The rows and the columns of the terminal. `None`: stdout is none.
pub(crate) fn size() -> Option<(usize, usize)> {
    let stdout = std::io::stdout();
    let size = tcgetwinsize(&stdout).ok().filter(|size| stdout.is_terminal() && size.ws_row > 0 && size.ws_col > 0)?;
    Some((size.ws_row.into(), size.ws_col.into()))
}

/// Prints a line of results.
pub(crate) fn print_line(line: &impl Display) -> std::io::Result<()> {
    writeln!(anstream::stdout(), "{line}")
}

/// Prints one object.
pub(crate) fn print_json(object: &impl Serialize) -> std::io::Result<()> {
    print_line(&serde_json::to_string(object)?)
}

/// Prints a message that is not a result. If stderr is closed, no message can be read.
pub(crate) fn print_error(message: Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{message}");
}

/// Prints the records that cannot be read, and returns whether there are any.
pub(crate) fn report_unreadable(records: &[String]) -> bool {
    for record in records {
        print_error(format_args!("warning: {record}"));
    }
    !records.is_empty()
}

/// A duration as people read it, in its largest unit.
pub(crate) fn age(duration: Duration) -> String {
    match duration.as_secs() {
        secs @ 0..120 => format!("{secs} s"),
        secs @ 120..7_200 => format!("{} min", secs / 60),
        secs @ 7_200..172_800 => format!("{} h", secs / 3_600),
        secs => format!("{} days", secs / 86_400),
    }
}

/// A list in one cell.
pub(crate) fn joined(texts: &[impl AsRef<str>]) -> String {
    texts.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

/// A time as people and programs read it: RFC 3339, to the second.
pub(crate) fn time(time: Timestamp) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Count(&'static str, u64);

    impl Row for Count {
        const COLUMNS: &'static [&'static str] = &["tenant", "rows", "note"];

        fn cells(&self) -> Vec<String> {
            vec![self.0.to_owned(), self.1.to_string(), String::new()]
        }
    }

    #[test]
    fn columns_of_a_table_are_aligned_without_spaces_at_the_ends_of_lines() {
        let rows = [Count("acme", 1), Count("broadcaster", 20)];
        assert_eq!(table(&rows, None), "TENANT       ROWS  NOTE\nacme         1\nbroadcaster  20");
        assert_eq!(table::<Count>(&[], None), "TENANT  ROWS  NOTE");
    }

    #[test]
    fn a_table_that_is_wider_than_the_terminal_is_a_list_without_empty_cells() {
        let rows = [Count("acme", 1), Count("broadcaster", 20)];
        assert_eq!(table(&rows, Some(23)), table(&rows, None));
        assert_eq!(table(&rows, Some(22)), "TENANT  acme\nROWS    1\n\nTENANT  broadcaster\nROWS    20");
    }

    #[test]
    fn a_duration_is_printed_in_its_largest_unit() {
        for (secs, expected) in [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (172_800, "2 days")] {
            assert_eq!(age(Duration::from_secs(secs)), expected);
        }
    }

    #[test]
    fn a_time_is_printed_in_utc_to_the_second() {
        assert_eq!(time(Timestamp::from_millis(1_795_687_200_999)), "2026-11-26T10:00:00Z");
    }
}
