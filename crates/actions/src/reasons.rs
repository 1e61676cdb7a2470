//! Every reason for refusing a request, in tables: codes, English and Chinese text of each stand in one row. Wire codes exist
//! nowhere else but in what actions declare.

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
