//! One SSH session at one machine: its user, and its channels, each in a task of its own.

use super::{
    auth,
    channel::{Asked, Out, Work},
    exchanges::Exchange,
    inbox::{self, Events, Inbox},
};
use crate::{
    admission::Admission,
    bounds::Bound,
    guest::{shell::Shell, signals::Signal, userland::Userland},
    machine::Machine,
    visits::Visit,
};
use russh::{
    Channel, ChannelId, ChannelOpenFailure, ChannelWriteHalf, Error, Pty, Sig,
    client::GexParams,
    kex::dh::groups::DhGroup,
    server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey},
};
use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration};

/// The delay of the answer to a wrong password.
const WRONG_PASSWORD: Duration = Duration::from_millis(100);
/// Channels open at a time: sshd's `MaxSessions`.
const CHANNELS_MAX: usize = 10;
/// The maximum of channels over a connection's life: russh keeps some kilobytes of each until the connection ends.
const CHANNELS_EVER_MAX: u32 = 2_000;

/// A client, and what it may do.
pub(crate) struct Visitor {
    land: Userland,
    visit: Arc<Visit>,
    exchange: Exchange,
    admission: Admission,
    channels: HashMap<ChannelId, Desk>,
    opened: u32,
}

/// A channel on the connection's side.
struct Desk {
    pty: bool,
    inbox: Inbox,
    /// What its task needs to begin; `None` once it has begun.
    waiting: Option<(Events, ChannelWriteHalf<Msg>)>,
}

impl Visitor {
    pub(crate) fn new(land: Userland, visit: Arc<Visit>, exchange: Exchange) -> Visitor {
        Visitor { land, visit, exchange, admission: Admission::default(), channels: HashMap::new(), opened: 0 }
    }

    /// The client has agreed on keys, and starts to authenticate.
    fn asks(&mut self) {
        self.visit.asks();
        self.exchange.end();
    }

    /// A refusal, with the methods that the client may try.
    fn refuse(machine: &Machine) -> Auth {
        Auth::Reject { proceed_with_methods: Some(auth::methods(machine)), partial_success: false }
    }

    /// Admits a client with the right password.
    async fn check(&mut self, user: &str, password: &str) -> Result<Auth, Error> {
        let machine = self.land.machine()?;
        let (name, password) = (user.to_owned(), password.to_owned());
        let checked = machine.clone();
        let admits = move || auth::password_admits(&checked, &name, &password);
        let right = self.land.machines.computing.checks_password(machine.id, admits).await;
        // Checked again, because hashing took time: the present state decides.
        let unchanged = self.land.machine()?.entrance() == machine.entrance();
        if right && unchanged {
            self.admission = Admission::default();
            return Ok(Auth::Accept);
        }
        self.visit.failed_password(user);
        tokio::time::sleep(WRONG_PASSWORD).await;
        Ok(Self::refuse(&machine))
    }

    fn may_open(&mut self) -> bool {
        self.channels.retain(|_, desk| !desk.inbox.is_over());
        self.channels.len() < CHANNELS_MAX && self.opened < CHANNELS_EVER_MAX
    }

    /// Begins what a client requested: its own command, or the one that its key's line forces.
    fn begin(&mut self, channel: ChannelId, asked: Asked, session: &mut Session) -> Result<(), Error> {
        let Some(desk) = self.channels.get_mut(&channel) else { return session.channel_failure(channel) };
        let Some((events, half)) = desk.waiting.take() else { return session.channel_failure(channel) };
        session.channel_success(channel)?;
        let asked = match self.admission.command.as_deref() {
            None => asked,
            Some("internal-sftp") => Asked::Sftp,
            Some(command) => Asked::Command(command.to_owned()),
        };
        let out = Out { channel: half, pty: desk.pty, signals: Arc::clone(&events.signals) };
        let work = Work { land: self.land.clone(), events, out, shell: Shell::default() };
        self.land.machines.spawn(work.run(asked));
        Ok(())
    }
}

