//! What few instances have. Boxed in the instance, so that the many pay one pointer for it and their rows nothing.

use crate::{ImageId, Instance, Prepaid};
use serde::{Deserialize, Serialize};

/// Everything unset is left out of the row; when all of it is, the box is left out too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Rare {
    /// Set exactly when the charge type is PREPAID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepaid: Option<Prepaid>,
    /// The public image that a custom `image` goes back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_image: Option<ImageId>,
}

/// What an instance without a box has.
static NOTHING: Rare = Rare { prepaid: None, base_image: None };

impl Rare {
    /// `None` when nothing is set.
    #[must_use]
    pub fn boxed(self) -> Option<Box<Rare>> {
        (self != NOTHING).then(|| Box::new(self))
    }
}

impl Instance {
    #[must_use]
    pub fn rare(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(&NOTHING)
    }

    /// Changes what few instances have.
    pub fn change_rare(&mut self, change: impl FnOnce(&mut Rare)) {
        let mut rare = self.rare.take().map(|rare| *rare).unwrap_or_default();
        change(&mut rare);
        self.rare = rare.boxed();
    }
}
