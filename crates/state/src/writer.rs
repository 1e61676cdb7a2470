//! The single writer: runs commands one after the other, in groups, and hands each group over to be persisted.
//!
//! While one group is persisted the next one is run on what that one leads to, so groups grow with the load. A lone
//! command waits for no company.

use crate::{
    CommitError, Decision, JournalEntry, JournalFilter, JournalLine, OpenError, Transaction, View,
    jobs::{Jobs, NoRoom, Owner},
    journal::Written,
    load::load,
    persist::{Answer, Gathered, Persister, Ready, Shared, run_or_abort},
    share::{Heavy, Shares},
    store::{Journal, Store, StoreError},
};
use cvmd_model::{AccountNumber, InstanceId, RequestId};
use parking_lot::Mutex;
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Sender, channel},
    },
    thread::JoinHandle,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

/// The handle of commands and readers. One per data directory.
///
/// # Guarantees
/// - What [`State::commit`] answered with `Ok` survives a crash, and every later [`State::view`] shows it.
/// - A view never shows what is not durable.
///
/// # Assumptions
/// - Nobody else writes to the store.
#[derive(Debug)]
pub struct State {
    shared: Arc<Shared>,
    journal: Arc<dyn Journal>,
    jobs: Jobs<Run>,
    /// The writer and, behind it, what persists.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

type Run = Box<dyn FnOnce(&View, &mut Gathered) -> Answer + Send>;

impl State {
    /// Loads the store and starts the writer. Blocks until the store is loaded, and uses threads of its own: most of
    /// the time goes into parsing.
    ///
    /// # Errors
    /// When a row cannot be read.
    pub fn open(mut store: Box<dyn Store>) -> Result<State, OpenError> {
        let (view, revision) = load(store.as_mut())?;
        let shared = Arc::new(Shared::new(view));
        let journal = store.journal();
        let jobs = Jobs::new();
        let (groups, ready) = channel();
        let (waiting, persisting) = (jobs.clone(), jobs.clone());
        let persister = Persister::new(Arc::clone(&shared), store, revision);
        let persister = spawn("state-log", move || persister.run(&ready, || persisting.persisted()))?;
        let writer = Writer { ahead: shared.durable(), shared: Arc::clone(&shared), groups, heavy: Heavy::default() };
        let writer = spawn("state-writer", move || writer.run(&waiting))?;
        Ok(State { shared, journal, jobs, threads: Mutex::new(vec![writer, persister]) })
    }

    /// The newest view. No lock, no disk.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.shared.view.load_full()
    }

    /// Runs a command on the newest state and makes it durable, with its line in the journal, whatever the command
    /// decides.
    ///
    /// # Errors
    /// [`CommitError`]; then nothing of the command is stored.
    pub async fn commit<T, E>(
        &self,
        entry: JournalEntry,
        apply: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, CommitError>
    where
        T: Send + 'static,
        E: Decision + Send + 'static,
    {
        self.submit(Owner::Account(entry.account), apply, move |outcome, written| {
            Some(entry.decided(outcome.as_ref().err(), written))
        })
        .await
    }

    /// Runs a change of the operator's; the journal gets only the lines that the change writes itself.
    ///
    /// # Errors
    /// [`CommitError`]; then nothing of the change is stored.
    pub async fn change<T, E>(
        &self,
        apply: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, CommitError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.submit(Owner::Ours, apply, |_, _| None).await
    }

    /// The same for changes that the engine makes because of an account's machines.
    ///
    /// # Errors
    /// [`CommitError`]; then nothing of the change is stored.
    pub async fn change_of<T, E>(
        &self,
        account: AccountNumber,
        apply: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, CommitError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.submit(Owner::Machines(account), apply, |_, _| None).await
    }

    /// The journal's lines of a request, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn lines_of(&self, request: RequestId) -> Result<Vec<JournalLine>, CommitError> {
        self.ask(move |journal| journal.lines_of(request)).await
    }

