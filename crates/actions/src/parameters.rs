//! Reads typed parameters of a request by name, and names the parameter when a value is wrong.
//!
//! Required parameters and unknown names are checked at the beginning; type, form and count when a value is read, so
//! that the first wrong one in the action's order is reported; the types of those that the action does not read at the
//! end.

use crate::{
    Excess, Product, Reason, Untaken, Words,
    bounds::{LIST_MAX, bytes_max, within_request_bound},
    controls,
    facts::{self, Member},
    shorten,
};
use cvmd_wire::{Map, Params, Value};
use sha2::{Digest, Sha256};
use std::str::FromStr;

type Json = serde_json::Map<String, serde_json::Value>;

/// The parameters of one request, or the members of one structure in it.
#[derive(Debug)]
pub struct Parameters {
    map: Map,
    textual: bool,
    /// `` or `LoginSettings.`: the prefix of a name in a message.
    prefix: String,
    product: Product,
    members: &'static [Member],
    /// What is only looked at has no effect.
    #[cfg(test)]
    pub(crate) only_checked: bool,
}

impl Parameters {
    /// Checks that every required parameter is there, that every name is known, and that the request is within its
    /// bounds.
    ///
    /// # Errors
    /// [`Reason::Missing`], [`Reason::Unknown`], [`Excess::Request`], [`Reason::ControlCharacter`].
    pub(crate) fn described(
        product: Product,
        action: &str,
        is_query: bool,
        params: Params,
    ) -> Result<Parameters, Reason> {
        within_request_bound(&params.root)?;
        controls::refuse(&params.root, is_query)?;
        let (map, textual, members) = (params.root, params.textual, facts::inputs(product, action));
        Parameters {
            map,
            textual,
            prefix: String::new(),
            product,
            members,
            #[cfg(test)]
            only_checked: false,
        }
        .checked()
    }

