//! How large a request may be.

pub(crate) const QUERY_BYTES_MAX: usize = 32 << 10;
pub(crate) const TC3_BODY_BYTES_MAX: usize = 10 << 20;
pub(crate) const V1_BODY_BYTES_MAX: usize = 1 << 20;
