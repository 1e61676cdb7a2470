//! Sealed texts of earlier versions, which name neither purpose nor row: a start seals them again.

use crate::{
    app::{App, put_settings, write},
    master_key::MasterKey,
};
use cvmd_model::Credential;
use cvmd_state::{Message, Settings, Transaction};

/// The maximum of rows that one transaction writes.
const ROWS_AT_ONCE: usize = 1_000;

/// Runs before anything else, until nothing is left to seal anew: a later text of an earlier version is out of an old copy,
/// and not of the row in which it stands. Texts that another master key has sealed stay until that key is back.
///
/// # Errors
/// When a change cannot be made durable. A later start continues.
pub(crate) async fn seal_anew(app: &App) -> anyhow::Result<()> {
    let (view, key) = (app.state.view(), &app.master_key);
    if view.settings().sealed_for_rows {
        return Ok(());
    }
    let credentials = view.credentials().filter_map(|row| {
        let secret_key_encrypted = key.seal_anew(&row.secret_key_encrypted, (&**row).into())?;
        Some(Credential { secret_key_encrypted, ..Credential::clone(row) })
    });
    let messages = view.messages().filter_map(|row| {
        let text_encrypted = key.seal_anew(&row.text_encrypted, (&**row).into())?;
        Some(Message { text_encrypted, ..Message::clone(row) })
    });
    let (credentials, messages) = (credentials.collect(), messages.collect());
    put(app, credentials, |tx, row| tx.put_credential(row)).await?;
    put(app, messages, |tx, row| tx.put_message(row)).await?;
    let view = app.state.view();
    let keys = view.credentials().map(|row| &row.secret_key_encrypted);
    let mut texts = keys.chain(view.messages().map(|row| &row.text_encrypted));
    if texts.all(|sealed| MasterKey::is_for_a_row(sealed)) {
        put_settings(&app.state, Settings { sealed_for_rows: true, ..view.settings().clone() }).await?;
    }
    Ok(())
}

async fn put<T: Send + 'static>(app: &App, mut rows: Vec<T>, put: fn(&mut Transaction<'_>, T)) -> anyhow::Result<()> {
    while !rows.is_empty() {
        let part = rows.split_off(rows.len().saturating_sub(ROWS_AT_ONCE));
        write(&app.state, move |tx| part.into_iter().for_each(|row| put(tx, row))).await?;
    }
    Ok(())
}
