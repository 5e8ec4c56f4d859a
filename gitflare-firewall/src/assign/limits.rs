//! The alphabets and bounds that the readers of names and values share.

use super::strength::Strength;
use crate::shape::Set;

/// Characters of a name.
pub(super) const NAME: Set = Set::new(r"\w-");
/// The longest name on either side of its keyword, in bytes.
pub(super) const LONGEST_NAME: usize = 64;
/// The longest value without quotes, in bytes.
pub(super) const LONGEST_BARE: usize = 1024;
/// How much of a value is judged, in bytes.
pub(super) const LONGEST_JUDGED: usize = 256;
/// A bare value is a name below this length, unless it has a mark.
pub(super) const LONGEST_WORD: usize = 32;
/// A bare value without a mark must look generated, for which it takes this many letters.
pub(super) const SHORTEST_GENERATED: usize = 16;
/// What a bare value must hold to be no name.
pub(super) const MARK: Set = Set::new("0-9!@#$%^&*~+?");
/// What ends a bare value where nothing else is known of it.
pub(super) const BARE_END: Set = Set::new(" \t\r\n\"'`;,<>&|(){}[]");
/// Characters of a generated text.
pub(super) const TOKEN: Set = Set::new(r"\w.+/=~-");
/// The shortest generated text that counts without an operator.
pub(super) const SHORTEST_NEARBY: usize = 20;
/// Bytes between a comparison and the name, `== self.password`.
pub(super) const LONGEST_COMPARED: usize = 48;

/// Rows of a table that are read below its header.
pub(super) const MOST_ROWS: usize = 32;

/// How many bytes behind its name a generated text may begin; a provider's name says more.
pub(super) const fn reach(strength: Strength) -> usize {
    if matches!(strength, Strength::Provider) {
        80
    } else {
        40
    }
}
