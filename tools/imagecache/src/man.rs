//! `imagecache man`: manual pages.

use std::path::PathBuf;

use clap::CommandFactory;

use crate::Cli;
use crate::exit::{Exit, Failure};
use crate::output::print_error;

/// Writes a manual page for each command, for example `imagecache-verify.1`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder that receives the pages. It must exist.
    folder: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let Args { folder } = args;
    clap_mangen::generate_to(Cli::command(), folder)
        .map_err(|error| format!("the pages cannot be written to {}: {error}; create it", folder.display()))?;
    print_error(format_args!("The pages are in {0}: man -l {0}/imagecache.1", folder.display()));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        run(&Args { folder: folder.path().to_owned() }).unwrap();
        for (page, expected) in [
            ("imagecache.1", "IMAGECACHE_ENVIRONMENT"),
            ("imagecache-purge.1", "whole\\-tenant"),
            ("imagecache-dead-letters-discard.1", "without a terminal"),
        ] {
            let page = std::fs::read_to_string(folder.path().join(page)).unwrap();
            assert!(page.contains(expected), "{page}");
        }
    }
}
