//! `imagecache completions`: completions of the command line for shells.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::Cli;
use crate::exit::{Exit, Failure};

/// Prints the completions of a shell.
///
/// For bash: `source <(imagecache completions bash)`. For others, write them to the folder that the shell reads.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shell that reads the completions.
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut completions = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "imagecache", &mut completions);
    std::io::Write::write_all(&mut std::io::stdout(), &completions)?;
    Ok(Exit::Done)
}
