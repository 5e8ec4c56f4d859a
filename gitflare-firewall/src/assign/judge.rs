//! Decides whether a value is a secret: what kind of literal it is, against what its name promises.

use super::words::PLACES;
use super::{
    form::Form,
    limits::{LONGEST_JUDGED, LONGEST_WORD, MARK, SHORTEST_GENERATED},
    strength::Strength,
    value::{
        contains, is_algorithm, is_basic, is_chosen, is_date, is_digest, is_escaped_label,
        is_expression, is_field, is_label, is_method_call, is_name_of, is_names, is_namespace,
        is_number, is_path_or_url, is_pattern, is_phrase, is_prose, is_published, is_reference,
        is_stand_in, is_title, is_uuid, tells_a_place,
    },
};
use crate::{chance::Profile, language::Language, shape::Set, tag::TAG_LEN};

const SYMBOLS: Set = Set::new("!@#$%^&*~+?");

/// Whether `value` is a secret under a name of this strength.
pub(super) fn is_secret(
    value: &[u8],
    strength: Strength,
    form: Form,
    language: Language,
    name: &[u8],
) -> bool {
    if let Some(at) = empty_tag(value) {
        // A short secret was here: what stands around its tag is what it stood in.
        let rest = &value[at + TAG_LEN..];
        return !rest.is_empty() && is_secret(rest, strength, form, language, name)
            || at > 0 && is_secret(&value[..at], strength, form, language, name);
    }
    // The beginning tells what a long text is, and keeps hostile ones cheap.
    let value = &value[..value.len().min(LONGEST_JUDGED)];
    // Most unquoted values are names: no digit and no symbol is a password's.
    if form == Form::Bare
        && !language.is_config()
        && (language == Language::Code
            || value.len() < LONGEST_WORD
                && !value.iter().any(|byte| MARK.has(*byte))
                && !(value.len() >= SHORTEST_GENERATED && Profile::of(value).is_random()))
    {
        return false;
    }
    if value.len() < 3
        || is_reference(value)
        || is_published(value)
        || is_escaped_label(value)
        || is_digest(value)
        || is_pattern(value)
        || is_stand_in(value, form)
        || form != Form::Pair && is_name_of(value, name)
    {
        return false;
    }
    let profile = Profile::of(value);
    if is_prose(value, &profile) && !(form == Form::Quoted && is_phrase(value, strength, name)) {
        return false;
    }
    if form == Form::Bare
        && is_number(value)
        && (strength != Strength::Password && value.len() < 15
            || value.iter().any(u8::is_ascii_alphabetic))
    {
        return false;
    }
    if form == Form::Bare && is_method_call(value) {
        return false;
    }
    if form == Form::Bare && !language.is_config() && is_expression(value) {
        return false;
    }
    match strength {
        Strength::Password | Strength::Pass | Strength::Sql => {
            takes_password(value, &profile, form, language)
        }
        Strength::Secret => takes_secret(value, &profile, form, language),
        Strength::Token | Strength::Bearer | Strength::Header | Strength::Cookie => {
            takes_token(value, &profile)
        }
        Strength::Pin => form == Form::Quoted && value.len() <= 12 && profile.digits == value.len(),
        Strength::Auth if is_basic(value) => true,
        Strength::Salt => {
            let digest = profile.is_hex() && profile.digits >= 2 && profile.letters() >= 1;
            value.len() >= 8
                && (form != Form::Bare || value.len() >= 16)
                && (digest || profile.is_random())
                && !is_path_or_url(value)
                && !is_uuid(value)
        }
        Strength::Named | Strength::Provider if is_uuid(value) => true,
        Strength::Key | Strength::Weak | Strength::Auth | Strength::Named | Strength::Provider => {
            let shortest = if strength == Strength::Provider {
                14
            } else {
                16
            };
            value.len() >= shortest
                && profile.is_random()
                && !is_uuid(value)
                && !is_path_or_url(value)
                && !is_names(value)
                && !contains(value, b"abcdefghijklmnopqrstuvwxyz")
        }
    }
}

/// Where the tag of a short secret stands in a value.
fn empty_tag(value: &[u8]) -> Option<usize> {
    (value.len() >= TAG_LEN && memchr::memchr(b':', value).is_some())
        .then(|| memchr::memmem::find(value, b"gf_sha256:0000000000000000"))
        .flatten()
}

fn takes_password(value: &[u8], profile: &Profile, form: Form, language: Language) -> bool {
    if profile.digits + profile.letters() == 0 && profile.symbols < 6 {
        return false;
    }
    if form == Form::Pair {
        return true;
    }
    if is_path_or_url(value)
        || is_namespace(value) && !is_chosen(value)
        || is_label(value, profile)
        || is_algorithm(value)
    {
        return false;
    }
    match form {
        Form::Quoted | Form::Literal | Form::Pair => {
            let is_place = profile.digits == 0 && is_names(value) && tells_a_place(value);
            value.len() >= 4 && !is_place && !is_field(value) && !is_title(value, profile)
        }
        Form::Bare if language.is_config() => {
            let is_plain = profile.digits == 0 || value.contains(&b'.') && !is_chosen(value);
            value.len() >= 3 && !(is_plain && is_names(value))
        }
        Form::Bare => {
            value.len() >= 6
                && profile.letters() > 0
                && (profile.digits > 0
                    || value.iter().any(|byte| SYMBOLS.has(*byte))
                    || is_mixed_at_random(profile))
                && (!is_names(value) || is_chosen(value))
        }
    }
}

/// Letters alone, of both cases, that no person put together.
fn is_mixed_at_random(profile: &Profile) -> bool {
    profile.len >= SHORTEST_GENERATED
        && profile.upper >= 4
        && profile.lower >= 4
        && profile.is_random()
}

fn takes_secret(value: &[u8], profile: &Profile, form: Form, language: Language) -> bool {
    if value.len() < 6 || is_path_or_url(value) {
        return false;
    }
    if profile.is_random() || profile.spaces == 1 {
        return true;
    }
    if profile.digits > 0 && profile.letters() > 0 {
        let literal = form != Form::Bare && profile.digits >= 2;
        return value.len() >= 8 && (literal || !is_names(value));
    }
    if profile.letters() == 0 {
        return profile.digits >= 8 && value.len() >= 8;
    }
    // A single small word: weak, but written down as the secret.
    let shortest = if form == Form::Bare { 8 } else { 6 };
    (form != Form::Bare || language.is_config())
        && value.len() >= shortest
        && !PLACES.has(value)
        && profile.symbols == 0
        && profile.spaces == 0
        && profile.upper == 0
}

fn takes_token(value: &[u8], profile: &Profile) -> bool {
    if value.len() < 8 || is_path_or_url(value) || is_date(value) {
        return false;
    }
    if is_uuid(value) || profile.is_random() {
        return true;
    }
    if profile.digits == value.len() {
        return value.len() >= 15 && profile.distinct >= 6;
    }
    if value.len() < 10 {
        return profile.is_hex() && profile.digits >= 3 && profile.letters() >= 2;
    }
    profile.digits > 0
        && profile.letters() > 0
        && !is_names(value)
        && (profile.switches >= 2 || profile.digits >= 4 || !profile.reads_like_words())
}
