//! The catalog: one line for each action. A new action is one new file in `catalog/` and its line here.

use crate::Action;

macro_rules! catalog {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        /// All actions, sorted by name.
        pub static ACTIONS: &[&Action] = &[$(&$module::ACTION),*];

        /// File, transcript and source of each, in the same order.
        #[cfg(test)]
        pub(crate) static TRANSCRIPTS: &[(&str, &str, &str)] = &[$((
            stringify!($module),
            $module::TRANSCRIPT,
            include_str!(concat!("catalog/", stringify!($module), ".rs")),
        )),*];
    };
}

catalog! {
    associate_instances_key_pairs,
    create_key_pair,
    delete_key_pairs,
    describe_images,
    describe_instances,
    describe_instances_status,
    describe_key_pairs,
    describe_regions,
    describe_zones,
    disassociate_instances_key_pairs,
    import_key_pair,
    modify_instances_attribute,
    modify_instances_project,
    modify_key_pair_attribute,
    reboot_instances,
    reset_instances_password,
    run_instances,
    start_instances,
    stop_instances,
    terminate_instances,
}

/// The action of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Action> {
    ACTIONS.binary_search_by(|action| action.name.cmp(name)).ok().map(|index| ACTIONS[index])
}
