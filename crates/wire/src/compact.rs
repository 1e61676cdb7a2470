//! Replies as compact JSON, byte for byte as serde_json writes it.
//!
//! Half of a reply is member names, which never need escaping, and hardly any value does. serde_json looks at each byte
//! of both, which was a sixth of the cost of a describe. Here names are not examined, and values are, eight bytes at a
//! time.

use serde::{Serialize, ser};
use std::{fmt, io::Write};

/// Writes `value` to the end of `out`.
///
/// # Errors
/// When the value is no plain data: a map whose keys are not text, or a value that fails to serialize.
pub fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<(), serde_json::Error> {
    value.serialize(Writer { out })
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

type Written = Result<(), serde_json::Error>;

fn text(out: &mut Vec<u8>, text: &str) -> Written {
    if is_plain(text.as_bytes()) {
        name(out, text);
        return Ok(());
    }
    serde_json::to_writer(out, text)
}

/// Writes a text that is known to need no escaping.
fn name(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
}

/// Whether no byte is a control character, a quote or a backslash.
fn is_plain(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        if !is_plain_word(u64::from_le_bytes(*word)) {
            return false;
        }
    }
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    is_plain_word(u64::from_le_bytes(last))
}

/// The highest bit of each byte shows whether it must be escaped. Bytes beyond ASCII never are, and no addition carries
/// into the next byte.
fn is_plain_word(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES * 0x80;
    let ascii = word & !HIGH;
    // Below 0x20: nothing carries into the highest bit when 0x60 is added.
    let control = !(ascii + ONES * 0x60);
    let is = |byte: u8| !((ascii ^ (ONES * u64::from(byte))) + ONES * 0x7f);
    (control | is(b'"') | is(b'\\')) & !word & HIGH == 0
}

/// A list or an object while it is written.
struct Open<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
    close: &'static [u8],
}

impl<'a> Open<'a> {
    fn new(out: &'a mut Vec<u8>, open: u8, close: &'static [u8]) -> Open<'a> {
        out.push(open);
        Open { out, is_empty: true, close }
    }

    /// A variant of an enum: `{"variant":` and the list or object, closed together.
    fn of_variant(
        out: &'a mut Vec<u8>,
        variant: &str,
        open: u8,
        close: &'static [u8],
    ) -> Result<Open<'a>, serde_json::Error> {
        out.push(b'{');
        text(out, variant)?;
        out.push(b':');
        Ok(Open::new(out, open, close))
    }

    fn next(&mut self) {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
    }

    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Written {
        self.next();
        value.serialize(Writer { out: self.out })
    }

    fn member(&mut self, key: &'static str, value: &(impl Serialize + ?Sized)) -> Written {
        debug_assert!(is_plain(key.as_bytes()), "the name of a member is a word");
        // Capacity is checked three times per member, not once per character.
        self.out.extend_from_slice(if self.is_empty { b"\"" } else { b",\"" });
        self.is_empty = false;
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        value.serialize(Writer { out: self.out })
    }

    fn close(self) -> Written {
        self.out.extend_from_slice(self.close);
        Ok(())
    }
}

/// Types that serde_json writes as fast.
macro_rules! as_serde_json_does {
    ($($method:ident($type:ty))*) => {
        $(fn $method(self, value: $type) -> Written {
            serde_json::to_writer(self.out, &value)
        })*
    };
}

impl<'a> ser::Serializer for Writer<'a> {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    as_serde_json_does! {
        serialize_char(char)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_f32(f32) serialize_f64(f64)
    }

