//! Words that a person has chosen as a password, or a machine has made, by their look alone.

use super::{
    limits::{LONGEST_NAME, NAME},
    value::{is_algorithm, is_commit_id, is_names, is_uuid},
    words::{COUNTED, PLACES},
};
use crate::{chance::Profile, shape::Set};

/// Whether a word of a sentence is a password: nobody else makes it, or letters with two digits that
/// count nothing.
pub(super) fn is_chosen_or_generated(value: &[u8]) -> bool {
    const INSIDE: Set = Set::new(r"\w!@#$%^&*+~-");
    if value.len() < 8
        || value.len() > LONGEST_NAME
        || INSIDE.run(value, 0, value.len()) < value.len()
        || is_uuid(value)
        || is_commit_id(value)
    {
        return false;
    }
    let profile = Profile::of(value);
    let letters = const { Set::new("A-Za-z") }.run(value, 0, value.len());
    let word = &value[..letters];
    profile.len >= 12 && profile.is_random() && !profile.is_hex()
        || profile.digits >= 2
            && profile.letters() >= 4
            && !is_names(value)
            && !is_algorithm(value)
            && !COUNTED.has(word)
            && !PLACES.has(word)
            && NAME.has(value[0])
}
