//! Questions to the person at the terminal.

use std::fmt::Arguments;
use std::io::Write;

/// Asks on stderr and returns the line that is typed. At the end of the input it is empty.
pub(crate) fn ask(question: Arguments<'_>) -> std::io::Result<String> {
    eprint!("{question}");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    if std::io::stdin().read_line(&mut answer)? == 0 {
        // Nothing has ended the line of the question.
        eprintln!();
    }
    Ok(answer.trim().to_owned())
}
