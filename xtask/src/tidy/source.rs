//! A source file as the rules see it: Rust code with strings and comments blanked, the comments alone, where the tests
//! begin, and how long each function is. It is a lexer and a brace counter, not a parser: that is enough for counting.

pub(crate) struct SourceFile {
    /// The path from the root of the checkout, with `/`.
    pub path: String,
    pub text: String,
    /// Rust only: the text with comments and the insides of strings blanked, line for line.
    pub code: String,
    /// Rust only: the comments, line for line. Everything, for other files.
    pub comments: String,
    /// Rust only: the number of lines before the `mod test` tail; 0 when the whole file is a test.
    pub lines_before_test: usize,
}

/// A function outside the tests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub name: String,
    /// The line of the word `fn`, counted from 1.
    pub line: usize,
    /// The number of lines from `fn` to the closing brace, both included; 0 without a body.
    pub lines: usize,
}

impl SourceFile {
    pub fn new(path: &str, text: &str) -> SourceFile {
        let (code, comments) = if path.ends_with(".rs") { split(text) } else { (String::new(), text.to_owned()) };
        let lines_before_test = if is_test_path(path) { 0 } else { lines_before_test(&code) };
        SourceFile { path: path.to_owned(), text: text.to_owned(), code, comments, lines_before_test }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The lines of code with their numbers, counted from 1.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    pub fn is_test_line(&self, line: usize) -> bool {
        line > self.lines_before_test
    }

    pub fn functions(&self) -> Vec<Function> {
        let bytes = self.code.as_bytes();
        words(&self.code)
            .filter(|(_, word)| *word == "fn")
            .filter_map(|(at, _)| {
                let name: String =
                    self.code[at + 2..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let line = line_of(bytes, at);
                let lines = body_end(bytes, at).map_or(0, |end| line_of(bytes, end) - line + 1);
                (!name.is_empty()).then_some(Function { name, line, lines })
            })
            .collect()
    }
}

fn is_test_path(path: &str) -> bool {
    path.contains("/tests/")
        || path.ends_with("_test.rs")
        || path.ends_with("/test.rs")
        || path.ends_with("/tests.rs")
        || path.contains("/test/")
}

/// The test part begins at `#[cfg(test)]` when a module follows it.
fn lines_before_test(code: &str) -> usize {
    let lines: Vec<&str> = code.lines().collect();
    let begins = |index: usize| {
        lines[index].trim_start().starts_with("#[cfg(test)]")
            && lines[index + 1..].iter().map(|line| line.trim_start()).find(|line| !line.starts_with('#')).is_some_and(
                |line| line.starts_with("mod ") || line.starts_with("pub mod ") || line.starts_with("pub(crate) mod "),
            )
    };
    (0..lines.len()).find(|&index| begins(index)).unwrap_or(lines.len())
}

/// Identifiers with their positions.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = code.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && !is_word(bytes[at]) {
            at += 1;
        }
        let start = at;
        while at < bytes.len() && is_word(bytes[at]) {
            at += 1;
        }
        (start < at).then(|| (start, &code[start..at]))
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The position of the brace that closes the body, or none for a function without a body.
fn body_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut nested = 0_i32;
    let mut braces = 0_i32;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'(' | b'[' if braces == 0 => nested += 1,
            b')' | b']' if braces == 0 => nested -= 1,
            b';' if braces == 0 && nested == 0 => return None,
            b'{' if nested == 0 => braces += 1,
            b'}' if nested == 0 => {
                braces -= 1;
                if braces == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// What the current character belongs to.
#[derive(Clone, Copy)]
enum In {
    Code,
    LineComment,
    /// The nesting depth: Rust's block comments nest.
    BlockComment(usize),
    Text,
    /// The number of hashes that close it.
    RawText(usize),
    /// Only the closing quote is left.
    Character,
}

/// Code with strings and comments blanked, and comments with code blanked; both keep every line where it was.
fn split(text: &str) -> (String, String) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::with_capacity(text.len()), String::with_capacity(text.len()));
    let mut state = In::Code;
    let mut at = 0;
    while at < chars.len() {
        let (next, taken) = step(state, &chars, at);
        for &char in &chars[at..at + taken] {
            let is_comment = |state| matches!(state, In::LineComment | In::BlockComment(_));
            let in_comment = is_comment(state) || is_comment(next);
            let in_code = matches!(state, In::Code) && matches!(next, In::Code);
            code.push(if char == '\n' || in_code { char } else { ' ' });
            comments.push(if char == '\n' || in_comment { char } else { ' ' });
        }
        state = next;
        at += taken;
    }
    (code, comments)
}

