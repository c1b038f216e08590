//! The result of a section.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{BenchError, Doing};

/// The result of measuring one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Section {
    /// Name of its files, for example `functions`.
    pub(crate) name: String,
    /// Heading.
    pub(crate) title: String,
    /// Seeds, numbers of runs, versions, parameters: one sentence each.
    pub(crate) conditions: Vec<String>,
    /// The figures that have a goal.
    pub(crate) goals: Vec<Goal>,
    /// The measurements.
    pub(crate) tables: Vec<Table>,
    /// The same as plots.
    pub(crate) plots: Vec<Plot>,
}

/// A figure, and the goal that it should reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Goal {
    /// Name of the figure, with its unit.
    pub(crate) figure: String,
    /// Measured value.
    pub(crate) measured: f64,
    /// The largest value allowed, or the smallest.
    pub(crate) limit: Limit,
}

/// A limit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Limit {
    /// The figure is at most this.
    AtMost(f64),
    /// The figure is at least this.
    AtLeast(f64),
}

impl Goal {
    pub(crate) fn at_most(figure: impl Into<String>, measured: f64, limit: f64) -> Self {
        Self { figure: figure.into(), measured, limit: Limit::AtMost(limit) }
    }

    pub(crate) fn at_least(figure: impl Into<String>, measured: f64, limit: f64) -> Self {
        Self { figure: figure.into(), measured, limit: Limit::AtLeast(limit) }
    }

    pub(crate) fn is_reached(&self) -> bool {
        match self.limit {
            Limit::AtMost(limit) => self.measured <= limit,
            Limit::AtLeast(limit) => self.measured >= limit,
        }
    }
}

/// A table. The first column names the candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The candidate.
    pub(crate) name: String,
    /// One cell for each column.
    pub(crate) cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Cell {
    /// A value that is shown with `digits` after the point.
    Number {
        /// The value.
        value: f64,
        /// Digits after the point.
        digits: usize,
    },
    /// A value in words.
    Text(String),
    /// Not measured.
    None,
}

impl Table {
    pub(crate) fn new<const N: usize>(title: impl Into<String>, columns: [&str; N]) -> Self {
        Self { title: title.into(), columns: columns.map(str::to_owned).into(), rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row { name: name.into(), cells: cells.into_iter().collect() });
    }
}

impl Cell {
    pub(crate) fn number(value: f64, digits: usize) -> Self {
        Self::Number { value, digits }
    }

    /// The cell as it is printed.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Number { value, digits } => format!("{value:.digits$}"),
            Self::Text(text) => text.clone(),
            Self::None => "–".to_owned(),
        }
    }
}

/// A plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Plot {
    /// One horizontal bar for each candidate.
    Bars {
        title: String,
        /// Name and unit of the values.
        axis: String,
        /// Names and values.
        bars: Vec<(String, f64)>,
    },
    /// One line for each candidate. Both axes can be logarithmic; then all values are positive.
    Lines {
        title: String,
        x_axis: Axis,
        y_axis: Axis,
        /// Names and points.
        lines: Vec<(String, Vec<(f64, f64)>)>,
    },
}

/// An axis of a plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Axis {
    /// Name and unit.
    pub(crate) name: String,
    pub(crate) is_logarithmic: bool,
}

impl Section {
    /// Writes `<name>.json` and the plots `<name>-1.svg`, … into a folder.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), BenchError> {
        let path = folder.join(format!("{}.json", self.name));
        let json = serde_json::to_string_pretty(self).doing(|| format!("encode the section {}", self.name))?;
        fs::write(&path, json).doing(|| format!("write {}", path.display()))?;
        for (plot, file) in self.plots.iter().zip(self.plot_files()) {
            let path = folder.join(file);
            let svg = crate::plot::svg(plot)?;
            fs::write(&path, svg).doing(|| format!("write {}", path.display()))?;
        }
        Ok(())
    }

    /// Reads the section that an earlier run saved, if there is one.
    pub(crate) fn load(folder: &Path, name: &str) -> Result<Option<Self>, BenchError> {
        let path = folder.join(format!("{name}.json"));
        if !path.exists() {
            return Ok(None);
        }
        let json = fs::read(&path).doing(|| format!("read {}", path.display()))?;
        serde_json::from_slice(&json).map(Some).doing(|| format!("read {}: delete it and run again", path.display()))
    }

    /// Names of the files of its plots.
    pub(crate) fn plot_files(&self) -> impl Iterator<Item = String> {
        (1..=self.plots.len()).map(|number| format!("{}-{number}.svg", self.name))
    }
}
