//! The vendor's own description of each action's parameters, read once from `facts/`, one file per product.
//!
//! It determines the known names, the required ones, and the type of each, so that no action repeats it.

use crate::Product;
use serde::Deserialize;
use std::{collections::HashMap, sync::LazyLock};

/// The vendor's description of a product's version.
#[derive(Debug, Deserialize)]
pub(crate) struct Facts {
    pub actions: HashMap<String, ActionFacts>,
    pub structs: HashMap<String, Structure>,
    /// All codes of the product.
    #[cfg_attr(not(test), expect(dead_code, reason = "declared codes are checked against it in tests"))]
    pub codes: Vec<String>,
    /// The names of all its actions, sorted.
    pub known: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ActionFacts {
    pub input: Vec<Member>,
    #[cfg_attr(not(test), expect(dead_code, reason = "replies are checked against it in tests"))]
    pub output: Vec<Member>,
    #[cfg_attr(not(test), expect(dead_code, reason = "declared codes are checked against it in tests"))]
    /// Empty if the description has no list for this action.
    #[serde(default)]
    pub errors: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Structure {
    pub members: Vec<Member>,
}

/// One parameter or one member of a structure.
#[derive(Debug, Deserialize)]
pub(crate) struct Member {
    pub name: String,
    /// `list`, `object`, `string`, `int`, `bool` or `float`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The type of a list's items, the structure's name, or the type itself.
    pub member: String,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "replies are checked against it in tests"))]
    pub nullable: bool,
    #[serde(default)]
    pub output_required: bool,
}

static FACTS: LazyLock<[Facts; Product::ALL.len()]> = LazyLock::new(|| {
    // Invariant: the files are part of the program; a test reads them too.
    Product::ALL.map(|product| {
        serde_json::from_str(product.facts()).expect("a facts file is what the vendor's description was made into")
    })
});

pub(crate) fn of(product: Product) -> &'static Facts {
    // Invariant: `Product::ALL` is in the order of the enum.
    &FACTS[product as usize]
}

/// The members that a request for this action may have.
pub(crate) fn inputs(product: Product, action: &str) -> &'static [Member] {
    of(product).actions.get(action).map_or(&[], |action| &action.input)
}

/// The members of a product's structure; none for a type that is not a structure.
pub(crate) fn members(product: Product, structure: &str) -> &'static [Member] {
    of(product).structs.get(structure).map_or(&[], |structure| &structure.members)
}

/// Whether the vendor's product has an action of that name.
pub(crate) fn is_known(product: Product, action: &str) -> bool {
    of(product).known.binary_search_by(|known| known.as_str().cmp(action)).is_ok()
}
