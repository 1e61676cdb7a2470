//! What the files of a crate import from each other, read from their `use` lines and the paths in their bodies. Code
//! under `#[cfg(test)]` is left out; a re-exported name belongs to the file that defines it.

use super::source::{SourceFile, words};
use std::collections::{BTreeMap, BTreeSet};

/// The modules of one crate; each is one file.
pub(crate) struct Modules<'a> {
    by_path: BTreeMap<Vec<&'a str>, Module<'a>>,
}

pub(crate) struct Import {
    pub from: String,
    pub to: String,
    /// The line in `from`, counted from 1.
    pub line: usize,
}

#[derive(Default)]
struct Module<'a> {
    file: &'a str,
    uses: Vec<Use<'a>>,
    /// Paths in bodies, such as `crate::a::b` or `child::b`.
    paths: Vec<(Vec<&'a str>, usize)>,
    /// Every word outside `use` lines.
    words: BTreeSet<&'a str>,
    defined: BTreeSet<&'a str>,
    /// Children that exist in tests only.
    test_children: BTreeSet<&'a str>,
    is_test: bool,
}

struct Use<'a> {
    path: Vec<&'a str>,
    name: &'a str,
    is_public: bool,
    line: usize,
}

/// The maximum of re-exports that a name may pass through; more would be a circle of names.
const PASSED_ON_MAX: usize = 8;

impl<'a> Modules<'a> {
    /// Reads the modules of the files in `folder`, which ends with `/src/`.
    pub fn read(files: &'a [SourceFile], folder: &str) -> Modules<'a> {
        let mut by_path = BTreeMap::new();
        for file in files.iter().filter(|file| file.is_rust() && file.lines_before_test > 0) {
            if let Some(inner) = file.path.strip_prefix(folder) {
                let mut path: Vec<&str> = inner.trim_end_matches(".rs").split('/').collect();
                if matches!(path.last(), Some(&"mod")) || matches!(path[..], ["lib" | "main"]) {
                    path.pop();
                }
                by_path.insert(path, Module::read(file));
            }
        }
        let mut modules = Modules { by_path };
        modules.leave_tests_out();
        modules
    }

    fn leave_tests_out(&mut self) {
        let is_test = |path: &[&str]| {
            (0..path.len()).any(|depth| {
                let parent = self.by_path.get(&path[..depth]);
                parent.is_some_and(|parent| parent.is_test || parent.test_children.contains(path[depth]))
            })
        };
        let tests: Vec<Vec<&str>> = self
            .by_path
            .iter()
            .filter(|(path, module)| module.is_test || is_test(path))
            .map(|(p, _)| p.clone())
            .collect();
        for path in tests {
            self.by_path.remove(&path);
        }
    }

    pub fn imports(&self) -> Vec<Import> {
        let mut imports = Vec::new();
        for (path, module) in &self.by_path {
            let uses = module.uses.iter().filter(|one| !one.is_public || module.words.contains(one.name));
            let taken =
                uses.map(|one| (&one.path, one.line)).chain(module.paths.iter().map(|(path, line)| (path, *line)));
            for (taken, line) in taken {
                if let Some(home) = self.home(path, taken, 0)
                    && home != *path
                {
                    let to = self.by_path[&home].file.to_owned();
                    imports.push(Import { from: module.file.to_owned(), to, line });
                }
            }
        }
        imports
    }

    /// The module that defines what `path` names in the module `at`; none if it is not in this crate.
    fn home(&self, at: &[&'a str], path: &[&'a str], passed_on: usize) -> Option<Vec<&'a str>> {
        let (mut module, mut rest) = self.beginning(at, path)?;
        while let Some((first, after)) = rest.split_first() {
            let mut child = module.clone();
            child.push(first);
            if !self.is_module(&child) {
                break;
            }
            (module, rest) = (child, after);
        }
        let found = self.by_path.get(&module)?;
        let Some(name) = rest.first().filter(|name| !found.defined.contains(*name)) else { return Some(module) };
        let passing = found.uses.iter().find(|one| one.name == *name && passed_on < PASSED_ON_MAX);
        match passing {
            Some(one) => self.home(&module, &one.path, passed_on + 1),
            None => Some(module),
        }
    }

