//! What became of a request, for the log and the metrics.

use crate::{metrics::NO_ACTION, random};
use cvmd_actions::ACTIONS;
use cvmd_model::RequestId;

#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) request: RequestId,
    /// The action's place in [`ACTIONS`]; nothing as long as the request is for none of them.
    pub(crate) place: Option<usize>,
    /// 0 as long as nobody has been believed.
    pub(crate) account: u32,
    pub(crate) code: &'static str,
}

impl Summary {
    /// That of a request of which nothing is known yet.
    pub(crate) fn unknown() -> Summary {
        Summary { request: random::request_id(), place: None, account: 0, code: "OK" }
    }

    pub(crate) fn action(&self) -> &'static str {
        self.place.map_or(NO_ACTION, |place| ACTIONS[place].name)
    }
}
