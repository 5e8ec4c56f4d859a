//! How much the name of a value says about it, which decides what the value must look like.

/// How much a name promises, and which values it therefore takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// Takes weak literals too.
    Password,
    /// `pass`: a password when nothing else is glued to it.
    Pass,
    /// Takes what is not plainly a word.
    Secret,
    /// Takes what holds digits or looks generated.
    Token,
    /// `key`: secret in compounds (`api_key`), weak alone.
    Key,
    /// Takes only what looks generated.
    Weak,
    /// `salt`, `nonce`: takes what looks generated, shorter than others.
    Salt,
    /// `key` with a name before it: takes identifiers in the form of UUIDs too.
    Named,
    /// A provider's name: takes what looks generated.
    Provider,
    /// `auth`, alone or as the last word.
    Auth,
    /// Digits between quotes.
    Pin,
    /// `Authorization`: scheme, then value.
    Header,
    /// `Bearer`, then value.
    Bearer,
    /// `Cookie` and `Set-Cookie`.
    Cookie,
    /// `IDENTIFIED BY '...'`.
    Sql,
}
