//! The plan: which question goes over which connection, when there is another one, and when to give up.

use crate::{
    answer::{Answer, Stage, Unanswered, Verdict},
    connection::{Connection, Reply},
    greeting,
    offer::Offer,
    question::{Expected, Limits, Question},
};
use cvmd_clock::Clock;
use std::{collections::VecDeque, io};
use tokio::io::{AsyncRead, AsyncWrite};

/// Asks an sshd about keys of one user. `connect` makes a connection to it each time that it is called, with Nagle's
/// algorithm off if it is TCP, and may take as long as it likes: the limits hold over it.
///
/// Ask one sshd one question at a time, and leave [`Limits::pause_ms`] between two of them, because it counts
/// connections of one source. Dropping the future ends everything that it has begun.
pub async fn ask<S, F>(mut connect: impl FnMut() -> F, question: &Question, limits: &Limits, clock: Clock) -> Answer
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Future<Output = io::Result<S>>,
{
    let begun_ms = clock.now_ms();
    let over_ms = begun_ms.saturating_add(limits.in_all_ms);
    let mut probe = Probe::new(question, limits);
    let why = loop {
        if probe.is_done() {
            break probe.not_a_key.then_some(Unanswered::NotAKey);
        }
        let answered = probe.answered;
        let ends_ms = clock.now_ms().saturating_add(limits.connection_ms).min(over_ms);
        let ended = tokio::select! {
            biased;
            ended = probe.use_connection(connect()) => ended,
            () = clock.sleep_until(ends_ms) => Err(Unanswered::TooSlow(probe.stage)),
        };
        if probe.is_done() {
            continue;
        }
        let pause_ms = match &ended {
            Err(Unanswered::ShutOut(_)) => limits.shut_out_ms,
            Err(why) if probe.answered == answered => break Some(why.clone()),
            _ => limits.pause_ms,
        };
        let next_ms = clock.now_ms().saturating_add(pause_ms);
        if next_ms >= over_ms {
            break Some(ended.err().unwrap_or(Unanswered::TimeIsOver));
        }
        clock.sleep_until(next_ms).await;
    };
    Answer { took_ms: clock.now_ms().saturating_sub(begun_ms), why, ..probe.answer }
}

/// What has been answered, and what has not.
struct Probe<'a> {
    question: &'a Question,
    limits: &'a Limits,
    /// Those that are not answered yet, in the order of asking.
    waiting: VecDeque<Waiting>,
    /// One of the blobs is no key.
    not_a_key: bool,
    /// How many replies about keys have come: a connection that fails without any is the last.
    answered: u32,
    /// How many refusals this server answers on one connection.
    refusals: u32,
    stage: Stage,
    answer: Answer,
}

/// A key that is not answered yet.
struct Waiting {
    /// Its place in the question.
    at: usize,
    offer: Offer,
    /// By how many of its hashes it was refused.
    refused: usize,
}

impl Probe<'_> {
    fn new<'a>(question: &'a Question, limits: &'a Limits) -> Probe<'a> {
        let mut order: Vec<usize> = (0..question.keys.len()).collect();
        order.sort_by_key(|at| question.keys[*at].expected != Expected::Accepted);
        let offers = order.iter().map(|at| (*at, Offer::read(&question.keys[*at].blob)));
        let waiting: VecDeque<Waiting> =
            offers.filter_map(|(at, offer)| Some(Waiting { at, offer: offer?, refused: 0 })).collect();
        let answer = Answer {
            verdicts: vec![Verdict::NotAnswered; question.keys.len()],
            methods: None,
            host_key: None,
            server: None,
            connections: 0,
            took_ms: 0,
            why: None,
        };
        let not_a_key = waiting.len() < question.keys.len();
        let (refusals, stage) = (limits.refusals.max(1), Stage::Connecting);
        Probe { question, limits, waiting, not_a_key, answered: 0, refusals, stage, answer }
    }

    fn is_done(&self) -> bool {
        self.answer.methods.is_some() && self.waiting.is_empty()
    }

    /// Asks as much as one connection allows.
    async fn use_connection<S>(&mut self, connecting: impl Future<Output = io::Result<S>>) -> Result<(), Unanswered>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.stage = Stage::Connecting;
        let mut stream = connecting.await.map_err(|error| Unanswered::Unreachable(error.kind()))?;
        self.answer.connections += 1;
        self.stage = Stage::Greeting;
        let greeting = greeting::read(&mut stream, self.limits.greeting_bytes).await?;
        self.answer.server.get_or_insert_with(|| greeting.server.clone());
        self.stage = Stage::KeyExchange;
        let reply_bytes = self.limits.reply_bytes;
        let pinned = self.question.host_key.clone().or_else(|| self.answer.host_key.clone());
        let shown = &mut self.answer.host_key;
        let mut connection = Connection::open(stream, greeting, reply_bytes, pinned.as_deref(), shown).await?;
        if self.answer.methods.is_none() {
            self.stage = Stage::Methods;
            let reply = connection.ask_methods(&self.question.user, reply_bytes).await?;
            let Reply::Refused(methods) = reply else {
                self.answer.methods = Some(vec!["none".into()]);
                return Ok(());
            };
            self.answer.methods = Some(methods);
        }
        self.stage = Stage::Keys;
        self.ask_keys(&mut connection).await
    }

    async fn ask_keys(&mut self, connection: &mut Connection) -> Result<(), Unanswered> {
        let mut refusals = 0;
        while refusals < self.refusals
            && let Some(waiting) = self.waiting.front_mut()
        {
            let hashes = waiting.offer.hashes();
            let hash = hashes[waiting.refused];
            let asked = connection.ask_key(&self.question.user, &waiting.offer, hash, self.limits.reply_bytes).await;
            if matches!(asked, Err(Unanswered::Closed(_))) && refusals > 0 {
                self.refusals = refusals;
            }
            let reply = asked?;
            self.answered += 1;
            let verdict = match reply {
                Reply::Accepted | Reply::Entered => Verdict::Accepted,
                Reply::Refused(_) => {
                    refusals += 1;
                    waiting.refused += 1;
                    if waiting.refused < hashes.len() {
                        continue;
                    }
                    Verdict::Refused
                }
            };
            self.answer.verdicts[waiting.at] = verdict;
            self.waiting.pop_front();
            if matches!(reply, Reply::Entered) {
                break;
            }
        }
        Ok(())
    }
}
