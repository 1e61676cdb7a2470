//! Reads a shell's text character by character, and the here-documents between its lines.

/// The rest of a text.
pub(crate) struct Characters<'a> {
    rest: &'a str,
    /// The rest of the text at the first line of here-documents, and the text after them.
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

    /// The lines from the end of this one to the line `end`; the shell then does not read them as commands. With
    /// `stripped`, without leading tabs. `None` if there is no line `end`.
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
