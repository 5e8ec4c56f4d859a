//! Patches as upstreams send them: where the hunks begin, how many lines they change, and how much
//! patch text a diff still takes. It makes no patches; the local adapter does that by itself.

use gitflare_core::model::MAX_PATCH_BYTES;

/// The text from the first hunk on, without file headers; `None` when it has no hunk.
pub(crate) fn hunks(text: &str) -> Option<&str> {
    if text.starts_with("@@") {
        return Some(text);
    }
    text.find("\n@@").map(|before| &text[before + 1..])
}

/// Added and removed lines of a text of hunks.
pub(crate) fn count_lines(hunks: &str) -> (u64, u64) {
    // Without file headers a line that begins with `+` or `-` is a changed line, `+++` included.
    hunks
        .lines()
        .fold((0, 0), |(added, removed), line| match line.as_bytes() {
            [b'+', ..] => (added + 1, removed),
            [b'-', ..] => (added, removed + 1),
            _ => (added, removed),
        })
}

/// How much patch text a diff still takes.
#[derive(Debug)]
pub(crate) struct PatchBudget(usize);

impl PatchBudget {
    /// A whole diff's share.
    pub(crate) const fn new() -> Self {
        Self(MAX_PATCH_BYTES)
    }

    /// Whether the patch still fits; takes its share when it does.
    pub(crate) fn takes(&mut self, patch: &str) -> bool {
        match self.0.checked_sub(patch.len()) {
            Some(left) => {
                self.0 = left;
                true
            }
            // A smaller one after it would make the choice look arbitrary: the text ends here.
            None => {
                self.0 = 0;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_begin_at_the_first_at_sign_line() {
        for (text, expected) in [
            ("@@ -1 +1 @@\n-a\n+b", Some("@@ -1 +1 @@\n-a\n+b")),
            ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a", Some("@@ -1 +1 @@\n-a")),
            ("Binary files a/x and b/x differ\n", None),
            ("", None),
        ] {
            assert_eq!(hunks(text), expected, "{text}");
        }
    }

    #[test]
    fn changed_lines_are_counted_whatever_they_hold() {
        let hunks =
            "@@ -1,2 +1,3 @@ fn a()\n a\n-- b\n--- c\n+++ d\n+\n\\ No newline at end of file";
        assert_eq!(count_lines(hunks), (2, 2));
        assert_eq!(count_lines(""), (0, 0));
    }

    #[test]
    fn patch_text_ends_with_the_first_patch_that_does_not_fit() {
        let mut budget = PatchBudget::new();
        assert!(budget.takes(&"x".repeat(MAX_PATCH_BYTES - 1)));
        assert!(!budget.takes("xx"));
        assert!(!budget.takes("x"));
        assert!(budget.takes(""));
    }
}
