//! Words with `*`, `?` and `[ ]` outside of quotes: the files of the guest that they stand for. Pure and bounded.

use super::{
    expressions::{Endless, Expression},
    files::{Files, absolute},
    process,
    shell::Shell,
};
use crate::machine::Machine;

/// The maximum steps for all words of one command.
const STEPS_MAX: usize = 200_000;
/// The steps that listing a directory takes, at the least.
const LISTING_STEPS: usize = 100;

/// The files among which one command's words are looked up.
pub(crate) struct Globs<'a> {
    files: &'a Files,
    machine: &'a Machine,
    directory: String,
    steps: usize,
}

impl<'a> Globs<'a> {
    pub(crate) fn of(files: &'a Files, machine: &'a Machine, shell: &Shell) -> Globs<'a> {
        Globs { files, machine, directory: process::directory(shell, machine), steps: STEPS_MAX }
    }

    /// The paths that a word stands for, sorted; none if it is no pattern of any file. `wild`: the places of its
    /// characters that count as `*`, `?` and `[`, in their order.
    ///
    /// # Errors
    /// [`Endless`].
    pub(crate) fn paths(&mut self, word: &str, wild: &[usize]) -> Result<Vec<String>, Endless> {
        let mut found = vec![String::new()];
        let mut begin = 0;
        for part in word.split_inclusive('/') {
            let name = part.strip_suffix('/').unwrap_or(part);
            let wild: Vec<usize> = wild.iter().filter_map(|at| at.checked_sub(begin)).collect();
            begin += part.len();
            if wild.first().is_none_or(|at| *at >= name.len()) {
                found.iter_mut().for_each(|path| path.push_str(part));
                continue;
            }
            // What is no expression, such as `[` alone, is no pattern of any file.
            let Ok(wanted) = Expression::of(&expression(name, &wild), false, false) else { return Ok(Vec::new()) };
            let mut deeper = Vec::new();
            for before in found {
                let names = self.files.names(&absolute(&before, &self.directory), self.machine);
                self.steps = self.steps.checked_sub(LISTING_STEPS + names.len()).ok_or(Endless)?;
                for entry in names.iter().filter(|entry| name.starts_with('.') || !entry.starts_with('.')) {
                    let characters: Vec<char> = entry.chars().collect();
                    if wanted.find(&characters, 0, &mut self.steps)?.is_some() {
                        deeper.push(format!("{before}{entry}{}", &part[name.len()..]));
                    }
                }
            }
            found = deeper;
        }
        found.retain(|path| self.exists(path));
        Ok(found)
    }

    fn exists(&self, path: &str) -> bool {
        let at = absolute(path, &self.directory);
        let (parent, name) = at.rsplit_once('/').unwrap_or_default();
        self.files.is_directory(&at, self.machine)
            || !path.ends_with('/') && self.files.names(&format!("{parent}/"), self.machine).contains(name)
    }
}

/// The expression of one name's pattern.
fn expression(name: &str, wild: &[usize]) -> String {
    let mut text = String::from("^");
    let mut characters = name.char_indices();
    while let Some((at, character)) = characters.next() {
        let is_wild = wild.contains(&at);
        let set = Some(&name[at..]).filter(|_| is_wild && character == '[').and_then(set);
        match character {
            '[' if let Some(set) = set => {
                text.push_str(&set.replacen("[!", "[^", 1));
                characters = name.char_indices();
                characters.by_ref().take_while(|(inside, _)| *inside + 1 < at + set.len()).for_each(drop);
            }
            '*' if is_wild => text.push_str(".*"),
            '?' if is_wild => text.push('.'),
            '.' | '[' | '*' | '^' | '$' | '\\' => text.extend(['\\', character]),
            character => text.push(character),
        }
    }
    text + "$"
}

/// The set with which a text begins, up to its `]`; a `]` that stands first is one of its characters.
fn set(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?.trim_start_matches(['!', '^']);
    let begin = text.len() - inside.len();
    let first = inside.chars().next()?.len_utf8();
    inside[first..].find(']').map(|end| &text[..=begin + first + end])
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{machine, memory::Memory};
    use std::sync::Arc;

    fn paths(word: &str) -> Result<Vec<String>, Endless> {
        let machine = machine::test::seeded("", [1, 2]);
        let mut files = Files::new(Memory::all(Arc::default()).of_machine());
        for directory in ["/tmp/d", "/tmp/e"] {
            files.make_directory(directory, &machine, 0).unwrap();
        }
        for name in ["a1.txt", "a2.txt", "b.txt", ".hidden", "d/x", "e/x", "e/y", "[a]", "a*", "-"] {
            files.put(&format!("/tmp/{name}"), (None, Vec::new()), &machine, 0).unwrap();
        }
        let shell = Shell { directory: Some("/tmp".into()), ..Shell::default() };
        let wild: Vec<usize> = word.match_indices(['*', '?', '[']).map(|(at, _)| at).collect();
        Globs::of(&files, &machine, &shell).paths(word, &wild)
    }

    #[test]
    fn names_are_found_as_sh_finds_them() {
        for (word, found) in [
            ("*.txt", &["a1.txt", "a2.txt", "b.txt"][..]),
            ("a?.txt", &["a1.txt", "a2.txt"]),
            ("[!ab]*", &["-", "[a]", "d", "e"]),
            ("a[0-1].txt", &["a1.txt"]),
            ("[]b-]*", &["-", "b.txt"]),
            ("[[]a]", &["[a]"]),
            (".h*", &[".hidden"]),
            ("*/", &["d/", "e/"]),
            ("*/x", &["d/x", "e/x"]),
            ("/tmp/?/y", &["/tmp/e/y"]),
            ("../tmp/d/*", &["../tmp/d/x"]),
            ("/*/host*", &["/etc/hostname"]),
            ("/ro*", &["/root"]),
            ("[", &[]),
            ("[a", &[]),
            ("*.md", &[]),
            ("none/*", &[]),
        ] {
            assert_eq!(paths(word).unwrap(), found, "{word}");
        }
    }

    #[test]
    fn a_pattern_without_end_is_ended() {
        assert_eq!(paths(&"*/../".repeat(20)), Err(Endless));
        assert!(paths(&"*".repeat(400)).is_ok_and(|found| found.is_empty()));
    }
}
