//! `make bench`: this system beside its alternatives, in one run.
//!
//! Each section measures one subject, and all its candidates alternately, so that the load of the machine affects all of
//! them: the ratios count. A section returns its tables and plots; this program prints them and writes them to
//! `target/bench`, with the page `index.html` that shows the newest result of every section.
#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a benchmark: a candidate that fails ends the run, and figures are rounded"
)]

mod candidate;
mod decoding;
mod deletion;
mod error;
mod functions;
mod machine;
mod node;
mod page;
mod photo;
mod plot;
mod print;
mod python;
mod renderer;
mod rendering;
mod section;
mod strategies;
mod synth;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::error::{BenchError, Doing};
use crate::section::Section;

/// Measures this system and its alternatives side by side.
#[derive(Debug, Parser)]
struct Arguments {
    /// The sections to run; all without one.
    sections: Vec<Subject>,
    /// Objects that the section `deletion` deletes.
    #[arg(long, default_value_t = 1_000_000)]
    objects: usize,
    /// Renders variants of this photo, for the section `rendering`, which measures a process of its own.
    #[arg(long, hide = true)]
    render: Option<PathBuf>,
}

/// The subject of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// Algorithms that purge CloudFront, in virtual time.
    Strategies,
    /// Cold start, memory and throughput of the Lambda functions.
    Functions,
    /// Deletion of stored variants.
    Deletion,
    /// Rendering of variants.
    Rendering,
    /// Synthesis of the CloudFormation templates.
    Synth,
}

impl Subject {
    fn run(self, folders: &Folders, objects: usize) -> Result<Section, BenchError> {
        match self {
            Self::Strategies => strategies::run(folders),
            Self::Functions => functions::run(folders),
            Self::Deletion => deletion::run(folders, objects),
            Self::Rendering => rendering::run(folders),
            Self::Synth => synth::run(folders),
        }
    }
}

/// The folders of a run.
struct Folders {
    /// Sources of the alternatives: `tests/bench`.
    sources: PathBuf,
    /// Results, and what the alternatives need: `target/bench`.
    out: PathBuf,
    /// The release binaries of this system.
    binaries: PathBuf,
}

impl Folders {
    fn new() -> Result<Self, BenchError> {
        let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let out = sources.join("../../target/bench");
        fs::create_dir_all(&out).doing(|| format!("create {}", out.display()))?;
        let out = out.canonicalize().doing(|| format!("find {}", out.display()))?;
        let program = std::env::current_exe().doing(|| "find this program".to_owned())?;
        let binaries = program.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(Self { sources, out, binaries })
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), BenchError> {
    if let Some(photo) = arguments.render {
        return renderer::serve(&photo);
    }
    let folders = Folders::new()?;
    let all = Subject::value_variants().to_vec();
    let subjects = if arguments.sections.is_empty() { all } else { arguments.sections };
    for subject in subjects {
        let before = machine::load();
        let mut section = subject.run(&folders, arguments.objects)?;
        section.conditions.push(machine::conditions(&before));
        print::section(&section);
        section.save(&folders.out)?;
        page::write(&folders.out)?;
    }
    println!("\n{}", folders.out.join("index.html").display());
    Ok(())
}
