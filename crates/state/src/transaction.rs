//! What a command may read and write.

use crate::{
    AnyResource, ClientToken, JournalLine, Kind, Message, Settings, TooLarge, View,
    addresses::Allocated,
    bounds,
    changes::Put,
    journal::{OTHERS_NAMED_MAX, Written},
    store::{Row, encode},
};
use cvmd_model::{Account, AccountNumber, Credential, Instance, KeyPair, Refusal, Subnet, ZoneId};
use std::{net::Ipv4Addr, sync::Arc};

/// A command's access to the newest state, on the writer.
///
/// # Guarantees
/// - [`Transaction::view`] is the state when this transaction began; it does not show the transaction's own puts.
/// - Either all of its puts become durable, or none does.
/// - A command that refuses after it has put something is a broken invariant: nothing is stored, and the caller gets an
///   internal error. So every command checks everything before it writes.
#[derive(Debug)]
pub struct Transaction<'a> {
    view: &'a View,
    puts: Vec<Put>,
    /// The rows of all puts, once `fits` has checked their size.
    rows: Option<Vec<Row>>,
    lines: Vec<JournalLine>,
    last_sequence: u64,
    allocated: Allocated,
    /// If true, nothing is stored, whatever the outcome.
    only_tried: bool,
}

/// A client token is valid for 24 hours.
pub(crate) const CLIENT_TOKEN_SECONDS: u64 = 24 * 60 * 60;

impl<'a> Transaction<'a> {
    pub(crate) fn new(view: &'a View) -> Self {
        Transaction {
            view,
            puts: Vec::new(),
            rows: None,
            lines: Vec::new(),
            last_sequence: view.last_sequence(),
            allocated: Allocated::default(),
            only_tried: false,
        }
    }

