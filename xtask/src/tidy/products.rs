//! A product's folder imports nothing of another product, and nothing imports a file that holds an action.

use super::{
    imports::Modules,
    rule::{Finding, Rule, Workspace},
};

pub(crate) const PRODUCTS: Rule = Rule {
    name: "products",
    why: "What two actions share and one of them owns cannot be found, and changes the other one unseen.",
    find: products,
};

const ACTIONS: &str = "crates/actions/src/";
/// The only file that lists the actions.
const CATALOG: &str = "crates/actions/src/catalog.rs";

fn products(workspace: &Workspace) -> Vec<Finding> {
    let is_action = |path: &str| {
        let file = workspace.files.iter().find(|file| file.path == path);
        file.is_some_and(|file| file.text.contains("\npub(crate) const ACTION: Action"))
    };
    let is_product = |folder: &str| {
        let inside = format!("{ACTIONS}{folder}/");
        workspace.files.iter().any(|file| file.path.starts_with(&inside) && is_action(&file.path))
    };
    let folder_of = |path: &str| path.strip_prefix(ACTIONS)?.split_once('/').map(|(folder, _)| folder.to_owned());
    let mut findings = Vec::new();
    for import in Modules::read(&workspace.files, ACTIONS).imports() {
        if import.from == CATALOG || !is_product(&folder_of(&import.to).unwrap_or_default()) {
            continue;
        }
        let (from, to) = (folder_of(&import.from), folder_of(&import.to));
        let name = import.to.trim_start_matches(ACTIONS);
        let what_to_do = if is_action(&import.to) {
            format!("takes from the action in {name}: put what both need into a file that neither owns")
        } else if from.is_some_and(|from| Some(&from) != to.as_ref() && is_product(&from)) {
            format!("takes {name} of another product: put it above the products' folders")
        } else {
            continue;
        };
        findings.push(Finding { path: import.from, line: import.line, what_to_do });
    }
    findings
}

#[cfg(test)]
mod test {
    use super::{super::rule::test::workspace, *};

    const ACTION: &str = "//! A.\npub(crate) const ACTION: Action = Action {};\npub fn f() {}\n";

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<(String, &str)> = files.iter().map(|(path, text)| (format!("{ACTIONS}{path}"), *text)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, *text)).collect();
        products(&workspace(&files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn another_products_file_and_an_action_are_not_taken_from() {
        let files = |user: &'static str| {
            [
                ("cvm/run.rs", ACTION),
                ("cvm/words.rs", "pub fn g() {}\n"),
                ("tag/list.rs", ACTION),
                ("network.rs", "pub fn h() {}\n"),
                ("tag/user.rs", user),
            ]
        };
        for wrong in ["use crate::cvm::words::g;\n", "use crate::cvm::run::f;\n", "use super::list::f;\n"] {
            assert_eq!(found(&files(wrong)).len(), 1, "{wrong}");
        }
        for right in ["use crate::network::h;\n", "pub fn own() {}\n"] {
            assert_eq!(found(&files(right)), [""; 0], "{right}");
        }
    }

    #[test]
    fn the_core_takes_from_no_action_either() {
        let files = [("cvm/run.rs", ACTION), ("cvm/words.rs", "pub fn g() {}\n")];
        let core = |text| [files[0], files[1], ("core.rs", text)];
        assert_eq!(found(&core("fn a() { crate::cvm::run::f() }\n")).len(), 1);
    }
}
