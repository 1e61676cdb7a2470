//! An action: a name, the codes that it can answer, and a function.

use crate::{Context, Declared, Parameters, Product, Reason};
use cvmd_state::{Transaction, View};
use cvmd_wire::Params;
use serde::Serialize;

/// A reply's members as a JSON object, without the RequestId, which the envelope adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body(pub Vec<u8>);

impl Body {
    /// `{}`: most commands return only a RequestId.
    #[must_use]
    pub fn empty() -> Body {
        Body(b"{}".to_vec())
    }

    /// The body, or `{}` for a dry run, of which nothing stays.
    #[must_use]
    pub(crate) fn or_dry(self, dry_run: bool, tx: &mut Transaction<'_>) -> Body {
        if dry_run {
            tx.only_try();
            return Body::empty();
        }
        self
    }

    /// # Panics
    /// When `members` is not plain data; replies hold texts, numbers, lists and objects of them.
    #[must_use]
    pub fn of(members: impl Serialize) -> Body {
        let mut body = Vec::with_capacity(512);
        cvmd_wire::compact::write(&mut body, &members).expect("a reply is plain data");
        Body(body)
    }
}

/// Runs once, on the writer, on the newest state; takes time, ids and randomness only from the context.
pub type Apply = Box<dyn FnOnce(&mut Transaction<'_>, &Context) -> Result<Body, Reason> + Send>;

/// Runs a command on the writer, and refuses it if it would write more than one command may, or if its account would
/// exceed its bounds.
///
/// # Errors
/// The command's own, and [`Reason::Excess`]; then nothing is written.
pub fn carry_out(apply: Apply, tx: &mut Transaction<'_>, context: &Context) -> Result<Body, Reason> {
    let body = apply(tx, context)?;
    tx.fits()?;
    tx.within_account(context.account, context.policy.account.bytes_max)?;
    Ok(body)
}

/// Answers from one moment of the state.
pub type Answer = fn(&mut Parameters, &View, &Context) -> Result<Body, Reason>;

/// Parses, and returns the change to apply.
#[derive(Debug, Clone, Copy)]
pub enum Prepare {
    /// From the parameters alone.
    Alone(fn(&mut Parameters, &Context) -> Result<Apply, Reason>),
    /// From the parameters and a view of the state, before the writer's turn: for what is slow to read and does not change.
    /// The row may be gone when the command runs; the returned change must check that.
    From(fn(&mut Parameters, &View, &Context) -> Result<Apply, Reason>),
}

impl Prepare {
    /// # Errors
    /// The command's own, of what it finds wrong before it runs.
    pub fn run(self, parameters: &mut Parameters, view: &View, context: &Context) -> Result<Apply, Reason> {
        match self {
            Prepare::Alone(prepare) => prepare(parameters, context),
            Prepare::From(prepare) => prepare(parameters, view, context),
        }
    }
}

/// What an action does when it is called.
#[derive(Debug, Clone, Copy)]
pub enum Effect {
    /// Answers from one moment of the state.
    Query(Answer),
    /// Parses, off the writer, and yields what is to be applied.
    Command(Prepare, Pace),
}

/// How long a command takes to parse.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Microseconds.
    Quick,
    /// Milliseconds (a password is hashed): not on an async thread.
    Slow,
    /// Some hundred milliseconds (a key is made).
    Long,
}

/// Parameters of any action that are stored and answered, but have no effect on a machine.
#[cfg_attr(not(test), expect(dead_code, reason = "docs/api.md marks them, and a test writes it"))]
pub(crate) const STORED: &[&str] = &["CamRoleName", "CpuTopology", "EnableJumboFrame", "Metadata", "UserData"];

/// One action of the API.
#[derive(Debug)]
pub struct Action {
    pub product: Product,
    pub name: &'static str,
    /// The codes that it can answer beside the common ones, of both dialects.
    pub errors: Declared,
    /// Parameters, and members of structures (`SystemDisk.CdcId`), that are recognised and checked for their type, but
    /// have no effect here.
    pub without_effect: Declared,
    /// API 3.0 answers it without a region, too.
    pub regionless: bool,
    pub effect: Effect,
}

impl Action {
    const fn new(product: Product, name: &'static str, effect: Effect) -> Action {
        let [errors, without_effect] = [Declared::NONE; 2];
        Action { product, name, errors, without_effect, regionless: product.is_regionless(), effect }
    }

    pub(crate) const fn query(product: Product, name: &'static str, answer: Answer) -> Action {
        Action::new(product, name, Effect::Query(answer))
    }

    pub(crate) const fn command(
        product: Product,
        name: &'static str,
        prepare: fn(&mut Parameters, &Context) -> Result<Apply, Reason>,
    ) -> Action {
        Action::new(product, name, Effect::Command(Prepare::Alone(prepare), Pace::Quick))
    }

    /// A command that is parsed from what the state has too.
    pub(crate) const fn command_from(
        product: Product,
        name: &'static str,
        prepare: fn(&mut Parameters, &View, &Context) -> Result<Apply, Reason>,
    ) -> Action {
        Action::new(product, name, Effect::Command(Prepare::From(prepare), Pace::Quick))
    }

    /// A command that takes longer to parse.
    pub(crate) const fn paced(self, pace: Pace) -> Action {
        match self.effect {
            Effect::Command(prepare, _) => Action { effect: Effect::Command(prepare, pace), ..self },
            Effect::Query(_) => self,
        }
    }

    /// Codes that it can answer beside the common ones, sorted.
    pub(crate) const fn errors(self, own: &'static [&'static str]) -> Action {
        Action { errors: Declared { own, ..self.errors }, ..self }
    }

    /// Codes that it can answer as other actions do, where they do the same.
    pub(crate) const fn errors_of(self, common: &'static [&'static [&'static str]]) -> Action {
        Action { errors: Declared { common, ..self.errors }, ..self }
    }

    pub(crate) const fn without_effect(self, own: &'static [&'static str]) -> Action {
        Action { without_effect: Declared { own, ..self.without_effect }, ..self }
    }

    /// Parameters and members that have no effect in other actions either.
    pub(crate) const fn without_effect_of(self, common: &'static [&'static [&'static str]]) -> Action {
        Action { without_effect: Declared { common, ..self.without_effect }, ..self }
    }

    /// API 3.0 answers it without a region, too, unlike others of its product.
    pub(crate) const fn regionless(self) -> Action {
        Action { regionless: true, ..self }
    }

    /// The parameters of a request for it.
    ///
    /// # Errors
    /// When one is missing, unknown or too large, or holds a control character.
    pub fn parameters(&self, params: Params) -> Result<Parameters, Reason> {
        Parameters::described(self.product, self.name, matches!(self.effect, Effect::Query(_)), params)
    }
}

/// The requested page of a list, each entry as it is answered.
pub(crate) fn page<T, R>(
    list: impl IntoIterator<Item = T>,
    (offset, limit): (usize, usize),
    reply: impl FnMut(T) -> R,
) -> Vec<R> {
    list.into_iter().skip(offset).take(limit).map(reply).collect()
}
