//! Carries out an action: a query on one moment of the state, a command on the writer.

use crate::{
    app::App,
    http::Owner,
    metrics::Bound,
    under_way::Begun,
    work::{self, Size},
};
use cvmd_actions::{
    self as actions, Action, Answer, ApiError, Apply, Body, Context, Declared, Effect, Excess, Pace, Prepare, Reason,
};
use cvmd_hypervisor::Turns;
use cvmd_state::{CommitError, JournalEntry, TooLarge, Transaction, View};
use cvmd_wire::{Denied, Dialect, Language, Map, Params, Request, Value};
use std::{pin::Pin, sync::Arc};

/// The maximum bytes of a reply: a page of a hundred of the largest resources must be requested in parts.
const REPLY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The outcome of a request: most queries are answered at once, without a future.
pub(crate) enum Outcome<'a> {
    Now(Result<Body, ApiError>),
    Later(Pin<Box<dyn Future<Output = Result<Body, ApiError>> + Send + 'a>>),
}

/// A command as it was asked for.
pub(crate) struct Asked {
    pub(crate) action: &'static Action,
    pub(crate) params: Params,
    pub(crate) prepare: Prepare,
}

impl Asked {
    /// Parses it at once.
    pub(crate) fn prepare(self, view: &View, context: &Context) -> Result<Apply, Reason> {
        let mut parameters = self.action.parameters(self.params)?;
        let apply = self.prepare.run(&mut parameters, view, context)?;
        parameters.finish()?;
        Ok(apply)
    }
}

/// Answers a query, at once or in the account's turn.
pub(crate) fn query<'a>(
    app: &'a App,
    (action, answer): (&'static Action, Answer),
    params: Params,
    context: Context,
    (size, begun): (Size, Begun<'a>),
) -> Outcome<'a> {
    let account = context.account.0;
    if work::is_free(app, account, size) {
        let body = work::compute_now(app, account, || query_now(app, action, params, answer, &context));
        return Outcome::Now(body.map_err(|reason| declared(action, refuse(app, action, &reason, &context))));
    }
    Outcome::Later(Box::pin(async move {
        let run = || query_now(app, action, params, answer, &context);
        let body = work::compute(app, account, size, run).await.flatten();
        drop(begun);
        body.map_err(|reason| declared(action, refuse(app, action, &reason, &context)))
    }))
}

/// Carries out a command signed by a credential, if it is allowed to.
pub(crate) fn carry_out<'a>(
    app: &'a Arc<App>,
    (action, prepare): (&'static Action, Prepare),
    request: Request,
    may: Result<(), Reason>,
    context: Context,
    (size, begun): (Size, Begun<'a>),
) -> Outcome<'a> {
    let entry = journal_entry(&request, action, &context);
    Outcome::Later(Box::pin(async move {
        let prepared = match may {
            Err(reason) => Err(reason),
            Ok(()) => self::prepare(app, Asked { action, params: request.params, prepare }, &context, size).await,
        };
        let body = commit_signed(app, action, entry, prepared, context).await;
        drop(begun);
        body.map_err(|error| declared(action, error))
    }))
}

/// Logs an error code that the action does not declare.
fn declared(action: &Action, error: ApiError) -> ApiError {
    if !actions::is_declared(action.errors, error.code) {
        tracing::error!(action = action.name, code = error.code, "an action answered a code it does not declare");
    }
    error
}

/// Answers a query on the newest view.
fn query_now(app: &App, action: &Action, params: Params, answer: Answer, context: &Context) -> Result<Body, Reason> {
    let mut parameters = action.parameters(params)?;
    let body = answer(&mut parameters, &app.state.view(), context)?;
    parameters.finish()?;
    match body.0.len() {
        bytes if bytes > REPLY_BYTES_MAX => Err(Excess::Reply { bytes, limit: REPLY_BYTES_MAX }.into()),
        _ => Ok(body),
    }
}

/// Turns a refusal into its API error, and counts those at a bound.
fn refuse(app: &App, action: &Action, reason: &Reason, context: &Context) -> ApiError {
    count_bound(app, reason);
    reason.to_api_error(context.dialect, context.language, action.errors)
}

fn count_bound(app: &App, reason: &Reason) {
    match reason {
        Reason::Excess(Excess::Written(TooLarge::Account { .. }) | Excess::Instances { .. }) => {
            app.metrics.reached(Bound::Account);
        }
        Reason::Excess(_) => app.metrics.reached(Bound::Parameters),
        _ => {}
    }
}

