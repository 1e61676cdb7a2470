//! Accounts and their credentials: made by the first start, by the environment, and by the operator.

use crate::{
    data::DataDirectory,
    house::House,
    master_key::{Secret, write_private},
    random,
};
use anyhow::bail;
use cvmd_model::{Account, AccountNumber, Credential};
use std::{convert::Infallible, io::IsTerminal};

/// The first account; others are made by `cvmd account add`.
pub(crate) const FIRST_ACCOUNT: AccountNumber = AccountNumber(1);

/// Makes the first account and sees that its credential is the one asked for.
pub(crate) async fn first_account(
    house: &House,
    data: &DataDirectory,
    given: Option<&(String, Secret)>,
) -> anyhow::Result<()> {
    let view = house.state.view();
    if view.account(FIRST_ACCOUNT).is_none() {
        add_account(house, FIRST_ACCOUNT, "default").await?;
    }
    match given {
        Some((id, key)) => {
            if view.credential(id).is_some_and(|credential| credential.account != FIRST_ACCOUNT) {
                bail!("CVMD_SECRET_ID {id} is another account's credential");
            }
            put_credential(house, FIRST_ACCOUNT, id.clone(), key.expose()).await
        }
        None if view.credentials().any(|credential| credential.account == FIRST_ACCOUNT) => Ok(()),
        None => make_credential(house, data).await,
    }
}

/// The file is written before the row: a start that is killed between the two uses the file's credential the next time.
async fn make_credential(house: &House, data: &DataDirectory) -> anyhow::Result<()> {
    let path = data.credential();
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let mut lines = kept.lines();
    let (id, key) = match (lines.next(), lines.next()) {
        (Some(id), Some(key)) => (id.to_string(), key.to_string().into()),
        _ => new_credential(),
    };
    write_private(&path, &format!("{id}\n{}", key.expose()))?;
    put_credential(house, FIRST_ACCOUNT, id.clone(), key.expose()).await?;
    if std::io::stderr().is_terminal() {
        eprintln!("credential of the first account, kept in {}:", path.display());
        eprintln!("  SecretId  {id}\n  SecretKey {}", key.expose());
    }
    Ok(())
}

/// A credential as the vendor's look: 36 and 32 characters.
pub(crate) fn new_credential() -> (String, Secret) {
    (format!("AKID{}", random::letters(32)), random::letters(32).into())
}

pub(crate) async fn add_account(house: &House, number: AccountNumber, name: &str) -> anyhow::Result<Account> {
    let account = Account {
        number,
        name: name.into(),
        uin: 100_000_000_000 + u64::from(number.0),
        app_id: 1_250_000_000 + u64::from(number.0),
        created_seconds: house.now_seconds(),
    };
    let row = account.clone();
    let Ok(()) = house
        .state
        .change(move |tx| {
            tx.put_account(row);
            Ok::<_, Infallible>(())
        })
        .await?;
    Ok(account)
}

/// Keeps a credential, encrypted, and lets requests be signed with it at once.
pub(crate) async fn put_credential(house: &House, account: AccountNumber, id: String, key: &str) -> anyhow::Result<()> {
    let encrypted = cvmd_actions::Seal::seal(&*house.master_key, key);
    let created_seconds = house.now_seconds();
    let secret_id: Box<str> = id.as_str().into();
    let Ok(()) = house
        .state
        .change(move |tx| {
            let known = tx.view().credential(&secret_id).map(|known| known.sequence);
            let sequence = known.unwrap_or_else(|| tx.next_sequence());
            tx.put_credential(Credential {
                sequence,
                account,
                secret_id,
                secret_key_encrypted: encrypted,
                created_seconds,
            });
            Ok::<_, Infallible>(())
        })
        .await?;
    house.credentials.put(account.0, &id, key);
    Ok(())
}
