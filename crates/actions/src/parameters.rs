//! The parameter cursor: takes typed values out of a request by name, and knows the name when a value is wrong.
//!
//! Presence of every required parameter and recognition of every name are checked when the cursor is made; type, form
//! and count when a value is taken, so that the first offender in the action's order is named; types of those that
//! nobody took at the end.

use crate::{
    Action, Product, Reason,
    facts::{self, Member},
};
use cvmd_wire::{Map, Params, Value};
use sha2::{Digest, Sha256};

type Json = serde_json::Map<String, serde_json::Value>;

/// The parameters of one request, or the members of one structure in it.
#[derive(Debug)]
pub struct Parameters {
    map: Map,
    textual: bool,
    /// `` or `LoginSettings.`: what stands before a name in a message.
    prefix: String,
    product: Product,
    members: &'static [Member],
}

impl Parameters {
    /// Looks whether every required parameter is there and every name is known.
    ///
    /// # Errors
    /// [`Reason::Missing`], [`Reason::Unknown`].
    pub fn of_action(action: &Action, params: Params) -> Result<Parameters, Reason> {
        let members = facts::inputs(action.product, action.name);
        Parameters {
            map: params.root,
            textual: params.textual,
            prefix: String::new(),
            product: action.product,
            members,
        }
        .checked()
    }

    /// Those of a structure among these.
    fn within(&self, map: Map, prefix: String, members: &'static [Member]) -> Result<Parameters, Reason> {
        Parameters { map, textual: self.textual, prefix, product: self.product, members }.checked()
    }

    fn checked(self) -> Result<Parameters, Reason> {
        let Parameters { map, prefix, members, .. } = &self;
        for member in members.iter().filter(|member| member.required) {
            let absent = match map.get(&member.name) {
                None | Some(Value::Null) => true,
                Some(Value::List(list)) => list.is_empty(),
                Some(_) => false,
            };
            if absent {
                return Err(Reason::Missing { name: format!("{prefix}{}", member.name).into() });
            }
        }
        if let Some((name, _)) = map.iter().find(|(name, _)| !members.iter().any(|member| member.name == *name)) {
            return Err(Reason::Unknown { name: format!("{prefix}{}", shorten(name)).into() });
        }
        Ok(self)
    }