/// Parses a command, off the writer, in the account's turn.
async fn prepare(app: &App, asked: Asked, context: &Context, size: Size) -> Result<Apply, Reason> {
    let slow = match asked.action.effect {
        Effect::Query(_) | Effect::Command(_, Pace::Quick) => None,
        Effect::Command(_, Pace::Slow) => Some(&app.hashing),
        Effect::Command(_, Pace::Long) => Some(&app.key_making),
    };
    if let Some(turns) = slow {
        return prepare_slowly(app, turns, asked, context.clone()).await;
    }
    let parse = move || asked.prepare(&app.state.view(), context);
    work::compute(app, context.account.0, size, parse).await.flatten()
}

/// A slow preparation blocks no async thread, and few of them run at the same time.
async fn prepare_slowly(app: &App, turns: &Turns<Owner>, asked: Asked, context: Context) -> Result<Apply, Reason> {
    let turn = work::turn(app, turns, Owner::Account(context.account.0)).await?;
    let state = Arc::clone(&app.state);
    let prepared = tokio::task::spawn_blocking(move || {
        let prepared = asked.prepare(&state.view(), &context);
        // Not before: if the client goes away, the wait is dropped with its future, but not the work.
        drop(turn);
        prepared
    });
    prepared.await.unwrap_or(Err(Reason::OurFault))
}

/// Runs the command on the writer. A refusal before that is written into the journal too.
pub(crate) async fn commit(
    app: &Arc<App>,
    action: &'static Action,
    entry: JournalEntry,
    prepared: Result<Apply, Reason>,
    context: Context,
) -> Result<Body, ApiError> {
    decide(app, entry, (context.dialect, context.language), {
        let counted = Arc::clone(app);
        move |tx| run(&counted, action, tx, prepared, &context)
    })
    .await
}

/// The same for a request that a credential has signed. If that was revoked while the request was under way, nothing is
/// written, and the reply says so whatever else is wrong.
async fn commit_signed(
    app: &Arc<App>,
    action: &'static Action,
    entry: JournalEntry,
    prepared: Result<Apply, Reason>,
    context: Context,
) -> Result<Body, ApiError> {
    if let Err(reason @ (Reason::Waiting { .. } | Reason::Unread { .. })) = prepared {
        // A request that was not looked at is not journaled: a flood of them must cost nothing.
        return Err(reason.to_api_error(context.dialect, context.language, action.errors));
    }
    let (credentials, counted) = (Arc::clone(&app.credentials), Arc::clone(app));
    let secret_id = entry.credential.clone();
    decide(app, entry, (context.dialect, context.language), move |tx| {
        if credentials.holds(&secret_id) {
            return run(&counted, action, tx, prepared, &context);
        }
        Err(actions::denied(&Denied::SecretIdNotFound { secret_id }, context.dialect, context.language))
    })
    .await
}

fn run(
    app: &App,
    action: &Action,
    tx: &mut Transaction<'_>,
    prepared: Result<Apply, Reason>,
    context: &Context,
) -> Result<Body, ApiError> {
    let applied = prepared.and_then(|apply| actions::carry_out(apply, tx, context));
    applied.map_err(|reason| refuse(app, action, &reason, context))
}

