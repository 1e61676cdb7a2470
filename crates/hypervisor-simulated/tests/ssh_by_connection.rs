//! Real logins through the driver's `connect` alone: no address of any machine is used.

mod ground;
mod logins;

const WAY: ground::Way = ground::Way::Connection;
