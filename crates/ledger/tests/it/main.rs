//! Evidence: what is exported is proven, what was tampered with is found.

mod evidence;
mod fixture;
mod tampering;
mod world;
