//! Checks key pairs and instances of a seed by the rules of the actions that would make them.

use crate::{Reason, controls, names, tag_words};
use cvmd_model::Tag;

const INSTANCE_NAME_MAX: usize = 128;

/// Checks a key pair as CreateKeyPair would.
///
/// # Errors
/// Those of the action.
pub fn check_key_pair(name: Option<&str>, description: &str, tags: &[Tag]) -> Result<(), Reason> {
    name.map_or(Ok(()), names::key_name)?;
    controls::refuse_in("Description", description, true)?;
    check_tags(tags)
}

/// Checks an instance as RunInstances would.
///
/// # Errors
/// Those of the action.
pub fn check_instance(name: Option<&str>, tags: &[Tag]) -> Result<(), Reason> {
    let name = name.unwrap_or_default();
    controls::refuse_in("InstanceName", name, false)?;
    if name.chars().count() > INSTANCE_NAME_MAX {
        return Err(Reason::InstanceNameTooLong { limit: INSTANCE_NAME_MAX });
    }
    check_tags(tags)
}

fn check_tags(tags: &[Tag]) -> Result<(), Reason> {
    for (index, tag) in tags.iter().enumerate() {
        controls::refuse_in("Tags.Key", &tag.key, false)?;
        controls::refuse_in("Tags.Value", &tag.value, false)?;
        tag_words::guest(&tag.key, &tag.value)?;
        if tags[..index].iter().any(|other| other.key == tag.key) {
            return Err(Reason::DuplicateTag { key: tag.key.clone() });
        }
    }
    Ok(())
}
