//! Whether a place in source code lies in a comment or a string literal, where configuration and
//! notes are written as in any text. It knows the delimiters of common languages, not their
//! grammar, and looks no further back than the view: a wrong answer costs one heuristic.

use crate::{shape::Set, text::View};

/// How a line begins that is a comment, after its indentation.
const COMMENT_LINES: &[&[u8]] = &[
    b"//", b"# ", b"#\t", b"##", b"-- ", b"; ", b";;", b"% ", b"%%", b"* ", b"/*", b"<!--",
    b"REM ", b"rem ", b"{-", b"(*",
];
/// How a comment begins behind code; a blank stands before it.
const COMMENTS: &[&[u8]] = &[b"// ", b"# ", b"-- ", b"/*", b"<!--"];
/// Delimiters of comments and literals over several lines.
const SPANS: &[(&[u8], &[u8])] = &[
    (b"/*", b"*/"),
    (b"<!--", b"-->"),
    (b"r#\"", b"\"#"),
    (b"[[", b"]]"),
    (b"=begin", b"=end"),
];
/// Delimiters that open and close alike.
const FENCES: &[&[u8]] = &[b"\"\"\"", b"'''", b"`"];

/// Whether the place at `at` lies in a comment or a literal.
pub(super) fn is_in_text(view: &View<'_>, at: usize) -> bool {
    let start = view.line_start(at);
    if start > view.floor + 1 && matches!(view.text[start - 1], b'n' | b'r') {
        // The line end was an escaped one, as literals have.
        return true;
    }
    let line = &view.text[start..at];
    let code = match line {
        [b'+' | b'-', rest @ ..] => rest.trim_ascii_start(),
        _ => line.trim_ascii_start(),
    };
    let is_comment = |code: &[u8]| COMMENT_LINES.iter().any(|sign| code.starts_with(sign));
    is_comment(line)
        || is_comment(code)
        || has_comment(code)
        || opens_literal(code)
        || is_in_block(&view.text[view.floor..start])
}

/// Whether a comment begins in the line, or an old comment sign stands at its end.
fn has_comment(code: &[u8]) -> bool {
    COMMENTS.iter().any(|sign| {
        memchr::memmem::find(code, sign)
            .is_some_and(|index| index > 0 && code[index - 1].is_ascii_whitespace())
    }) || code == b"#"
        || code == b"//"
        || code == b"--"
}

/// Whether a quote of the line is open at its end. A quote closes at its own depth of escaping.
fn opens_literal(code: &[u8]) -> bool {
    let mut open: Option<(u8, usize)> = None;
    let mut slashes = 0;
    for (index, &byte) in code.iter().enumerate() {
        match byte {
            b'\\' => {
                slashes += 1;
                continue;
            }
            b'"' | b'\'' | b'`' => {
                // `don't` opens nothing.
                let word = byte == b'\''
                    && index > 0
                    && code[index - 1].is_ascii_alphanumeric()
                    && code.get(index + 1).is_some_and(u8::is_ascii_alphanumeric);
                match open {
                    Some(quote) if quote == (byte, slashes) => open = None,
                    None if !word => open = Some((byte, slashes)),
                    _ => {}
                }
            }
            _ => {}
        }
        slashes = 0;
    }
    open.is_some()
}

/// Whether a comment or a literal that began on an earlier line goes on at the end of `before`.
fn is_in_block(before: &[u8]) -> bool {
    SPANS.iter().any(|(open, close)| {
        memchr::memmem::rfind(before, open).is_some_and(|index| {
            memchr::memmem::find(&before[index + open.len()..], close).is_none()
        })
    }) || FENCES.iter().any(|fence| is_fenced(before, fence))
        || is_heredoc(before)
}

/// Whether the last `fence` of `before` opens a literal: code stands before it on its line, or it
/// is the first of an odd number.
fn is_fenced(before: &[u8], fence: &[u8]) -> bool {
    let Some(last) = memchr::memmem::rfind(before, fence) else {
        return false;
    };
    // An escaped or doubled sign is part of a literal.
    let line = memchr::memrchr(b'\n', &before[..last]).map_or(0, |index| index + 1);
    let code = before[line..last].trim_ascii();
    let code = code
        .strip_prefix(b"+")
        .or(code.strip_prefix(b"-"))
        .unwrap_or(code)
        .trim_ascii();
    let rest = &before[last + fence.len()..];
    let ends_line = rest
        .first()
        .is_none_or(|byte| matches!(byte, b'\n' | b'\r' | b'\\'));
    match code.last() {
        // `x = """`, `f("""`, `sh '''`
        Some(b'=' | b'(' | b',' | b':' | b'+' | b'[' | b'{' | b'>' | b'?' | b'|' | b'&') => true,
        Some(byte) if byte.is_ascii_alphanumeric() => {
            // A word before the fence: `sh '''`, ``sql` ``; text before it ends a literal.
            ends_line && (before[..last].ends_with(b" ") || fence == b"`") && !code.contains(&b' ')
                || code.ends_with(b"return")
                || code.ends_with(b"= f")
                || code.ends_with(b"= r")
        }
        _ => memchr::memmem::find_iter(before, fence).count() % 2 == 1,
    }
}

/// Whether a here-document is open at the end of `before`.
fn is_heredoc(before: &[u8]) -> bool {
    const WORD: Set = Set::new(r"\w");
    let Some(index) = memchr::memmem::rfind(before, b"<<") else {
        return false;
    };
    let rest = &before[index + 2..];
    let mark = rest
        .iter()
        .position(|byte| WORD.has(*byte))
        .filter(|at| *at <= 4);
    let Some(mark) = mark else {
        return false;
    };
    if !rest[..mark]
        .iter()
        .all(|byte| matches!(byte, b'<' | b'-' | b'~' | b'"' | b'\'' | b' '))
    {
        return false;
    }
    let word = &rest[mark..WORD.run(rest, mark, rest.len())];
    word.len() >= 2
        && word[0].is_ascii_uppercase()
        && !rest.split(|byte| *byte == b'\n').skip(1).any(|line| {
            let line = line
                .strip_prefix(b"+")
                .or(line.strip_prefix(b"-"))
                .unwrap_or(line);
            line.trim_ascii_start().starts_with(word)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn comments_and_literals_are_told_from_code() {
        for (code, expected) in [
            ("# @", true),
            ("x = 1  // see @", true),
            ("+\t// @", true),
            (" * @", true),
            ("call(\"a b @", true),
            ("call('it', @", false),
            ("x = \"a\" + @", false),
            ("say(\\\"a @", true),
            ("x = \"\"\"\na\n@", true),
            ("x = \"\"\"\na\n\"\"\"\n@", false),
            ("const t = `\na: b\n@", true),
            ("const t = `\na: b\n`;\n@", false),
            ("x = <<~EOT\n  a\n  @", true),
            ("x = <<~EOT\n  a\nEOT\n@", false),
            ("/* a\n b @", true),
            ("/* a */\n@", false),
            ("#define @", false),
            ("#[serde(default = @", false),
            ("a << b;\n@", false),
            ("let x = r#\"\n@", true),
            ("sh '''\n  @", true),
        ] {
            let at = code.find('@').unwrap();
            let view = View {
                text: code.as_bytes(),
                floor: 0,
                limit: code.len(),
                language: Language::Code,
            };
            assert_eq!(is_in_text(&view, at), expected, "{code:?}");
        }
    }
}
