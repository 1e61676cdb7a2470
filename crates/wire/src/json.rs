//! Parses a JSON body into a tree of parameters, within our own limits.

use crate::{
    denied::Denied,
    value::{DEPTH_MAX, Map, VALUES_MAX, Value},
};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::{
    cell::{Cell, RefCell},
    fmt,
};

/// Reads one JSON object and nothing after it. `null` counts as an object without members: the vendor's SDK for Ruby
/// sends it for a request without parameters.
pub(crate) fn read(body: &[u8]) -> Result<Map, Denied> {
    match limited(body)? {
        Value::Map(map) => Ok(map),
        Value::Null => Ok(Map::default()),
        _ => Err(Denied::JsonNotAnObject),
    }
}

fn limited(text: &[u8]) -> Result<Value, Denied> {
    let text = std::str::from_utf8(text).map_err(|_| Denied::InvalidUtf8 { place: "body" })?;
    // The root is not one of the values.
    let limits = Limits { values_max: VALUES_MAX + 1, values: Cell::new(0), exceeded: RefCell::new(None) };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Level { depth: 0, limits: &limits }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| {
        limits.exceeded.take().unwrap_or_else(|| Denied::MalformedJson { what: error.to_string().into() })
    })
}

/// What one body may still hold, and which of our limits ended the reading: serde's errors carry only text.
struct Limits {
    values_max: usize,
    values: Cell<usize>,
    exceeded: RefCell<Option<Denied>>,
}

impl Limits {
    fn refuse<E: Error>(&self, denied: Denied) -> E {
        self.exceeded.replace(Some(denied));
        E::custom("refused")
    }
}

/// Reads one value at the nesting depth `depth`.
#[derive(Clone, Copy)]
struct Level<'a> {
    depth: usize,
    limits: &'a Limits,
}

impl Level<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(self.limits.refuse(Denied::NestedTooDeep { limit: DEPTH_MAX }));
        }
        Ok(Level { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let values = self.limits.values.get() + 1;
        if values > self.limits.values_max {
            return Err(self.limits.refuse(Denied::TooManyParameters { limit: VALUES_MAX }));
        }
        self.limits.values.set(values);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Unsigned(value), Value::Integer))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let level = self.deeper()?;
        let mut list = Vec::new();
        while let Some(value) = elements.next_element_seed(level)? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let level = self.deeper()?;
        let mut entries = Vec::new();
        while let Some(name) = members.next_key::<Box<str>>()? {
            entries.push((name, members.next_value_seed(level)?));
        }
        // Duplicates are found here and not while reading, because sorting finds them at no cost.
        Map::from_entries(entries).map(Value::Map).map_err(|denied| self.limits.refuse(denied))
    }
}
