//! Documentation attributes from the assembly.

use super::markdown::{markdown, one_line};
use crate::assembly::{Callable, Docs, Parameter};
use crate::names::member_name;

/// The documentation attribute of a type or member: everything that the assembly says about it.
pub(super) fn attribute(docs: &Docs) -> String {
    of(&[summary(docs), remarks(docs), default(docs), deprecated(docs), returns(docs), see(docs), example(docs)])
}

/// The documentation of a function. A callable has one function for each optional argument; the `first` one has the remarks
/// and the example, which would otherwise be there several times.
pub(super) fn function(callable: &Callable, parameters: &[Parameter], first: bool) -> String {
    let docs = &callable.docs;
    let described = parameters.iter().map(|parameter| (parameter.name.as_str(), &parameter.docs));
    let arguments = arguments(described);
    if first {
        return of(&[
            summary(docs),
            remarks(docs),
            deprecated(docs),
            arguments,
            returns(docs),
            see(docs),
            example(docs),
        ]);
    }
    of(&[summary(docs), deprecated(docs), arguments, returns(docs)])
}

/// The documentation of a function whose arguments are the required properties of a structure.
pub(super) fn required<'a>(properties: impl Iterator<Item = (&'a str, &'a Docs)>) -> String {
    of(&[arguments(properties)])
}

/// The documentation of the function `builder` with these arguments.
pub(super) fn builder<'a>(described: impl Iterator<Item = (&'a str, &'a Docs)>) -> String {
    let summary = "A builder: the setters of the last argument's structure, then `build`.";
    of(&[summary.to_owned(), arguments(described)])
}

/// The attribute with these paragraphs, without the empty ones.
fn of(paragraphs: &[String]) -> String {
    let paragraphs: Vec<&str> = paragraphs.iter().map(|text| text.trim_end()).filter(|text| !text.is_empty()).collect();
    match paragraphs.as_slice() {
        [] => String::new(),
        paragraphs => format!("#[doc = {:?}]\n    ", paragraphs.join("\n\n")),
    }
}

fn summary(docs: &Docs) -> String {
    one_line(&docs.summary)
}

fn remarks(docs: &Docs) -> String {
    markdown(&docs.remarks)
}

fn default(docs: &Docs) -> String {
    labelled("Default", docs.default.trim_start_matches("- "))
}

fn deprecated(docs: &Docs) -> String {
    labelled("Deprecated", &docs.deprecated)
}

fn returns(docs: &Docs) -> String {
    labelled("Returns", &docs.returns)
}

fn see(docs: &Docs) -> String {
    labelled("See", &docs.see)
}

fn labelled(label: &str, text: &str) -> String {
    if text.trim().is_empty() { String::new() } else { format!("{label}: {}", one_line(text)) }
}

/// The example, which is TypeScript: the assembly has no other language.
fn example(docs: &Docs) -> String {
    if docs.example.trim().is_empty() {
        return String::new();
    }
    format!("# Example\n\n{}", markdown(&format!("```ts\n{}\n```", docs.example)))
}

/// A list of the arguments that are documented.
fn arguments<'a>(described: impl Iterator<Item = (&'a str, &'a Docs)>) -> String {
    let mut list = String::new();
    for (name, docs) in described {
        let text: Vec<String> = [summary(docs), remarks(docs), default(docs), see(docs)]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        if !text.is_empty() {
            // The text of an item is indented.
            let text = text.join("\n\n").replace('\n', "\n  ");
            list += &format!("* `{}`: {text}\n", member_name(name));
        }
    }
    if list.is_empty() { list } else { format!("# Arguments\n\n{list}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts the text of the attribute.
    fn check(docs: &Docs, expected: &str) {
        assert_eq!(attribute(docs).trim_end(), format!("#[doc = {expected:?}]"));
    }

    fn docs(summary: &str) -> Docs {
        Docs { summary: summary.to_owned(), ..Docs::default() }
    }

    #[test]
    fn what_is_not_documented_has_no_attribute() {
        assert_eq!(attribute(&Docs::default()), "");
        assert_eq!(required([("name", &Docs::default())].into_iter()), "");
    }

    #[test]
    fn each_part_is_a_paragraph() {
        check(&docs("The name."), "The name.");
        check(&Docs { default: "- generated".into(), ..docs("The name.") }, "The name.\n\nDefault: generated");
        let all = Docs {
            remarks: "It is unique.".into(),
            default: "none".into(),
            deprecated: "use `id`".into(),
            returns: "a name".into(),
            see: "https://x.org".into(),
            example: "cat.name;".into(),
            ..docs("The name.")
        };
        check(
            &all,
            "The name.\n\nIt is unique.\n\nDefault: none\n\nDeprecated: use `id`\n\nReturns: a name\n\n\
             See: <https://x.org>\n\n# Example\n\n```ts\ncat.name;\n```",
        );
    }

    #[test]
    fn arguments_are_a_list_with_rust_names() {
        let (first, second) =
            (docs("The first."), Docs { remarks: "More:\n```\na < b\n```".into(), ..docs("The second.") });
        let text = required([("maxSize", &first), ("undocumented", &docs("")), ("type", &second)].into_iter());
        let expected =
            "# Arguments\n\n* `max_size`: The first.\n* `r#type`: The second.\n  \n  More:\n  ```text\n  a < b\n  ```";
        assert_eq!(text.trim_end(), format!("#[doc = {expected:?}]"));
    }
}
