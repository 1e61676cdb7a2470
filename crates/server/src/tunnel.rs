//! Ways through the port to machines: a `CONNECT` to an sshd, a WebSocket to a console.

pub(crate) mod connect;
pub(crate) mod console;
pub(crate) mod relay;
pub(crate) mod slots;
pub(crate) mod tickets;
pub(crate) mod websocket;
