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
/// - [`Transaction::view`] is the state as it was when this transaction began; its own puts are not in it.
/// - Either all of its puts become durable, or none does.
/// - A command that refuses after it has put something is a broken invariant: nothing is kept, and the caller is told
///   that it was our own fault. So every command checks all before it writes anything.
#[derive(Debug)]
pub struct Transaction<'a> {
    view: &'a View,
    puts: Vec<Put>,
    /// The rows of all puts, once it was looked whether they fit.
    rows: Option<Vec<Row>>,
    lines: Vec<JournalLine>,
    last_sequence: u64,
    allocated: Allocated,
    /// Nothing of it is kept, however it ends.
    only_tried: bool,
}

/// A client token is kept for 24 hours.
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

    /// An address of the subnet: the one wanted, or a free one. Addresses given back are used again only when the
    /// subnet has been walked.
    ///
    /// # Errors
    /// [`Refusal::AddressNotInSubnet`], [`Refusal::AddressTaken`]; [`Refusal::SubnetExhausted`], or
    /// [`Refusal::AddressesExhausted`] for a default subnet.
    pub fn allocate_address(&mut self, subnet: &Subnet, wanted: Option<Ipv4Addr>) -> Result<Ipv4Addr, Refusal> {
        self.allocated.allocate(&self.view.addresses, subnet, wanted)
    }

    /// A free address at which an instance can be reached from outside its VPC: one of the block.
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

    /// Takes the account away. What it owns must have gone before it; its number is never given again.
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

    /// Takes away rows of an account that own nothing outside the state: all kinds but instances and credentials. At most
    /// so many, so that other accounts' commands come between; the number of those taken.
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

    /// Keeps the token, and forgets a few that are older than a day.
    pub fn put_client_token(&mut self, token: ClientToken) {
        let old = token.created_seconds.saturating_sub(CLIENT_TOKEN_SECONDS);
        for expired in self.view.oldest_client_tokens().take_while(|kept| kept.created_seconds < old).take(4) {
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

    /// Puts a row: a new one, or the new content of one that is there.
    pub fn put<T: Kind>(&mut self, value: T) {
        self.puts.push(Put::Resource(T::into_any(Arc::new(value))));
    }

    /// Takes a row away.
    pub fn delete<T: Kind>(&mut self, value: &Arc<T>) {
        self.puts.push(Put::ResourceGone(T::into_any(Arc::clone(value))));
    }

    /// Tells the journal what came of an operation.
    pub fn write_line(&mut self, line: JournalLine) {
        self.lines.push(line);
    }

    /// What this transaction has made, changed or taken away, as the journal tells it.
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

    /// Looks, at the end of a command, whether it writes no more than one may; otherwise it writes nothing, so that it can
    /// be refused still.
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

    /// Looks, at the end of a command, whether the account holds no more than so many bytes with it; otherwise it writes nothing.
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

    /// Writes nothing in the end: the command only asks whether it would be refused, by its bounds too.
    pub fn only_try(&mut self) {
        self.only_tried = true;
    }

    /// Whether a command may write so many instances like this one: asked before they are made.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn fit(&self, instance: &Instance, count: usize) -> Result<(), TooLarge> {
        bounds::copies_within(&Put::Instance(Arc::new(instance.clone())), count)
    }

    /// All puts with their rows, and the lines.
    pub(crate) fn into_parts(self) -> (Vec<(Put, Row)>, Vec<JournalLine>) {
        let Transaction { puts, rows, lines, only_tried, .. } = self;
        if only_tried {
            return (Vec::new(), Vec::new());
        }
        // Invariant: what was put after the look is not among the rows looked at.
        let rows = rows.filter(|rows| rows.len() == puts.len());
        let rows = rows.unwrap_or_else(|| puts.iter().map(encode).collect());
        (puts.into_iter().zip(rows).collect(), lines)
    }
}
