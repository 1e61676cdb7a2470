//! What a line typed at a guest means: words, quotes, `;` `&&` `||`, and `>` `>>` of the output. Pure.
//!
//! Not a POSIX shell. What is not understood is refused, never half done: a pipe or a substitution that were taken as
//! words would do something that nobody asked for.

/// When a command runs, by what became of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    Always,
    IfGood,
    IfBad,
}

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub join: Join,
    pub words: Vec<String>,
    pub output: Option<Output>,
}

/// Where a command's output goes instead of to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    pub path: String,
    pub append: bool,
}

/// The line is not understood; the text says where, as `sh` would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unclear(pub String);

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Join(Join),
    Redirect { append: bool },
}

/// Reads a line, or several. `home` is what `~` and `$HOME` mean.
pub(crate) fn parse(text: &str, home: &str) -> Result<Vec<Command>, Unclear> {
    let mut commands = Vec::new();
    let mut command = Command { join: Join::Always, words: Vec::new(), output: None };
    let mut tokens = tokens(text, home)?.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) => command.words.push(word),
            Token::Redirect { append } => match tokens.next() {
                Some(Token::Word(path)) => command.output = Some(Output { path, append }),
                _ => return Err(Unclear("a file name is missing".into())),
            },
            Token::Join(join) => {
                let finished = std::mem::replace(&mut command, Command { join, words: Vec::new(), output: None });
                if !finished.words.is_empty() {
                    commands.push(finished);
                } else if finished.output.is_some() || join != Join::Always {
                    return Err(Unclear("a command is missing".into()));
                }
            }
        }
    }
    if !command.words.is_empty() {
        commands.push(command);
    } else if command.output.is_some() || command.join != Join::Always {
        return Err(Unclear("a command is missing".into()));
    }
    Ok(commands)
}

fn tokens(text: &str, home: &str) -> Result<Vec<Token>, Unclear> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let token = match character {
            ' ' | '\t' | '\r' => continue,
            '\n' | ';' => Token::Join(Join::Always),
            '&' if characters.next_if_eq(&'&').is_some() => Token::Join(Join::IfGood),
            '|' if characters.next_if_eq(&'|').is_some() => Token::Join(Join::IfBad),
            '>' => Token::Redirect { append: characters.next_if_eq(&'>').is_some() },
            '#' => {
                while characters.next_if(|character| *character != '\n').is_some() {}
                continue;
            }
            '&' | '|' | '<' | '(' | ')' => return Err(Unclear(format!("`{character}` is not known here"))),
            first => Token::Word(word(first, &mut characters, home)?),
        };
        tokens.push(token);
    }
    Ok(tokens)
}

fn word(first: char, characters: &mut std::iter::Peekable<std::str::Chars<'_>>, home: &str) -> Result<String, Unclear> {
    let mut word = String::new();
    let mut next = Some(first);
    if first == '~' && characters.peek().is_none_or(|after| matches!(after, '/' | ' ' | '\t' | '\n' | ';')) {
        word.push_str(home);
        next = None;
    }
    loop {
        match next.take() {
            None => {}
            Some('\'') => loop {
                match characters.next() {
                    Some('\'') => break,
                    Some(character) => word.push(character),
                    None => return Err(Unclear("a quote is not closed".into())),
                }
            },
            Some('"') => loop {
                match characters.next() {
                    Some('"') => break,
                    Some('\\') => match characters.next() {
                        Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                        Some(other) => word.extend(['\\', other]),
                        None => return Err(Unclear("a quote is not closed".into())),
                    },
                    Some('$') => word.push_str(variable(characters, home)?),
                    Some('`') => return Err(Unclear("substitution is not known here".into())),
                    Some(character) => word.push(character),
                    None => return Err(Unclear("a quote is not closed".into())),
                }
            },
            Some('\\') => word.extend(characters.next()),
            Some('$') => word.push_str(variable(characters, home)?),
            Some('`') => return Err(Unclear("substitution is not known here".into())),
            Some(character) => word.push(character),
        }
        next = characters
            .next_if(|after| !matches!(after, ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')'));
        if next.is_none() {
            return Ok(word);
        }
    }
}

/// After a `$`: only `$HOME` has a value; a lone `$` is itself.
fn variable<'a>(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, home: &'a str) -> Result<&'a str, Unclear> {
    if characters.peek().is_some_and(|next| matches!(next, '(' | '{')) {
        return Err(Unclear("substitution is not known here".into()));
    }
    let mut name = String::new();
    while let Some(character) = characters.next_if(|next| next.is_ascii_alphanumeric() || *next == '_') {
        name.push(character);
    }
    match name.as_str() {
        "" => Ok("$"),
        "HOME" => Ok(home),
        _ => Ok(""),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        parse(text, "/root").unwrap().into_iter().map(|command| command.words).collect()
    }

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(
            words(r#"echo 'a  b' "c \"d\"" e\ f ~/x "$HOME" '' # not this"#),
            [["echo", "a  b", "c \"d\"", "e f", "/root/x", "/root", ""]]
        );
    }

    #[test]
    fn commands_are_joined_and_redirected() {
        let commands = parse("true && echo a >> ~/.ssh/authorized_keys; false || exit 3\n", "/root").unwrap();
        assert_eq!(
            commands.iter().map(|command| command.join).collect::<Vec<_>>(),
            [Join::Always, Join::IfGood, Join::Always, Join::IfBad]
        );
        assert_eq!(commands[1].output, Some(Output { path: "/root/.ssh/authorized_keys".into(), append: true }));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in ["a | b", "a &", "$(a)", "`a`", "echo \"$(a)\"", "a < b", "'open", "&& a", "a &&", "> ", "a >"] {
            assert!(parse(text, "/root").is_err(), "{text}");
        }
    }
}
