//! Splits a JSON answer into the rows of its one list while it arrives: each row is handed on as
//! soon as it is whole, and what stands around the list is kept. Memory holds one row at a time. What
//! nests too deeply in a row is `null` there, so that members that nobody reads cost no row.
//! It reads no row itself, and judges the text only as far as it needs to: the parser behind it
//! refuses what is not JSON.

use memchr::memchr2;

use super::blocks::{BLOCK, Block, Strings};

/// The most an answer that is kept whole may hold, decompressed (SR-8).
pub(crate) const MAX_BODY: usize = 16 * 1024 * 1024;
/// How deep JSON may nest (SR-8).
pub(super) const MAX_DEPTH: usize = 64;
/// Names of members that hold lists are shorter.
const MAX_NAME: usize = 32;

/// Where an answer has its list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ListAt {
    /// The answer is the list.
    Root,
    /// It is that member of the answer's object.
    Member(&'static str),
    /// It is the answer, or the first member of one of these names in the answer or its `_embedded`
    /// (HAL, draft-kelly-json-hal); where there is none, the first list of `_embedded`.
    Embedded(&'static [&'static str]),
}

/// What takes the rows: `each` gets the text of one row, and says whether to go on.
pub(crate) struct Rows<'r> {
    pub(crate) at: ListAt,
    pub(crate) each: &'r mut (dyn FnMut(&[u8]) -> bool + Send),
}

/// Why the text is not read to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    TooDeep,
    /// One row, or what stands around them.
    TooLarge,
    /// The taker of the rows wants no more.
    Enough,
}

/// Where the reading is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Inside,
    After,
}

/// Reads a text that comes in pieces.
pub(super) struct Splitter<'s, 'r> {
    /// `None`: no list is looked for, and all of the text is kept.
    rows: Option<&'s mut Rows<'r>>,
    place: Place,
    /// Open brackets, and how many there are between the rows.
    open: usize,
    list_at: usize,
    in_string: bool,
    escaped: bool,
    /// The last string among the members of the outer object or its `_embedded`, up to its end so far.
    name: Vec<u8>,
    /// The part of a row that earlier pieces brought.
    row: Vec<u8>,
    /// Whether the reading is inside what nests too deeply in a row: it is neither kept nor handed on.
    too_deep: bool,
    any: bool,
    /// Whether the reading is inside `_embedded`.
    embedded: bool,
    /// Whether a list of `_embedded` may have any name: none has one that is known.
    any_name: bool,
    /// The text without its rows.
    rest: Vec<u8>,
}

impl<'s, 'r> Splitter<'s, 'r> {
    pub(super) fn new(rows: Option<&'s mut Rows<'r>>, capacity: usize) -> Self {
        Self {
            rows,
            place: Place::Before,
            open: 0,
            list_at: 0,
            in_string: false,
            escaped: false,
            name: Vec::new(),
            row: Vec::new(),
            too_deep: false,
            any: false,
            embedded: false,
            any_name: false,
            rest: Vec::with_capacity(capacity),
        }
    }

