//! What the tests of this crate share: a world, transcripts that run in it, and checks over all of them.

mod kinds;
mod page;
mod recorder;
pub(crate) mod taken;
pub(crate) mod texts;
pub(crate) mod transcript;
pub(crate) mod world;
pub(crate) mod world_images;
pub(crate) mod world_networks;
pub(crate) mod world_proofs;