    /// The journal's newest lines that match, the oldest of them first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn last_lines(&self, filter: JournalFilter, lines_max: usize) -> Result<Vec<JournalLine>, CommitError> {
        self.ask(move |journal| journal.last_lines(filter, lines_max)).await
    }

    /// The replay keys of signed requests since that time, which must not be repeated.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn replays_since(&self, at_seconds: u64) -> Result<Vec<Box<str>>, CommitError> {
        self.ask(move |journal| journal.replays_since(at_seconds)).await
    }

    /// Reserves addresses, which are then not allocated until the next start. Called before the first command.
    pub fn reserve(&self, addresses: &[Ipv4Addr]) {
        self.shared.view.rcu(|view| {
            let mut view = View::clone(view);
            addresses.iter().for_each(|address| view.addresses.reserve(*address));
            view
        });
    }

    /// Ids of instances that were put with another request's operation than before or with other tags, after each publish
    /// from now on. What goes on with an operation, or ends it, is announced to nobody: whoever does that knows.
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<InstanceId> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.shared.subscribers.lock().push(sender);
        receiver
    }

    /// Changes after each publish in which rows of custom images were put or deleted.
    #[must_use]
    pub fn images_changed(&self) -> watch::Receiver<()> {
        self.shared.images.subscribe()
    }

    /// Groups persisted, commands in them that wrote something, and microseconds spent persisting, since the start.
    #[must_use]
    pub fn figures(&self) -> (u64, u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (read(&self.shared.groups), read(&self.shared.commands), read(&self.shared.persist_us))
    }

    /// Bytes in the engine's log beside the store's database.
    #[must_use]
    pub fn log_bytes(&self) -> u64 {
        self.shared.log_bytes.load(Ordering::Relaxed)
    }

    /// Why the last group could not be made durable; none if it could.
    #[must_use]
    pub fn write_error(&self) -> Option<Arc<str>> {
        self.shared.write_error.lock().clone()
    }

    /// Whether one account may fill whole groups of commits, as while a seed is loaded: nobody waits beside it then.
    pub fn serve_one(&self, alone: bool) {
        self.shared.serves_one.store(alone, Ordering::Relaxed);
    }

    /// Lets the writer finish its queue and waits for it. Later commands get [`CommitError::Closed`].
    pub fn close(&self) {
        self.jobs.close();
        for thread in self.threads.lock().drain(..) {
            // It never ends by a panic: a panic ends the process.
            let _ = thread.join();
        }
    }

    async fn submit<T, E>(
        &self,
        owner: Owner,
        apply: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
        line: impl FnOnce(&Result<T, E>, Written) -> Option<JournalLine> + Send + 'static,
    ) -> Result<Result<T, E>, CommitError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let run: Run = Box::new(move |view, gathered| {
            let mut transaction = Transaction::new(view);
            let outcome = apply(&mut transaction);
            let line = line(&outcome, transaction.written());
            let (puts, lines) = transaction.into_parts();
            let wrote = outcome.is_err() && !puts.is_empty();
            if outcome.is_ok() {
                gathered.puts = puts;
                gathered.lines = lines;
            }
            if outcome.is_ok() { &mut gathered.lines } else { &mut gathered.refused }.extend(line);
            Box::new(move |persisted| {
                let answer = match persisted {
                    Ok(()) if wrote => Err(CommitError::WroteBeforeRefusing(std::any::type_name::<E>().into())),
                    Ok(()) => Ok(outcome),
                    Err(error) => Err(error),
                };
                // A caller that has gone away needs no answer; its command is done all the same.
                let _ = sender.send(answer);
            })
        });
        self.jobs.add(owner, run).map_err(|no_room| match no_room {
            NoRoom::Closed => CommitError::Closed,
            NoRoom::Full { waiting } => CommitError::TooManyWait { waiting },
        })?;
        receiver.await.map_err(|_| CommitError::Closed)?
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Journal) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, CommitError> {
        let journal = Arc::clone(&self.journal);
        let answer = tokio::task::spawn_blocking(move || question(journal.as_ref())).await;
        answer.map_err(|_| CommitError::Closed)?.map_err(|error| CommitError::Store(error.to_string().into()))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.close();
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    Ok(std::thread::Builder::new().name(name.into()).spawn(move || run_or_abort(run))?)
}

struct Writer {
    shared: Arc<Shared>,
    groups: Sender<Ready>,
    /// What the group that is being persisted leads to, and the failures before it.
    ahead: (View, u64),
    heavy: Heavy,
}

