//! How a value is written down: with delimiters, in a list of pairs, or as bare words.

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Between quotes.
    Quoted,
    /// One of a list of pairs, where weak words are values too.
    Pair,
    /// Text of an XML element, a query parameter, a connection string: a literal without quotes.
    Literal,
    /// Bare words.
    Bare,
}