/// The next state, and the number of characters it took.
fn step(state: In, chars: &[char], at: usize) -> (In, usize) {
    let two = |a: char, b: char| chars[at] == a && chars.get(at + 1) == Some(&b);
    match state {
        In::Code if two('/', '/') => (In::LineComment, 2),
        In::Code if two('/', '*') => (In::BlockComment(1), 2),
        In::Code if chars[at] == '"' => (In::Text, 1),
        In::Code if character(chars, at) > 1 => (In::Character, character(chars, at) - 1),
        In::Code => match raw_text(chars, at) {
            Some((hashes, taken)) => (In::RawText(hashes), taken),
            None => (In::Code, 1),
        },
        In::LineComment if chars[at] == '\n' => (In::Code, 1),
        In::BlockComment(depth) if two('/', '*') => (In::BlockComment(depth + 1), 2),
        In::BlockComment(depth) if two('*', '/') => {
            (if depth == 1 { In::Code } else { In::BlockComment(depth - 1) }, 2)
        }
        In::Text if chars[at] == '\\' => (In::Text, 2.min(chars.len() - at)),
        In::Text if chars[at] == '"' => (In::Code, 1),
        In::RawText(hashes) if chars[at] == '"' && closes(chars, at, hashes) => (In::Code, 1 + hashes),
        In::Character => (In::Code, 1),
        same => (same, 1),
    }
}

/// The length of the character literal that begins here; 1 where none does, as at the quote of a lifetime.
fn character(chars: &[char], at: usize) -> usize {
    if chars[at] != '\'' {
        return 1;
    }
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => chars[at + 2..].iter().skip(1).position(|c| *c == '\'').map_or(1, |end| end + 4),
        (Some(_), Some('\'')) => 3,
        _ => 1,
    }
}

/// `r"`, `r#"`, `br#"`: the number of hashes, and the length of the opening.
fn raw_text(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let before = at.checked_sub(1).map(|index| chars[index]);
    if chars[at] != 'r' || before.is_some_and(|c| (c.is_alphanumeric() || c == '_') && c != 'b' && c != 'c') {
        return None;
    }
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(at + 1 + hashes) == Some(&'"')).then_some((hashes, hashes + 2))
}

fn closes(chars: &[char], at: usize, hashes: usize) -> bool {
    chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
}

#[cfg(test)]
mod test {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile::new("crates/model/src/x.rs", text)
    }

    #[test]
    fn strings_and_comments_are_blanked_line_for_line() {
        let file =
            file("let a = \"todo!() // no\"; // why\nlet b = r#\"fn \"x\" {\"#; /* a\n/* b */ c */ let c = '\\'';\n");
        assert_eq!(file.code.lines().count(), 3);
        assert!(!file.code.contains("todo") && !file.code.contains("fn") && !file.code.contains("why"));
        assert!(file.code.contains("let c"));
        assert!(file.comments.contains("why") && file.comments.contains("c */") && !file.comments.contains("no\""));
    }

    #[test]
    fn braces_in_literals_do_not_count() {
        let functions = file("fn a() {\n    f('{', \"{\", '\\u{1b}', 'x');\n}\nfn b<'a>(x: &'a str) {}\n").functions();
        let lengths: Vec<_> = functions.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(lengths, [("a", 1, 3), ("b", 4, 1)]);
    }

    #[test]
    fn a_function_without_a_body_has_no_length() {
        let functions = file("trait T {\n    fn a(&self, x: [u8; 3]);\n    fn b(&self) {\n    }\n}\n").functions();
        assert_eq!(functions.iter().map(|f| f.lines).collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn tests_begin_at_their_module_and_test_files_at_once() {
        assert_eq!(file("fn a() {}\n\n#[cfg(test)]\nmod test {\n}\n").lines_before_test, 2);
        assert_eq!(file("#[cfg(test)]\nfn a() {}\nfn b() {}\n").lines_before_test, 3);
        assert_eq!(SourceFile::new("crates/server/tests/it/story.rs", "fn a() {}\n").lines_before_test, 0);
    }
}
