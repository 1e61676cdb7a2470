//! The engine that brings the world to what is wanted.
