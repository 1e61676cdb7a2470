//! What a command may read and write.

use crate::{ClientToken, JournalLine, Message, Settings, Shelved, View};
use cvmd_model::{Account, Credential, Instance, InstanceId, Kept, KeyPair, Refusal};
use std::{net::Ipv4Addr, sync::Arc};

/// One change to one row.
#[derive(Debug, Clone)]
pub(crate) enum Put {
    Settings(Arc<Settings>),
    Account(Arc<Account>),
    Credential(Arc<Credential>),
    Instance(Arc<Instance>),
    InstanceGone(Arc<Instance>),
    KeyPair(Arc<KeyPair>),
    KeyPairGone(Arc<KeyPair>),
    ClientToken(Arc<ClientToken>),
    ClientTokenGone(Arc<ClientToken>),
    Message(Arc<Message>),
    MessageGone(Arc<Message>),
    Shelved(Shelved),
    ShelvedGone(Shelved),
}

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
    lines: Vec<JournalLine>,
    last_sequence: u64,
    last_address: Option<Ipv4Addr>,
}

/// A client token is kept for 24 hours.
pub(crate) const CLIENT_TOKEN_SECONDS: u64 = 24 * 60 * 60;

impl<'a> Transaction<'a> {
    pub(crate) fn new(view: &'a View) -> Self {
        Transaction {
            view,
            puts: Vec::new(),
            lines: Vec::new(),
            last_sequence: view.last_sequence(),
            last_address: view.last_address(),
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

    /// A free address of the default VPC. Addresses given back are used again only when the block has been walked.
    ///
    /// # Errors
    /// [`Refusal::AddressesExhausted`].
    pub fn allocate_address(&mut self) -> Result<Ipv4Addr, Refusal> {
        let (first, last) = self.view.settings().addresses();
        let (first, last) = (u32::from(first), u32::from(last));
        let size = last - first + 1;
        let start = self.last_address.map_or(0, |address| u32::from(address).wrapping_sub(first).wrapping_add(1));
        for step in 0..size {
            let address = Ipv4Addr::from(first + (start % size + step) % size);
            // .0 and .255 look like network and broadcast addresses to people and to tools.
            if matches!(address.octets()[3], 0 | 255) || self.view.is_address_taken(address) {
                continue;
            }
            self.last_address = Some(address);
            return Ok(address);
        }
        Err(Refusal::AddressesExhausted)
    }

    pub fn put_settings(&mut self, settings: Settings) {
        self.puts.push(Put::Settings(Arc::new(settings)));
    }

    pub fn put_account(&mut self, account: Account) {
        self.puts.push(Put::Account(Arc::new(account)));
    }

    pub fn put_credential(&mut self, credential: Credential) {
        self.puts.push(Put::Credential(Arc::new(credential)));
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

    /// Puts a row on its shelf: a new one, or the new content of one that is there.
    pub fn keep<T: Kept>(&mut self, value: T)
    where
        Shelved: From<Arc<T>>,
    {
        self.puts.push(Put::Shelved(Arc::new(value).into()));
    }

    /// Takes a row off its shelf.
    pub fn discard<T: Kept>(&mut self, value: &Arc<T>)
    where
        Shelved: From<Arc<T>>,
    {
        self.puts.push(Put::ShelvedGone(Arc::clone(value).into()));
    }

    /// Tells the journal what came of an operation.
    pub fn write_line(&mut self, line: JournalLine) {
        self.lines.push(line);
    }

    /// Instances that this transaction has put.
    pub(crate) fn created(&self) -> Vec<InstanceId> {
        let put = |put: &Put| match put {
            Put::Instance(instance) => Some(instance.id),
            _ => None,
        };
        self.puts.iter().filter_map(put).collect()
    }

    pub(crate) fn into_parts(self) -> (Vec<Put>, Vec<JournalLine>) {
        (self.puts, self.lines)
    }
}
