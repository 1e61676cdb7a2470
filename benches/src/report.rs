//! The printed table: each line is a ratio with its minimum and its median.

use std::io::Write;

/// On which side of its goal a ratio should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Higher,
    Lower,
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) against: &'static str,
    /// First goal and final goal; none for a ratio that is only shown.
    pub(crate) goals: Option<(f64, f64)>,
    pub(crate) better: Better,
    /// One ratio per round, or why there are none.
    pub(crate) ratios: Result<Vec<f64>, String>,
}

pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

pub(crate) fn table(rows: &[Row]) -> anyhow::Result<()> {
    let mut cells =
        vec![["what", "against", "first goal", "goal", "min", "median", "max", "verdict"].map(str::to_owned)];
    cells.extend(rows.iter().map(Row::cells));
    line("")?;
    grid(&cells)
}

/// Prints lines of cells, each column as wide as its widest.
pub(crate) fn grid(cells: &[[String; 8]]) -> anyhow::Result<()> {
    let mut widths = [0; 8];
    for row in cells {
        // A reason for skipping may be wider than its column.
        let last = if row[4].starts_with("skipped") { 4 } else { 8 };
        row.iter().zip(&mut widths).take(last).for_each(|(cell, width)| *width = cell.chars().count().max(*width));
    }
    for row in cells {
        let padded: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        line(padded.join("  ").trim_end())?;
    }
    Ok(())
}

impl Row {
    fn cells(&self) -> [String; 8] {
        let goal = |goal: Option<f64>| goal.map_or("-".to_owned(), |goal| format!("{goal}{}", self.times()));
        let (first, last) = (self.goals.map(|goals| goals.0), self.goals.map(|goals| goals.1));
        let ([low, middle, high], verdict) = match &self.ratios {
            Ok(ratios) => (spread(ratios), self.verdict(median(ratios))),
            Err(reason) => ([format!("skipped: {reason}"), String::new(), String::new()], String::new()),
        };
        [self.what.clone(), self.against.to_owned(), goal(first), goal(last), low, middle, high, verdict]
    }

    fn times(&self) -> &'static str {
        if self.goals.is_some_and(|goals| goals.0 > 1.0) { "x" } else { "" }
    }

    fn verdict(&self, value: f64) -> String {
        let Some((first, last)) = self.goals else { return "-".to_owned() };
        let reached = |goal: f64| match self.better {
            Better::Higher => value >= goal,
            Better::Lower => value <= goal,
        };
        match (reached(last), reached(first)) {
            (true, _) => "goal reached",
            (false, true) => "first goal reached",
            (false, false) => "missed",
        }
        .to_owned()
    }
}

/// The least, the median and the greatest, for the table.
pub(crate) fn spread(numbers: &[f64]) -> [String; 3] {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    [least, median(numbers), greatest].map(|number| format!("{number:.3}"))
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

    fn verdict(better: Better, goals: (f64, f64), value: f64) -> String {
        Row { what: String::new(), against: "", goals: Some(goals), better, ratios: Ok(vec![value]) }.verdict(value)
    }

    #[test]
    fn a_verdict_knows_which_side_is_good() {
        assert_eq!(verdict(Better::Higher, (0.5, 0.7), 0.6), "first goal reached");
        assert_eq!(verdict(Better::Higher, (0.5, 0.7), 0.4), "missed");
        assert_eq!(verdict(Better::Lower, (5.0, 3.0), 2.9), "goal reached");
        assert_eq!(verdict(Better::Lower, (5.0, 3.0), 5.1), "missed");
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    }
}