    /// The module in which `path` begins, and the rest of the path.
    fn beginning<'p>(&self, at: &[&'a str], path: &'p [&'a str]) -> Option<(Vec<&'a str>, &'p [&'a str])> {
        match *path.first()? {
            "crate" => Some((Vec::new(), &path[1..])),
            "self" => Some((at.to_vec(), &path[1..])),
            "super" => {
                let supers = path.iter().take_while(|word| **word == "super").count();
                Some((at[..at.len().checked_sub(supers)?].to_vec(), &path[supers..]))
            }
            first => {
                let mut child = at.to_vec();
                child.push(first);
                self.is_module(&child).then(|| (at.to_vec(), path))
            }
        }
    }

    /// A folder is a module too when its modules are declared in a file above it, for example by a macro.
    fn is_module(&self, path: &Vec<&'a str>) -> bool {
        self.by_path.range(path.clone()..).next().is_some_and(|(next, _)| next.starts_with(path))
    }
}

impl<'a> Module<'a> {
    fn read(file: &'a SourceFile) -> Module<'a> {
        let mut module = Module { file: &file.path, ..Module::default() };
        let tokens = tokens(&file.code);
        let mut reader = Reader { tokens: &tokens, at: 0, inner: Vec::new() };
        reader.read(&mut module);
        module
    }
}

/// A word or a mark (`::` is one), with its line number.
type Token<'a> = (&'a str, usize);

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (index, text) in code.lines().enumerate() {
        let mut marks_from = 0;
        for (at, word) in words(text) {
            marks(&text[marks_from..at], index + 1, &mut tokens);
            tokens.push((word, index + 1));
            marks_from = at + word.len();
        }
        marks(&text[marks_from..], index + 1, &mut tokens);
    }
    tokens
}

fn marks<'a>(text: &'a str, line: usize, tokens: &mut Vec<Token<'a>>) {
    let mut rest = text;
    while !rest.is_empty() {
        let length = if rest.starts_with("::") { 2 } else { rest.chars().next().map_or(1, char::len_utf8) };
        let (mark, after) = rest.split_at(length);
        if !mark.trim().is_empty() {
            tokens.push((mark, line));
        }
        rest = after;
    }
}

struct Reader<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
    /// The brace depths at which the modules written inside this file begin.
    inner: Vec<usize>,
}

