//! The characters of a text that a shell reads, one by one, and the here-documents that stand between its lines.

/// What is left of a text.
pub(crate) struct Characters<'a> {
    rest: &'a str,
    /// Where the lines of here-documents begin, as what is left then, and what stands behind them.
    here: Option<(usize, &'a str)>,
}

impl<'a> Characters<'a> {
    pub(crate) fn of(text: &'a str) -> Characters<'a> {
        Characters { rest: text, here: None }
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(crate) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.rest = &self.rest[character.len_utf8()..];
        if let Some((begin, behind)) = self.here
            && self.rest.len() <= begin
        {
            (self.rest, self.here) = (behind, None);
        }
        Some(character)
    }

    pub(crate) fn next_if(&mut self, is: impl FnOnce(&char) -> bool) -> Option<char> {
        self.peek().filter(is)?;
        self.next()
    }

    pub(crate) fn next_if_eq(&mut self, wanted: &char) -> Option<char> {
        self.next_if(|character| character == wanted)
    }

    /// The lines between the end of this one and the one that says `end`, which are read as none of the shell's then; with
    /// `stripped` without the tabs before them. `None` where there is no such line.
    pub(crate) fn here_document(&mut self, end: &str, stripped: bool) -> Option<String> {
        let (begin, from) = match self.here {
            Some(here) => here,
            None => {
                let from = &self.rest[self.rest.find('\n')? + 1..];
                (from.len(), from)
            }
        };
        let (mut text, mut left) = (String::new(), from);
        while !left.is_empty() {
            let (line, behind) = left.split_once('\n').unwrap_or((left, ""));
            let line = if stripped { line.trim_start_matches('\t') } else { line };
            if line == end {
                self.here = Some((begin, behind));
                return Some(text);
            }
            text.push_str(line);
            text.push('\n');
            left = behind;
        }
        None
    }
}
