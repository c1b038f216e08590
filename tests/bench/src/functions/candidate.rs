//! The candidates: every function, each in three languages.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use contract::config::{ConfigError, Lookup};
use contract::functions::{
    ImageInvalidation, ImageManagement, ImagePacksStream, ImageProcessing, ImagePurge, ImageWarming, PurgeEvents,
};

use crate::Folders;
use crate::error::{BenchError, Doing};

/// A Lambda function of this system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Function {
    Stream,
    Invalidation,
    Management,
    Processing,
    Purge,
    Warming,
    PurgeEvents,
}

impl Function {
    pub(crate) const ALL: [Self; 7] = [
        Self::Stream,
        Self::Invalidation,
        Self::Management,
        Self::Processing,
        Self::Purge,
        Self::Warming,
        Self::PurgeEvents,
    ];

    /// Name of the binary.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stream => "dynamodb-imagepacks-stream",
            Self::Invalidation => "image-invalidation",
            Self::Management => "image-management",
            Self::Processing => "image-processing",
            Self::Purge => "image-purge",
            Self::Warming => "image-warming",
            Self::PurgeEvents => "purge-events",
        }
    }

    /// Its variables, each with the example of its config. Waking a purge run is switched off: the start with one call
    /// shall make one call.
    pub(crate) fn variables(self) -> Result<BTreeMap<&'static str, String>, BenchError> {
        let read = match self {
            Self::Stream => |lookup: Lookup<'_>| ImagePacksStream::read(lookup).map(drop),
            Self::Invalidation => |lookup: Lookup<'_>| ImageInvalidation::read(lookup).map(drop),
            Self::Management => |lookup: Lookup<'_>| ImageManagement::read(lookup).map(drop),
            Self::Processing => |lookup: Lookup<'_>| ImageProcessing::read(lookup).map(drop),
            Self::Purge => |lookup: Lookup<'_>| ImagePurge::read(lookup).map(drop),
            Self::Warming => |lookup: Lookup<'_>| ImageWarming::read(lookup).map(drop),
            Self::PurgeEvents => |lookup: Lookup<'_>| PurgeEvents::read(lookup).map(drop),
        };
        let mut variables = BTreeMap::from([("PURGE_RUN_FUNCTION", "none".to_owned())]);
        loop {
            match read(&|name| variables.get(name).cloned()) {
                Ok(()) => return Ok(variables),
                Err(ConfigError::Missing { name, example }) => variables.insert(name, example),
                Err(error) => return Err(error).doing(|| format!("configure {}", self.name())),
            };
        }
    }
}

/// The language of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Language {
    Rust,
    Python,
    Node,
}

impl Language {
    pub(crate) const ALL: [Self; 3] = [Self::Rust, Self::Python, Self::Node];

    /// The program of `function` in this language.
    pub(crate) fn command(self, folders: &Folders, function: Function) -> Command {
        let mut command;
        match self {
            Self::Rust => command = Command::new(folders.binaries.join(function.name())),
            Self::Python => {
                command = Command::new(folders.out.join("python/bin/python"));
                command.arg(folders.sources.join("functions/python/function.py")).arg(function.name());
            }
            Self::Node => {
                command = Command::new("node");
                command.arg(folders.out.join("functions/node/function.mjs")).arg(function.name());
            }
        }
        command
    }
}

/// Installs the packages of the other languages into the folder of results, unless they are there.
pub(crate) fn install(folders: &Folders) -> Result<(), BenchError> {
    crate::python::install(folders)?;
    crate::node::install(folders, Path::new("functions/node"), "function.mjs").map(drop)
}
