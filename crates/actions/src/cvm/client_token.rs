//! Client tokens: a repeated request makes instances only once.

use crate::{Context, Parameters, Reason};
use cvmd_model::InstanceId;
use cvmd_state::{ClientToken, Transaction};
use std::sync::Arc;

const TOKEN_MAX: usize = 64;
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// At most 64 ASCII characters; an empty one counts as none.
pub(crate) fn read(parameters: &mut Parameters) -> Result<Option<Box<str>>, Reason> {
    match parameters.text_within("ClientToken", TOKEN_MAX, Reason::ClientTokenTooLong)? {
        Some(token) if !token.is_ascii() => Err(Reason::ClientTokenTooLong),
        token => Ok(token.filter(|token| !token.is_empty())),
    }
}

/// The token, if it was used within the last 24 hours.
pub(crate) fn find(tx: &Transaction<'_>, context: &Context, token: &str) -> Option<Arc<ClientToken>> {
    let stored = tx.view().client_token(context.account, context.region, token)?;
    (stored.created_seconds + DAY_SECONDS > context.now_seconds).then(|| stored.clone())
}

pub(crate) fn put(
    tx: &mut Transaction<'_>,
    context: &Context,
    token: Box<str>,
    parameters: u128,
    instances: Vec<InstanceId>,
) {
    let sequence = tx.next_sequence();
    tx.put_client_token(ClientToken {
        sequence,
        account: context.account,
        region: context.region,
        token,
        parameters,
        instances,
        created_seconds: context.now_seconds,
    });
}
