//! Every reason for refusing a request, in tables: a row holds its codes and its English and Chinese texts. Wire codes
//! appear nowhere else, except in the declarations of actions.

#[macro_use]
pub(crate) mod table;
pub(crate) mod codes;
pub(crate) mod denied;
pub(crate) mod disk;
pub(crate) mod key;
pub(crate) mod launch;
pub(crate) mod law;
pub(crate) mod parameter;
pub(crate) mod reason;
pub(crate) mod tag;
