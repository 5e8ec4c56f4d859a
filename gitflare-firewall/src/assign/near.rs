//! Generated texts that stand near a name without being its value in any grammar:
//! `twilio token a81c...`, `jumpcloud: {key: 'a81c...'}`. Links, versions, digests and commit ids
//! near a name are something else and stay.

use super::{
    limits::{LONGEST_BARE, SHORTEST_NEARBY, TOKEN, reach},
    strength::Strength,
    value::{is_commit_id, is_published, is_uuid},
    words::{NAMES_SECRET, PUBLISHED},
};
use crate::{chance::Profile, shape::Set, tag::TAG_NAME, text::View};

/// Whether a name of this strength takes a generated text that no operator joins to it.
pub(super) const fn takes_nearby(strength: Strength) -> bool {
    matches!(
        strength,
        Strength::Secret
            | Strength::Token
            | Strength::Password
            | Strength::Named
            | Strength::Provider
    )
}

/// Whether a run of [`SHORTEST_NEARBY`] with a digit or several capitals stands near behind `stop`:
/// the run covers one of the places that are probed.
pub(super) fn has_run(view: &View<'_>, stop: usize, strength: Strength) -> bool {
    // Without a branch for each byte, so that many are looked at at once: most texts end here.
    let over = stop + reach(strength) + 2 * SHORTEST_NEARBY;
    let around = &view.text[stop..view.limit.min(over).max(stop)];
    let digits = around
        .iter()
        .fold(false, |any, byte| any | byte.is_ascii_digit());
    let capitals = || {
        around.iter().fold(0u8, |count, byte| {
            count.wrapping_add(u8::from(byte.is_ascii_uppercase()))
        })
    };
    if !digits && usize::from(capitals()) < FEWEST_CAPITALS {
        return false;
    }
    for index in 1..=reach(strength) / SHORTEST_NEARBY {
        let probe = stop + index * SHORTEST_NEARBY - 1;
        if probe >= view.limit {
            break;
        }
        if !TOKEN.has(view.text[probe]) {
            continue;
        }
        let start = TOKEN.run_back(view.text, probe, probe - (SHORTEST_NEARBY - 1));
        let end = TOKEN.run(view.text, probe, view.limit.min(start + SHORTEST_NEARBY));
        if end - start < SHORTEST_NEARBY {
            continue;
        }
        // A run goes on behind its name and its operator.
        let run = &view.text[start..view.limit.min(end + SHORTEST_NEARBY)];
        if run.iter().any(u8::is_ascii_digit)
            || run.iter().filter(|byte| byte.is_ascii_uppercase()).count() >= FEWEST_CAPITALS
        {
            return true;
        }
    }
    false
}

/// The generated text that begins within `reach` of a name that ends at `name_end`; `None` when
/// something else is named before it.
pub(super) fn near(
    view: &View<'_>,
    name_end: usize,
    reach: usize,
    strength: Strength,
) -> Option<(usize, usize)> {
    let mut at = name_end;
    let limit = view.limit.min(at + reach);
    let provider = strength == Strength::Provider;
    let mut lines = 0;
    if provider && is_member(view, name_end) {
        return None;
    }
    while at < limit {
        let byte = view.text[at];
        if byte == b'\\' {
            // The letter of an escape begins nothing; `\/` is a path.
            let letter = at + view.backslashes(at);
            lines += usize::from(view.byte(letter) == b'n');
            if lines > 1 + usize::from(provider) || view.byte(letter) == b'/' {
                return None;
            }
            at = letter + 1;
            continue;
        }
        if view.has(at, b"<<\"") {
            at += 2;
            continue;
        }
        if !TOKEN.has(byte) {
            // Links, digests, calls and references name something else.
            if matches!(byte, b'@' | b'$' | b'%') || !provider && matches!(byte, b'(' | b'<' | b'{')
            {
                return None;
            }
            lines += usize::from(byte == b'\n');
            if lines > 1 + usize::from(provider) || view.has(at, b"://") {
                return None;
            }
            at += 1;
            continue;
        }
        let end = TOKEN.run(view.text, at, view.limit.min(at + LONGEST_BARE));
        // The value of `name=value`.
        let start = view.text[at..end.saturating_sub(2).max(at)]
            .iter()
            .rposition(|byte| *byte == b'=')
            .map_or(at, |index| at + index + 1);
        // A flag that its value is glued to.
        let start = start + 2 * usize::from(view.text[start..end].starts_with(b"-p"));
        let value = &view.text[start..end];
        let is_path = byte == b'/' && !matches!(view.byte(at + 1), b' ' | b'\n')
            || at == name_end && byte == b'.' && value.contains(&b'/');
        let names_digest = [
            &b"sha"[..],
            b"sha1",
            b"sha256",
            b"sha384",
            b"sha512",
            b"md5",
        ]
        .iter()
        .any(|name| ends_with_any_case(value, name));
        // A tag was the generated text once: what follows it is not nearby.
        let tag = value.ends_with(TAG_NAME) && view.byte(end) == b':';
        if tag || names_digest || is_path {
            return None;
        }
        if value.len() >= SHORTEST_NEARBY
            && !matches!(view.byte(end), b'@' | b'(' | b':' | b'<' | b'[')
            && !value.starts_with(b"0x")
            && is_generated(value)
        {
            let end = start + value.strip_suffix(b".").unwrap_or(value).len();
            return is_joined(view, name_end, start, value, provider).then_some((start, end));
        }
        at = end;
    }
    None
}