impl Writer {
    fn run(mut self, waiting: &Jobs<Run>) {
        loop {
            let first = waiting.first(|owner| self.heavy.may_begin(owner), |owner| self.heavy.may_join(owner));
            let Some(first) = first else { return };
            let ready = self.group(first, waiting);
            self.ahead = (ready.view.clone(), ready.failures);
            waiting.persisting();
            if self.groups.send(ready).is_err() {
                return;
            }
        }
    }

    /// Runs a group on what the one before it leads to, until that one is durable or lost.
    fn group(&mut self, first: (Owner, Run), waiting: &Jobs<Run>) -> Ready {
        let (view, failures) = if waiting.is_persisting() { self.ahead.clone() } else { self.shared.durable() };
        let mut ready = Ready::new(view, failures);
        let mut shares = Shares::default();
        self.heavy.begins();
        let alone = self.shared.serves_one.load(Ordering::Relaxed);
        let mut next = Some(first);
        while let Some((owner, run)) = next {
            let begun = Instant::now();
            let mut gathered = Gathered::default();
            ready.answers.push(run(&ready.view, &mut gathered));
            let cost = gathered.cost(begun);
            shares.add(owner, cost);
            self.heavy.learn(owner, cost);
            ready.add(gathered);
            next = waiting.next(|owner| {
                !shares.is_full(alone) && (alone || shares.has_room_for(owner)) && self.heavy.may_join(owner)
            });
        }
        ready
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{
        ClientToken,
        store::{Group, MemoryStore},
    };
    use cvmd_model::{Account, AccountNumber, RegionId};
    use std::convert::Infallible;

    #[derive(Debug, PartialEq)]
    struct No;

    impl Decision for No {
        fn decision(&self) -> &'static str {
            "No"
        }
    }

    fn account(number: u32) -> Account {
        let name = format!("account-{number}").into();
        Account { number: AccountNumber(number), name, uin: 1, app_id: 1, created_seconds: 0 }
    }

    fn entry(request: u128) -> JournalEntry {
        JournalEntry {
            request: RequestId(uuid::Uuid::from_u128(request)),
            account: AccountNumber(1),
            credential: "AKID".into(),
            action: "Test",
            at_seconds: 5,
            microseconds: 0,
            instances: vec![],
            target: None,
            dry_run: false,
            replay: None,
        }
    }

    async fn put(state: &State, number: u32) -> Result<(), CommitError> {
        let done = state.change(move |tx| {
            tx.put_account(account(number));
            Ok::<_, Infallible>(())
        });
        done.await.map(|Ok(())| ())
    }

    #[tokio::test]
    async fn a_group_that_cannot_be_persisted_is_dropped_and_nothing_before_it_is_lost() {
        let store = MemoryStore::default();
        let state = State::open(Box::new(store.clone())).unwrap();
        put(&state, 1).await.unwrap();
        store.fail(true);
        assert!(matches!(put(&state, 2).await, Err(CommitError::Store(_))));
        assert_eq!(state.view().accounts().count(), 1, "a view never shows what is not durable");
        assert_eq!(state.write_error().as_deref(), Some("made to fail"));
        store.fail(false);
        put(&state, 3).await.unwrap();
        assert_eq!(state.write_error(), None);
        drop(state);
        let again = State::open(Box::new(store)).unwrap();
        let numbers: Vec<u32> = again.view().accounts().map(|account| account.number.0).collect();
        assert_eq!(numbers, [1, 3]);
    }

    #[tokio::test]
    async fn a_command_that_refuses_after_it_has_written_is_our_own_fault() {
        let state = State::open(Box::<MemoryStore>::default()).unwrap();
        let outcome = state.commit(entry(1), |tx| {
            tx.put_account(account(1));
            Err::<(), _>(No)
        });
        assert!(matches!(outcome.await, Err(CommitError::WroteBeforeRefusing(_))));
        assert_eq!(state.view().accounts().count(), 0);
    }