    #[must_use]
    pub fn view(&self) -> &'a View {
        self.view
    }

    /// A number greater than that of every row before it.
    pub fn next_sequence(&mut self) -> u64 {
        self.last_sequence += 1;
        self.last_sequence
    }

    /// Allocates an address of the subnet: the wanted one, or a free one. Released addresses are used again only after
    /// the rest of the subnet.
    ///
    /// # Errors
    /// [`Refusal::AddressNotInSubnet`], [`Refusal::AddressTaken`]; [`Refusal::SubnetExhausted`], or
    /// [`Refusal::AddressesExhausted`] for a default subnet.
    pub fn allocate_address(&mut self, subnet: &Subnet, wanted: Option<Ipv4Addr>) -> Result<Ipv4Addr, Refusal> {
        self.allocated.allocate(&self.view.addresses, subnet, wanted)
    }

    /// Allocates a public address for an instance, from the block.
    ///
    /// # Errors
    /// [`Refusal::AddressesExhausted`].
    pub fn allocate_public_address(&mut self, account: AccountNumber, zone: ZoneId) -> Result<Ipv4Addr, Refusal> {
        self.allocate_address(&self.view.default_subnet_of(account, zone), None)
    }

    pub fn put_settings(&mut self, settings: Settings) {
        self.puts.push(Put::Settings(Arc::new(settings)));
    }

    pub fn put_account(&mut self, account: Account) {
        self.puts.push(Put::Account(Arc::new(account)));
    }

    /// Deletes the account. Everything that it owns must have been deleted before; its number is never used again.
    pub fn remove_account(&mut self, account: &Arc<Account>) {
        let known = self.view.settings();
        let last_account = known.last_account.max(account.number.0);
        self.puts.push(Put::Settings(Arc::new(Settings { last_account, ..known.clone() })));
        self.puts.push(Put::AccountGone(Arc::clone(account)));
    }

    pub fn put_credential(&mut self, credential: Credential) {
        self.puts.push(Put::Credential(Arc::new(credential)));
    }

    pub fn remove_credential(&mut self, credential: &Arc<Credential>) {
        self.puts.push(Put::CredentialGone(Arc::clone(credential)));
    }

    /// Deletes rows of an account that have nothing outside the state: all kinds but instances and credentials. At most
    /// `rows_max`, so that other accounts' commands run in between; returns the number of deleted rows.
    pub fn remove_rows_of(&mut self, account: AccountNumber, rows_max: usize) -> usize {
        let view = self.view;
        let before = self.puts.len();
        self.puts.extend(view.rows_gone_with(account).take(rows_max));
        self.puts.len() - before
    }

    pub fn put_instance(&mut self, instance: Instance) {
        self.puts.push(Put::Instance(Arc::new(instance)));
    }

    pub fn remove_instance(&mut self, instance: &Arc<Instance>) {
        self.puts.push(Put::InstanceGone(Arc::clone(instance)));
    }

    pub fn put_key_pair(&mut self, key: KeyPair) {
        self.puts.push(Put::KeyPair(Arc::new(key)));
    }

    pub fn remove_key_pair(&mut self, key: &Arc<KeyPair>) {
        self.puts.push(Put::KeyPairGone(Arc::clone(key)));
    }

    /// Stores the token, and deletes a few that are older than a day.
    pub fn put_client_token(&mut self, token: ClientToken) {
        let old = token.created_seconds.saturating_sub(CLIENT_TOKEN_SECONDS);
        for expired in self.view.oldest_client_tokens().take_while(|token| token.created_seconds < old).take(4) {
            self.puts.push(Put::ClientTokenGone(Arc::clone(expired)));
        }
        self.puts.push(Put::ClientToken(Arc::new(token)));
    }

    pub fn put_message(&mut self, message: Message) {
        self.puts.push(Put::Message(Arc::new(message)));
    }

    pub fn remove_message(&mut self, message: &Arc<Message>) {
        self.puts.push(Put::MessageGone(Arc::clone(message)));
    }

    /// Puts a row: a new one, or the new content of an existing one.
    pub fn put<T: Kind>(&mut self, value: T) {
        self.puts.push(Put::Resource(T::into_any(Arc::new(value))));
    }

    /// Deletes a row.
    pub fn delete<T: Kind>(&mut self, value: &Arc<T>) {
        self.puts.push(Put::ResourceGone(T::into_any(Arc::clone(value))));
    }

    /// Writes the outcome of an operation into the journal.
    pub fn write_line(&mut self, line: JournalLine) {
        self.lines.push(line);
    }

    /// The ids that this transaction has created, changed or deleted, for the journal.
    pub(crate) fn written(&self) -> Written {
        if self.only_tried {
            return Written::default();
        }
        let instance = |put: &Put| match put {
            Put::Instance(instance) => Some(instance.id),
            _ => None,
        };
        let other = |put: &Put| match put {
            Put::KeyPair(key) | Put::KeyPairGone(key) => Some(key.id.to_string()),
            // It has no id: the vendor names it by key and value.
            Put::Resource(AnyResource::CreatedTag(_)) | Put::ResourceGone(AnyResource::CreatedTag(_)) => None,
            Put::Resource(row) | Put::ResourceGone(row) => Some(row.id()),
            _ => None,
        };
        Written {
            instances: self.puts.iter().filter_map(instance).collect(),
            others: self.puts.iter().filter_map(other).take(OTHERS_NAMED_MAX).collect(),
        }
    }

    /// Checks, at the end of a command, that it writes no more than one command may; if it does, nothing is written, so
    /// that the command can still be refused.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn fits(&mut self) -> Result<(), TooLarge> {
        match bounds::rows_within(self.view, &self.puts) {
            Ok(rows) => self.rows = Some(rows),
            Err(too_large) => {
                self.puts.clear();
                self.lines.clear();
                return Err(too_large);
            }
        }
        Ok(())
    }

    /// Checks, at the end of a command, that the account stays within that many bytes; if it does not, nothing is
    /// written.
    ///
    /// # Errors
    /// [`TooLarge::Account`].
    pub fn within_account(&mut self, account: AccountNumber, bytes_max: u64) -> Result<(), TooLarge> {
        let within = bounds::account_within(self.view, &self.puts, account, bytes_max);
        if within.is_err() {
            self.puts.clear();
            self.lines.clear();
        }
        within
    }

    /// Discards all writes in the end: the command only asks whether it would be refused, by the bounds too.
    pub fn only_try(&mut self) {
        self.only_tried = true;
    }

    /// Whether a command may write that many instances like this one; asked before they are made.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn fit(&self, instance: &Instance, count: usize) -> Result<(), TooLarge> {
        bounds::copies_within(&Put::Instance(Arc::new(instance.clone())), count)
    }

    /// All puts with their rows, and the journal lines.
    pub(crate) fn into_parts(self) -> (Vec<(Put, Row)>, Vec<JournalLine>) {
        let Transaction { puts, rows, lines, only_tried, .. } = self;
        if only_tried {
            return (Vec::new(), Vec::new());
        }
        // Invariant: a put after the check has no row among those checked.
        let rows = rows.filter(|rows| rows.len() == puts.len());
        let rows = rows.unwrap_or_else(|| puts.iter().map(encode).collect());
        (puts.into_iter().zip(rows).collect(), lines)
    }
}
