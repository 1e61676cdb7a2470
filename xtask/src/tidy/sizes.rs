//! Files and functions stay short.

use super::{
    rule::{Finding, Rule, Workspace},
    source::Function,
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

fn files(workspace: &Workspace) -> Vec<Finding> {
    let code = workspace.files.iter().filter(|file| file.is_rust() || file.path.ends_with(".py"));
    let measured = code.map(|file| match file.lines_before_test {
        lines @ 1.. if file.is_rust() => (file, lines),
        _ => (file, file.text.lines().count()),
    });
    let long = measured.filter(|(_, lines)| *lines > FILE_LINES_MAX);
    let advice = |lines| format!("the file has {lines} lines, {FILE_LINES_MAX} are enough: split it along its nouns");
    long.map(|(file, lines)| Finding::at(file, 1, advice(lines))).collect()
}

fn functions(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in workspace.files.iter().filter(|file| file.is_rust()) {
        for Function { name, line, lines } in file.functions() {
            if lines > FUNCTION_LINES_MAX && !file.is_test_line(line) {
                let advice = "give its parts names of their own";
                let what_to_do = format!("`{name}` has {lines} lines, {FUNCTION_LINES_MAX} are enough: {advice}");
                findings.push(Finding::at(file, line, what_to_do));
            }
        }
    }
    findings
}

fn pipeline(workspace: &Workspace) -> Vec<Finding> {
    let file = workspace.files.iter().find(|file| file.path == PIPELINE_PATH);
    let long = file.filter(|file| file.lines_before_test > PIPELINE_LINES_MAX);
    let advice = |lines| format!("{lines} lines, {PIPELINE_LINES_MAX} are one screen: move the detail out");
    long.map(|file| Finding::at(file, PIPELINE_LINES_MAX + 1, advice(file.lines_before_test))).into_iter().collect()
}

#[cfg(test)]
mod test {
    use super::{super::rule::test::found, *};

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
    fn the_pipeline_stays_on_one_screen() {
        assert_eq!(found(&PIPELINE, PIPELINE_PATH, &"// a line\n".repeat(121)).len(), 1);
        assert_eq!(found(&PIPELINE, PIPELINE_PATH, &"// a line\n".repeat(120)), [""; 0]);
    }
}
