//! Every link of the documents leads somewhere, in the repository and on the site.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use documents::{Document, documents, root};

/// The chapters of the site.
const SUMMARY: &str = "docs/SUMMARY.md";

/// The path of `target` in the repository, from the document at `from`.
fn resolved(from: &str, target: &str) -> String {
    let mut path = PathBuf::new();
    for part in Path::new(from).parent().unwrap().join(target).components() {
        match part {
            Component::ParentDir => assert!(path.pop(), "{from}: {target} leads out of the repository"),
            part => path.push(part),
        }
    }
    path.to_str().unwrap().to_owned()
}

/// The links of a document to other files and to headings: the line, the path and the heading's anchor.
fn links(document: &Document) -> impl Iterator<Item = (usize, String, Option<&str>)> {
    let links = document.links().filter(|(_, target)| !target.contains("://"));
    links.map(|(line, target)| {
        let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
        let path = if path.is_empty() { document.path.clone() } else { resolved(&document.path, path) };
        (line, path, anchor)
    })
}

#[test]
fn every_link_leads_to_a_file_and_every_anchor_to_a_heading() {
    let documents = documents();
    let by_path: BTreeMap<_, _> = documents.iter().map(|document| (document.path.as_str(), document)).collect();
    let mut broken = Vec::new();
    for document in &documents {
        for (line, path, anchor) in links(document) {
            let is_there = root().join(&path).is_file();
            let has_anchor =
                |anchor| by_path.get(path.as_str()).is_some_and(|it| it.anchors().any(|one| one == anchor));
            if !is_there || !anchor.is_none_or(has_anchor) {
                broken.push(format!("{}:{line}: {path} {}", document.path, anchor.unwrap_or_default()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere (a folder is linked by its README.md):\n{}", broken.join("\n"));
}

#[test]
fn every_document_is_a_chapter_of_the_site_and_links_to_chapters_only() {
    let documents = documents();
    let summary = documents.iter().find(|document| document.path == SUMMARY).unwrap();
    let chapters: Vec<_> = links(summary).map(|(_, path, _)| path).collect();
    let once: BTreeSet<_> = chapters.iter().cloned().collect();
    assert_eq!(once.len(), chapters.len(), "a chapter is listed twice");
    // Forms of GitHub, and the origin of test images.
    let elsewhere = |path: &str| path.starts_with(".github/") || path.starts_with("crates/imaging/tests/");
    let written = documents.iter().map(|document| document.path.clone());
    let written: BTreeSet<_> = written.filter(|path| path != SUMMARY && !elsewhere(path)).collect();
    assert_eq!(once, written);
    for document in documents.iter().filter(|document| written.contains(&document.path)) {
        for (line, path, _) in links(document) {
            let is_document = Path::new(&path).extension().is_some_and(|extension| extension == "md");
            let is_copied = path.starts_with("docs/") || path.starts_with("LICENSE-");
            let is_on_the_site = if is_document { written.contains(&path) } else { is_copied };
            assert!(is_on_the_site, "{}:{line}: {path} is not on the site (.ci/site copies docs only)", document.path);
        }
    }
}
