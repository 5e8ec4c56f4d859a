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
mod tests;
