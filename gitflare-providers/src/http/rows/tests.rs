//! Lists split while they arrive, at every place where a chunk can end.

use super::{
    ListAt::{Member, Root},
    *,
};

#[expect(
    non_upper_case_globals,
    reason = "it stands beside the variants of the enum"
)]
const Embedded: ListAt = ListAt::Embedded(&["tagList", "blobs"]);

/// The rows, the rest and whether there was a list, read in pieces of that many bytes.
fn split(at: ListAt, text: &str, piece: usize) -> Result<(Vec<String>, String, bool), Stop> {
    let mut all = Vec::new();
    let mut each = |row: &[u8]| {
        all.push(String::from_utf8(row.trim_ascii().to_vec()).unwrap());
        true
    };
    let mut rows = Rows {
        at,
        each: &mut each,
    };
    let mut splitter = Splitter::new(Some(&mut rows), 0);
    for piece in text.as_bytes().chunks(piece) {
        splitter.feed(piece)?;
    }
    let (rest, found) = splitter.end()?;
    Ok((all, String::from_utf8(rest).unwrap(), found))
}

#[test]
fn rows_come_out_whole_however_the_text_arrives() {
    let rows = [
        (Root, r#"[]"#, vec![], "[]", true),
        (Root, " [ \n ] ", vec![], " [] ", true),
        (
            Root,
            r#"[{"a":[1,2]},null, "x,]\"" ,[3]]"#,
            vec![r#"{"a":[1,2]}"#, "null", r#""x,]\"""#, "[3]"],
            "[]",
            true,
        ),
        (
            Member("values"),
            r#"{"size":2,"x":{"values":[9]},"values":[{"b":"]"},{}],"next":"values"}"#,
            vec![r#"{"b":"]"}"#, "{}"],
            r#"{"size":2,"x":{"values":[9]},"values":[],"next":"values"}"#,
            true,
        ),
        // A value of that name is no member, and of two members one counts.
        (
            Member("v"),
            r#"{"a":"v","b":[1],"v":[2],"v":[3]}"#,
            vec!["2"],
            r#"{"a":"v","b":[1],"v":[],"v":[3]}"#,
            true,
        ),
        (Member("v"), r#"{"v":null}"#, vec![], r#"{"v":null}"#, false),
        (Member("v"), r#"[[1]]"#, vec![], "[[1]]", false),
        (Root, r#"{"a":[1]}"#, vec![], r#"{"a":[1]}"#, false),
        (Embedded, r#"[7]"#, vec!["7"], "[]", true),
        (
            Embedded,
            r#"{"x":{"a":[1]},"_embedded":{"z":{"a":[1]},"tagList":[2,3]},"page":{"v":[4]}}"#,
            vec!["2", "3"],
            r#"{"x":{"a":[1]},"_embedded":{"z":{"a":[1]},"tagList":[]},"page":{"v":[4]}}"#,
            true,
        ),
        (
            Embedded,
            r#"{"_embedded":{},"page":{"a":[1]}}"#,
            vec![],
            r#"{"_embedded":{},"page":{"a":[1]}}"#,
            false,
        ),
        // A name that is known counts wherever it stands, any other where there is no such.
        (
            Embedded,
            r#"{"links":[1],"_embedded":{"z":"tagList","aList":[2],"tagList":[3]},"c":[4]}"#,
            vec!["3"],
            r#"{"links":[1],"_embedded":{"z":"tagList","aList":[2],"tagList":[]},"c":[4]}"#,
            true,
        ),
        (
            Embedded,
            r#"{"links":[1],"_embedded":{"aList":[2,{"tagList":[3]}]},"page":{"c":[4]}}"#,
            vec!["2", r#"{"tagList":[3]}"#],
            r#"{"links":[1],"_embedded":{"aList":[]},"page":{"c":[4]}}"#,
            true,
        ),
        (
            Embedded,
            r#"{"links":[1]}"#,
            vec![],
            r#"{"links":[1]}"#,
            false,
        ),
        (
            Embedded,
            r#"{"a":"_embedded","b":{"v":[1]},"blobs":[2]}"#,
            vec!["2"],
            r#"{"a":"_embedded","b":{"v":[1]},"blobs":[]}"#,
            true,
        ),
        // What is no JSON is left for the parser to refuse.
        (Root, "[1,]", vec!["1", ""], "[]", true),
        (Root, "[1", vec![], "[", true),
        (Root, "<html>", vec![], "<html>", false),
    ];
    for (at, text, all, rest, found) in rows {
        for piece in [1, 2, 3, 5, usize::MAX] {
            let all = all.iter().map(|row| (*row).to_owned()).collect();
            let expected = (all, rest.to_owned(), found);
            assert_eq!(split(at, text, piece), Ok(expected), "{piece} {text}");
        }
    }
}

/// A value with strings of all that means something in JSON.
fn made_up(random: &mut impl FnMut(usize) -> usize, depth: usize) -> serde_json::Value {
    match random(if depth < 5 { 4 } else { 2 }) {
        0 => random(1_000_000).into(),
        1 => {
            let signs = [
                "\"", "\\", "[", "]", "{", "}", ",", ":", "x", "\u{e9}", "\n",
            ];
            let text: String = (0..random(90))
                .map(|_| signs[random(signs.len())])
                .collect();
            text.into()
        }
        2 => (0..random(6)).map(|_| made_up(random, depth + 1)).collect(),
        _ => {
            let members = (0..random(6)).map(|at| (format!("m{at}"), made_up(random, depth + 1)));
            serde_json::Value::Object(members.collect())
        }
    }
}

#[test]
fn long_texts_split_alike_in_pieces_of_any_length() {
    let mut state = 1_usize;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for _ in 0..300 {
        let rows: Vec<_> = (0..1 + random(9))
            .map(|_| made_up(&mut random, 0).to_string())
            .collect();
        let (list, before) = (rows.join(","), made_up(&mut random, 0));
        let text = format!(r#"{{"a":{before},"v":[{list}],"z":[{before}]}}"#);
        let rest = text.replacen(&format!("[{list}]"), "[]", 1);
        for piece in [1, 7, 63, 64, 65, 100, 1000, usize::MAX] {
            let expected = (rows.clone(), rest.clone(), true);
            assert_eq!(
                split(Member("v"), &text, piece),
                Ok(expected),
                "{piece} {text}"
            );
            let mut whole = Splitter::new(None, 0);
            for piece in text.as_bytes().chunks(piece) {
                whole.feed(piece).unwrap();
            }
            assert!(
                whole.open == 0 && !whole.in_string && whole.end().unwrap().0 == text.as_bytes()
            );
        }
    }
}

#[test]
fn depth_is_counted_across_pieces_and_not_in_strings() {
    // sec: SR-8
    let rows = [
        ("[".repeat(64) + &"]".repeat(64), true),
        ("[".repeat(65), false),
        ("{\"a\":".repeat(64) + "1" + &"}".repeat(64), true),
        ("{\"a\":".repeat(65), false),
        ("[".repeat(100_000), false),
        (format!("[\"{}\"]", "[".repeat(1000)), true),
        (format!("[\"\\\"{}\\\\\"]", "[".repeat(1000)), true),
        (format!("[\"\\\\\",{}", "[".repeat(64)), false),
        ("[]".repeat(1000), true),
    ];
    for (text, is_shallow) in rows {
        for piece in [1, 2, 3, 7, 64, 100, usize::MAX] {
            for at in [Root, Member("a"), Embedded] {
                match split(at, &text, piece) {
                    Ok((rows, rest, _)) => {
                        // What is read is never deeper: the rest of a row is left out.
                        let all = || rows.iter().chain([&rest]);
                        assert!(all().all(|text| depth(text) <= MAX_DEPTH));
                        let read: usize = all().map(String::len).sum();
                        assert!(is_shallow || read < text.len(), "{piece} {text:.40}");
                    }
                    Err(stop) => {
                        assert_eq!(stop, Stop::TooDeep, "{piece} {text:.40}");
                        assert!(!is_shallow, "{piece} {text:.40}");
                    }
                }
            }
            let mut whole = Splitter::new(None, 0);
            let mut fed = text.as_bytes().chunks(piece).map(|piece| whole.feed(piece));
            assert_eq!(fed.all(|fed| fed.is_ok()), is_shallow, "{piece} {text:.40}");
        }
    }
}

/// How deep a text nests.
fn depth(text: &str) -> usize {
    let (mut open, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => open += 1,
            b']' | b'}' if !in_string => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

#[test]
fn what_nests_too_deeply_costs_its_own_member() {
    // sec: SR-8
    let deep =
        |open: usize, inside: &str| format!("{}{inside}{}", "[".repeat(open), "]".repeat(open));
    let text = format!(
        r#"[{{"a":1,"p":{},"b":"]}}"}},{{"a":2}},{{"p":{},"q":{}}}]"#,
        deep(1000, r#"{"x":"]]]\"[["},[[3]]"#),
        deep(63, ""),
        deep(62, ""),
    );
    let cut = deep(62, "null");
    let rows = vec![
        format!(r#"{{"a":1,"p":{cut},"b":"]}}"}}"#),
        r#"{"a":2}"#.to_owned(),
        format!(r#"{{"p":{cut},"q":{}}}"#, deep(62, "")),
    ];
    for piece in [1, 2, 3, 63, 64, 65, 1000, usize::MAX] {
        let expected = (rows.clone(), "[]".to_owned(), true);
        assert_eq!(split(Root, &text, piece), Ok(expected), "{piece}");
    }
    // Around the rows nothing may be missing.
    let around = format!(r#"{{"x":{},"v":[1]}}"#, deep(64, ""));
    assert_eq!(split(Member("v"), &around, 7), Err(Stop::TooDeep));
}

#[test]
fn a_taker_that_has_enough_ends_the_reading() {
    let mut seen = 0;
    let mut each = |_: &[u8]| {
        seen += 1;
        seen < 2
    };
    let mut rows = Rows {
        at: ListAt::Root,
        each: &mut each,
    };
    let mut splitter = Splitter::new(Some(&mut rows), 0);
    assert_eq!(splitter.feed(b"[1,2,3,4]"), Err(Stop::Enough));
    assert_eq!(seen, 2);
}