    /// Whether the parameter is given, without taking it.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self.map.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::List(list)) => !list.is_empty(),
            Some(_) => true,
        }
    }

    /// A hash of all that is still there but passwords, so that a request can be told from another one with the same
    /// client token. Without passwords, because a fast hash of one could be guessed from the database.
    #[must_use]
    pub fn digest(&self) -> u128 {
        let mut hash = Sha256::new();
        for (name, value) in self.map.iter() {
            let text = match value {
                Value::Map(inner) => inner
                    .iter()
                    .filter(|(name, _)| *name != "Password")
                    .fold(String::new(), |text, (name, value)| format!("{text}{name}={value:?};")),
                value => format!("{value:?}"),
            };
            hash.update(format!("{name}={text};"));
        }
        let hash = hash.finalize();
        hash.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
    }

    /// The full name, as messages print it.
    #[must_use]
    pub fn path(&self, name: &str) -> Box<str> {
        format!("{}{name}", self.prefix).into()
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        #[cfg(test)]
        taken::note(&self.path(name));
        debug_assert!(self.members.iter().any(|member| member.name == name), "{} is not in the facts", self.path(name));
        self.map.remove(name).filter(|value| *value != Value::Null)
    }

    /// # Errors
    /// [`Reason::WrongType`].
    pub fn text(&mut self, name: &str) -> Result<Option<Box<str>>, Reason> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong_type(name)),
        }
    }

    /// # Errors
    /// [`Reason::WrongType`].
    pub fn integer(&mut self, name: &str) -> Result<Option<i64>, Reason> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Integer(number)) => Ok(Some(number)),
            Some(Value::Unsigned(_)) => Ok(Some(i64::MAX)),
            Some(Value::Text(text)) if self.textual => text.parse().map(Some).map_err(|_| self.wrong_type(name)),
            Some(_) => Err(self.wrong_type(name)),
        }
    }

    /// An integer within bounds, both included.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Reason::BadValue`].
    pub fn bounded<T: TryFrom<i64> + PartialOrd>(
        &mut self,
        name: &str,
        least: T,
        most: T,
    ) -> Result<Option<T>, Reason> {
        let Some(number) = self.integer(name)? else { return Ok(None) };
        match T::try_from(number) {
            Ok(within) if within >= least && within <= most => Ok(Some(within)),
            _ => Err(Reason::BadValue { name: self.path(name), value: number.to_string().into() }),
        }
    }

    /// A boolean; text in any case where the encoding knows nothing else.
    ///
    /// # Errors
    /// [`Reason::WrongType`].
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, Reason> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(Value::Text(text)) if self.textual => flag(&text).map(Some).ok_or_else(|| self.wrong_type(name)),
            Some(_) => Err(self.wrong_type(name)),
        }
    }

    /// One of a few words, or the word's error.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Reason::BadValue`].
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Reason> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == &*text) {
            Some((_, value)) => Ok(Some(*value)),
            None => Err(Reason::BadValue { name: self.path(name), value: shorten(&text).into() }),
        }
    }

    /// # Errors
    /// [`Reason::WrongType`].
    pub fn texts(&mut self, name: &str) -> Result<Vec<Box<str>>, Reason> {
        let Some(list) = self.list(name)? else { return Ok(Vec::new()) };
        list.into_iter()
            .map(|item| match item {
                Value::Text(text) => Ok(text),
                _ => Err(self.wrong_type(name)),
            })
            .collect()
    }

    /// Whole numbers, none of them negative.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Reason::BadValue`].
    pub fn numbers(&mut self, name: &str) -> Result<Vec<u32>, Reason> {
        let Some(list) = self.list(name)? else { return Ok(Vec::new()) };
        list.into_iter()
            .map(|item| {
                let number = match item {
                    Value::Integer(number) => number,
                    Value::Unsigned(_) => i64::MAX,
                    Value::Text(text) if self.textual => text.parse().map_err(|_| self.wrong_type(name))?,
                    _ => return Err(self.wrong_type(name)),
                };
                let bad = || Reason::BadValue { name: self.path(name), value: number.to_string().into() };
                u32::try_from(number).map_err(|_| bad())
            })
            .collect()
    }

    /// Takes all that is there of the names that `wanted` passes, as JSON of the types that the vendor's description has,
    /// however it came.
    ///
    /// # Errors
    /// [`Reason::WrongType`], and those of inner structures.
    pub fn json(&mut self, wanted: &dyn Fn(&str) -> bool) -> Result<Json, Reason> {
        let mut taken = Json::new();
        for member in self.members.iter().filter(|member| wanted(&member.name)) {
            let Member { name, kind, member, .. } = member;
            let value = match (kind.as_str(), member.as_str()) {
                ("string", _) => self.text(name)?.map(|text| text.into_string().into()),
                ("int", _) => self.integer(name)?.map(Into::into),
                ("bool", _) => self.flag(name)?.map(Into::into),
                ("object", _) => {
                    self.structure(name)?.map(|mut inner| inner.json(&|_| true).map(Into::into)).transpose()?
                }
                ("list", "string") => {
                    let texts = self.texts(name)?.into_iter().map(|text| text.into_string().into());
                    Some(serde_json::Value::Array(texts.collect())).filter(|list| *list != serde_json::json!([]))
                }
                ("list", inner) if !facts::members(self.product, inner).is_empty() => {
                    let inner = self.structures(name)?;
                    let inner: Result<Vec<_>, _> =
                        inner.into_iter().map(|mut inner| inner.json(&|_| true).map(serde_json::Value::from)).collect();
                    Some(serde_json::Value::Array(inner?)).filter(|list| *list != serde_json::json!([]))
                }
                // Lists of numbers and floats, which no action that keeps its parameters has.
                _ => None,
            };
            if let Some(value) = value {
                taken.insert(name.clone(), value);
            }
        }
        Ok(taken)
    }

    /// All that is there, so that it can be looked at later.
    pub(crate) fn take_all(&mut self) -> Parameters {
        let map = std::mem::take(&mut self.map);
        Parameters {
            map,
            textual: self.textual,
            prefix: self.prefix.clone(),
            product: self.product,
            members: self.members,
        }
    }

    /// Takes what is not given from there.
    pub(crate) fn fill(&mut self, from: Map) {
        let missing: Vec<_> = from.into_iter().filter(|(name, _)| !self.has(name)).collect();
        let mut entries: Vec<_> = std::mem::take(&mut self.map).into_iter().collect();
        entries.retain(|(name, _)| !missing.iter().any(|(filled, _)| filled == name));
        entries.extend(missing);
        // Invariant: no name is in both, so that none stands there twice.
        self.map = Map::from_entries(entries).unwrap_or_default();
    }

    /// # Errors
    /// [`Reason::WrongType`], and those of the structure's own members.
    pub fn structure(&mut self, name: &str) -> Result<Option<Parameters>, Reason> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Map(map)) => self.within(map, format!("{}{name}.", self.prefix), self.inner(name)).map(Some),
            Some(_) => Err(self.wrong_type(name)),
        }
    }

    /// # Errors
    /// [`Reason::WrongType`], and those of the structures' own members.
    pub fn structures(&mut self, name: &str) -> Result<Vec<Parameters>, Reason> {
        let Some(list) = self.list(name)? else { return Ok(Vec::new()) };
        let inner = self.inner(name);
        list.into_iter()
            .enumerate()
            .map(|(index, item)| match item {
                Value::Map(map) => self.within(map, format!("{}{name}.{index}.", self.prefix), inner),
                _ => Err(self.wrong_type(name)),
            })
            .collect()
    }

    /// Looks at the types of whatever nobody took. Called once an action has parsed.
    ///
    /// # Errors
    /// [`Reason::WrongType`], and those of inner structures.
    pub fn finish(&mut self) -> Result<(), Reason> {
        #[cfg(test)]
        if self.prefix.is_empty() {
            taken::pause();
        }
        for member in self.members {
            let Member { name, kind, member, .. } = member;
            match (kind.as_str(), member.as_str()) {
                ("string", _) => drop(self.text(name)?),
                ("int", _) => drop(self.integer(name)?),
                ("bool", _) => drop(self.flag(name)?),
                ("object", _) => self.structure(name)?.map_or(Ok(()), |mut inner| inner.finish())?,
                ("list", "string") => drop(self.texts(name)?),
                ("list", inner) if !facts::members(self.product, inner).is_empty() => {
                    self.structures(name)?.iter_mut().try_for_each(Parameters::finish)?;
                }
                // Lists of numbers and floats, which no built action has among its inputs.
                _ => drop(self.take(name)),
            }
        }
        Ok(())
    }

    fn inner(&self, name: &str) -> &'static [Member] {
        let of_kind = |member: &'static Member| facts::members(self.product, &member.member);
        self.members.iter().find(|member| member.name == name).map_or(&[], of_kind)
    }

    fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, Reason> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::List(list)) => Ok(Some(list)),
            Some(_) => Err(self.wrong_type(name)),
        }
    }

    fn wrong_type(&self, name: &str) -> Reason {
        Reason::WrongType { name: self.path(name) }
    }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// At most 64 characters of what a caller sent, for a message.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_string(),
    }
}

/// Which parameters an action takes, for the test that every one is taken or listed.
#[cfg(test)]
pub(crate) mod taken {
    use std::{cell::RefCell, collections::BTreeSet};

    thread_local! {
        static TAKEN: RefCell<(bool, BTreeSet<String>)> = const { RefCell::new((false, BTreeSet::new())) };
    }

    pub(crate) fn begin() {
        TAKEN.with_borrow_mut(|taken| *taken = (true, BTreeSet::new()));
    }

    /// What is taken in order to be checked only does not count.
    pub(super) fn pause() {
        TAKEN.with_borrow_mut(|taken| taken.0 = false);
    }

    pub(super) fn note(path: &str) {
        TAKEN.with_borrow_mut(|(recording, names)| {
            if *recording {
                names.insert(path.to_string());
            }
        });
    }

    pub(crate) fn end() -> BTreeSet<String> {
        TAKEN.with_borrow_mut(|taken| std::mem::take(&mut taken.1))
    }
}