impl<'a> Reader<'_, 'a> {
    fn peek(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.0)
    }

    fn read(&mut self, module: &mut Module<'a>) {
        let mut depth = 0_usize;
        let mut is_public = false;
        while let Some(&(token, line)) = self.tokens.get(self.at) {
            match token {
                "#" if self.is_for_tests() => {
                    module.is_test |= self.peek(1) == "!";
                    self.pass_attribute();
                    self.pass_item(module);
                    continue;
                }
                "#" if matches!(self.peek(1), "[" | "!") => {
                    self.pass_attribute();
                    continue;
                }
                "pub" => {
                    is_public = true;
                    self.at += 1;
                    if self.peek(0) == "(" {
                        self.pass_until(")");
                    }
                    continue;
                }
                "use" => {
                    self.at += 1;
                    let supers = self.inner.len();
                    self.read_use(&[], is_public, supers, module);
                }
                "mod" if self.peek(2) == "{" => self.inner.push(depth),
                "fn" | "struct" | "enum" | "trait" | "const" | "static" | "type" | "union" => {
                    module.defined.insert(self.peek(1));
                    self.at += 1;
                }
                "macro_rules" => {
                    module.defined.insert(self.peek(2));
                    self.at += 2;
                }
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    if self.inner.last() == Some(&depth) {
                        self.inner.pop();
                    }
                }
                _ if is_word(token) => self.read_path(line, module),
                _ => {}
            }
            is_public = false;
            self.at += 1;
        }
    }

    /// Reads a path; ends at its last token.
    fn read_path(&mut self, line: usize, module: &mut Module<'a>) {
        let mut path = vec![self.peek(0)];
        while self.peek(1) == "::" && is_word(self.peek(2)) {
            path.push(self.peek(2));
            self.at += 2;
        }
        module.words.insert(path[0]);
        if path.len() > 1 {
            let path = outside(&path, self.inner.len());
            module.paths.push((path, line));
        }
    }

    /// Reads one tree of a `use`; ends at the mark after it.
    fn read_use(&mut self, before: &[&'a str], is_public: bool, supers: usize, module: &mut Module<'a>) {
        let mut path = before.to_vec();
        let line = self.tokens.get(self.at).map_or(0, |token| token.1);
        loop {
            match self.peek(0) {
                "::" => {}
                "{" => {
                    self.at += 1;
                    while !matches!(self.peek(0), "}" | "") {
                        self.read_use(&path, is_public, supers, module);
                        if self.peek(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "*" => path.push("*"),
                "as" => {
                    self.at += 1;
                    let name = self.peek(0);
                    self.at += 1;
                    module.uses.push(Use { path: outside(&path, supers), name, is_public, line });
                    return;
                }
                word if is_word(word) => path.push(word),
                _ => break,
            }
            self.at += 1;
        }
        if path.len() > 1 && path.last() == Some(&"self") {
            path.pop();
        }
        if let Some(&name) = path.last() {
            module.uses.push(Use { path: outside(&path, supers), name, is_public, line });
        }
    }

    fn is_for_tests(&self) -> bool {
        let from = if self.peek(1) == "!" { 3 } else { 2 };
        ["cfg", "(", "test", ")"].iter().enumerate().all(|(index, word)| self.peek(from + index) == *word)
    }

    fn pass_attribute(&mut self) {
        let mut nested = 0_usize;
        while let Some(&(token, _)) = self.tokens.get(self.at) {
            self.at += 1;
            match token {
                "[" => nested += 1,
                "]" => nested -= 1,
                _ => continue,
            }
            if nested == 0 {
                return;
            }
        }
    }

    fn pass_until(&mut self, mark: &str) {
        while !matches!(self.peek(0), "") && self.peek(0) != mark {
            self.at += 1;
        }
        self.at += 1;
    }

    /// Skips the item or the entry of a list that an attribute for tests stands before.
    fn pass_item(&mut self, module: &mut Module<'a>) {
        while self.peek(0) == "#" {
            self.pass_attribute();
        }
        const ITEMS: &[&str] = &[
            "pub",
            "fn",
            "mod",
            "use",
            "impl",
            "struct",
            "enum",
            "trait",
            "const",
            "static",
            "type",
            "async",
            "macro_rules",
        ];
        let is_item = ITEMS.contains(&self.peek(0));
        let mut nested = 0_usize;
        while let Some(&(token, _)) = self.tokens.get(self.at) {
            if token == "mod" && self.peek(2) == ";" {
                module.test_children.insert(self.peek(1));
            }
            self.at += 1;
            match token {
                "{" | "(" | "[" => nested += 1,
                "}" | ")" | "]" => {
                    nested = nested.saturating_sub(1);
                    if nested == 0 && token == "}" {
                        return;
                    }
                }
                ";" if nested == 0 => return,
                "," if nested == 0 && !is_item => return,
                _ => {}
            }
        }
    }
}

/// A path written in a module inside the file, as the file itself would write it.
fn outside<'a>(path: &[&'a str], inner: usize) -> Vec<&'a str> {
    let supers = path.iter().take_while(|word| **word == "super").count().min(inner);
    let rest = &path[supers..];
    match supers > 0 && !matches!(rest.first(), Some(&"super")) {
        true => ["self"].iter().chain(rest).copied().collect(),
        false => rest.to_vec(),
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphanumeric() || first == '_')
}
