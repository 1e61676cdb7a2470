//! Tables of reasons: each row has a reason's wire codes, its English text and its Chinese text.
//!
//! `reasons!` makes a table of an enum. For one of this crate (`pub enum`) it declares the enum as well; one of another crate
//! (`for`) it matches without `_`. Either way what lacks a code or a text does not compile. A row reads
//!
//! ```text
//! Variant { field: Type } => "Code" / "LegacyCode" or "OtherCode",
//!     "English text with `{field}`.",
//!     ("Chinese text with {}.", function(field)) or "Chinese text with the other code.";
//! ```
//!
//! - `/` precedes the code in the legacy dialect, where that is another one.
//! - `or` precedes a code that products or actions of the vendor have of their own for the same reason: an action that declares it
//!   answers it. Where the vendor words it differently in Chinese too, that text stands at the same place.
//! - `Variant(inner: Type) => inner;` has its row in the inner type's table.
//!
//! `words!` does the same for what is a part of a text, and has no code.

use crate::{ApiError, reasons::codes::Declared};
use cvmd_wire::{Dialect, Language};
use std::fmt;

/// What the answer depends on: the dialect and the language of the request, and the codes that its action declares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    pub dialect: Dialect,
    pub language: Language,
    pub declared: Declared,
}

/// What `reasons!` implements.
pub(crate) trait ToApiError {
    fn api_error(&self, caller: &Caller) -> ApiError;

    /// Adds the rows' names, each with the number of its codes.
    #[cfg(test)]
    fn rows(rows: &mut Vec<(&'static str, usize)>);
}

/// One row: its codes in API 3.0, in the legacy dialect, and of single products or actions; the English text, and the
/// Chinese ones.
pub(crate) struct Row<'a> {
    #[cfg(test)]
    pub name: &'static str,
    pub api3: &'static str,
    pub legacy: &'static str,
    pub others: &'a [&'static str],
    pub english: fmt::Arguments<'a>,
    pub chinese: &'a [fmt::Arguments<'a>],
}

impl Row<'_> {
    pub(crate) fn api_error(&self, caller: &Caller) -> ApiError {
        let other = self.others.iter().position(|code| caller.declared.has(code));
        #[cfg(test)]
        crate::testing::texts::read(self.name, other.map_or(0, |other| other + 1), caller.language);
        let code = match (other, caller.dialect) {
            (Some(other), _) => self.others[other],
            (None, Dialect::Api3) => self.api3,
            (None, Dialect::Legacy) => self.legacy,
        };
        let message = match caller.language {
            Language::English => self.english,
            Language::Chinese => *other.and_then(|other| self.chinese.get(other + 1)).unwrap_or(&self.chinese[0]),
        };
        ApiError { code, message: message.to_string(), numeric: None }
    }
}