    /// The members of a structure among these.
    fn within(&self, map: Map, prefix: String, members: &'static [Member]) -> Result<Parameters, Reason> {
        Parameters { map, prefix, members, ..*self }.checked()
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

    /// Whether the parameter is given; does not take it.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self.map.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::List(list)) => !list.is_empty(),
            Some(_) => true,
        }
    }

    /// A hash of all remaining parameters without passwords, to distinguish a request from another one with the same
    /// client token. Without passwords, because a fast hash of one in the database could be used to guess it.
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

    /// The full name, as in messages.
    #[must_use]
    pub fn path(&self, name: &str) -> Box<str> {
        format!("{}{name}", self.prefix).into()
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        #[cfg(test)]
        self.note_taken(name);
        debug_assert!(self.members.iter().any(|member| member.name == name), "{} is not in the facts", self.path(name));
        self.map.remove(name).filter(|value| *value != Value::Null)
    }

    #[cfg(test)]
    fn note_taken(&self, name: &str) {
        if !self.only_checked {
            crate::testing::taken::note(self.path(name).into_string());
        }
    }

    /// A text of at most `TEXT_BYTES_MAX` bytes, or as many as `LONG_TEXTS` allows for the name.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Excess::Text`].
    pub fn text(&mut self, name: &str) -> Result<Option<Box<str>>, Reason> {
        self.any_text(name)?.map(|text| self.within_bound(name, text)).transpose()
    }

    /// The same of at most so many characters, where the vendor has a code of its own for a text that is too long.
    ///
    /// # Errors
    /// [`Reason::WrongType`], and `too_long`.
    pub fn text_within(
        &mut self,
        name: &str,
        characters_max: usize,
        too_long: Reason,
    ) -> Result<Option<Box<str>>, Reason> {
        match self.any_text(name)? {
            Some(text) if text.len() > bytes_max(name) || text.chars().count() > characters_max => Err(too_long),
            text => Ok(text),
        }
    }

    fn any_text(&mut self, name: &str) -> Result<Option<Box<str>>, Reason> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong_type(name, TEXT, &other)),
        }
    }

    fn within_bound(&self, name: &str, text: Box<str>) -> Result<Box<str>, Reason> {
        match (text.len(), bytes_max(name)) {
            (given, limit) if given > limit => Err(Excess::Text { name: self.path(name), given, limit }.into()),
            _ => Ok(text),
        }
    }

    /// # Errors
    /// [`Reason::WrongType`].
    pub fn integer(&mut self, name: &str) -> Result<Option<i128>, Reason> {
        let Some(value) = self.take(name) else { return Ok(None) };
        self.whole(&value).map(Some).ok_or_else(|| self.wrong_type(name, NUMBER, &value))
    }

    /// The whole number that a value is, or that its text is where the encoding has only texts.
    fn whole(&self, value: &Value) -> Option<i128> {
        match value {
            Value::Integer(number) => Some((*number).into()),
            Value::Unsigned(number) => Some((*number).into()),
            Value::Text(text) if self.textual => text.parse().ok(),
            _ => None,
        }
    }

    /// An integer within bounds, both included.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Untaken::Range`], [`Untaken::Least`].
    pub fn bounded<T: TryFrom<i128> + TryInto<i128> + PartialOrd + Copy>(
        &mut self,
        name: &str,
        least: T,
        most: T,
    ) -> Result<Option<T>, Reason> {
        let Some(number) = self.integer(name)? else { return Ok(None) };
        match T::try_from(number) {
            Ok(within) if within >= least && within <= most => Ok(Some(within)),
            _ => Err(self.out_of_range(name, number, least, most)),
        }
    }

    /// The refusal of a number, with its range. A range without an upper end has none in the message.
    pub(crate) fn out_of_range<T: TryInto<i128>>(&self, name: &str, value: i128, least: T, most: T) -> Reason {
        let name = self.path(name);
        let endless = i128::from(i64::MAX);
        let end = |end: T| end.try_into().ok().filter(|end| *end < endless);
        let least = end(least).unwrap_or(endless);
        match end(most) {
            Some(most) => Untaken::Range { name, value, least, most }.into(),
            None => Untaken::Least { name, value, least }.into(),
        }
    }

    /// A boolean; as text, in any case, where the encoding has only texts.
    ///
    /// # Errors
    /// [`Reason::WrongType`].
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, Reason> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(Value::Text(text)) if self.textual => {
                flag(&text).map(Some).ok_or_else(|| self.wrong_type(name, FLAG, &Value::Text(text)))
            }
            Some(other) => Err(self.wrong_type(name, FLAG, &other)),
        }
    }

    /// One of a few words.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Untaken::Word`].
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Reason> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == &*text) {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let known = words.iter().map(|(word, _)| *word).filter(|word| !word.is_empty());
                Err(self.no_such_word(name, &text, known))
            }
        }
    }

    /// The refusal of a text that is too short or too long.
    pub(crate) fn wrong_length(&self, name: &str, text: &str, least: usize, most: usize) -> Reason {
        Untaken::Length { name: self.path(name), value: shorten(text).into(), least, most }.into()
    }

    /// The refusal of a word, with the known ones.
    pub(crate) fn no_such_word<'a>(&self, name: &str, text: &str, known: impl Iterator<Item = &'a str>) -> Reason {
        let words: Vec<_> = known.map(|word| format!("`{word}`")).collect();
        Untaken::Word { name: self.path(name), value: shorten(text).into(), words: words.join(", ").into() }.into()
    }

    /// # Errors
    /// [`Reason::WrongType`], [`Excess::Text`], [`Excess::List`].
    pub fn texts(&mut self, name: &str) -> Result<Vec<Box<str>>, Reason> {
        let Some(list) = self.list(name)? else { return Ok(Vec::new()) };
        list.into_iter()
            .map(|item| match item {
                Value::Text(text) => self.within_bound(name, text),
                other => Err(self.wrong_type(name, TEXTS, &other)),
            })
            .collect()
    }

    /// At most so many values with a form of their own: ids, addresses.
    ///
    /// # Errors
    /// Those of [`Parameters::texts`], [`Reason::TooMany`], and `malformed`, which gets the first 64 characters of the value.
    pub(crate) fn parsed<T: FromStr>(
        &mut self,
        name: &str,
        limit: usize,
        malformed: impl Fn(Box<str>) -> Reason,
    ) -> Result<Vec<T>, Reason> {
        let texts = self.texts(name)?;
        if texts.len() > limit {
            return Err(Reason::TooMany { name: self.path(name), given: texts.len(), limit });
        }
        texts.iter().map(|text| text.parse().map_err(|_| malformed(shorten(text).into()))).collect()
    }

    /// The refusal of a value, without a word about those that are accepted.
    pub(crate) fn bad_value(&self, name: &str, text: &str) -> Reason {
        Reason::BadValue { name: self.path(name), value: shorten(text).into() }
    }

    /// Whole numbers, none of them negative.
    ///
    /// # Errors
    /// [`Reason::WrongType`], [`Untaken::Range`].
    pub fn numbers(&mut self, name: &str) -> Result<Vec<u32>, Reason> {
        let Some(list) = self.list(name)? else { return Ok(Vec::new()) };
        list.into_iter()
            .map(|item| {
                let number = self.whole(&item).ok_or_else(|| self.wrong_type(name, NUMBERS, &item))?;
                u32::try_from(number).map_err(|_| self.out_of_range(name, number, 0, u32::MAX))
            })
            .collect()
    }

    /// Takes all parameters whose names pass `wanted`, as JSON with the types of the vendor's description, from JSON
    /// and from forms.
    ///
    /// # Errors
    /// [`Reason::WrongType`], and those of inner structures.
    pub fn json(&mut self, wanted: &dyn Fn(&str) -> bool) -> Result<Json, Reason> {
        let mut taken = Json::new();
        for member in self.members.iter().filter(|member| wanted(&member.name)) {
            let Member { name, kind, member, .. } = member;
            #[cfg(test)]
            self.note_taken(&format!("{name}.*"));
            let value = match (kind.as_str(), member.as_str()) {
                ("string", _) => self.text(name)?.map(|text| text.into_string().into()),
                ("int", _) => self.integer(name)?.map(json_number),
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
                // Lists of numbers and floats, which no action with stored parameters has.
                _ => None,
            };
            if let Some(value) = value {
                taken.insert(name.clone(), value);
            }
        }
        Ok(taken)
    }

    /// Takes all remaining parameters, to be read later.
    pub(crate) fn take_all(&mut self) -> Parameters {
        let map = std::mem::take(&mut self.map);
        Parameters { map, prefix: self.prefix.clone(), ..*self }
    }

    /// Adds the parameters of `from` that are not given.
    pub(crate) fn fill(&mut self, from: Map) {
        let missing: Vec<_> = from.into_iter().filter(|(name, _)| !self.has(name)).collect();
        let mut entries: Vec<_> = std::mem::take(&mut self.map).into_iter().collect();
        entries.retain(|(name, _)| !missing.iter().any(|(filled, _)| filled == name));
        entries.extend(missing);
        // Invariant: no name is in both, so none occurs twice.
        self.map = Map::from_entries(entries).unwrap_or_default();
    }

    /// # Errors
    /// [`Reason::WrongType`], and those of the structure's own members.
    pub fn structure(&mut self, name: &str) -> Result<Option<Parameters>, Reason> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Map(map)) => self.within(map, format!("{}{name}.", self.prefix), self.inner(name)).map(Some),
            Some(other) => Err(self.wrong_type(name, STRUCTURE, &other)),
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
                other => Err(self.wrong_type(name, STRUCTURES, &other)),
            })
            .collect()
    }

    /// Checks the types of parameters that were not read. Called once an action has parsed.
    ///
    /// # Errors
    /// [`Reason::WrongType`], and those of inner structures.
    pub fn finish(&mut self) -> Result<(), Reason> {
        #[cfg(test)]
        {
            self.only_checked = true;
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
                // Lists of numbers and floats, which no action of cvmd has as input.
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
            Some(Value::List(list)) if list.len() > LIST_MAX => Err(self.list_too_long(name, list.len(), LIST_MAX)),
            Some(Value::List(list)) => Ok(Some(list)),
            Some(other) => Err(self.wrong_type(name, LIST, &other)),
        }
    }

    /// The refusal of a list that is too long, where the vendor has no code for it.
    pub(crate) fn list_too_long(&self, name: &str, given: usize, limit: usize) -> Reason {
        Excess::List { name: self.path(name), given, limit }.into()
    }

    /// Only the type of `given` is named: it may be a password.
    fn wrong_type(&self, name: &str, expected: Words, given: &Value) -> Reason {
        let given = if self.textual && matches!(given, Value::Text(_)) { OTHER_TEXT } else { kind(given) };
        Reason::WrongType { name: self.path(name), expected, given }
    }
}