impl Handler for Visitor {
    type Error = Error;

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, Error> {
        self.asks();
        Ok(Self::refuse(&*self.land.machine()?))
    }

    async fn lookup_dh_gex_group(&mut self, wanted: &GexParams) -> Result<Option<DhGroup>, Error> {
        Ok(self.exchange.begin(wanted))
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Error> {
        self.asks();
        self.check(user, password).await
    }

    /// One question, for the password; the rules for passwords apply.
    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        self.asks();
        let machine = self.land.machine()?;
        if !machine.entrance().password_login {
            return Ok(Self::refuse(&machine));
        }
        let Some(mut response) = response else {
            let prompts = Cow::Owned(vec![("Password: ".into(), false)]);
            return Ok(Auth::Partial { name: "".into(), instructions: "".into(), prompts });
        };
        // A wrong number of answers counts as no answer, as with OpenSSH.
        let (answer, more) = (response.next(), response.next());
        let password = answer.filter(|_| more.is_none());
        let password = password.map(|answer| String::from_utf8_lossy(&answer).into_owned());
        self.check(user, &password.unwrap_or_default()).await
    }

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Error> {
        self.asks();
        let machine = self.land.machine()?;
        let key = (offer.public_key, offer.algorithm);
        let admits = auth::key_admits(&machine, user, key, &self.visit.conditions());
        if admits.is_none() {
            self.visit.refused_key(user);
        }
        Ok(if admits.is_some() { Auth::Accept } else { Self::refuse(&machine) })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        let machine = self.land.machine()?;
        match auth::key_admits(&machine, user, (key.public_key, key.algorithm), &self.visit.conditions()) {
            Some(admission) => {
                self.admission = admission;
                Ok(Auth::Accept)
            }
            None => Ok(Self::refuse(&machine)),
        }
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), Error> {
        self.exchange.end();
        self.visit.admitted();
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        if !self.may_open() {
            self.land.machines.bounds().reached(Bound::Channels);
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        self.opened += 1;
        let (inbox, events) = inbox::inbox(Arc::clone(&self.land.memory));
        let (id, (_, half)) = (channel.id(), channel.split());
        self.channels.insert(id, Desk { pty: false, inbox, waiting: Some((events, half)) });
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        match self.channels.get_mut(&channel) {
            Some(desk) if !self.admission.no_pty && desk.waiting.is_some() => {
                desk.pty = true;
                session.channel_success(channel)
            }
            _ => session.channel_failure(channel),
        }
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Error> {
        self.begin(channel, Asked::Shell, session)
    }

    async fn exec_request(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Result<(), Error> {
        self.begin(channel, Asked::Command(String::from_utf8_lossy(data).into_owned()), session)
    }

    async fn subsystem_request(&mut self, channel: ChannelId, name: &str, session: &mut Session) -> Result<(), Error> {
        if name == "sftp" { self.begin(channel, Asked::Sftp, session) } else { session.channel_failure(channel) }
    }

    async fn signal(&mut self, channel: ChannelId, signal: Sig, _session: &mut Session) -> Result<(), Error> {
        if let Some(desk) = self.channels.get(&channel) {
            match signal {
                Sig::INT | Sig::QUIT => desk.inbox.interrupt(),
                Sig::TERM | Sig::KILL | Sig::HUP | Sig::ABRT => desk.inbox.raise(Signal::Terminate),
                _ => {}
            }
        }
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], _session: &mut Session) -> Result<(), Error> {
        if let Some(desk) = self.channels.get(&channel) {
            // Input before the task has begun waits for it, within the same bound.
            if desk.pty { desk.inbox.typed(data) } else { desk.inbox.data(data).await }
        }
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Error> {
        if let Some(desk) = self.channels.get(&channel) {
            desk.inbox.eof();
        }
        Ok(())
    }

    /// The task notices it by the inbox's end.
    async fn channel_close(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Error> {
        self.channels.remove(&channel);
        Ok(())
    }
}
