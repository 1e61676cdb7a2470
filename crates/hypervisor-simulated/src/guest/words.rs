//! Parses one word of a line: quotes, `~`, `$NAME`, `${NAME:-word}`, `$( )`, backquotes and `$(( ))`. Pure.

use super::{
    grammar::{CLOSE, END, Reader, Unclear, ends_word, unknown},
    syntax_tree::{Piece, Word},
};

/// The maximum of parts of one word: each costs many times its bytes.
const PIECES_MAX: usize = 256;

const OPEN_QUOTE: &str = "a quote is not closed";

impl Reader<'_> {
    pub(crate) fn word(&mut self, first: char) -> Result<Word, Unclear> {
        let mut word = Word::default();
        let outer = std::mem::take(&mut self.values);
        let mut next = Some(first);
        let is_home = |after: char| matches!(after, '/' | ')') || ends_word(after);
        if first == '~' && self.characters.peek().is_none_or(is_home) {
            word.pieces.push(Piece::variable("HOME", false));
            next = None;
        }
        loop {
            if let Some(character) = next.take() {
                self.piece(character, &mut word)?;
            }
            next = self.characters.next_if(|after| !ends_word(*after));
            if next.is_none() {
                self.values = outer;
                if let [Piece::Wild('[')] = &*word.pieces {
                    // The command.
                    word.pieces = vec![Piece::Text("[".into())];
                }
                return Ok(word);
            }
        }
    }

    /// Reads what one character begins, outside of double quotes.
    fn piece(&mut self, character: char, word: &mut Word) -> Result<(), Unclear> {
        match character {
            '\'' => {
                word.quoted = true;
                loop {
                    match self.characters.next() {
                        Some('\'') => return Ok(()),
                        Some(character) => word.push(character),
                        None => return Err(self.unfinished(OPEN_QUOTE)),
                    }
                }
            }
            '"' => self.double_quoted(word)?,
            '\\' => match self.characters.next() {
                Some('\n') => self.joins_lines(),
                None => {}
                Some(escaped) => {
                    word.quoted = true;
                    word.push(escaped);
                }
            },
            '$' | '`' => self.value(character, true, word)?,
            character @ ('*' | '?' | '[') => {
                self.count()?;
                word.pieces.push(Piece::Wild(character));
            }
            character => word.push(character),
        }
        Ok(())
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), Unclear> {
        word.quoted = true;
        loop {
            match self.characters.next() {
                Some('"') => return Ok(()),
                Some(character) => self.quoted_piece(character, word)?,
                None => return Err(self.unfinished(OPEN_QUOTE)),
            }
        }
    }

    /// Reads what one character begins inside of double quotes.
    pub(crate) fn quoted_piece(&mut self, character: char, word: &mut Word) -> Result<(), Unclear> {
        match character {
            '\\' => match self.characters.next() {
                Some('\n') => {}
                Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                Some(other) => {
                    word.push('\\');
                    word.push(other);
                }
                None => return Err(self.unfinished(OPEN_QUOTE)),
            },
            '$' | '`' => self.value(character, false, word)?,
            character => word.push(character),
        }
        Ok(())
    }

    /// Reads something with a value: a variable, or a command substitution.
    fn value(&mut self, first: char, split: bool, word: &mut Word) -> Result<(), Unclear> {
        self.count()?;
        self.values += 1;
        if self.values > PIECES_MAX {
            return Err(Unclear::TooMuch(format!("more than {PIECES_MAX} variables in a word")));
        }
        let piece = if first == '`' {
            self.backquoted(split)?
        } else if self.characters.next_if_eq(&'(').is_some() {
            if self.characters.next_if_eq(&'(').is_some() {
                return self.deeper(|reader| reader.arithmetic(word));
            }
            let (commands, _) = self.deeper(|reader| reader.list(&[CLOSE]))?;
            Piece::Substitution { commands, split }
        } else {
            self.variable(split)?
        };
        match piece {
            Piece::Text(text) => text.chars().for_each(|character| word.push(character)),
            piece => word.pieces.push(piece),
        }
        Ok(())
    }

    /// Reads on after `$((`, up to its end.
    fn arithmetic(&mut self, word: &mut Word) -> Result<(), Unclear> {
        let mut inside = Word::default();
        let mut open = 0;
        loop {
            match self.characters.next() {
                Some(')') if open == 0 => match self.characters.next() {
                    Some(')') => break,
                    _ => return Err(Unclear::Syntax("a `$((` is not closed by `))`".into())),
                },
                Some(character @ ('$' | '`')) => self.value(character, false, &mut inside)?,
                Some('"') => {}
                Some(character) => {
                    open += i32::from(character == '(') - i32::from(character == ')');
                    inside.push(character);
                }
                None => return Err(self.unfinished("a `$((` is not closed by `))`")),
            }
        }
        word.pieces.push(Piece::Arithmetic);
        word.pieces.append(&mut inside.pieces);
        word.pieces.push(Piece::ArithmeticEnd);
        Ok(())
    }

    /// Reads up to the closing backquote. Backslashes before it, before themselves and before `$` are removed; then the
    /// text is parsed by itself.
    fn backquoted(&mut self, split: bool) -> Result<Piece, Unclear> {
        let mut text = String::new();
        loop {
            match self.characters.next() {
                Some('`') => break,
                Some('\\') => {
                    match self.characters.next_if(|next| matches!(next, '`' | '\\' | '$') || *next == '"' && !split) {
                        Some(escaped) => text.push(escaped),
                        None => text.push('\\'),
                    }
                }
                Some(character) => text.push(character),
                None => return Err(self.unfinished(OPEN_QUOTE)),
            }
        }
        let tokens = self.tokens;
        let (commands, tokens) = self.deeper(|outer| {
            let mut reader = Reader::of(&text, tokens, outer.depth);
            Ok((reader.list(&[END])?.0, reader.tokens))
        })?;
        self.tokens = tokens;
        Ok(Piece::Substitution { commands, split })
    }

    /// Reads on after a `$`: `NAME`, `{NAME}`, `{NAME:-word}`, a digit or `?`; a lone `$` is literal.
    fn variable(&mut self, split: bool) -> Result<Piece, Unclear> {
        if self.characters.next_if_eq(&'?').is_some() {
            return Ok(Piece::variable("?", split));
        }
        if let Some(sign) = self.characters.next_if(|next| matches!(next, '@' | '*' | '#' | '$' | '!' | '-')) {
            return Err(unknown(&format!("${sign}")));
        }
        let braces = self.characters.next_if_eq(&'{').is_some();
        let mut name = String::new();
        while let Some(character) = self.characters.next_if(|next| next.is_ascii_alphanumeric() || *next == '_') {
            name.push(character);
        }
        if !braces {
            return Ok(if name.is_empty() { Piece::Text("$".into()) } else { Piece::Variable { name, split } });
        }
        let only =
            || Unclear::Syntax("of `${ }` only `${NAME}`, `${NAME:-word}` and `${NAME-word}` are known here".into());
        if name.is_empty() {
            return Err(only());
        }
        let even_empty = self.characters.next_if_eq(&':').is_some();
        match self.characters.next() {
            Some('}') if !even_empty => Ok(Piece::Variable { name, split }),
            Some('-') => {
                let pieces = self.deeper(|reader| reader.up_to_brace(split))?;
                Ok(Piece::Default { name, even_empty, pieces, split })
            }
            _ => Err(only()),
        }
    }

    fn up_to_brace(&mut self, split: bool) -> Result<Vec<Piece>, Unclear> {
        let mut word = Word::default();
        loop {
            match self.characters.next() {
                Some('}') => return Ok(word.pieces),
                Some(character) if split => self.piece(character, &mut word)?,
                Some('"') => return Err(Unclear::Syntax("quotes inside `\"${ }\"` are not known here".into())),
                Some(character) => self.quoted_piece(character, &mut word)?,
                None => return Err(self.unfinished("a `${` is not closed")),
            }
        }
    }
}