/// The generated text that is all of its line, under a heading or a label that ends in the name:
/// blank lines, rules and fences may stand between.
pub(super) fn beneath(view: &View<'_>, name_end: usize) -> Option<(usize, usize)> {
    const LABEL: Set = Set::new("*:_` =#~\"");
    const RULE: Set = Set::new("=~^+`-");
    let limit = view.limit.min(name_end + LONGEST_LABEL);
    let is = usize::from(view.has(name_end, b" is")) * 3;
    let over = LABEL.run(view.text, name_end + is, limit);
    let mut at = view.next_line(over)?;
    for _ in 0..MOST_LINES {
        let end = const { Set::new("\r\n\\\\") }.run_until(view.text, at, view.limit.min(at + 256));
        let line = &view.text[at.min(end)..end];
        // `next_line` takes the sign of a diff for one; of a rule nothing is lost by it.
        let is_rule = RULE.run(line, 0, line.len()) == line.len() || line.starts_with(b"```");
        if !is_rule {
            return alone(view, at, end);
        }
        at = view.next_line(end)?;
    }
    None
}

/// The generated text of `at..end` that nothing but quotes of Markdown and blanks stand beside.
fn alone(view: &View<'_>, at: usize, end: usize) -> Option<(usize, usize)> {
    const BESIDE: Set = Set::new("`* >");
    let start = BESIDE.run(view.text, at, end);
    let stop = TOKEN.run(view.text, start, end);
    let value = &view.text[start.min(stop)..stop];
    let profile = Profile::of(value);
    (BESIDE.run(view.text, stop, end) == end
        && value.len() >= SHORTEST_ALONE
        && is_generated(value)
        && profile.symbols * 8 < value.len()
        && !is_commit_id(value)
        && !is_uuid(value))
    .then_some((start, stop))
}

/// Bytes between a name and the end of its line.
const LONGEST_LABEL: usize = 80;
/// Lines that may part a label from its value, and the value's own.
const MOST_LINES: usize = 4;
const SHORTEST_ALONE: usize = 16;

/// `elevenlabs.voice`, `spotify:track:...`: whether the name goes on to a name of something that
/// belongs to it.
fn is_member(view: &View<'_>, name_end: usize) -> bool {
    let end =
        const { Set::new("A-Za-z_") }.run(view.text, name_end + 1, view.limit.min(name_end + 32));
    match view.byte(name_end) {
        b'.' => {
            // `gitlab.NewClient("...")` is handed its token.
            let member = &view.text[(name_end + 1).min(end)..end];
            let takes = [
                &b"Client"[..],
                b"client",
                b"Auth",
                b"auth",
                b"init",
                b"Token",
            ]
            .iter()
            .any(|word| memchr::memmem::find(member, word).is_some());
            view.byte(name_end + 1).is_ascii_alphanumeric()
                && !(takes && view.byte(end) == b'(' && view.quote(end + 1).is_some())
        }
        b':' => end > name_end + 1 && view.byte(end) == b':',
        _ => false,
    }
}

/// Whether what stands between a name and a generated text lets it be a secret of that name.
fn is_joined(view: &View<'_>, name_end: usize, start: usize, value: &[u8], provider: bool) -> bool {
    let between = &view.text[name_end..start];
    let mut words = between
        .split(|byte| !byte.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    // `Sha` of `giteaSha` says so as well.
    if words
        .clone()
        .flat_map(|word| word.chunk_by(|a, b| a.is_ascii_uppercase() || !b.is_ascii_uppercase()))
        .any(|word| PUBLISHED.has(word))
    {
        return false;
    }
    // A digest that something of a provider's is listed with.
    if provider && value.len() == 64 && is_commit_id(value) && between.contains(&b',') {
        return false;
    }
    let last = between.trim_ascii_end().last();
    let joined = last.is_some_and(|byte| {
        matches!(byte, b'"' | b'\'' | b'`' | b'=' | b':' | b'>' | b'-' | b'|') || !byte.is_ascii()
    }) || words.next_back().is_some_and(|word| NAMES_SECRET.has(word));
    // A provider's name says nothing of what merely follows it, and a name nothing of a commit.
    joined || !provider && !is_commit_id(value)
}

fn ends_with_any_case(value: &[u8], ending: &[u8]) -> bool {
    let Some(at) = value.len().checked_sub(ending.len()) else {
        return false;
    };
    value[at..].eq_ignore_ascii_case(ending)
        && value[..at]
            .last()
            .is_none_or(|before| !before.is_ascii_alphanumeric())
}

/// Capitals in a generated text that holds no digit.
const FEWEST_CAPITALS: usize = 5;

fn is_generated(value: &[u8]) -> bool {
    let profile = Profile::of(value);
    // `SSL_ALPN_HTTP11_HTTP2`, and a public key.
    let is_constant = profile.lower == 0 && profile.symbols >= 2 && value.contains(&b'_');
    if is_constant || is_published(value) {
        return false;
    }
    // Names of several words have a capital in four letters at most.
    let is_mixed = profile.symbols == 0
        && profile.lower >= 4
        && profile.upper >= FEWEST_CAPITALS
        && profile.upper * 4 > profile.len;
    if profile.digits < 2 && !(is_mixed && value.len() <= 64) {
        return false;
    }
    profile.letters() >= 3 && profile.is_random() || is_uuid(value)
}
