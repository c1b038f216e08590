//! Tables on the terminal.

use crate::section::{Cell, Goal, Limit, Section, Table};

/// Prints a section.
pub(crate) fn section(section: &Section) {
    println!("\n{}\n{}", section.title, "=".repeat(section.title.chars().count()));
    for condition in &section.conditions {
        println!("  {condition}");
    }
    for table in &section.tables {
        print!("\n{}", text(table));
    }
    if !section.goals.is_empty() {
        println!("\nGoals");
    }
    for goal in &section.goals {
        println!("  {}", goal_text(goal));
    }
}

/// A goal in one line.
pub(crate) fn goal_text(goal: &Goal) -> String {
    let Goal { figure, measured, limit } = goal;
    let (relation, limit) = match limit {
        Limit::AtMost(limit) => ("≤", limit),
        Limit::AtLeast(limit) => ("≥", limit),
    };
    let outcome = if goal.is_reached() { "reached" } else { "NOT reached" };
    format!("{figure}: {measured:.3}, goal {relation} {limit}: {outcome}")
}

fn text(table: &Table) -> String {
    let head = [String::new()].into_iter().chain(table.columns.iter().cloned()).collect();
    let cells = table.rows.iter().map(|row| [row.name.clone()].into_iter().chain(row.cells.iter().map(Cell::shown)));
    let lines: Vec<Vec<String>> = [head].into_iter().chain(cells.map(Iterator::collect)).collect();
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..=table.columns.len()).map(|column| width(column).unwrap_or(0)).collect();
    let aligned = lines.iter().map(|line| {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("  {cell:<width$}") } else { format!("  {cell:>width$}") }
        });
        cells.collect::<Vec<_>>().concat()
    });
    [table.title.clone()].into_iter().chain(aligned).map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_aligned_left_and_values_right() {
        let mut table = Table::new("Purge", ["p50 s", "items"]);
        table.push("ours", [Cell::number(1.25, 1), Cell::Text("12".to_owned())]);
        table.push("specified", [Cell::number(150.0, 1), Cell::None]);
        let lines =
            ["Purge", "             p50 s  items", "  ours         1.2     12", "  specified  150.0      –", ""];
        assert_eq!(text(&table).split('\n').collect::<Vec<_>>(), lines);
    }

    #[test]
    fn a_goal_is_printed_with_its_outcome() {
        let line = |goal| goal_text(&goal);
        assert_eq!(line(Goal::at_most("cold start", 4.0, 5.0)), "cold start: 4.000, goal ≤ 5: reached");
        assert_eq!(line(Goal::at_least("speed-up", 4.0, 5.0)), "speed-up: 4.000, goal ≥ 5: NOT reached");
    }
}
