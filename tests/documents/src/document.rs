//! Markdown files: their lines with and without code, links, and the anchors of their headings.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders without documents of this repository: output, installed tools.
const SKIPPED: [&str; 5] = ["target", "node_modules", ".git", ".tools", ".venv"];

/// A Markdown file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its path in the repository, for example `docs/runbook.md`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A line of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// Its text.
    pub text: &'a str,
    /// The language of the fenced block that contains it, which may be empty; none outside of blocks.
    pub block: Option<&'a str>,
}

/// The top folder of the checkout.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn all() -> Vec<Document> {
    let mut documents = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root().join(&folder)).into_iter().flatten().flatten();
        for entry in entries {
            let path = folder.join(entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if !SKIPPED.iter().any(|skipped| path.ends_with(skipped)) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "md")
                && let Ok(text) = fs::read_to_string(entry.path())
            {
                documents.push(Document { path: path.to_string_lossy().into_owned(), text });
            }
        }
    }
    documents.sort_by(|one, other| one.path.cmp(&other.path));
    documents
}

impl Document {
    /// The lines, without those that open and close fenced blocks.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut block = None;
        self.text.lines().enumerate().filter_map(move |(index, text)| {
            if let Some(language) = text.trim_start().strip_prefix("```") {
                block = if block.is_some() { None } else { Some(language.trim()) };
                return None;
            }
            Some(Line { number: index + 1, text, block })
        })
    }

    /// The targets of all links and images, with their lines: `[…](target)` outside of blocks.
    pub fn links(&self) -> impl Iterator<Item = (usize, &str)> {
        let prose = self.lines().filter(|line| line.block.is_none());
        prose.flat_map(|line| {
            let rests = line.text.split("](").skip(1);
            rests.filter_map(move |rest| Some((line.number, rest.split_once(')')?.0)))
        })
    }

    /// The anchors of the headings, as GitHub and mdBook make them: lower case, hyphens for spaces, no punctuation.
    pub fn anchors(&self) -> impl Iterator<Item = String> {
        let headings = self.lines().filter(|line| line.block.is_none() && line.text.starts_with('#'));
        headings.map(|line| {
            let kept = line.text.trim_start_matches('#').trim().to_lowercase();
            let kept = kept.chars().filter(|&one| one.is_alphanumeric() || " -_".contains(one));
            kept.map(|one| if one == ' ' { '-' } else { one }).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document { path: "a.md".into(), text: text.into() }
    }

    #[test]
    fn links_are_read_from_prose_and_not_from_blocks() {
        let text = "[a](b.md#c), [`d`](e)\n![g](h.png)\n```\n[no](i)\n```\n[j](k)";
        let document = document(text);
        let found: Vec<_> = document.links().collect();
        assert_eq!(found, [(1, "b.md#c"), (1, "e"), (2, "h.png"), (6, "k")]);
    }

    #[test]
    fn an_anchor_is_the_heading_without_punctuation() {
        let document = document("# The API's `GET`: why?\n```\n# no heading\n```\n### A_b-c");
        assert_eq!(document.anchors().collect::<Vec<_>>(), ["the-apis-get-why", "a_b-c"]);
    }
}
