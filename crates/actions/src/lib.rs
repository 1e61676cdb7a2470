//! One file per API action, the catalog of them all, the error codes.