const TEXT: Words = Words::new("a text", "字符串");
const NUMBER: Words = Words::new("a whole number", "整数");
const FLAG: Words = Words::new("true or false", "布尔值");
const LIST: Words = Words::new("a list", "数组");
const TEXTS: Words = Words::new("a list of texts", "字符串数组");
const NUMBERS: Words = Words::new("a list of whole numbers", "整数数组");
const STRUCTURE: Words = Words::new("an object", "对象");
const STRUCTURES: Words = Words::new("a list of objects", "对象数组");
/// Where the encoding has only texts.
const OTHER_TEXT: Words = Words::new("another text", "其他文本");

fn kind(value: &Value) -> Words {
    match value {
        Value::Null => Words::new("null", "null"),
        Value::Bool(_) => FLAG,
        Value::Integer(_) | Value::Unsigned(_) => NUMBER,
        Value::Float(_) => Words::new("a fraction", "小数"),
        Value::Text(_) => TEXT,
        Value::List(_) => LIST,
        Value::Map(_) => STRUCTURE,
    }
}

/// The stored form of a number.
fn json_number(number: i128) -> serde_json::Value {
    u64::try_from(number).map_or_else(|_| i64::try_from(number).unwrap_or(i64::MIN).into(), Into::into)
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

#[cfg(test)]
mod test {
    use super::*;
    use crate::{ACTIONS, ApiError, Body, catalog::TRANSCRIPTS, is_declared, testing::world::World};
    use cvmd_wire::Dialect;
    use serde_json::{Value as Tree, json};

    async fn call(name: &str, body: &Tree) -> Result<Body, ApiError> {
        let action = ACTIONS.iter().find(|action| action.name == name).unwrap();
        let params = Params::from_json(body.to_string().as_bytes()).unwrap();
        World::new().await.call(action, params, Dialect::Api3).await
    }

    async fn refusal(name: &str, body: Tree) -> String {
        let error = call(name, &body).await.unwrap_err();
        format!("{} {}", error.code, error.message)
    }

    fn instance(more: Tree) -> Tree {
        let mut body = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    #[tokio::test]
    async fn every_text_has_a_bound_and_the_refusal_says_which_and_how_long() {
        let long = "x".repeat(1025);
        let refused = refusal("RunInstances", instance(json!({"CamRoleName": long}))).await;
        assert_eq!(
            refused,
            "InvalidParameterValue The parameter `CamRoleName` has 1025 bytes; at most 1024 are allowed."
        );
        // A template stores what RunInstances would read.
        let template =
            instance(json!({"LaunchTemplateName": "web", "Metadata": {"Items": [{"Key": "k", "Value": long}]}}));
        let refused = refusal("CreateLaunchTemplate", template).await;
        assert!(refused.contains("`Metadata.Items.0.Value` has 1025 bytes"), "{refused}");
        let refused = refusal("RunInstances", instance(json!({"InstanceName": long}))).await;
        assert!(refused.starts_with("InvalidInstanceName.TooLong "), "{refused}");
        let refused = refusal("RunInstances", instance(json!({"UserData": "x".repeat(30_000)}))).await;
        assert!(refused.starts_with("InvalidParameterValue.InvalidUserDataFormat "), "{refused}");
        let megabyte = "x".repeat(1_000_000);
        let refused = refusal("RunInstances", instance(json!({"CamRoleName": megabyte}))).await;
        assert!(refused.contains("`CamRoleName` the most of them; at most 262144 are allowed"), "{refused}");
        let call_with_500 = instance(json!({"CamRoleName": "x".repeat(1024)}));
        assert!(call("RunInstances", &call_with_500).await.is_ok(), "a text of the bound is taken");
    }

    #[tokio::test]
    async fn every_list_has_a_bound() {
        let many = |count: usize| vec![json!({"Key": "k", "Value": "v"}); count];
        let refused = refusal("RunInstances", instance(json!({"Metadata": {"Items": many(51)}}))).await;
        assert!(refused.contains("`Metadata.Items` has 51 values; at most 50"), "{refused}");
        let tags = json!({"TagSpecification": [{"ResourceType": "instance", "Tags": many(51)}]});
        let refused = refusal("RunInstances", instance(tags)).await;
        assert!(refused.contains("`TagSpecification.0.Tags` has 51 values; at most 50"), "{refused}");
        let refused = refusal("RunInstances", instance(json!({"ChcIds": vec!["x"; 501]}))).await;
        assert!(refused.contains("`ChcIds` has 501 values; at most 500"), "{refused}");
    }

    #[tokio::test]
    async fn many_instances_share_what_one_command_may_write() {
        let data = "QUJD".repeat(16 * 1024 / 3);
        let one = instance(json!({"UserData": data}));
        assert!(call("RunInstances", &one).await.is_ok());
        let many = instance(json!({"UserData": data, "InstanceCount": 500}));
        let refused = refusal("RunInstances", many).await;
        assert!(
            refused.starts_with("InvalidParameterValue The request would write 500 resources of more"),
            "{refused}"
        );
        let items: Vec<_> = (0..50).map(|_| json!({"Key": "k".repeat(1000), "Value": "v".repeat(1000)})).collect();
        let tags: Vec<_> =
            (0..50).map(|key| json!({"Key": format!("{key:0>120}"), "Value": "\"".repeat(255)})).collect();
        let tags = json!([{"ResourceType": "instance", "Tags": tags}]);
        let large = json!({"UserData": data, "Metadata": {"Items": items}, "TagSpecification": tags});
        let refused = refusal("RunInstances", instance(large)).await;
        assert!(refused.contains("Shorten its texts"), "{refused}");
    }

    #[tokio::test]
    async fn a_number_a_word_or_a_length_that_is_not_taken_is_refused_with_what_is() {
        for (more, message) in [
            (json!({"InstanceCount": 501}), "`501` specified in the parameter `InstanceCount` is not valid: 1 to 500."),
            (json!({"InstanceCount": -1}), "1 to 500."),
            (
                json!({"Placement": {"Zone": "ap-guangzhou-3", "ProjectId": -1}}),
                "`Placement.ProjectId` is not valid: 0 to 4294967295.",
            ),
            (json!({"SystemDisk": {"DiskSize": 99_999_999}}), "`SystemDisk.DiskSize` is not valid: 1 to "),
            (json!({"SystemDisk": {"DiskSize": 1}}), "`SystemDisk.DiskSize` is not valid: 20 to "),
            (json!({"DataDisks": [{"DiskSize": 1}]}), "`DataDisks.0.DiskSize` is not valid: 10 to "),
            (json!({"DataDisks": [{"DiskSize": 50, "DiskName": "n".repeat(61)}]}), "is not valid: 0 to 60 characters."),
            (json!({"InternetAccessible": {"InternetMaxBandwidthOut": 2001}}), "is not valid: 0 to 2000."),
            (
                json!({"InstanceChargeType": "NEVER"}),
                "`InstanceChargeType` is not valid: it is one of `POSTPAID_BY_HOUR`, ",
            ),
        ] {
            let refused = refusal("RunInstances", instance(more.clone())).await;
            assert!(refused.contains(message), "{more}: {refused}");
        }
    }

    /// Paths to all texts in a call.
    fn texts(value: &Tree, path: &str, found: &mut Vec<String>) {
        match value {
            Tree::String(_) => found.push(path.to_string()),
            Tree::Object(map) => map.iter().for_each(|(name, value)| texts(value, &format!("{path}/{name}"), found)),
            Tree::Array(list) => {
                list.iter().enumerate().for_each(|(index, value)| texts(value, &format!("{path}/{index}"), found));
            }
            _ => {}
        }
    }

    #[tokio::test]
    async fn no_text_of_any_action_goes_without_a_bound_and_the_code_is_a_declared_one() {
        let mut tried = 0;
        for (file, transcript, _) in TRANSCRIPTS {
            let calls = transcript.lines().filter_map(|line| line.strip_prefix("> ")?.split_once(' '));
            // What `World` or the transcript replaces by words is not JSON.
            let call = calls.filter_map(|(name, body)| Some((name, serde_json::from_str::<Tree>(body).ok()?))).next();
            let Some((name, body)) = call else { continue };
            let product = Product::find(file.split('/').next().unwrap()).unwrap();
            let Some(action) = crate::catalog::find(product, name) else { continue };
            let mut paths = Vec::new();
            texts(&body, "", &mut paths);
            for path in paths {
                let mut body = body.clone();
                *body.pointer_mut(&path).unwrap() = "x".repeat(40_000).into();
                let params = Params::from_json(body.to_string().as_bytes()).unwrap();
                let outcome = World::new().await.call(action, params, Dialect::Api3).await;
                let error = outcome.expect_err(&format!("{file} takes 40,000 bytes as {path}"));
                assert!(is_declared(action.errors, error.code), "{file}, {path}: {} is not declared", error.code);
                assert!(error.message.len() < 1000, "{file}, {path}: {}", error.message);
                tried += 1;
            }
        }
        assert!(tried > 150, "only {tried} texts were tried");
    }
}
