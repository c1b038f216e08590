//! The commands of this program in the documents: each is parsed as it is written.

use clap::Parser;
use clap::error::ErrorKind;

#[test]
fn every_command_of_the_documents_is_parsed() {
    let own = documents::commands().into_iter().filter(|command| command.words[0] == "imagecache");
    let errors = own.filter_map(|command| {
        // A placeholder stands for any word.
        let words = command.words.iter().map(|word| if word.starts_with('<') { "word" } else { word });
        let error = crate::Cli::try_parse_from(words).err()?;
        let is_incomplete = [ErrorKind::MissingRequiredArgument, ErrorKind::MissingSubcommand].contains(&error.kind());
        let is_accepted = error.kind() == ErrorKind::DisplayHelp || command.is_mention && is_incomplete;
        (!is_accepted).then(|| format!("{}: {}: {error}", command.place, command.text))
    });
    let errors: Vec<_> = errors.collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}
