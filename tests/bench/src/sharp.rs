//! sharp, the binding of Node to libvips.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::json;

use crate::error::{BenchError, Doing};
use crate::{Folders, node};

/// A Node process that renders variants of one photo, in one thread.
pub(crate) struct Sharp {
    process: Child,
    requests: Option<ChildStdin>,
    responses: BufReader<ChildStdout>,
    variant: PathBuf,
}

impl Sharp {
    /// Starts the process. It reads `photo`, a JPEG, from a file in the folder of results.
    pub(crate) fn start(folders: &Folders, photo: &[u8]) -> Result<Self, BenchError> {
        let folder = node::install(folders, Path::new("sharp"), "render.mjs")?;
        let (original, variant) = (folder.join("photo.jpg"), folder.join("variant"));
        fs::write(&original, photo).doing(|| format!("write {}", original.display()))?;
        let mut command = Command::new("node");
        command.arg(folder.join("render.mjs")).arg(&original).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().doing(|| format!("run {command:?}"))?;
        let requests = process.stdin.take();
        let responses = process.stdout.take().ok_or("it has no output").doing(|| format!("run {command:?}"))?;
        Ok(Self { process, requests, responses: BufReader::new(responses), variant })
    }

    /// Renders a variant. Returns the time that it took, in milliseconds, and the file.
    pub(crate) fn render(
        &mut self,
        (width, height): (u32, u32),
        format: &str,
        quality: u8,
    ) -> Result<(f64, Vec<u8>), BenchError> {
        let doing = || format!("render {width} × {height} with sharp");
        let out = self.variant.to_string_lossy();
        let request = json!({ "width": width, "height": height, "format": format, "quality": quality, "out": out });
        let requests = self.requests.as_mut().ok_or("its input is closed").doing(doing)?;
        writeln!(requests, "{request}").doing(doing)?;
        let mut milliseconds = String::new();
        self.responses.read_line(&mut milliseconds).doing(doing)?;
        let milliseconds = milliseconds.trim().parse().doing(doing)?;
        Ok((milliseconds, fs::read(&self.variant).doing(doing)?))
    }

    /// Ends the process.
    pub(crate) fn stop(mut self) -> Result<(), BenchError> {
        drop(self.requests.take());
        self.process.wait().doing(|| "wait for Node".to_owned()).map(drop)
    }
}
