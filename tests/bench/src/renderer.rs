//! Processes that render variants: this system, and sharp, the binding of Node to libvips.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use contract::memory;
use domain::image::image_pack::{Fit, LocationConfig, VariantFormat};
use serde::{Deserialize, Serialize};

use crate::error::{BenchError, Doing};
use crate::{Folders, node};

/// A process that renders variants of one photo, in one thread.
pub(crate) struct Renderer {
    process: Child,
    requests: Option<ChildStdin>,
    responses: BufReader<ChildStdout>,
    variant: PathBuf,
}

/// A request to render a variant: a line of the input.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    width: u32,
    height: u32,
    fit: Fit,
    /// `jpeg` or `webp`.
    format: String,
    quality: u8,
    /// The file of the variant.
    out: PathBuf,
}

impl Renderer {
    /// This program, with the variables of image-processing.
    pub(crate) fn of_this_system(photo: &Path) -> Result<Self, BenchError> {
        let program = std::env::current_exe().doing(|| "find this program".to_owned())?;
        let mut command = Command::new(program);
        command.envs(memory::KEPT).arg("--render").arg(photo);
        Self::start(command, photo.with_file_name("variant"))
    }

    /// sharp.
    pub(crate) fn sharp(folders: &Folders, photo: &Path) -> Result<Self, BenchError> {
        let folder = node::install(folders, Path::new("sharp"), "render.mjs")?;
        let mut command = Command::new("node");
        command.arg(folder.join("render.mjs")).arg(photo);
        Self::start(command, photo.with_file_name("variant-of-sharp"))
    }

    fn start(mut command: Command, variant: PathBuf) -> Result<Self, BenchError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().doing(|| format!("run {command:?}"))?;
        let requests = process.stdin.take();
        let responses = process.stdout.take().ok_or("it has no output").doing(|| format!("run {command:?}"))?;
        Ok(Self { process, requests, responses: BufReader::new(responses), variant })
    }

    /// Renders a variant. Returns the time that it took, in milliseconds, and the file.
    pub(crate) fn render(
        &mut self,
        (width, height): (u32, u32),
        fit: Fit,
        format: &str,
        quality: u8,
    ) -> Result<(f64, Vec<u8>), BenchError> {
        let doing = || format!("render {width} × {height}");
        let request = Request { width, height, fit, format: format.to_owned(), quality, out: self.variant.clone() };
        let requests = self.requests.as_mut().ok_or("its input is closed").doing(doing)?;
        writeln!(requests, "{}", serde_json::to_string(&request).doing(doing)?).doing(doing)?;
        let mut milliseconds = String::new();
        self.responses.read_line(&mut milliseconds).doing(doing)?;
        let milliseconds = milliseconds.trim().parse().doing(doing)?;
        Ok((milliseconds, fs::read(&self.variant).doing(doing)?))
    }

    /// Ends the process.
    pub(crate) fn stop(mut self) -> Result<(), BenchError> {
        drop(self.requests.take());
        self.process.wait().doing(|| "wait for a renderer".to_owned()).map(drop)
    }
}

/// Renders the variants of `photo` that are requested on standard input, as image-processing renders them.
pub(crate) fn serve(photo: &Path) -> Result<(), BenchError> {
    let doing = || format!("render variants of {}", photo.display());
    let original = fs::read(photo).doing(doing)?;
    for line in std::io::stdin().lines() {
        let Request { width, height, fit, format, quality, out } =
            serde_json::from_str(&line.doing(doing)?).doing(doing)?;
        let config = LocationConfig {
            width,
            height,
            fit,
            format: if format == "webp" { VariantFormat::Webp } else { VariantFormat::Jpeg },
            quality: quality.try_into().expect("a quality"),
            ..LocationConfig::default()
        };
        let start = Instant::now();
        let variant = imaging::render(&original, None, config).expect("a variant");
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        fs::write(out, variant.bytes).doing(doing)?;
        println!("{milliseconds}");
    }
    Ok(())
}
