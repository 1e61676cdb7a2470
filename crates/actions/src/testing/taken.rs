//! The parameters that an action reads, for the test that every one is read or listed.

use std::{cell::RefCell, collections::BTreeSet};

thread_local! {
    static TAKEN: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

pub(crate) fn begin() {
    TAKEN.with_borrow_mut(BTreeSet::clear);
}

pub(crate) fn note(path: String) {
    TAKEN.with_borrow_mut(|taken| taken.insert(path));
}

pub(crate) fn end() -> BTreeSet<String> {
    TAKEN.take()
}