    fn serialize_bool(self, value: bool) -> Written {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Written {
        text(self.out, value)
    }

    /// Writes in place, without a temporary string; only text that must be escaped is written again.
    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Written {
        let begin = self.out.len();
        self.out.push(b'"');
        write!(self.out, "{value}").map_err(ser::Error::custom)?;
        if is_plain(&self.out[begin + 1..]) {
            self.out.push(b'"');
            return Ok(());
        }
        let text = String::from_utf8_lossy(&self.out[begin + 1..]).into_owned();
        self.out.truncate(begin);
        serde_json::to_writer(self.out, &text)
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        value.serialize(self)
    }

    fn serialize_none(self) -> Written {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        text(self.out, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        let mut object = Open::new(self.out, b'{', b"}");
        object.member(variant, value)?;
        object.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'a>, Self::Error> {
        Ok(Open::new(self.out, b'[', b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'a>, Self::Error> {
        Ok(Open::new(self.out, b'[', b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Self::Error> {
        Ok(Open::new(self.out, b'[', b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Self::Error> {
        Open::of_variant(self.out, variant, b'[', b"]}")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'a>, Self::Error> {
        Ok(Open::new(self.out, b'{', b"}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, Self::Error> {
        Ok(Open::new(self.out, b'{', b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, Self::Error> {
        Open::of_variant(self.out, variant, b'{', b"}}")
    }
}

/// The three kinds of lists that serde distinguishes.
macro_rules! list {
    ($($kind:ident $method:ident)*) => {
        $(impl ser::$kind for Open<'_> {
            type Ok = ();
            type Error = serde_json::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
                self.element(value)
            }

            fn end(self) -> Written {
                self.close()
            }
        })*
    };
}

list! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

/// Objects whose members have names in the code.
macro_rules! object {
    ($($kind:ident)*) => {
        $(impl ser::$kind for Open<'_> {
            type Ok = ();
            type Error = serde_json::Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Written {
                self.member(key, value)
            }

            fn end(self) -> Written {
                self.close()
            }
        })*
    };
}

object! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Open<'_> {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        self.next();
        let begin = self.out.len();
        key.serialize(Writer { out: self.out })?;
        if self.out.get(begin) != Some(&b'"') {
            return Err(ser::Error::custom("the keys of a map are texts"));
        }
        self.out.push(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        value.serialize(Writer { out: self.out })
    }

    fn end(self) -> Written {
        self.close()
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    enum Kind {
        Unit,
        New(u8),
        Tuple(i8, char),
        Struct { member: Option<f64> },
    }

    /// The kind of value that ids and addresses are: serialized through `Display`.
    struct Printed(String);

    impl Serialize for Printed {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("{}-{}", self.0, self.0))
        }
    }

    #[derive(Serialize)]
    struct New(String);

    #[derive(Serialize)]
    struct Pair(u64, f32);

    #[derive(Serialize)]
    struct Nothing;

    #[derive(Serialize)]
    struct All<'a> {
        kinds: [Kind; 4],
        new: New,
        printed: Printed,
        pair: Pair,
        nothing: (Nothing, (), bool),
        map: BTreeMap<&'a str, Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<u8>,
        value: Value,
    }

    fn written(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        write(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn values() -> impl Strategy<Value = Value> {
        let odd = prop::collection::vec(
            prop::sample::select(&['"', '\\', '\0', '\u{1f}', ' ', '\u{7f}', 'é', '云', 'a'][..]),
            0..40,
        );
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            odd.prop_map(|letters| Value::from(String::from_iter(letters))),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_is_written_as_serde_json_writes_it(value in values(), number in any::<u64>(), float in any::<f32>()) {
            let text = value.to_string();
            let all = All {
                kinds: [Kind::Unit, Kind::New(3), Kind::Tuple(-1, '"'), Kind::Struct { member: Some(f64::NAN) }],
                new: New(text.clone()),
                printed: Printed(text.clone()),
                pair: Pair(number, float),
                nothing: (Nothing, (), true),
                map: [(text.as_str(), value.clone())].into(),
                absent: None,
                value,
            };
            prop_assert_eq!(written(&all), serde_json::to_string(&all).unwrap());
        }
    }

    #[test]
    fn each_byte_that_is_to_be_escaped_is_seen_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            let expected = byte >= 0x20 && byte != b'"' && byte != b'\\';
            for len in 1..20 {
                for place in 0..len {
                    let mut bytes = vec![b'a'; len];
                    bytes[place] = byte;
                    assert_eq!(is_plain(&bytes), expected, "{byte:#x} at {place} of {len}");
                }
            }
        }
    }

    #[test]
    fn keys_that_are_no_text_are_refused() {
        assert!(write(&mut Vec::new(), &BTreeMap::from([(1, 2)])).is_err());
    }
}
