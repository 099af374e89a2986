//! The figures: a table for people, and JSON for programs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::figures;
use crate::options::Sizes;

/// What a figure should be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// At least that.
    AtLeast(f64),
    /// At most that.
    AtMost(f64),
}

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Target::AtLeast(least) => value >= least,
            Target::AtMost(most) => value <= most,
        }
    }

    fn shown(self) -> String {
        match self {
            Target::AtLeast(least) => format!("≥ {}", number(least)),
            Target::AtMost(most) => format!("≤ {}", number(most)),
        }
    }
}

/// A figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// Which measurement it is of.
    measurement: &'static str,
    /// What it tells.
    what: &'static str,
    value: f64,
    unit: &'static str,
    target: Option<Target>,
    is_met: Option<bool>,
    /// What it was made from.
    from: String,
}

/// All figures of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    entities: u64,
    files_mib: u64,
    cells: u64,
    seconds: u64,
    cores: usize,
    /// How many processes wanted a processor before the first measurement, on average of a minute.
    pub(crate) load_before: f64,
    figures: Vec<Figure>,
}

impl Report {
    /// One with nothing in it yet.
    pub(crate) fn new(sizes: &Sizes) -> Self {
        Self {
            entities: sizes.entities(),
            files_mib: sizes.files_mib(),
            cells: sizes.cells(),
            seconds: sizes.seconds(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            load_before: crate::process::load().unwrap_or_default(),
            figures: Vec::new(),
        }
    }

    /// Adds a figure, and tells it.
    pub(crate) fn add(
        &mut self,
        measurement: &'static str,
        what: &'static str,
        (value, unit): (f64, &'static str),
        target: Option<Target>,
        from: String,
    ) {
        crate::note(&format!("  {what}: {} {unit}, {from}", number(value)));
        let is_met = target.map(|target| target.is_met(value));
        self.figures.push(Figure { measurement, what, value, unit, target, is_met, from });
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let mut rows = vec![["", "", "", "target", "", "made from"].map(str::to_owned)];
        let mut last = "";
        for figure in &self.figures {
            let measurement = if figure.measurement == last { "" } else { figure.measurement };
            last = figure.measurement;
            rows.push([
                measurement.to_owned(),
                figure.what.to_owned(),
                format!("{} {}", number(figure.value), figure.unit),
                figure.target.map(Target::shown).unwrap_or_default(),
                figure.is_met.map_or("", |is_met| if is_met { "ok" } else { "short" }).to_owned(),
                figure.from.clone(),
            ]);
        }
        let width = |column: usize| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..5).map(width).collect();
        let mut table = format!(
            "{} entities, {} MiB of files, {} Cells, {} s of requests; {} cores, load {} before\n",
            figures::count(self.entities as f64),
            figures::count(self.files_mib as f64),
            figures::count(self.cells as f64),
            self.seconds,
            self.cores,
            self.load_before,
        );
        for row in &rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                match widths.get(column) {
                    // Numbers end at the same place.
                    Some(width) if column == 2 => _ = write!(line, "{cell:>width$}  "),
                    Some(width) => _ = write!(line, "{cell:width$}  "),
                    None => line.push_str(cell),
                }
            }
            table.push_str(line.trim_end());
            table.push('\n');
        }
        table
    }
}

/// As many digits as say something.
fn number(value: f64) -> String {
    match value.abs() {
        small if small < 10.0 && value.fract() != 0.0 => format!("{value:.2}"),
        middle if middle < 1000.0 && value.fract() != 0.0 => format!("{value:.1}"),
        _ => figures::count(value),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::options::Options;

    #[test]
    fn a_table_says_what_falls_short() {
        let mut report = Report::new(&Options::parse_from(["saibo-bench", "--quick"]).sizes);
        report.add("get", "a file", (0.456, "of bare"), Some(Target::AtLeast(0.5)), "1/s and 2/s".to_owned());
        report.add("get", "of it", (1234.4, "/s"), None, String::new());
        report.add("startup", "idle", (12.0, "MiB"), Some(Target::AtMost(30.0)), "x".to_owned());
        let table = report.table();
        let lines: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "get      a file  0.46 of bare  ≥ 0.50  short  1/s and 2/s",
                "         of it       1,234 /s",
                "startup  idle          12 MiB  ≤ 30    ok     x",
            ]
        );
        assert!(
            serde_json::to_string(&report).unwrap().contains(r#""target":{"at_most":30.0},"is_met":true"#)
        );
    }
}
