//! Generated texts that stand near a name without an operator between: `twilio token a81c...`.

use super::{
    limits::{LONGEST_BARE, SHORTEST_NEARBY, TOKEN, reach},
    strength::Strength,
    value::is_uuid,
};
use crate::{chance::Profile, tag::TAG_NAME, text::View};

/// Whether a digit and a run of [`SHORTEST_NEARBY`] stand near behind `stop`: the run covers one of
/// the places that are probed.
pub(super) fn has_run(view: &View<'_>, stop: usize, strength: Strength) -> bool {
    let end = view
        .limit
        .min(stop + reach(strength) + SHORTEST_NEARBY)
        .max(stop);
    // Without a branch for each byte, so that many are looked at at once.
    let digits = view.text[stop..end]
        .iter()
        .fold(false, |any, byte| any | byte.is_ascii_digit());
    digits
        && (1..=reach(strength) / SHORTEST_NEARBY).any(|index| {
            let probe = stop + index * SHORTEST_NEARBY - 1;
            probe < view.limit && TOKEN.has(view.text[probe]) && {
                let start = TOKEN.run_back(view.text, probe, probe - (SHORTEST_NEARBY - 1));
                let end = TOKEN.run(view.text, probe, view.limit.min(start + SHORTEST_NEARBY));
                end - start >= SHORTEST_NEARBY
            }
        })
}

/// The generated text that begins within `reach` of a name that ends at `at`.
pub(super) fn near(
    view: &View<'_>,
    at: usize,
    reach: usize,
    strength: Strength,
) -> Option<(usize, usize)> {
    let mut at = at;
    let limit = view.limit.min(at + reach);
    let provider = strength == Strength::Provider;
    let mut lines = 0;
    while at < limit {
        let byte = view.text[at];
        if byte == b'\\' {
            // The letter of an escape begins nothing.
            let letter = at + view.backslashes(at);
            lines += usize::from(view.byte(letter) == b'n');
            if lines > 1 + usize::from(provider) {
                return None;
            }
            at = letter + 1;
            continue;
        }
        if !TOKEN.has(byte) {
            // Links, digests, calls and references name something else.
            if matches!(byte, b'@' | b'$') || !provider && matches!(byte, b'(' | b'<' | b'{') {
                return None;
            }
            lines += usize::from(byte == b'\n');
            if lines > 1 + usize::from(provider) {
                return None;
            }
            at += 1;
            continue;
        }
        // And so do paths.
        if byte == b'/' {
            return None;
        }
        let end = TOKEN.run(view.text, at, view.limit.min(at + LONGEST_BARE));
        let value = &view.text[at..end];
        let digest = value.get(..3).is_some_and(|head| {
            head.eq_ignore_ascii_case(b"sha") || head.eq_ignore_ascii_case(b"md5")
        });
        // A tag was the generated text once: what follows it is not nearby.
        let tag = value.ends_with(TAG_NAME) && view.byte(end) == b':';
        if tag || digest {
            return None;
        }
        if value.len() >= SHORTEST_NEARBY
            && !matches!(view.byte(end), b'@' | b'(' | b':' | b'<' | b'[')
            && !value.starts_with(b"0x")
            && is_generated(value)
        {
            return Some((at, end));
        }
        at = end;
    }
    None
}

fn is_generated(value: &[u8]) -> bool {
    if value.iter().filter(|byte| byte.is_ascii_digit()).count() < 2 {
        return false;
    }
    let profile = Profile::of(value);
    profile.letters() >= 3 && profile.is_random() || is_uuid(value)
}
