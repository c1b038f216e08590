//! The commands in a document: the lines of shell blocks, and the commands that a sentence names.

use crate::document::Document;

/// The programs whose commands are recognised in sentences and in blocks.
const PROGRAMS: [&str; 10] = ["make", "cargo", "cdk", "imagecache", "curl", "aws", "npm", "git", "apt-get", "eval"];
/// The language of a block with commands.
const SHELL: &str = "sh";

/// A command that a document tells its reader to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The document and the line, for example `README.md:42`.
    pub place: String,
    /// The command as it is written, on one line.
    pub text: String,
    /// Its words, without the variables in front of it.
    pub words: Vec<String>,
    /// Whether a sentence names the command: arguments may be left out.
    pub is_mention: bool,
}

/// Every command of a document, in the order of its lines.
///
/// Panics if a block without the language `sh` has a line that begins with a known program, and if a command cannot be
/// split into words.
pub(crate) fn of(document: &Document) -> Vec<Command> {
    let mut commands = Vec::new();
    // A command that continues on the next line.
    let mut begun = String::new();
    for line in document.lines() {
        let place = format!("{}:{}", document.path, line.number);
        match line.block {
            Some(SHELL) => {
                begun += line.text.trim().trim_end_matches('\\');
                if !line.text.ends_with('\\') && shlex::split(&begun).is_some() {
                    commands.extend(Command::parse(&place, &std::mem::take(&mut begun), false));
                }
            }
            Some(language) => {
                let first = line.text.split_whitespace().next().unwrap_or_default();
                let is_command = PROGRAMS.contains(&first) && language.is_empty();
                assert!(!is_command, "{place}: a block with commands begins with ```sh");
            }
            None => {
                let is_paragraph = !line.text.trim().is_empty();
                begun = if is_paragraph { format!("{begun} {}", line.text.trim()) } else { String::new() };
                let mut parts: Vec<_> = begun.split('`').map(ToOwned::to_owned).collect();
                // An even number of parts: the last one is code that is not closed on this line.
                begun = if parts.len() % 2 == 0 {
                    parts.pop().map(|code| format!("`{code}")).unwrap_or_default()
                } else {
                    String::new()
                };
                commands.extend(parts.iter().skip(1).step_by(2).filter_map(|code| Command::parse(&place, code, true)));
            }
        }
    }
    assert!(begun.is_empty(), "{}: a command or code is not closed: {begun}", document.path);
    commands
}

impl Command {
    /// The command in a line, if there is one. In a sentence, it is code that begins with a program and has an argument.
    fn parse(place: &str, text: &str, is_mention: bool) -> Option<Self> {
        let text = text.split(" # ").next().unwrap_or_default().trim();
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        let words = shlex::split(text);
        if is_mention && words.is_none() {
            return None;
        }
        let words = words.unwrap_or_else(|| panic!("{place}: {text} has an open quote"));
        let is_variable = |word: &String| word.split_once('=').is_some_and(|(name, _)| is_variable_name(name));
        let words: Vec<_> = words.into_iter().skip_while(is_variable).collect();
        let is_command = words.len() > 1 && PROGRAMS.contains(&words[0].as_str());
        if is_mention && !is_command {
            return None;
        }
        Some(Self { place: place.to_owned(), text: text.to_owned(), words, is_mention })
    }
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|one| one.is_ascii_uppercase() || one == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, bool)> {
        let document = Document { path: "a.md".into(), text: text.into() };
        of(&document).into_iter().map(|one| (one.text, one.is_mention)).collect()
    }

    #[test]
    fn commands_are_the_lines_of_shell_blocks_and_code_that_begins_with_a_program() {
        let text = "Run `make test ONLY=a` or `makefile b`, `make`, `cdk\n  ls`.\n```sh\nA=b curl x \\\n  y   # comment\n# none\n\
                    aws x '{\n\"a\"}'\n```\n```\nsome output\n```";
        let commands =
            [("make test ONLY=a", true), ("cdk ls", true), ("A=b curl x y", false), ("aws x '{\"a\"}'", false)];
        assert_eq!(found(text), commands.map(|(text, is_mention)| (text.to_owned(), is_mention)));
    }

    #[test]
    #[should_panic(expected = "a.md:2: a block with commands begins with ```sh")]
    fn a_command_in_a_block_without_a_language_is_rejected() {
        found("```\nmake run\n```");
    }
}
