//! A value that a parameter does not take, with what it takes.

/// Which values would be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untaken {
    /// A number, with the range that it must be in.
    #[error("The value `{value}` specified in the parameter `{name}` is not valid: {least} to {most}.")]
    Range { name: Box<str>, value: i128, least: i128, most: i128 },
    #[error("The value `{value}` specified in the parameter `{name}` is not valid: {least} or more.")]
    Least { name: Box<str>, value: i128, least: i128 },
    /// A text, with the words that are known.
    #[error("The value `{value}` specified in the parameter `{name}` is not valid: it is one of {words}.")]
    Word { name: Box<str>, value: Box<str>, words: Box<str> },
    #[error("The value `{value}` specified in the parameter `{name}` is not valid: {least} to {most} characters.")]
    Length { name: Box<str>, value: Box<str>, least: usize, most: usize },
}
