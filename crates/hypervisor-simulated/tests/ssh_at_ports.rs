//! Real logins at ports of the machines' own, all at one address.

mod ground;
mod logins;

const WAY: ground::Way = ground::Way::OwnPort;
