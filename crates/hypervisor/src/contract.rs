//! The contract suite: what every driver must pass.