macro_rules! reasons {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $(
                $(#[$doc:meta])*
                $variant:ident $({ $($field:ident: $kind:ty),* })? $(($inner:ident: $inner_kind:ty))? =>
                    $code:tt $(/ $legacy:tt)? $(or $other:literal)*
                    $(, $english:tt, $chinese:tt $(or $other_chinese:tt)*)?;
            )*
        }
    ) => {
        $(#[$about])*
        pub enum $name {
            $($(#[$doc])* $variant $({ $($field: $kind),* })? $(($inner_kind))?,)*
        }

        $(reasons! { @from $name $variant [$($inner_kind)?] [$($english)?] })*

        reasons! {
            for $name {
                $(
                    $variant $({ $($field),* })? $(($inner: $inner_kind))? =>
                        $code $(/ $legacy)? $(or $other)* $(, $english, $chinese $(or $other_chinese)*)?;
                )*
            }
        }
    };
    (
        for $name:ident {
            $(
                $variant:ident $({ $($field:tt),* })? $(($inner:ident $(: $inner_kind:ty)?))? =>
                    $code:tt $(/ $legacy:tt)? $(or $other:literal)*
                    $(, $english:tt, $chinese:tt $(or $other_chinese:tt)*)?;
            )*
        }
    ) => {
        impl $crate::reasons::table::ToApiError for $name {
            fn api_error(&self, caller: &$crate::reasons::table::Caller) -> $crate::ApiError {
                match self {
                    $(
                        $name::$variant $({ $($field),* })? $(($inner))? => reasons!(
                            @row caller, concat!(stringify!($name), "::", stringify!($variant)),
                            [$($($inner_kind)?)?] $code [$(/ $legacy)?] [$($other),*] $($english [$chinese $(, $other_chinese)*])?
                        ),
                    )*
                }
            }

            #[cfg(test)]
            fn rows(rows: &mut Vec<(&'static str, usize)>) {
                $(reasons!(
                    @rows rows, concat!(stringify!($name), "::", stringify!($variant)),
                    [$($($inner_kind)?)?] [$($other),*] [$($chinese)?]
                );)*
            }
        }
    };

    // Variants whose row is in another table are taken from there.
    (@from $name:ident $variant:ident [$inner_kind:ty] []) => {
        impl From<$inner_kind> for $name {
            fn from(inner: $inner_kind) -> $name {
                $name::$variant(inner)
            }
        }
    };
    (@from $name:ident $variant:ident [$($inner_kind:ty)?] [$english:tt]) => {};

    (@row $caller:ident, $row:expr, [$inner_kind:ty] $inner:ident [] []) => {
        <$inner_kind as $crate::reasons::table::ToApiError>::api_error($inner, $caller)
    };
    (@row $caller:ident, $row:expr, [$($inner_kind:ty)?] $code:tt [$(/ $legacy:tt)?] [$($other:literal),*] $english:tt [$($chinese:tt),*]) => {
        $crate::reasons::table::Row {
            #[cfg(test)]
            name: $row,
            api3: $code,
            legacy: reasons!(@legacy $code $(/ $legacy)?),
            others: &[$($other),*],
            english: reasons!(@text $english),
            chinese: &[$(reasons!(@text $chinese)),*],
        }
        .api_error($caller)
    };
    (@legacy $code:tt) => { $code };
    (@legacy $code:tt / $legacy:tt) => { $legacy };
    (@text ($text:literal, $($argument:expr),+)) => { format_args!($text, $($argument),+) };
    (@text $text:literal) => { format_args!($text) };

    (@rows $rows:ident, $row:expr, [$inner_kind:ty] [] []) => {
        <$inner_kind as $crate::reasons::table::ToApiError>::rows($rows)
    };
    (@rows $rows:ident, $row:expr, [$($inner_kind:ty)?] [$($other:literal),*] [$chinese:tt]) => {
        $rows.push(($row, [$row $(, $other)*].len()))
    };
}

/// A part of a text, in both languages.
pub(crate) trait Speak {
    fn speak(&self, language: Language, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    #[cfg(test)]
    const PARTS: &'static [&'static str];
}

/// A part as it is written in an English or in a Chinese text.
pub(crate) struct Spoken<'a, T>(Language, &'a T);

impl<T: Speak> fmt::Display for Spoken<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.1.speak(self.0, f)
    }
}

pub(crate) const fn english<T: Speak>(part: &T) -> Spoken<'_, T> {
    Spoken(Language::English, part)
}

pub(crate) const fn chinese<T: Speak>(part: &T) -> Spoken<'_, T> {
    Spoken(Language::Chinese, part)
}

macro_rules! words {
    (for $name:ident {
        $($variant:ident $({ $($field:ident),* })? => $english:literal, $chinese:literal;)*
    }) => {
        impl $crate::reasons::table::Speak for $name {
            fn speak(&self, language: Language, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                #[cfg(test)]
                $crate::testing::texts::read(
                    match self { $($name::$variant { .. } => concat!(stringify!($name), "::", stringify!($variant)),)* },
                    0,
                    language,
                );
                match (self, language) {
                    $(
                        ($name::$variant $({ $($field),* })?, Language::English) => write!(f, $english),
                        ($name::$variant $({ $($field),* })?, Language::Chinese) => write!(f, $chinese),
                    )*
                }
            }

            #[cfg(test)]
            const PARTS: &'static [&'static str] = &[$(concat!(stringify!($name), "::", stringify!($variant))),*];
        }
    };
}

/// A part of a message that is prose, in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    pub english: &'static str,
    pub chinese: &'static str,
}

impl Words {
    #[must_use]
    pub const fn new(english: &'static str, chinese: &'static str) -> Words {
        Words { english, chinese }
    }

    /// The name of a parameter, which is the same in both.
    #[must_use]
    pub const fn name(name: &'static str) -> Words {
        Words::new(name, name)
    }
}
