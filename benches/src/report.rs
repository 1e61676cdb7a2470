//! The printed table, and whether the run fails by it.

use crate::floors::{Figure, Verdict};
use anyhow::bail;
use std::io::Write;

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) figure: Figure,
    /// Of which state it was measured; 0 where that does not matter.
    pub(crate) instances: usize,
    /// More about it, for the reader.
    pub(crate) note: String,
    pub(crate) measured: Measured,
}

#[derive(Debug)]
pub(crate) enum Measured {
    /// A number for each round.
    Rounds(Vec<f64>),
    /// It could have been measured, but for this reason.
    Skipped(String),
    /// What it measures is not built yet.
    NotYet,
}

impl Row {
    pub(crate) fn new(
        figure: Figure,
        instances: usize,
        note: impl Into<String>,
        rounds: anyhow::Result<Vec<f64>>,
    ) -> Row {
        let measured = rounds.map_or_else(|error| Measured::Skipped(format!("{error:#}")), Measured::Rounds);
        Row { figure, instances, note: note.into(), measured }
    }

    fn verdict(&self) -> Option<Verdict> {
        match &self.measured {
            Measured::Rounds(rounds) => Some(Verdict::of(&self.figure.line(), self.instances, median(rounds))),
            Measured::Skipped(_) | Measured::NotYet => None,
        }
    }

    fn name(&self) -> String {
        let (what, of) = (self.figure.line().what, self.instances);
        let of = if of > 0 { format!(", {of} instances") } else { String::new() };
        let note = if self.note.is_empty() { String::new() } else { format!(" ({})", self.note) };
        format!("{what}{of}{note}")
    }

    fn cells(&self, has_verdicts: bool) -> Vec<String> {
        let line = self.figure.line();
        let bound = |bound: Option<f64>| bound.map_or("-".to_owned(), |bound| with_unit(&bound.to_string(), line.unit));
        let bounds = line.bounds(self.instances);
        let (floor, goal) = (bound(bounds.map(|bounds| bounds.0)), bound(bounds.map(|bounds| bounds.1)));
        let (measured, verdict) = match (&self.measured, self.verdict()) {
            (Measured::Rounds(rounds), Some(verdict)) if has_verdicts => {
                (rounds_text(rounds, line.unit), verdict.to_string())
            }
            (Measured::Rounds(rounds), _) => (rounds_text(rounds, line.unit), "-".to_owned()),
            (Measured::Skipped(why), _) => ("-".to_owned(), format!("SKIPPED: {why}")),
            (Measured::NotYet, _) => ("-".to_owned(), "not there yet".to_owned()),
        };
        vec![self.name(), line.against.to_owned(), measured, floor, goal, verdict]
    }
}

/// The median, and from the least to the greatest where there are several.
fn rounds_text(rounds: &[f64], unit: &str) -> String {
    let [least, middle, greatest] = spread(rounds);
    let range = if rounds.len() > 1 { format!(" ({least} to {greatest})") } else { String::new() };
    with_unit(&middle, unit) + &range
}

fn with_unit(number: &str, unit: &str) -> String {
    if unit.is_empty() { number.to_owned() } else { format!("{number} {unit}") }
}

pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints the table in its order. Without verdicts the numbers are too small to mean anything.
pub(crate) fn table(rows: &mut [Row], has_verdicts: bool) -> anyhow::Result<()> {
    rows.sort_by_key(|row| row.figure);
    let head = ["row", "against", "measured (least to greatest)", "floor", "goal", "verdict"];
    let mut cells = vec![head.map(str::to_owned).to_vec()];
    cells.extend(rows.iter().map(|row| row.cells(has_verdicts)));
    line("")?;
    grid(&cells)
}

/// # Errors
/// Names the rows below their floor, and those that were skipped.
pub(crate) fn outcome(rows: &[Row], has_verdicts: bool) -> anyhow::Result<()> {
    let names = |is_one: &dyn Fn(&Row) -> bool| -> Vec<String> {
        rows.iter().filter(|row| is_one(row)).map(Row::name).collect()
    };
    let below = names(&|row| has_verdicts && row.verdict() == Some(Verdict::Below));
    let skipped = names(&|row| matches!(row.measured, Measured::Skipped(_)));
    let parts = [("below the floor", below), ("skipped", skipped)];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty());
    let why: Vec<String> = parts.map(|(what, names)| format!("{} {what}: {}", names.len(), names.join("; "))).collect();
    if !why.is_empty() {
        bail!("{}", why.join(". "));
    }
    Ok(())
}

/// Prints lines of cells, each column as wide as its widest. What ends a line takes no room from the other lines.
pub(crate) fn grid(cells: &[Vec<String>]) -> anyhow::Result<()> {
    let mut widths = vec![0; cells.iter().map(Vec::len).max().unwrap_or_default()];
    for row in cells {
        let last = row.iter().rposition(|cell| !cell.is_empty()).unwrap_or_default();
        row.iter().zip(&mut widths).take(last).for_each(|(cell, width)| *width = cell.chars().count().max(*width));
    }
    for row in cells {
        let padded: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        line(padded.join("  ").trim_end())?;
    }
    Ok(())
}

/// The least, the median and the greatest.
pub(crate) fn spread(numbers: &[f64]) -> [String; 3] {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    [least, median(numbers), greatest]
        .map(|number| if number.abs() < 10.0 { format!("{number:.3}") } else { format!("{number:.1}") })
}

pub(crate) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn why(rows: &[Row], has_verdicts: bool) -> String {
        outcome(rows, has_verdicts).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn a_row_below_its_floor_fails_the_run_unless_the_numbers_mean_nothing() {
        let rows = [Row::new(Figure::Logins, 0, "", Ok(vec![9.0, 2.0, 20.0]))];
        assert_eq!(why(&rows, true), "1 below the floor: logins a second");
        assert_eq!(why(&rows, false), "");
        assert_eq!(why(&[Row::new(Figure::Logins, 0, "", Ok(vec![10.0]))], true), "");
    }

    #[test]
    fn a_skipped_row_fails_the_run_in_any_case_and_one_that_is_not_there_yet_does_not() {
        let skipped = Row::new(Figure::Throughput, 100, "", Err(anyhow::anyhow!("no moto")));
        let not_yet = Row { measured: Measured::NotYet, ..Row::new(Figure::Proof, 0, "", Ok(vec![])) };
        assert_eq!(why(&[skipped, not_yet], false), "1 skipped: unbind until SUCCESS, throughput, 100 instances");
    }

    #[test]
    fn a_line_shows_the_median_the_range_and_both_bounds() {
        let row = Row::new(Figure::IdleMemory, 0, "", Ok(vec![12.0, 11.0, 9.0]));
        assert_eq!(row.cells(true)[2..], ["11.0 MiB (9.000 to 12.0)", "16 MiB", "10 MiB", "floor held"]);
        let row = Row::new(Figure::ServerMemory, 1_000, "7 B each", Ok(vec![2.0]));
        let name = "memory of the server with its machines, 1000 instances (7 B each)";
        assert_eq!(row.cells(true), [name, "both directories' rows", "2.000", "-", "-", "-"]);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    }
}
