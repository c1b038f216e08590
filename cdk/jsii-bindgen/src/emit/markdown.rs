//! Texts of TypeScript documentation as Markdown for rustdoc.

use std::mem::take;

/// The targets of links that remain links.
const TARGETS: [&str; 3] = ["http://", "https://", "crate::"];

/// A fenced block of code.
const FENCE: &str = "```";

/// A text as one line.
pub(super) fn one_line(text: &str) -> String {
    escaped(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A text of several paragraphs.
///
/// rustdoc compiles code in which it sees no other language: a fence without one gets `text`, and outside of fences no line
/// is indented by four spaces, which would be code. Everything outside of code is escaped.
pub(super) fn markdown(text: &str) -> String {
    let mut blocks = Vec::new();
    let mut paragraph = String::new();
    // The indentation of the fence that is open.
    let mut fence: Option<usize> = None;
    for line in text.lines() {
        let content = line.trim_start();
        let indentation = line.len() - content.len();
        match (content.strip_prefix(FENCE), fence) {
            (Some(language), None) => {
                blocks.push(escaped(&take(&mut paragraph)));
                fence = Some(indentation);
                let language = language.split([' ', '{']).next().filter(|language| !language.is_empty());
                blocks.push(format!("{FENCE}{}\n", language.unwrap_or("text")));
            }
            (Some(_), Some(_)) => {
                fence = None;
                blocks.push(format!("{FENCE}\n"));
            }
            (None, Some(fence)) => blocks.push(format!("{}\n", line.get(indentation.min(fence)..).unwrap_or(content))),
            (None, None) if content.is_empty() => {
                blocks.push(escaped(&take(&mut paragraph)));
                blocks.push("\n".to_owned());
            }
            (None, None) => paragraph += &format!("{:1$}{content}\n", "", indentation.min(3)),
        }
    }
    blocks.push(escaped(&paragraph));
    if fence.is_some() {
        blocks.push(format!("{FENCE}\n"));
    }
    blocks.concat().trim_end().to_owned()
}

/// Escapes HTML, and brackets that are not links, outside of code. A URL becomes a link.
fn escaped(paragraph: &str) -> String {
    let mut text = String::new();
    let mut rest = paragraph;
    while let Some(c) = rest.chars().next() {
        let copied = match c {
            '`' => code(rest),
            '[' | '<' if let Some(length) = link(rest) => length,
            'h' if let Some(length) = url(rest) => {
                text += &format!("<{}>", &rest[..length]);
                rest = &rest[length..];
                continue;
            }
            // A quotation begins with it.
            '>' if text.is_empty() || text.ends_with('\n') => 1,
            '<' | '>' | '[' | ']' => {
                text.push('\\');
                1
            }
            c => c.len_utf8(),
        };
        text += &rest[..copied];
        rest = &rest[copied..];
    }
    text
}

/// The length of the code with which a text begins. Backticks that are not closed are no code.
fn code(text: &str) -> usize {
    let marks = text.len() - text.trim_start_matches('`').len();
    let mut end = marks;
    while let Some(next) = text[end..].find('`') {
        end += next;
        let closing = text[end..].len() - text[end..].trim_start_matches('`').len();
        end += closing;
        if closing == marks {
            return end;
        }
    }
    marks
}

/// The length of the link with which a text begins: `[text](https://…)` or `<https://…>`.
fn link(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix('<') {
        let length = url(rest)?;
        return rest[length..].starts_with('>').then_some(length + 2);
    }
    let label = text.strip_prefix('[')?.find(']')? + 1;
    let target = text[label..].strip_prefix("](")?;
    let end = target.find([')', ' ', '\n'])?;
    let is_kept = TARGETS.iter().any(|start| target.starts_with(start)) && target[end..].starts_with(')');
    (is_kept && !text[1..label].contains(['[', '<', '\n'])).then_some(label + "](".len() + end + 1)
}

/// The length of the URL with which a text begins.
fn url(text: &str) -> Option<usize> {
    let is_url = TARGETS[..2].iter().any(|start| text.starts_with(start));
    let end = text.find(|c: char| c.is_whitespace() || "<>[]()`\"'|\\*".contains(c)).unwrap_or(text.len());
    let url = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?']);
    (is_url && url.len() > "https://".len()).then_some(url.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_outside_of_code() {
        for (text, expected) in [
            ("See [x](https://x.org).", "See [x](https://x.org)."),
            ("See [x](./y.md) and [z].", r"See \[x\](./y.md) and \[z\]."),
            ("A <b> of [x], `Map<T>`.", r"A \<b\> of \[x\], `Map<T>`."),
            ("``a`b<c>`` <d>", r"``a`b<c>`` \<d\>"),
            ("A ` and <b>", r"A ` and \<b\>"),
            ("at https://x.org/a. Or <https://x.org>", "at <https://x.org/a>. Or <https://x.org>"),
            ("[`Cat`](crate::Cat)", "[`Cat`](crate::Cat)"),
            ("> a quotation, a > b", r"> a quotation, a \> b"),
        ] {
            assert_eq!(one_line(text), expected);
        }
    }

    #[test]
    fn rustdoc_compiles_no_code() {
        for (text, expected) in [
            ("A:\n```\nlet x;\n```\nB <c>", "A:\n```text\nlet x;\n```\nB \\<c\\>"),
            ("```ts nofixture\nx<y>\n```", "```ts\nx<y>\n```"),
            ("A\n\n      let x;", "A\n\n   let x;"),
            ("- A\n  ```sh\n  run\n    more\n  ```", "- A\n```sh\nrun\n  more\n```"),
            ("```ts\nnever closed", "```ts\nnever closed\n```"),
        ] {
            assert_eq!(markdown(text), expected);
        }
    }
}