    #[tokio::test]
    async fn every_command_leaves_a_line_also_a_refused_one() {
        let state = State::open(Box::<MemoryStore>::default()).unwrap();
        assert_eq!(state.commit(entry(1), |_| Err::<(), _>(No)).await.unwrap(), Err(No));
        assert_eq!(state.commit(entry(2), |_| Ok::<_, No>(7)).await.unwrap(), Ok(7));
        let decision = async |request| {
            let lines = state.lines_of(RequestId(uuid::Uuid::from_u128(request))).await.unwrap();
            lines.iter().map(|line| line.decision.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(decision(1).await, ["No"]);
        assert_eq!(decision(2).await, ["accepted"]);
        assert!(decision(3).await.is_empty());
    }

    #[tokio::test]
    async fn commands_see_each_other_in_order_also_within_a_group() {
        let state = Arc::new(State::open(Box::<MemoryStore>::default()).unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..1000 {
            let state = Arc::clone(&state);
            tasks.spawn(async move {
                let done = state.change(|tx| {
                    let next = tx.view().accounts().count() as u32 + 1;
                    tx.put_account(account(next));
                    Ok::<_, Infallible>(())
                });
                done.await.unwrap().unwrap();
            });
        }
        tasks.join_all().await;
        assert_eq!(state.view().accounts().count(), 1000, "no two commands took the same number");
        assert!(state.figures().0 < 1000, "they were persisted in groups");
    }

    /// A store that reports the rows of each group, by their sequence, and waits until it may continue, or must fail.
    #[derive(Debug)]
    struct Held {
        rows: MemoryStore,
        groups: std::sync::mpsc::Sender<Vec<u64>>,
        go_on: std::sync::mpsc::Receiver<GoOn>,
    }

    #[derive(Debug, PartialEq)]
    enum GoOn {
        Write,
        Fail,
    }

    impl Store for Held {
        fn load(&mut self, take: &mut crate::store::TakeRow<'_>) -> Result<u64, StoreError> {
            self.rows.load(take)
        }

        fn persist(&mut self, group: &Group) -> Result<(), StoreError> {
            // After the end of the test nobody listens, and groups pass at once.
            let _ = self.groups.send(group.rows.iter().map(|row| row.sequence).collect());
            if self.go_on.recv() == Ok(GoOn::Fail) {
                return Err(StoreError::Failed("made to fail".into()));
            }
            self.rows.persist(group)
        }

        fn journal(&self) -> Arc<dyn Journal> {
            self.rows.journal()
        }
    }

    const HEAVY_ROWS: u32 = 100;

    /// Queues a command that writes that many rows, from this number on.
    fn ask<'a>(
        state: &'a State,
        account: u32,
        (first, rows): (u32, u32),
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'a>> {
        let entry = JournalEntry { account: AccountNumber(account), ..entry(u128::from(first)) };
        let mut asking = Box::pin(async move {
            let done = state.commit(entry, move |tx| {
                (first..first + rows).for_each(|number| tx.put_account(self::account(number)));
                Ok::<_, No>(())
            });
            done.await.unwrap().unwrap();
        });
        let poll = asking.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert!(poll.is_pending());
        asking
    }

    fn held() -> (State, std::sync::mpsc::Receiver<Vec<u64>>, std::sync::mpsc::Sender<GoOn>) {
        let ((sender, groups), (release, go_on)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
        let store = Held { rows: MemoryStore::default(), groups: sender, go_on };
        (State::open(Box::new(store)).unwrap(), groups, release)
    }

    #[tokio::test]
    async fn what_ran_on_a_group_that_is_lost_is_lost_too_and_the_next_command_begins_from_what_is_durable() {
        let (state, groups, release) = held();
        let (tell, seen) = std::sync::mpsc::channel();
        let count = |number: u32| {
            let tell = tell.clone();
            let done = state.change(move |tx| {
                tell.send(tx.view().accounts().count()).unwrap();
                tx.put_account(account(number));
                Ok::<_, Infallible>(())
            });
            Box::pin(done)
        };
        let ask = |number| {
            let mut asking = count(number);
            assert!(asking.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_pending());
            asking
        };
        let first = ask(1);
        assert_eq!(groups.recv().unwrap(), [1]);
        let many: Vec<_> = (2..42).map(ask).collect();
        assert_eq!(seen.recv().unwrap(), 0);
        assert_eq!(seen.recv().unwrap(), 1, "the next is run on what the first leads to, while that is persisted");
        let ahead = 1 + seen.try_iter().count();
        assert_eq!(state.view().accounts().count(), 0, "nothing is shown that is not durable");
        release.send(GoOn::Fail).unwrap();
        // All after it is persisted at once.
        drop(release);
        assert!(matches!(first.await, Err(CommitError::Store(_))));
        let mut outcomes = Vec::new();
        for outcome in many {
            outcomes.push(outcome.await);
        }
        assert!(outcomes[..ahead].iter().all(|outcome| matches!(outcome, Err(CommitError::Store(_)))));
        // Those that were run after the failure began from what is durable.
        let durable = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        count(200).await.unwrap().unwrap();
        assert_eq!(seen.try_iter().last(), Some(durable));
        assert_eq!(state.view().accounts().count(), durable + 1);
    }

    #[test]
    fn a_light_command_that_comes_beside_a_crowd_of_heavy_ones_is_in_the_next_group_and_none_of_them_is() {
        let (state, groups, release) = held();
        let heavy = |number: u32| ask(&state, 1, (number * 1_000, HEAVY_ROWS));
        let mut asked = vec![heavy(1)];
        let first = groups.recv().unwrap();
        asked.extend((2..20).map(heavy));
        asked.push(ask(&state, 2, (900_000, 1)));
        release.send(GoOn::Write).unwrap();
        let second = groups.recv().unwrap();
        drop(release);
        assert_eq!(second.len(), 1, "none of the crowd goes along: {second:?}");
        let rest: Vec<usize> = std::iter::from_fn(|| groups.recv_timeout(std::time::Duration::from_secs(20)).ok())
            .take(18)
            .map(|rows| rows.len())
            .collect();
        let heavy = HEAVY_ROWS as usize;
        assert_eq!(first.len(), heavy);
        assert_eq!(rest, [heavy; 18], "nobody else waits, but somebody may come");
        drop(asked);
    }

    #[test]
    fn a_group_has_an_end_however_many_accounts_ask() {
        let (state, groups, release) = held();
        let mut asked = vec![ask(&state, 1, (1_000, 1))];
        groups.recv().unwrap();
        asked.extend((2..20).map(|account| ask(&state, account, (account * 1_000, HEAVY_ROWS))));
        drop(release);
        let second = groups.recv().unwrap().len();
        assert!((HEAVY_ROWS as usize..=600).contains(&second), "{second}");
        drop(asked);
    }

    #[test]
    fn an_account_that_is_served_alone_fills_a_group_and_else_has_a_share() {
        for (alone, expected) in [(false, 64), (true, 200)] {
            let (state, groups, release) = held();
            state.serve_one(alone);
            let mut asked = vec![ask(&state, 1, (1_000, 1))];
            groups.recv().unwrap();
            asked.extend((2_000..2_200).map(|number| ask(&state, 1, (number, 1))));
            release.send(GoOn::Write).unwrap();
            assert_eq!(groups.recv().unwrap().len(), expected);
            drop((release, asked));
        }
    }

    #[tokio::test]
    async fn client_tokens_are_forgotten_after_a_day() {
        let state = State::open(Box::<MemoryStore>::default()).unwrap();
        let keep = async |name: &str, created_seconds| {
            let token: Box<str> = name.into();
            let done = state.change(move |tx| {
                let sequence = tx.next_sequence();
                let region = RegionId::find("ap-guangzhou").unwrap();
                let account = AccountNumber(1);
                tx.put_client_token(ClientToken {
                    sequence,
                    account,
                    region,
                    token,
                    parameters: 0,
                    instances: vec![],
                    created_seconds,
                });
                Ok::<_, Infallible>(())
            });
            done.await.unwrap().unwrap();
        };
        keep("old", 0).await;
        keep("new", 100_000).await;
        let view = state.view();
        let region = RegionId::find("ap-guangzhou").unwrap();
        assert!(view.client_token(AccountNumber(1), region, "old").is_none());
        assert!(view.client_token(AccountNumber(1), region, "new").is_some());
    }
}
