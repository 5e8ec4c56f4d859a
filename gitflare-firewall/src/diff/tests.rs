//! Whole unified diffs through the firewall.

use super::*;

fn strip(text: &str) -> (String, u64) {
    let blocks = |path: &str| path.split('/').any(|name| name == ".env" || name == "ключ");
    let filtered = filter(text.as_bytes(), &Redactor::new(&[7; 32]), &blocks);
    (
        String::from_utf8(filtered.bytes).unwrap(),
        filtered.blocked_files,
    )
}

fn section(header: &str, body: &str) -> String {
    format!("{header}\nindex 1..2 100644\n--- a/x\n+++ b/x\n{body}")
}

#[test]
fn blocked_sections_vanish_and_others_stay() {
    let kept = "diff --git a/src/a.rs b/src/a.rs\nindex 1..2 100644\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1 +1 @@ fn x\n-old\n+new\n";
    let hunk = "@@ -0,0 +1 @@\n+A=b\n";
    for header in [
        "diff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n",
        "diff --git a/.env b/.env\nnew file mode 100644\n--- /dev/null\n+++ b/.env\n",
        "diff --git a/.env b/notes\nsimilarity index 90%\nrename from .env\nrename to notes\n--- a/.env\n+++ b/notes\n",
        "diff --git a/notes b/.env\nsimilarity index 90%\ncopy from notes\ncopy to .env\n",
        "diff --git .env .env\n--- .env\n+++ .env\n",
        "diff --git i/.env w/.env\n--- i/.env\n+++ w/.env\n",
        "diff --git a/with space/.env b/with space/.env\n--- a/with space/.env\n+++ b/with space/.env\n",
        "diff --git \"a/\\320\\272\\320\\273\\321\\216\\321\\207\" \"b/\\320\\272\\320\\273\\321\\216\\321\\207\"\n",
        "diff --git a/.env b/.env\r\n--- a/.env\r\n+++ b/.env\r\n",
        "--- .env\t2026-01-01 00:00:00\n+++ .env\t2026-01-02 00:00:00\n",
    ] {
        let text = format!("{kept}{header}{hunk}{kept}");
        assert_eq!(strip(&text), (format!("{kept}{kept}"), 1), "{header}");
    }
    let combined = format!(
        "diff --cc .env\nindex 1,2..3\n--- a/.env\n+++ b/.env\n@@@ -1,1 -1,1 +1,2 @@@\n  a\n++b\n{kept}"
    );
    assert_eq!(strip(&combined), (kept.to_owned(), 1));
}

#[test]
fn lines_of_a_hunk_are_never_read_as_headers() {
    let text = section(
        "diff --git a/x b/x",
        "@@ -1,3 +1,3 @@\n--- a/.env\n-diff --git a/.env b/.env\n+++ b/.env\n+@@ -0,0 +1 @@\n context\n+y\n",
    );
    assert_eq!(strip(&text), (text.clone(), 0));
}

#[test]
fn binary_patches_and_submodules_are_whole_sections() {
    let after = "diff --git a/.env b/.env\nGIT binary patch\nliteral 3\nKcmZQz\n\nliteral 0\nHcmV?d00001\n\n";
    let kept = "diff --git a/m b/m\nindex 1..2 160000\n--- a/m\n+++ b/m\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n";
    assert_eq!(strip(&format!("{after}{kept}")), (kept.to_owned(), 1));
    let binary = "diff --git a/.env b/.env\nindex 1..2\nBinary files a/.env and b/.env differ\n";
    assert_eq!(strip(&format!("{binary}{kept}")), (kept.to_owned(), 1));
}

#[test]
fn messages_between_sections_stay() {
    let text = "commit 1\nAuthor: a\n\n    message\n\ndiff --git a/.env b/.env\nindex 1..2\n--- a/.env\n+++ b/.env\n@@ -1 +1 @@\n-a\n+b\n\ncommit 2\n\n    other\n";
    assert_eq!(
        strip(text),
        (
            "commit 1\nAuthor: a\n\n    message\n\n\ncommit 2\n\n    other\n".to_owned(),
            1
        )
    );
}

#[test]
fn no_newline_marks_belong_to_their_hunk() {
    let text = "diff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\ntail\n";
    assert_eq!(strip(text), ("tail\n".to_owned(), 1));
}
