//! A text in two languages has the same structure in both: `X.zh-CN.md` follows `X.md`.

use super::{
    rule::{Finding, Rule, Workspace},
    source::SourceFile,
};

pub(crate) const TRANSLATIONS: Rule = Rule {
    name: "translations",
    why: "A translation that lags behind sends its readers into commands that no longer work; nobody notices but they.",
    find: translations,
};

const SUFFIX: &str = ".zh-CN.md";

fn translations(workspace: &Workspace) -> Vec<Finding> {
    let file = |path: &str| workspace.files.iter().find(|file| file.path == path);
    let mut findings = Vec::new();
    for translation in workspace.files.iter().filter(|file| file.path.ends_with(SUFFIX)) {
        let stem = translation.path.trim_end_matches(SUFFIX);
        match file(&format!("{stem}.md")) {
            Some(original) => findings.extend(compare(original, translation)),
            None => findings.push(Finding::at(translation, 1, format!("there is no {stem}.md to translate"))),
        }
    }
    if let Some(readme) = file("README.md")
        && file("README.zh-CN.md").is_none()
    {
        findings.push(Finding::at(readme, 1, "write README.zh-CN.md beside it"));
    }
    findings
}

/// One line that both languages share.
#[derive(Debug)]
struct Part {
    line: usize,
    what: String,
}

/// Reports the first difference only: later ones mostly follow from it.
fn compare(original: &SourceFile, translation: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, parts) in [("heading", headings as fn(&str) -> Vec<Part>), ("code", code), ("table row", rows)] {
        let (of_original, of_translation) = (parts(&original.text), parts(&translation.text));
        let longest = of_original.len().max(of_translation.len());
        let part = |parts: &[Part], index: usize| parts.get(index).map(|part| part.what.clone());
        let differing = (0..longest).find(|index| part(&of_original, *index) != part(&of_translation, *index));
        if let Some(index) = differing {
            let line = of_translation.get(index).map_or(1, |part| part.line);
            let wanted = of_original.get(index);
            let wanted = wanted.map_or("nothing more".into(), |part| format!("`{}` (line {})", part.what, part.line));
            findings.push(Finding::at(translation, line, format!("keep step with {}: {name} {wanted}", original.path)));
        }
    }
    for (one, other) in [(original, translation), (translation, original)] {
        let name = other.path.rsplit('/').next().unwrap_or_default();
        if !one.text.contains(&format!("({name})")) {
            findings.push(Finding::at(one, 1, format!("link to {name}")));
        }
    }
    findings
}

/// The levels of the headings; the words differ.
fn headings(text: &str) -> Vec<Part> {
    let (prose, _) = split(text);
    let level = |line: &str| line.chars().take_while(|character| *character == '#').count();
    let headings = prose.into_iter().filter(|(_, line)| level(line) > 0);
    headings.map(|(at, line)| Part { line: at, what: "#".repeat(level(line)) }).collect()
}

/// Each line of code, without its comment, which may be translated.
fn code(text: &str) -> Vec<Part> {
    let (_, code) = split(text);
    let bare = code.into_iter().map(|(line, text)| {
        let end = if text.starts_with('#') { 0 } else { text.find(" #").unwrap_or(text.len()) };
        Part { line, what: text[..end].trim_end().to_owned() }
    });
    bare.filter(|part| !part.what.is_empty()).collect()
}

/// The first cell of each row of a table if it is code or a link: the same in both languages.
fn rows(text: &str) -> Vec<Part> {
    let (prose, _) = split(text);
    let rows = prose.into_iter().filter(|(_, line)| line.starts_with('|'));
    let first = |line: &str| line.split('|').nth(1).unwrap_or_default().trim().to_owned();
    rows.map(|(line, text)| {
        let cell = first(text);
        Part { line, what: if cell.starts_with(['`', '[']) { cell } else { "|".to_owned() } }
    })
    .collect()
}

type Line<'a> = (usize, &'a str);

/// The numbered lines outside code fences, and those inside, with the fences.
fn split(text: &str) -> (Vec<Line<'_>>, Vec<Line<'_>>) {
    let (mut prose, mut code, mut inside) = (Vec::new(), Vec::new(), false);
    for (index, line) in text.lines().enumerate() {
        let fence = line.starts_with("```");
        if inside || fence { &mut code } else { &mut prose }.push((index + 1, line));
        inside ^= fence;
    }
    (prose, code)
}

#[cfg(test)]
mod test {
    use super::{super::rule::test::workspace, *};

    const ENGLISH: &str = "# cvmd\n\n[中文](README.zh-CN.md)\n\n## Quick start\n\n```sh\ncvmd serve   # here\n```\n\n\
                           | to read | for |\n|---|---|\n| [a](a.md) | b |\n";
    const CHINESE: &str = "# cvmd\n\n[English](README.md)\n\n## 快速开始\n\n```sh\n# 说明\ncvmd serve   # 此处\n```\n\n\
                           | 文档 | 内容 |\n|---|---|\n| [a](a.md) | 乙 |\n";

    fn found(english: &str, chinese: &str) -> Vec<String> {
        let workspace = workspace(&[("README.md", english), ("README.zh-CN.md", chinese)]);
        translations(&workspace).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_translation_in_step_is_not_found() {
        assert_eq!(found(ENGLISH, CHINESE), [""; 0]);
    }

    #[test]
    fn a_heading_a_command_a_row_or_a_link_that_lacks_is_found() {
        for (from, to) in [
            ("## 快速开始", "快速开始"),
            ("cvmd serve", "cvmd demo"),
            ("```sh\n", "```bash\n"),
            ("| [a](a.md) | 乙 |\n", ""),
            ("[English](README.md)", "English"),
        ] {
            let findings = found(ENGLISH, &CHINESE.replace(from, to));
            assert_eq!(findings.len(), 1, "{to}: {findings:?}");
            assert!(findings[0].starts_with("README.zh-CN.md:"), "{findings:?}");
        }
        assert_eq!(found(&ENGLISH.replace("(README.zh-CN.md)", ""), CHINESE), ["README.md:1: link to README.zh-CN.md"]);
    }

    #[test]
    fn a_readme_needs_its_translation_and_a_translation_its_original() {
        assert_eq!(translations(&workspace(&[("README.md", ENGLISH)])).len(), 1);
        assert_eq!(translations(&workspace(&[("docs/a.zh-CN.md", CHINESE)])).len(), 1);
    }
}
