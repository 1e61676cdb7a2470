//! HTTP in front of the pipeline: one port for http and https, both dialects, proxied requests, tunnels and the other
//! pages.

mod accept;
mod body;
mod connection;
mod connections;
mod framing;
mod pages;
mod pool;
mod replies;
mod routes;
mod talk;
mod tunnels;

pub(crate) use accept::serve;
pub(crate) use body::Bodies;
pub(crate) use connections::{Connections, Presence};
pub(crate) use pool::Owner;
pub(crate) use replies::{Replies, Unread};