async fn decide(
    app: &App,
    entry: JournalEntry,
    (dialect, language): (Dialect, Language),
    apply: impl FnOnce(&mut Transaction<'_>) -> Result<Body, ApiError> + Send + 'static,
) -> Result<Body, ApiError> {
    app.state.commit(entry, apply).await.unwrap_or_else(|error: CommitError| {
        if let CommitError::TooManyWait { waiting } = error {
            app.metrics.reached(Bound::Turns);
            return Err(Reason::Waiting { waiting }.to_api_error(dialect, language, Declared::NONE));
        }
        tracing::error!(%error, "a command could not be committed");
        let reason = if matches!(error, CommitError::Store(_)) { Reason::NotStored } else { Reason::OurFault };
        Err(reason.to_api_error(dialect, language, Declared::NONE))
    })
}

/// The journal entry of a command before it is decided.
pub(crate) fn journal_entry(request: &Request, action: &Action, context: &Context) -> JournalEntry {
    let root = &request.params.root;
    let touched = action.touched(root);
    JournalEntry {
        request: context.request,
        account: context.account,
        credential: request.secret_id.clone(),
        action: action.name,
        at_seconds: context.now_seconds,
        microseconds: context.microseconds,
        instances: touched.instances,
        target: touched.others,
        dry_run: is_dry_run(root),
        replay: request.replay.map(|key| key.to_hex().into()),
    }
}

/// Whether a command only asks what would come of it.
fn is_dry_run(root: &Map) -> bool {
    match root.get("DryRun") {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Text(text)) => &**text == "1" || text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{descriptors::Shares, master_key::MasterKey};
    use cvmd_actions::{Parameters, Policy};
    use cvmd_clock::Clock;
    use cvmd_hypervisor_simulated::{Settings, SimulatedHypervisor, SshSettings};
    use cvmd_model::{AccountNumber, RegionId, RequestId};
    use cvmd_state::{State, store::MemoryStore};
    use std::{
        path::Path,
        sync::{Mutex, mpsc},
        time::Duration,
    };
    use tokio::sync::Notify;

    static BEGUN: Notify = Notify::const_new();
    /// The work ends when the sender is dropped.
    static GO_ON: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);

    fn held(_: &mut Parameters, _: &Context) -> Result<Apply, Reason> {
        BEGUN.notify_one();
        let go_on = GO_ON.lock().unwrap().take();
        go_on.map(|go_on| go_on.recv());
        Err(Reason::OurFault)
    }

    fn app(directory: &Path) -> App {
        let ssh = SshSettings { listen: false, ..SshSettings::default() };
        let machines = Settings { data: directory.to_path_buf(), clock: Clock::System, ssh };
        App::new(
            Arc::new(State::open(Box::<MemoryStore>::default()).unwrap()),
            SimulatedHypervisor::open(machines).unwrap(),
            Arc::new(MasterKey::open(&directory.join("master.key")).unwrap()),
            Policy::documented(RegionId::find("ap-guangzhou").unwrap()),
            Shares::of(1024),
        )
    }

    fn context(app: &App) -> Context {
        let request = RequestId(uuid::Uuid::from_u128(1));
        app.context(request, Dialect::Api3, Language::default(), AccountNumber(1), app.policy.region)
    }

    #[tokio::test]
    async fn a_reply_has_8_mib_and_not_a_byte_more() {
        let directory = tempfile::tempdir().unwrap();
        let app = app(directory.path());
        let action = cvmd_actions::ACTIONS.iter().find(|action| action.name == "DescribeInstances").unwrap();
        let ask = async |answer: Answer| {
            let params = Params { root: cvmd_wire::Map::from_entries(Vec::new()).unwrap(), textual: false };
            let begun = work::begin(&app, 1).unwrap();
            match query(&app, (*action, answer), params, context(&app), (Size::Small, begun)) {
                Outcome::Now(outcome) => outcome,
                Outcome::Later(outcome) => outcome.await,
            }
        };
        let whole = ask(|_, _, _| Ok(Body(vec![b' '; 8 << 20]))).await.unwrap();
        assert_eq!(whole.0.len(), 8 << 20);
        let refused = ask(|_, _, _| Ok(Body(vec![b' '; (8 << 20) + 1]))).await.unwrap_err();
        assert_eq!(refused.code, "InvalidParameterValue");
        assert!(refused.message.contains("8388609") && refused.message.contains("8388608"), "{}", refused.message);
        assert!(app.metrics_text().contains("cvmd_bounds_reached_total{bound=\"parameters\"} 1\n"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_turn_goes_with_the_work_and_not_with_who_waits_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let app = app(directory.path());
        let context = context(&app);
        let action = cvmd_actions::ACTIONS.iter().find(|action| action.name == "CreateKeyPair").unwrap();
        // The parameters that the action requires: without them the work is refused before it begins.
        let text = |text: &str| Value::Text(text.into());
        let root = vec![("KeyName".into(), text("mine")), ("ProjectId".into(), Value::Integer(0))];
        let params = Params { root: cvmd_wire::Map::from_entries(root).unwrap(), textual: false };

        // All places but one are taken.
        let mut others: Vec<_> = std::iter::from_fn(|| app.key_making.try_take()).collect();
        others.pop();
        let (end, go_on) = mpsc::channel();
        *GO_ON.lock().unwrap() = Some(go_on);
        let asked = Asked { action, params, prepare: Prepare::Alone(held) };
        let asked = prepare_slowly(&app, &app.key_making, asked, context);
        tokio::select! {
            ended = asked => panic!("it did not even begin: {:?}", ended.err()),
            () = BEGUN.notified() => {}
        }
        // The client has gone, and its future with it. The work continues.
        assert!(app.key_making.try_take().is_none(), "the work has its turn still");
        drop(end);
        let next = tokio::time::timeout(Duration::from_secs(20), app.key_making.take(Owner::Account(2)));
        next.await.expect("the turn goes on with the end of the work").unwrap();
    }
}
