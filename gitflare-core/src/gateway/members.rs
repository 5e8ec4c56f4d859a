//! Members of request bodies that several use cases take: names for people, lists of scopes, ids that
//! filter a list.

use crate::{Error, Result, Scope, Scopes};

/// Text for people: not empty, bounded, without control and bidirectional-override characters,
/// which could make it read as something else (TN-6).
pub(super) fn display_text(member: &str, text: &str, max: usize) -> Result<String> {
    let clean: String = text
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect();
    let clean = clean.trim();
    if clean.is_empty() {
        return Err(Error::invalid_request(format!(
            "`{member}` must not be empty."
        )));
    }
    if clean.chars().count() > max {
        return Err(Error::invalid_request(format!(
            "`{member}` must have at most {max} characters."
        )));
    }
    Ok(clean.to_owned())
}

/// A list of scope names.
pub(super) fn scopes(member: &str, names: &[String]) -> Result<Scopes> {
    let scopes = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            Scope::parse(name).ok_or_else(|| {
                Error::invalid_request(format!("`{member}[{index}]` is not a supported scope."))
            })
        })
        .collect::<Result<Scopes>>()?;
    if scopes.is_empty() {
        return Err(Error::invalid_request(format!(
            "`{member}` must name at least one scope."
        )));
    }
    Ok(scopes)
}

/// The id that a filter names, if it was sent.
pub(super) fn parsed<T>(
    text: &Option<String>,
    parse: impl FnOnce(&str) -> Result<T>,
) -> Result<Option<T>> {
    text.as_deref().map(parse).transpose()
}
