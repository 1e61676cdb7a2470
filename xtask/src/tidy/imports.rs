//! What the files of a crate import from each other, read from their `use` lines and the paths in their bodies. Code
//! under `#[cfg(test)]` is left out; a re-exported name belongs to the file that defines it.

use super::source::SourceFile;
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
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
        Reader { text: &file.text, module: &mut module }.read(file.tokens.clone(), 0);
        module
    }
}

struct Reader<'m, 'a> {
    text: &'a str,
    module: &'m mut Module<'a>,
}

impl<'a> Reader<'_, 'a> {
    /// Reads what stands side by side; `inner` is the number of modules inside this file around it.
    fn read(&mut self, tokens: TokenStream, inner: usize) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let (mut left, mut is_public) = (&trees[..], false);
        while let [first, rest @ ..] = left {
            left = rest;
            match first {
                TokenTree::Punct(mark) if mark.as_char() == '#' => {
                    let is_of_file = rest.first().is_some_and(|tree| is_mark(tree, '!'));
                    let [attribute, after @ ..] = &rest[usize::from(is_of_file)..] else { return };
                    let is_for_tests = attribute.to_string().replace(' ', "") == "[cfg(test)]";
                    self.module.is_test |= is_for_tests && is_of_file;
                    left = if is_for_tests && !is_of_file { self.pass_item(after) } else { after };
                }
                TokenTree::Group(group) => self.read(group.stream(), inner),
                TokenTree::Ident(word) => match (self.word(word), rest) {
                    ("pub", _) => {
                        is_public = true;
                        if let [TokenTree::Group(_), after @ ..] = rest {
                            left = after;
                        }
                        continue;
                    }
                    ("use", _) => {
                        let end = rest.iter().position(|tree| is_mark(tree, ';')).unwrap_or(rest.len());
                        self.read_use(&rest[..end], &[], is_public, inner);
                        left = &rest[end..];
                    }
                    ("mod", [_, TokenTree::Group(group), after @ ..]) => {
                        self.read(group.stream(), inner + 1);
                        left = after;
                    }
                    ("fn" | "struct" | "enum" | "trait" | "const" | "static" | "type" | "union", [name, ..])
                    | ("macro_rules", [_, name, ..]) => {
                        if let TokenTree::Ident(name) = name {
                            self.module.defined.insert(self.word(name));
                            left = &rest[1..];
                        }
                    }
                    (first, _) => left = self.read_path(word, first, rest, inner),
                },
                _ => {}
            }
            is_public = false;
        }
    }

    fn word(&self, word: &Ident) -> &'a str {
        &self.text[word.span().byte_range()]
    }

    /// Reads a path, and returns what follows it.
    fn read_path<'t>(&mut self, at: &Ident, first: &'a str, rest: &'t [TokenTree], inner: usize) -> &'t [TokenTree] {
        let (mut path, mut left) = (vec![first], rest);
        while let [one, other, TokenTree::Ident(next), after @ ..] = left
            && is_mark(one, ':')
            && is_mark(other, ':')
        {
            path.push(self.word(next));
            left = after;
        }
        self.module.words.insert(first);
        if path.len() > 1 {
            self.module.paths.push((outside(&path, inner), at.span().start().line));
        }
        left
    }

    /// Reads the trees of a `use`, which have the beginning of their paths in common.
    fn read_use(&mut self, trees: &[TokenTree], before: &[&'a str], is_public: bool, inner: usize) {
        for tree in trees.split(|tree| is_mark(tree, ',')).filter(|tree| !tree.is_empty()) {
            let (mut path, mut renamed) = (before.to_vec(), None);
            for part in tree {
                match part {
                    TokenTree::Ident(word) if word == "as" => renamed = path.last().copied(),
                    TokenTree::Ident(word) if renamed.is_some() => renamed = Some(self.word(word)),
                    TokenTree::Ident(word) => path.push(self.word(word)),
                    TokenTree::Group(group) => {
                        let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                        self.read_use(&inside, &path, is_public, inner);
                        path.clear();
                    }
                    mark if is_mark(mark, '*') => path.push("*"),
                    _ => {}
                }
            }
            if path.len() > 1 && path.last() == Some(&"self") {
                path.pop();
            }
            if let Some(last) = path.last() {
                let (name, line) = (renamed.unwrap_or(last), tree[0].span().start().line);
                self.module.uses.push(Use { path: outside(&path, inner), name, is_public, line });
            }
        }
    }

    /// Skips the item or the entry of a list that an attribute for tests stands before.
    fn pass_item<'t>(&mut self, trees: &'t [TokenTree]) -> &'t [TokenTree] {
        const ITEMS: [&str; 13] = [
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
        let mut left = trees;
        while let [mark, TokenTree::Group(_), after @ ..] = left
            && is_mark(mark, '#')
        {
            left = after;
        }
        let is_item = matches!(left.first(), Some(TokenTree::Ident(word)) if ITEMS.contains(&self.word(word)));
        while let [first, rest @ ..] = left {
            left = rest;
            match (first, rest) {
                (TokenTree::Ident(word), [TokenTree::Ident(name), end, ..]) if word == "mod" && is_mark(end, ';') => {
                    self.module.test_children.insert(self.word(name));
                }
                (TokenTree::Group(group), _) if group.delimiter() == Delimiter::Brace => break,
                (mark, _) if is_mark(mark, ';') || is_mark(mark, ',') && !is_item => break,
                _ => {}
            }
        }
        left
    }
}

fn is_mark(tree: &TokenTree, mark: char) -> bool {
    matches!(tree, TokenTree::Punct(found) if found.as_char() == mark)
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
