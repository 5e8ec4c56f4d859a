//! Values of HTTP headers: a scheme and its credentials, cookies.

use super::{
    Reader,
    form::Form,
    judge::is_secret,
    strength::Strength,
    value::{is_basic, is_reference},
    words::SCHEMES,
};
use crate::{shape::Set, span::Matches};

impl Reader<'_, '_> {
    pub(super) fn cookies(&self, at: usize, found: &mut Matches) {
        let view = self.view;
        let mut at = at + view.quote(at).map_or(0, |quote| quote.len);
        for _ in 0..32 {
            let name = COOKIE_NAME.run(view.text, at, view.limit);
            if name == at || view.byte(name) != b'=' {
                return;
            }
            let end = COOKIE_VALUE.run(view.text, name + 1, view.limit);
            let value = &view.text[name + 1..end];
            if value.len() >= 16
                && crate::chance::Profile::of(value).is_random()
                && !is_reference(value)
            {
                found.secret(name + 1, end);
            }
            if view.byte(end) != b';' {
                return;
            }
            at = view.skip_blanks(end + 1);
        }
    }

    /// `Bearer <token>`, `Basic <base64>`, `token <value>`, at `at`.
    pub(super) fn scheme_value(&self, at: usize, found: &mut Matches) {
        let view = self.view;
        let start = view.skip_blanks(at);
        let mut value = start;
        let mut end = CREDENTIAL.run(view.text, value, view.limit);
        let scheme = &view.text[start..end];
        let known = SCHEMES.has(scheme);
        let blank = self.key.strength == Strength::Bearer && start > at;
        if known && matches!(view.byte(end), b' ' | b':') {
            value = view.skip_blanks(end + 1);
            end = CREDENTIAL.run(view.text, value, view.limit);
        } else if self.key.strength == Strength::Bearer
            && !blank
            && !matches!(view.byte(at), b':' | b'=')
        {
            return;
        } else if matches!(view.byte(at), b':' | b'=') && self.key.strength == Strength::Bearer {
            value = view.skip_blanks(at + 1);
            end = CREDENTIAL.run(view.text, value, view.limit);
        }
        let text = &view.text[value..end];
        let basic = scheme.eq_ignore_ascii_case(b"Basic") && is_basic(text);
        if basic
            || !text.is_empty()
                && is_secret(text, Strength::Token, Form::Literal, view.language, b"")
        {
            found.secret(value, end);
        }
    }
}

const CREDENTIAL: Set = Set::new(r"\w.~+/=:%-");
const COOKIE_NAME: Set = Set::new(r"\w.%-");
const COOKIE_VALUE: Set = Set::new(r"\w.~+/=:%!*-");
