//! Files and functions stay short. Longer ones of today are listed in `ratchet.txt`, which may only shrink.

use super::{
    rule::{Finding, Rule, Workspace},
    source::SourceFile,
};

pub(crate) const FILES: Rule = Rule {
    name: "file-size",
    why: "A file that every change must pass through is where a project stops growing.",
    find: files,
};

pub(crate) const FUNCTIONS: Rule = Rule {
    name: "function-size",
    why: "A function on one screen is understood as a whole, and its helpers get names.",
    find: functions,
};

pub(crate) const PIPELINE: Rule = Rule {
    name: "pipeline-size",
    why: "The whole request is shown on one screen; what does not fit there belongs to a crate behind it.",
    find: pipeline,
};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const PIPELINE_LINES_MAX: usize = 120;
const PIPELINE_PATH: &str = "crates/server/src/pipeline.rs";
const RATCHET: &str = "xtask/ratchet.txt";

/// An exception: `file PATH LINES` or `function PATH NAME LINES`, at line `at` of the ratchet.
struct Exception<'a> {
    at: usize,
    kind: &'a str,
    path: &'a str,
    name: &'a str,
    lines: usize,
}

fn exceptions(workspace: &Workspace) -> Vec<Exception<'_>> {
    let text = workspace.files.iter().find(|file| file.path == RATCHET).map_or("", |file| &file.text);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(index, line)| {
            let words: Vec<&str> = line.split(' ').collect();
            let word = |at: usize| words.get(at).copied().unwrap_or_default();
            let lines = words.last().and_then(|number| number.parse().ok()).unwrap_or(0);
            let name = if word(0) == "function" { word(2) } else { "" };
            Exception { at: index + 1, kind: word(0), path: word(1), name, lines }
        })
        .collect()
}

/// The measured size of a file or function.
struct Measured<'a> {
    path: &'a str,
    name: String,
    line: usize,
    lines: usize,
}

fn files(workspace: &Workspace) -> Vec<Finding> {
    let measured = workspace.files.iter().filter(|file| is_code(file));
    let measured = measured.map(|file| {
        let lines = if file.is_rust() && file.lines_before_test > 0 {
            file.lines_before_test
        } else {
            file.text.lines().count()
        };
        Measured { path: &file.path, name: String::new(), line: 1, lines }
    });
    judge("file", FILE_LINES_MAX, "split it along its nouns", measured.collect(), &exceptions(workspace))
}

fn functions(workspace: &Workspace) -> Vec<Finding> {
    let measured = workspace.files.iter().filter(|file| file.is_rust()).flat_map(|file| {
        let functions = file.functions().into_iter().filter(|function| !file.is_test_line(function.line));
        functions.map(|f| Measured { path: &file.path, name: f.name, line: f.line, lines: f.lines })
    });
    let advice = "give its parts names of their own";
    judge("function", FUNCTION_LINES_MAX, advice, measured.collect(), &exceptions(workspace))
}

fn is_code(file: &SourceFile) -> bool {
    file.is_rust() || file.path.ends_with(".py")
}

fn judge(kind: &str, max: usize, advice: &str, measured: Vec<Measured>, exceptions: &[Exception]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let listed = |m: &Measured| exceptions.iter().find(|e| e.kind == kind && e.path == m.path && e.name == m.name);
    for long in measured.iter().filter(|m| m.lines > listed(m).map_or(max, |exception| exception.lines)) {
        let what = if long.name.is_empty() { "the file".to_owned() } else { format!("`{}`", long.name) };
        let what_to_do = format!("{what} has {} lines, {max} are enough: {advice}", long.lines);
        findings.push(Finding { path: long.path.to_owned(), line: long.line, what_to_do });
    }
    for exception in exceptions.iter().filter(|exception| exception.kind == kind) {
        // Where several functions of a file have one name, the longest counts.
        let now =
            measured.iter().filter(|m| m.path == exception.path && m.name == exception.name).map(|m| m.lines).max();
        let what_to_do = match now {
            Some(lines) if lines > max && lines < exception.lines => format!("it has shrunk: write {lines}"),
            Some(lines) if lines > max => continue,
            _ => "it is not needed any more: take the line out".to_owned(),
        };
        findings.push(Finding { path: RATCHET.to_owned(), line: exception.at, what_to_do });
    }
    findings
}

fn pipeline(workspace: &Workspace) -> Vec<Finding> {
    let long =
        workspace.files.iter().find(|file| file.path == PIPELINE_PATH && file.lines_before_test > PIPELINE_LINES_MAX);
    let finding = |file: &SourceFile| Finding {
        path: file.path.clone(),
        line: PIPELINE_LINES_MAX + 1,
        what_to_do: format!(
            "{} lines, {PIPELINE_LINES_MAX} are one screen: move the detail out",
            file.lines_before_test
        ),
    };
    long.map(finding).into_iter().collect()
}

#[cfg(test)]
mod test {
    use super::{
        super::rule::test::{found, workspace},
        *,
    };

    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let tail = format!("#[cfg(test)]\nmod test {{\n{}}}\n", "// a case\n".repeat(900));
        assert_eq!(found(&FILES, "crates/model/src/x.rs", &format!("{}{tail}", "// a line\n".repeat(500))), [""; 0]);
        assert_eq!(found(&FILES, "crates/model/src/x.rs", &"// a line\n".repeat(501)).len(), 1);
        assert_eq!(found(&FILES, "clients/ssh/test_power.py", &"# a line\n".repeat(501)).len(), 1);
    }

    #[test]
    fn a_long_function_is_found_but_not_in_tests() {
        assert_eq!(found(&FUNCTIONS, "crates/model/src/x.rs", &function(70)), [""; 0]);
        assert_eq!(found(&FUNCTIONS, "crates/model/src/x.rs", &function(71)).len(), 1);
        assert_eq!(found(&FUNCTIONS, "crates/server/tests/x.rs", &function(71)), [""; 0]);
    }

    #[test]
    fn an_exception_only_shrinks() {
        let with = |listed: usize, real: usize| -> Vec<String> {
            let ratchet = format!("# why\nfunction a.rs long {listed}\n");
            let workspace = workspace(&[("a.rs", &function(real)), (RATCHET, &ratchet)]);
            (FUNCTIONS.find)(&workspace).iter().map(ToString::to_string).collect()
        };
        assert_eq!(with(90, 90), [""; 0]);
        assert_eq!(with(90, 80), ["xtask/ratchet.txt:2: it has shrunk: write 80"]);
        assert_eq!(with(90, 60), ["xtask/ratchet.txt:2: it is not needed any more: take the line out"]);
        assert!(with(90, 91)[0].starts_with("a.rs:1: `long` has 91 lines"));
    }

    #[test]
    fn the_pipeline_stays_on_one_screen() {
        assert_eq!(found(&PIPELINE, PIPELINE_PATH, &"// a line\n".repeat(121)).len(), 1);
        assert_eq!(found(&PIPELINE, PIPELINE_PATH, &"// a line\n".repeat(120)), [""; 0]);
    }
}
