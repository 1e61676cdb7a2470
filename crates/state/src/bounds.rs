//! How much one command may write: the bytes of a row, and of all its rows together.

use crate::{
    View,
    changes::Put,
    store::{Row, encode},
    usage::Weighed,
};
use cvmd_model::AccountNumber;
use std::sync::Arc;

/// The maximum of bytes in one stored row. The largest rows are a launch template's version and an instance with user
/// data, many tags and metadata.
pub const ROW_BYTES_MAX: usize = 128 * 1024;
/// The maximum of bytes in all rows that one command writes: a hundred instances with as much user data as the vendor
/// allows. The writer needs some 20 ms for them.
pub const COMMAND_BYTES_MAX: usize = 5 * 512 * 1024;
/// How much a row may grow that was larger before the bounds existed: an operation must fit into it.
const GROWTH_BYTES_MAX: usize = 8 * 1024;

/// A command would write more than allowed. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TooLarge {
    Row { id: Box<str>, bytes: usize, limit: usize },
    Command { rows: usize, limit: usize },
    Account { bytes: u64, limit: u64 },
}

/// The rows of all puts, or the bound that they exceed.
pub(crate) fn rows_within(view: &View, puts: &[Put]) -> Result<Vec<Row>, TooLarge> {
    let mut total = 0;
    let mut rows = Vec::with_capacity(puts.len());
    for put in puts {
        let row = encode(put);
        let bytes = bytes(&row);
        if bytes > ROW_BYTES_MAX && bytes > before(view, put) {
            return Err(TooLarge::Row { id: put.id().into(), bytes, limit: ROW_BYTES_MAX });
        }
        total += bytes;
        if total > COMMAND_BYTES_MAX && puts.len() > 1 {
            return Err(TooLarge::Command { rows: puts.len(), limit: COMMAND_BYTES_MAX });
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Whether `count` rows like this one may be written.
pub(crate) fn copies_within(put: &Put, count: usize) -> Result<(), TooLarge> {
    let row = encode(put);
    match bytes(&row) {
        bytes if bytes > ROW_BYTES_MAX => Err(TooLarge::Row { id: put.id().into(), bytes, limit: ROW_BYTES_MAX }),
        bytes if bytes.saturating_mul(count) > COMMAND_BYTES_MAX => {
            Err(TooLarge::Command { rows: count, limit: COMMAND_BYTES_MAX })
        }
        _ => Ok(()),
    }
}

fn bytes(row: &Row) -> usize {
    row.body.as_ref().map_or(0, Vec::len)
}

/// How large the row may become because it already exceeds the bound, in bytes: an older cvmd had no bounds. 0 otherwise.
fn before(view: &View, put: &Put) -> usize {
    let old = match put {
        Put::Instance(new) => view.instance(new.id).map(|old| Put::Instance(Arc::clone(old))),
        Put::KeyPair(new) => view.key_pair(new.id).map(|old| Put::KeyPair(Arc::clone(old))),
        Put::Resource(new) => view.resources.current(new).cloned().map(Put::Resource),
        _ => None,
    };
    match old.map(|old| bytes(&encode(&old))) {
        Some(bytes) if bytes > ROW_BYTES_MAX => bytes + GROWTH_BYTES_MAX,
        _ => 0,
    }
}

/// Whether the account's rows stay within its bound, or do not grow.
pub(crate) fn account_within(
    view: &View,
    puts: &[Put],
    account: AccountNumber,
    bytes_max: u64,
) -> Result<(), TooLarge> {
    fn grown<T: Weighed>(account: AccountNumber, old: Option<&T>, new: Option<&T>) -> i128 {
        let of_account =
            |row: Option<&T>| row.filter(|row| row.account() == account).map_or(0, |row| row.bytes().into());
        of_account(new) - of_account(old)
    }
    let grows = |put: &Put| match put {
        Put::Instance(row) => grown(account, view.instance(row.id).map(|old| &**old), Some(&**row)),
        Put::InstanceGone(row) => grown(account, Some(&**row), None),
        Put::KeyPair(row) => grown(account, view.key_pair(row.id).map(|old| &**old), Some(&**row)),
        Put::KeyPairGone(row) => grown(account, Some(&**row), None),
        Put::ClientToken(row) => grown(account, None, Some(&**row)),
        Put::ClientTokenGone(row) => grown(account, Some(&**row), None),
        Put::Message(row) => grown(account, None, Some(&**row)),
        Put::MessageGone(row) => grown(account, Some(&**row), None),
        Put::Resource(row) => grown(account, view.resources.current(row), Some(row)),
        Put::ResourceGone(row) => grown(account, Some(row), None),
        Put::Settings(_) | Put::Account(_) | Put::AccountGone(_) | Put::Credential(_) | Put::CredentialGone(_) => 0,
    };
    let grown: i128 = puts.iter().map(grows).sum();
    let limit = bytes_max.saturating_add(view.seeded(account).bytes);
    let bytes = i128::from(view.usage(account).bytes) + grown;
    if grown <= 0 || bytes <= i128::from(limit) {
        return Ok(());
    }
    Err(TooLarge::Account { bytes: u64::try_from(bytes).unwrap_or(u64::MAX), limit })
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{State, Transaction, fixtures, store::MemoryStore};
    use cvmd_model::{RegionId, Vpc};

    fn vpc(sequence: u64, name_bytes: usize) -> Vpc {
        let region = RegionId::find("ap-guangzhou").unwrap();
        fixtures::vpc(sequence, AccountNumber(1), region, &"x".repeat(name_bytes))
    }

    async fn put(state: &State, rows: u64, name_bytes: usize) -> Result<(), TooLarge> {
        let done = state.change(move |tx: &mut Transaction<'_>| {
            (1..=rows).for_each(|sequence| tx.put(vpc(sequence, name_bytes)));
            tx.fits()
        });
        done.await.unwrap()
    }

    #[tokio::test]
    async fn a_command_that_would_write_too_much_writes_nothing() {
        let state = State::open(Box::<MemoryStore>::default()).unwrap();
        assert!(matches!(put(&state, 1, ROW_BYTES_MAX).await, Err(TooLarge::Row { .. })));
        let large = ROW_BYTES_MAX - 1024;
        assert!(matches!(put(&state, 25, large).await, Err(TooLarge::Command { rows: 25, .. })));
        assert_eq!(state.view().vpcs().all().count(), 0);
        put(&state, 20, large).await.unwrap();
        assert_eq!(state.view().vpcs().all().count(), 20);
    }

    #[tokio::test]
    async fn a_row_from_before_there_were_bounds_can_be_worked_with_but_not_fed() {
        let state = State::open(Box::<MemoryStore>::default()).unwrap();
        let old = state.change(|tx| {
            tx.put(vpc(1, 1_000_000));
            Ok::<_, TooLarge>(())
        });
        old.await.unwrap().unwrap();
        put(&state, 1, 1_000_010).await.unwrap();
        put(&state, 1, 900_000).await.unwrap();
        assert!(matches!(put(&state, 1, 1_000_000).await, Err(TooLarge::Row { .. })));
    }
}
