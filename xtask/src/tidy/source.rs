//! A source file as the rules see it: Rust code with strings and comments blanked, the comments alone, where the tests
//! begin, and how long each function is. The tokens are those of the compiler's own lexer.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::ops::Range;

pub(crate) struct SourceFile {
    /// The path from the root of the checkout, with `/`.
    pub path: String,
    pub text: String,
    /// Rust only: the text with comments and the insides of strings blanked, line for line.
    pub code: String,
    /// Rust only: the comments, line for line. Everything, for other files.
    pub comments: String,
    /// Rust only.
    pub tokens: TokenStream,
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
        let (path, text) = (path.to_owned(), text.to_owned());
        if !path.ends_with(".rs") {
            let comments = text.clone();
            return SourceFile {
                path,
                text,
                code: String::new(),
                comments,
                tokens: TokenStream::new(),
                lines_before_test: 0,
            };
        }
        // What the lexer does not take, the compiler does not take either.
        let tokens: TokenStream = text.parse().unwrap_or_default();
        let mut parts = Parts { text: &text, code: blank(&text), comments: text.clone().into_bytes() };
        parts.split(&tokens);
        let [code, comments] =
            [parts.code, parts.comments].map(|part| String::from_utf8(part).expect("whole tokens are moved"));
        let lines_before_test = if is_test_path(&path) { 0 } else { lines_before_test(&code) };
        SourceFile { path, text, code, comments, tokens, lines_before_test }
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
        let mut functions = Vec::new();
        find_functions(self.tokens.clone(), &mut functions);
        functions
    }
}

fn find_functions(tokens: TokenStream, functions: &mut Vec<Function>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, tree) in trees.iter().enumerate() {
        match (tree, trees.get(at + 1)) {
            (TokenTree::Ident(word), Some(TokenTree::Ident(name))) if word == "fn" => {
                let line = word.span().start().line;
                let end = trees[at..].iter().find_map(|tree| match tree {
                    TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                        Some(body.span_close().start().line + 1)
                    }
                    TokenTree::Punct(mark) if mark.as_char() == ';' => Some(line),
                    _ => None,
                });
                functions.push(Function { name: name.to_string(), line, lines: end.unwrap_or(line) - line });
            }
            (TokenTree::Group(group), _) => find_functions(group.stream(), functions),
            _ => {}
        }
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

/// The same number of bytes on the same lines, all blank.
fn blank(text: &str) -> Vec<u8> {
    text.bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }).collect()
}

/// Code with strings and comments blanked, and comments with code blanked; both keep every line where it was.
struct Parts<'a> {
    text: &'a str,
    code: Vec<u8>,
    comments: Vec<u8>,
}

impl Parts<'_> {
    fn split(&mut self, tokens: &TokenStream) {
        for tree in tokens.clone() {
            let at = tree.span().byte_range();
            let text = &self.text[at.clone()];
            match tree {
                // A comment for the documentation, which the lexer makes an attribute.
                _ if text.starts_with("//") || text.starts_with("/*") => {}
                TokenTree::Group(group) => {
                    self.is_code(group.span_open().byte_range());
                    self.split(&group.stream());
                    self.is_code(group.span_close().byte_range());
                }
                TokenTree::Literal(_) if text.contains(['"', '\'']) => {
                    self.comments[at.clone()].copy_from_slice(&blank(text));
                }
                _ => self.is_code(at),
            }
        }
    }

    fn is_code(&mut self, at: Range<usize>) {
        let text = &self.text[at.clone()];
        self.code[at.clone()].copy_from_slice(text.as_bytes());
        self.comments[at].copy_from_slice(&blank(text));
    }
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
