//! The vendor's own description of each action's parameters, read once from `facts.json`.
//!
//! It decides which names are known, which must be there, and of what type each is, so that no action repeats it.

use serde::Deserialize;
use std::{collections::HashMap, sync::LazyLock};

/// The vendor's description of the whole API version.
#[derive(Debug, Deserialize)]
pub(crate) struct Facts {
    pub actions: HashMap<String, ActionFacts>,
    pub structs: HashMap<String, Structure>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ActionFacts {
    pub input: Vec<Member>,
    #[cfg_attr(not(test), expect(dead_code, reason = "replies are checked against it in tests"))]
    pub output: Vec<Member>,
    #[cfg_attr(not(test), expect(dead_code, reason = "declared codes are checked against it in tests"))]
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
    #[cfg_attr(not(test), expect(dead_code, reason = "replies are checked against it in tests"))]
    pub output_required: bool,
}

pub(crate) static FACTS: LazyLock<Facts> = LazyLock::new(|| {
    // Invariant: the file is part of the program; a test reads it too.
    serde_json::from_str(include_str!("../facts.json"))
        .expect("facts.json is what the vendor's description was made into")
});

/// The members that a request to this action may hold.
pub(crate) fn inputs(action: &str) -> &'static [Member] {
    FACTS.actions.get(action).map_or(&[], |action| &action.input)
}

/// The members of a structure; none for a type that is not one.
pub(crate) fn members(structure: &str) -> &'static [Member] {
    FACTS.structs.get(structure).map_or(&[], |structure| &structure.members)
}
