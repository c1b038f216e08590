//! The page with the newest result of every section.

use std::fs;
use std::path::Path;

use clap::ValueEnum;

use crate::Subject;
use crate::error::{BenchError, Doing};
use crate::print::goal_text;
use crate::section::{Section, Table};

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Benchmarks</title><style>
body { font: 16px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1.5rem 0 } caption { text-align: left; font-weight: 600 }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ddd } th:first-child { text-align: left }
img { max-width: 100% } .missed { color: #b00 }
</style><h1>Benchmarks</h1>";

/// Writes `index.html` from the sections that are saved in `folder`.
pub(crate) fn write(folder: &Path) -> Result<(), BenchError> {
    let mut html = HEAD.to_owned();
    for subject in Subject::value_variants() {
        let name = subject.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        if let Some(section) = Section::load(folder, &name)? {
            html += &section_html(&section);
        }
    }
    let path = folder.join("index.html");
    fs::write(&path, html).doing(|| format!("write {}", path.display()))
}

fn section_html(section: &Section) -> String {
    let conditions = each(&section.conditions, |line| format!("<li>{}</li>", escape(line)));
    let goals = each(&section.goals, |goal| {
        let class = if goal.is_reached() { "reached" } else { "missed" };
        format!("<li class=\"{class}\">{}</li>", escape(&goal_text(goal)))
    });
    let files: Vec<String> = section.plot_files().collect();
    let plots = each(&files, |file| format!("<p><img src=\"{file}\" alt=\"\"></p>"));
    let (title, tables) = (escape(&section.title), each(&section.tables, table_html));
    format!("<h2>{title}</h2><ul>{goals}</ul>{tables}{plots}<ul>{conditions}</ul>")
}

fn table_html(table: &Table) -> String {
    let head = each(&table.columns, |column| format!("<th>{}</th>", escape(column)));
    let rows = each(&table.rows, |row| {
        let cells = each(&row.cells, |cell| format!("<td>{}</td>", escape(&cell.shown())));
        format!("<tr><th>{}</th>{cells}</tr>", escape(&row.name))
    });
    format!("<table><caption>{}</caption><tr><th></th>{head}</tr>{rows}</table>", escape(&table.title))
}

fn each<T>(items: &[T], html: impl Fn(&T) -> String) -> String {
    items.iter().map(html).collect::<Vec<_>>().concat()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
