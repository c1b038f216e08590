//! The documents of this repository (its Markdown files), and the commands in them.

mod command;
mod document;

pub use command::Command;
pub use document::{Document, root};

/// Every document, by its path.
#[must_use]
pub fn documents() -> Vec<Document> {
    document::all()
}

/// Every command of the documents for readers: README.md, CONTRIBUTING.md, and those in docs.
///
/// Decision records are history, and the changelog names commands of its time: both are left out.
#[must_use]
pub fn commands() -> Vec<Command> {
    let is_read = |document: &Document| match document.path.as_str() {
        "README.md" | "CONTRIBUTING.md" => true,
        path => path.starts_with("docs/") && !path.starts_with("docs/adr/"),
    };
    documents().iter().filter(|document| is_read(document)).flat_map(command::of).collect()
}
