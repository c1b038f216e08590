//! Documentation attributes from the assembly.

use crate::assembly::Docs;

/// A documentation attribute: the summary, and the default if there is one.
pub(super) fn attribute(docs: &Docs) -> String {
    let summary = one_line(&docs.summary);
    let default = one_line(docs.default.trim_start_matches("- "));
    let text = match (summary.is_empty(), default.is_empty()) {
        (true, true) => return String::new(),
        (_, true) => summary,
        (true, false) => format!("Default: {default}"),
        (false, false) => format!("{summary}\n\nDefault: {default}"),
    };
    format!("#[doc = {text:?}]\n    ")
}

/// The text as one line of Markdown. HTML, and brackets that are not links, are escaped outside of code.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut in_code = false;
    let has_links = text.contains("](http");
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        in_code ^= c == '`';
        if !in_code && (matches!(c, '<' | '>') || matches!(c, '[' | ']') && !has_links) {
            line.push('\\');
        }
        line.push(c);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(summary: &str, default: &str, expected: &str) {
        let docs = Docs { summary: summary.to_owned(), default: default.to_owned(), ..Docs::default() };
        assert_eq!(attribute(&docs).trim_end(), expected);
    }

    #[test]
    fn summary_and_default_become_paragraphs() {
        check("", "", "");
        check("The name.", "", r#"#[doc = "The name."]"#);
        check("The name.", "- generated", r#"#[doc = "The name.\n\nDefault: generated"]"#);
    }

    #[test]
    fn markup_is_escaped_outside_of_code() {
        check("See [x](https://x.org).", "", r#"#[doc = "See [x](https://x.org)."]"#);
        check("A <b> of [x], `Map<T>`.", "", r#"#[doc = "A \\<b\\> of \\[x\\], `Map<T>`."]"#);
    }
}
