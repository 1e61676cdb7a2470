//! No circles between the files of a crate: what two files need lies below both.

use super::{
    imports::{Import, Modules},
    rule::{Finding, Rule, Workspace},
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(crate) const CIRCLES: Rule = Rule {
    name: "circles",
    why: "Files that need each other can only be read, moved and changed together.",
    find: circles,
};

fn circles(workspace: &Workspace) -> Vec<Finding> {
    let folders: BTreeSet<&str> = workspace
        .files
        .iter()
        .filter(|file| file.is_rust())
        .filter_map(|file| file.path.find("/src/").map(|at| &file.path[..at + "/src/".len()]))
        .collect();
    folders.into_iter().flat_map(|folder| in_crate(workspace, folder)).collect()
}

fn in_crate(workspace: &Workspace, folder: &str) -> Vec<Finding> {
    let imports = Modules::read(&workspace.files, folder).imports();
    shortest_circles(&imports).iter().map(|circle| finding(circle, folder)).collect()
}

fn finding(circle: &[&Import], folder: &str) -> Finding {
    let first = circle[0];
    let way: Vec<&str> = circle.iter().map(|import| import.to.trim_start_matches(folder)).collect();
    let what_to_do = format!("needs itself by {}: put what two of them need below both", way.join(", "),);
    Finding { path: first.from.clone(), line: first.line, what_to_do }
}

/// The shortest circle through each import that lies on a circle and on none reported before.
fn shortest_circles(imports: &[Import]) -> Vec<Vec<&Import>> {
    let mut from: BTreeMap<&str, Vec<&Import>> = BTreeMap::new();
    for import in imports {
        from.entry(&import.from).or_default().push(import);
    }
    let mut reported: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut circles = Vec::new();
    for import in imports {
        if reported.contains(&(&import.from, &import.to)) {
            continue;
        }
        if let Some(back) = way(&from, &import.to, &import.from) {
            let circle: Vec<&Import> = std::iter::once(import).chain(back).collect();
            reported.extend(circle.iter().map(|import| (&*import.from, &*import.to)));
            circles.push(circle);
        }
    }
    circles
}

/// The shortest path from one file to another.
fn way<'a>(from: &BTreeMap<&'a str, Vec<&'a Import>>, start: &'a str, end: &str) -> Option<Vec<&'a Import>> {
    let mut reached: BTreeMap<&str, Option<&Import>> = BTreeMap::from([(start, None)]);
    let mut next = VecDeque::from([start]);
    while let Some(at) = next.pop_front() {
        if at == end {
            let mut steps = Vec::new();
            let mut at = at;
            while let Some(step) = reached[at] {
                steps.push(step);
                at = &step.from;
            }
            steps.reverse();
            return Some(steps);
        }
        for import in from.get(at).into_iter().flatten() {
            reached.entry(&import.to).or_insert_with(|| {
                next.push_back(&import.to);
                Some(import)
            });
        }
    }
    None
}

#[cfg(test)]
mod test {
    use super::{super::rule::test::workspace, *};

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<(String, &str)> =
            files.iter().map(|(path, text)| (format!("crates/x/src/{path}"), *text)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, *text)).collect();
        (CIRCLES.find)(&workspace(&files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn two_files_that_import_each_other_are_found() {
        let files = [("a.rs", "use crate::b::B;\npub struct A;\n"), ("b.rs", "\nuse super::a;\npub struct B;\n")];
        assert_eq!(
            found(&files),
            ["crates/x/src/a.rs:1: needs itself by b.rs, a.rs: put what two of them need below both"]
        );
    }

    #[test]
    fn paths_in_bodies_macros_and_groups_count() {
        for there in
            ["fn f() { crate::b::g() }", "fn f() { vec![crate::b::g()] }", "use crate::{c::C, b::{self, g as h}};"]
        {
            let files =
                [("a.rs", there), ("b.rs", "pub fn g() {}\nfn h() { super::a::f() }\n"), ("c.rs", "pub struct C;")];
            assert_eq!(found(&files).len(), 1, "{there}");
        }
    }

    #[test]
    fn a_name_that_a_parent_passes_on_belongs_to_the_file_that_defines_it() {
        let lib = "mod a;\nmod b;\npub use a::A;\npub use b::B;\n";
        let circle =
            [("lib.rs", lib), ("a.rs", "use crate::B;\npub struct A;"), ("b.rs", "use crate::A;\npub struct B;")];
        assert_eq!(found(&circle).len(), 1);
        let line = [("lib.rs", lib), ("a.rs", "use crate::B;\npub struct A;"), ("b.rs", "pub struct B;")];
        assert_eq!(found(&line), [""; 0]);
    }

    #[test]
    fn a_parent_that_uses_its_child_must_not_be_used_by_it() {
        let child = "use super::P;\npub fn f(_: P) {}\n";
        let uses = [("p/mod.rs", "mod c;\npub struct P;\nfn g() { c::f(P) }\n"), ("p/c.rs", child)];
        assert_eq!(found(&uses).len(), 1);
        let declares = [("p/mod.rs", "mod c;\npub use c::f;\npub struct P;\n"), ("p/c.rs", child)];
        assert_eq!(found(&declares), [""; 0]);
        let passes_on_and_uses =
            [("p/mod.rs", "mod c;\npub use c::f;\npub struct P;\nfn g() { f(P) }\n"), ("p/c.rs", child)];
        assert_eq!(found(&passes_on_and_uses).len(), 1);
    }

    #[test]
    fn a_folder_whose_modules_a_macro_declares_hides_nothing() {
        let files = [
            ("catalog.rs", "catalog! { cvm { run } }\n"),
            ("catalog/cvm/run.rs", "use crate::template;\npub fn f() {}\n"),
            ("template.rs", "use crate::catalog::cvm::run;\nfn g() { run::f() }\n"),
        ];
        assert_eq!(found(&files).len(), 1);
    }

    #[test]
    fn tests_comments_and_texts_do_not_count() {
        let b = "// crate::a::A\nconst T: &str = \"crate::a::A\";\n#[cfg(test)]\nuse crate::a::A;\npub struct B;\n#[cfg(test)]\nmod test { use crate::a::A; }\n";
        assert_eq!(found(&[("a.rs", "use crate::b::B;\npub struct A;\n"), ("b.rs", b)]), [""; 0]);
        let of_tests = [
            ("lib.rs", "mod a;\n#[cfg(test)]\nmod world;\n"),
            ("a.rs", "pub struct A;\nfn f() { crate::world::w() }\n"),
            ("world.rs", "use crate::a::A;\npub fn w() {}\n"),
        ];
        assert_eq!(found(&of_tests), [""; 0]);
    }

    #[test]
    fn modules_written_inside_a_file_are_that_file() {
        let files = [
            ("a.rs", "pub struct A;\nmod inner { use super::A; use super::super::b::B; }\n"),
            ("b.rs", "pub struct B;"),
        ];
        assert_eq!(found(&files), [""; 0]);
        let circle = [files[0], ("b.rs", "use crate::a::A;\npub struct B;")];
        assert_eq!(found(&circle).len(), 1);
    }

    #[test]
    fn other_crates_and_children_of_other_files_are_no_circle() {
        assert_eq!(found(&[("a.rs", "use std::fmt;\nuse serde::b;\n"), ("b.rs", "use crate::a;\n")]), [""; 0]);
    }
}
