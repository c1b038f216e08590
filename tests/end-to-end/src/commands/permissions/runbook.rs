//! The table of permissions of docs/runbook.md.
//!
//! Its last column has the commands of a row: groups with `;` between them, each of commands with `,` between them, and
//! perhaps an option that they must have, or must not have. Text in parentheses is a note.

const RUNBOOK: &str = include_str!("../../../../../docs/runbook.md");

/// The heading above the table.
const HEADING: &str = "### Permissions of `imagecache`";

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The names of the actions in IAM.
    pub(super) actions: Vec<&'static str>,
    /// The resource, in words.
    pub(super) resource: &'static str,
}

/// The rows of a command with these `arguments`.
pub(super) fn rows(arguments: &[&str]) -> Vec<Row> {
    let table = RUNBOOK.split_once(HEADING).map_or("", |(_, table)| table);
    let lines = table.lines().filter(|line| line.starts_with("| `"));
    let rows = lines.filter_map(|line| match line.split('|').map(str::trim).collect::<Vec<_>>()[..] {
        ["", actions, resource, uses, ""] if is_used(uses, arguments) => {
            // The texts between backticks.
            Some(Row { actions: actions.split('`').skip(1).step_by(2).collect(), resource })
        }
        _ => None,
    });
    rows.collect()
}

/// Whether `uses`, the last cell of a row, names the command with these `arguments`.
fn is_used(uses: &str, arguments: &[&str]) -> bool {
    let uses = uses.split_once(" (").map_or(uses, |(uses, _)| uses);
    let has = |option: &str| arguments.contains(&option.trim_end_matches('`'));
    uses.split("; ").any(|group| {
        let (commands, is_group) = match (group.split_once(" without `"), group.split_once(" with `")) {
            (Some((commands, option)), _) => (commands, !has(option)),
            (_, Some((commands, option))) => (commands, has(option)),
            (None, None) => (group, true),
        };
        let is_command = |command: &str| command == "all" || command.split(' ').zip(arguments).all(|(a, b)| a == *b);
        is_group && commands.split(", ").any(is_command)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_used_by_the_commands_that_its_last_cell_names() {
        for (uses, arguments, expected) in [
            ("all", &["status"][..], true),
            ("status, queue (a note; of purge)", &["queue", "--tenant", "acme"], true),
            ("status, queue (a note; of purge)", &["purge"], false),
            ("status, queue with `--tenant`; why", &["status"], false),
            ("status, queue with `--tenant`; why", &["status", "--tenant", "acme"], true),
            ("status, queue with `--tenant`; why", &["why"], true),
            ("status without `--tenant`", &["status"], true),
            ("status without `--tenant`", &["status", "--tenant", "acme"], false),
            ("dead-letters", &["dead-letters", "list"], true),
            ("dead-letters replay", &["dead-letters", "list"], false),
        ] {
            assert_eq!(is_used(uses, arguments), expected, "{uses}: {arguments:?}");
        }
    }

    #[test]
    fn each_command_has_rows_with_actions() {
        let commands = [
            "status",
            "queue",
            "history",
            "watch",
            "cost",
            "purge",
            "resync",
            "why",
            "check",
            "doctor",
            "verify",
            "forget-tenant",
            "console",
        ];
        for command in commands {
            let rows = rows(&[command]);
            assert!(rows.len() > 1 && rows.iter().all(|row| row.actions[0].contains(':')), "{command}: {rows:?}");
        }
    }
}
