//! What passed, what failed and what was skipped, with the reasons, and the closing line that CI reads.

/// Counts of one lane or of several added up.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    /// `what: why` of each failure.
    pub failed: Vec<String>,
    /// `what: why` of each skipped step.
    pub skipped: Vec<String>,
}

impl Tally {
    pub fn passed(count: usize) -> Tally {
        Tally { passed: count, ..Tally::default() }
    }

    pub fn failed(what: impl Into<String>) -> Tally {
        Tally { failed: vec![what.into()], ..Tally::default() }
    }

    pub fn skipped(what: impl Into<String>) -> Tally {
        Tally { skipped: vec![what.into()], ..Tally::default() }
    }

    pub fn of(step: Result<(), String>) -> Tally {
        step.map_or_else(Tally::failed, |()| Tally::passed(1))
    }

    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.skipped.extend(other.skipped);
    }

    pub fn is_green(&self) -> bool {
        self.failed.is_empty()
    }

    /// Stands alone on the last line: CI judges the run by this form.
    pub fn closing_line(&self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed.len(), self.skipped.len())
    }

    pub fn print(&self) {
        for why in &self.skipped {
            println!("skipped {why}");
        }
        for why in &self.failed {
            println!("FAILED {why}");
        }
        println!("{}", self.closing_line());
    }
}

#[cfg(test)]
mod test {
    use super::Tally;

    #[test]
    fn the_closing_line_counts_what_was_added() {
        let mut tally = Tally::passed(3);
        tally.add(Tally::failed("demo: step 4"));
        tally.add(Tally::skipped("tccli: no network"));
        tally.add(Tally::of(Ok(())));
        assert_eq!(tally.closing_line(), "4 passed, 1 failed, 1 skipped");
        assert!(!tally.is_green());
    }
}