    /// Whether an object or a list has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.open > 0
    }

    /// Whether the list has begun.
    pub(super) fn has_list(&self) -> bool {
        self.place != Place::Before
    }

    /// The text without its rows, and whether there was a list.
    ///
    /// # Errors
    /// As [`Self::feed`]: a list without a name that is known is read now.
    pub(super) fn end(self) -> Result<(Vec<u8>, bool), Stop> {
        let is_embedded = |rows: &&mut Rows<'_>| matches!(rows.at, ListAt::Embedded(_));
        if self.has_list() || self.rows.as_ref().is_none_or(|rows| !is_embedded(rows)) {
            let has_list = self.has_list();
            return Ok((self.rest, has_list));
        }
        let mut again = Self {
            any_name: true,
            ..Self::new(self.rows, 0)
        };
        again.feed(&self.rest)?;
        let has_list = again.has_list();
        Ok((again.rest, has_list))
    }

    /// Reads the next piece.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<(), Stop> {
        // What stands before `kept` is handed on or kept already.
        let (mut at, mut kept) = (0, 0);
        if self.rows.is_none() {
            at = self.depth_in_blocks(piece)?;
        }
        while at < piece.len() {
            if self.place == Place::Inside {
                (at, kept) = self.rows_in_blocks(piece, at, kept)?;
                // The last part is shorter than a block, or the list has ended.
                if at == piece.len() {
                    break;
                }
            }
            if self.escaped {
                self.escaped = false;
                at += 1;
            } else if self.in_string {
                at += self.string(&piece[at..]);
            } else {
                match piece[at] {
                    b'"' => {
                        self.in_string = true;
                        self.name.clear();
                    }
                    b'[' if self.opens_list() => {
                        self.keep(&piece[kept..=at])?;
                        kept = at + 1;
                        self.place = Place::Inside;
                        self.open += 1;
                        self.list_at = self.open;
                    }
                    b'[' | b'{' => {
                        self.embedded |= self.open == 1 && self.name == b"_embedded";
                        self.open += 1;
                        if self.open > MAX_DEPTH {
                            self.leave_out(&piece[kept..at])?;
                        }
                    }
                    b',' if self.is_between_rows() => {
                        self.row(&piece[kept..at], false)?;
                        kept = at + 1;
                    }
                    b',' if self.is_at_names() => self.name.clear(),
                    b']' if self.is_between_rows() => {
                        self.row(&piece[kept..at], true)?;
                        kept = at;
                        self.place = Place::After;
                        self.open -= 1;
                    }
                    b']' | b'}' => {
                        self.open = self.open.saturating_sub(1);
                        self.embedded &= self.open > 1;
                        if self.goes_on() {
                            kept = at + 1;
                        }
                    }
                    _ => {}
                }
                at += 1;
            }
        }
        match self.too_deep {
            true => Ok(()),
            false => self.keep(&piece[kept..]),
        }
    }

    /// Begins to leave out what nests too deeply, of whose row `before` was not kept yet.
    fn leave_out(&mut self, before: &[u8]) -> Result<(), Stop> {
        if self.too_deep {
            return Ok(());
        }
        if self.place != Place::Inside {
            return Err(Stop::TooDeep);
        }
        self.too_deep = true;
        self.keep(before)?;
        self.keep(b"null")
    }

    /// Whether a bracket has just closed what is left out.
    fn goes_on(&mut self) -> bool {
        let goes_on = self.too_deep && self.open == MAX_DEPTH;
        self.too_deep &= !goes_on;
        goes_on
    }

    /// Reads on inside the list, a block at a time, up to where less than a block is left or the list
    /// ends; how far, and up to where all is handed on.
    fn rows_in_blocks(
        &mut self,
        piece: &[u8],
        mut at: usize,
        mut kept: usize,
    ) -> Result<(usize, usize), Stop> {
        let mut strings = Strings {
            inside: self.in_string,
            escaped: self.escaped,
        };
        while let Some(block) = piece[at..].first_chunk::<BLOCK>() {
            let block = Block::of(block);
            let outside = !strings.next(&block);
            let (mut brackets, mut commas) = (block.brackets & outside, block.commas & outside);
            loop {
                let bracket = brackets.trailing_zeros();
                if self.open == self.list_at {
                    // Those before the next bracket stand between rows.
                    let mut between = commas & below(bracket);
                    while between != 0 {
                        let comma = at + between.trailing_zeros() as usize;
                        self.row(&piece[kept..comma], false)?;
                        kept = comma + 1;
                        between &= between - 1;
                    }
                }
                if brackets == 0 {
                    break;
                }
                commas &= !below(bracket);
                brackets &= brackets - 1;
                let place = at + bracket as usize;
                match piece[place] {
                    b'[' | b'{' => {
                        self.open += 1;
                        if self.open > MAX_DEPTH {
                            self.leave_out(&piece[kept..place])?;
                        }
                    }
                    // The list's own end is read by the other loop, from its place on.
                    _ if self.open == self.list_at => {
                        (self.in_string, self.escaped) = (false, false);
                        return Ok((place, kept));
                    }
                    _ => {
                        self.open = self.open.saturating_sub(1);
                        if self.goes_on() {
                            kept = place + 1;
                        }
                    }
                }
            }
            at += BLOCK;
        }
        (self.in_string, self.escaped) = (strings.inside, strings.escaped);
        Ok((at, kept))
    }

    /// Counts brackets of a text without rows, a block at a time; how far.
    fn depth_in_blocks(&mut self, piece: &[u8]) -> Result<usize, Stop> {
        let mut strings = Strings {
            inside: self.in_string,
            escaped: self.escaped,
        };
        let (blocks, rest) = piece.as_chunks::<BLOCK>();
        for text in blocks {
            let block = Block::of(text);
            let mut brackets = block.brackets & !strings.next(&block);
            while brackets != 0 {
                match text[brackets.trailing_zeros() as usize] {
                    b'[' | b'{' => self.open += 1,
                    _ => self.open = self.open.saturating_sub(1),
                }
                if self.open > MAX_DEPTH {
                    return Err(Stop::TooDeep);
                }
                brackets &= brackets - 1;
            }
        }
        (self.in_string, self.escaped) = (strings.inside, strings.escaped);
        Ok(piece.len() - rest.len())
    }

    /// Reads on in a string; how far.
    fn string(&mut self, piece: &[u8]) -> usize {
        let at = memchr2(b'"', b'\\', piece);
        let text = &piece[..at.unwrap_or(piece.len())];
        if self.is_at_names() && self.place == Place::Before && self.name.len() <= MAX_NAME {
            self.name
                .extend_from_slice(&text[..text.len().min(MAX_NAME + 1)]);
        }
        if let Some(at) = at {
            self.escaped = piece[at] == b'\\';
            self.in_string = self.escaped;
        }
        text.len() + usize::from(at.is_some())
    }

    /// Whether strings may be names of members that hold the list.
    fn is_at_names(&self) -> bool {
        self.open == 1 || (self.open == 2 && self.embedded)
    }

    fn opens_list(&self) -> bool {
        let Some(rows) = self.rows.as_ref().filter(|_| self.place == Place::Before) else {
            return false;
        };
        match rows.at {
            ListAt::Root => self.open == 0,
            ListAt::Member(member) => self.open == 1 && self.name == member.as_bytes(),
            ListAt::Embedded(known) => {
                let is_known = || known.iter().any(|known| known.as_bytes() == self.name);
                match self.open {
                    0 => true,
                    2 if self.any_name => self.embedded,
                    _ => self.is_at_names() && is_known(),
                }
            }
        }
    }

    fn is_between_rows(&self) -> bool {
        self.place == Place::Inside && self.open == self.list_at
    }

    /// Ends a row with its last part. The last row of a list may be none.
    fn row(&mut self, end: &[u8], is_last: bool) -> Result<(), Stop> {
        let whole = if self.row.is_empty() {
            end
        } else {
            self.row.extend_from_slice(end);
            &self.row
        };
        let is_none = is_last && !self.any && whole.trim_ascii().is_empty();
        let go_on = match &mut self.rows {
            Some(rows) if !is_none => (rows.each)(whole),
            _ => true,
        };
        self.row.clear();
        self.any = true;
        if go_on { Ok(()) } else { Err(Stop::Enough) }
    }

    /// Keeps what belongs to a row that goes on, or to no row.
    fn keep(&mut self, text: &[u8]) -> Result<(), Stop> {
        let kept = match self.place {
            Place::Inside => &mut self.row,
            Place::Before | Place::After => &mut self.rest,
        };
        if kept.len() + text.len() > MAX_BODY {
            return Err(Stop::TooLarge);
        }
        kept.extend_from_slice(text);
        Ok(())
    }
}

/// The bits below that one; all for 64.
fn below(bit: u32) -> u64 {
    1u64.checked_shl(bit).map_or(u64::MAX, |bit| bit - 1)
}

#[cfg(test)]
mod tests {
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
                let members =
                    (0..random(6)).map(|at| (format!("m{at}"), made_up(random, depth + 1)));
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
                    whole.open == 0
                        && !whole.in_string
                        && whole.end().unwrap().0 == text.as_bytes()
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
}
