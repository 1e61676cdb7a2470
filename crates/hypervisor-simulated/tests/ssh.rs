//! Real logins at the machines' own addresses.

mod ground;
mod logins;

const WAY: ground::Way = ground::Way::Address;
