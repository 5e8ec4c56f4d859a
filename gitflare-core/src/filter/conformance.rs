//! What the gateway relies on in every [`ContentFilter`], as a suite that any implementation can run.
//! What a filter finds is its own business: a text in which it finds something is given to the suite.

use super::{ContentFilter, FilterConfig, FilterRules, TextKind};
use crate::{Secret, SystemClock, SystemRandom, TenantId};

/// Texts that are no plain words, and paths that nobody has.
const ODD_TEXTS: [&str; 6] = [
    "",
    "\n",
    "\0",
    "\u{feff}\u{202e}x",
    "@@ -1 +1 @@\n-\n+\n",
    "\r\n\r\n",
];
const ODD_PATHS: [&str; 8] = ["", "/", "//", "..", "a/../b", "a\0b", "\\", "\u{202e}/\n"];

fn tenant() -> TenantId {
    TenantId::generate(&SystemClock, &SystemRandom)
}

fn kinds(path: &str) -> [TextKind<'_>; 3] {
    [
        TextKind::Prose,
        TextKind::Patch { path },
        TextKind::File { path },
    ]
}

/// Runs every rule against the filter that the rules make. `found` is a text in which this filter finds
/// a secret as [`TextKind::Prose`].
///
/// # Panics
/// When a rule does not hold; the message says which.
pub fn keeps_every_promise(rules: &dyn FilterRules, found: &str) {
    let made = rules.filter(&Secret::new([7; 32]));
    let filter = made.unwrap_or_else(|error| panic!("the filter cannot be made: {error}"));
    a_screened_text_is_clean(&*filter, found);
    odd_input_is_answered(&*filter);
    a_configuration_is_taken_whole_or_not_at_all(&*filter, &rules.config());
}

/// What was found is replaced and counted, the same way each time, and screening the result again
/// finds nothing. A text without a finding leaves as it came.
///
/// # Panics
/// When it does not hold.
pub fn a_screened_text_is_clean(filter: &dyn ContentFilter, found: &str) {
    let tenant = tenant();
    let screen = |text: &str| {
        let screened = filter.screen(&tenant, text, TextKind::Prose);
        let screened = screened.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        (screened.text.into_owned(), screened.redactions)
    };
    let (clean, redactions) = screen(found);
    assert!(redactions > 0, "nothing is found in {found:?}");
    assert_ne!(clean, found, "what was counted is still there");
    assert_eq!(screen(found), (clean.clone(), redactions), "twice the same");
    assert_eq!(screen(&clean), (clean.clone(), 0), "a clean text is clean");
}

/// No text and no path makes it panic or fail, and what it does not count it does not change.
///
/// # Panics
/// When it does not hold.
pub fn odd_input_is_answered(filter: &dyn ContentFilter) {
    let tenant = tenant();
    for path in ODD_PATHS {
        let _ = filter.blocks(path);
        for text in ODD_TEXTS {
            for kind in kinds(path) {
                let screened = filter.screen(&tenant, text, kind);
                let screened = screened.unwrap_or_else(|error| panic!("{text:?}: {error}"));
                let is_same = screened.text == text;
                assert_eq!(is_same, screened.redactions == 0, "{kind:?}: {text:?}");
            }
        }
    }
}

/// A configuration that is valid counts from then on; one that is not changes nothing.
///
/// # Panics
/// When it does not hold.
pub fn a_configuration_is_taken_whole_or_not_at_all(
    filter: &dyn ContentFilter,
    known: &FilterConfig,
) {
    let configured = filter.configure(known);
    assert!(
        configured.is_ok(),
        "its own configuration is valid: {configured:?}"
    );
    let is_enabled = filter.is_enabled();
    assert_eq!(is_enabled, known.enabled, "it says whether it filters");
    let other = FilterConfig {
        enabled: !known.enabled,
        ..known.clone()
    };
    let judged = filter.validate(&other).is_ok();
    assert_eq!(filter.is_enabled(), is_enabled, "judging changes nothing");
    assert_eq!(filter.configure(&other).is_ok(), judged, "as it was judged");
    assert_eq!(filter.is_enabled(), is_enabled ^ judged);
    let _ = filter.configure(known);
}
