//! One pass over a text: anchors from the scanner, a matcher per kind of anchor, spans out. The
//! engine works in windows, so that a stream and a whole text come to the same spans: a matcher
//! sees at most a fixed distance around its anchor, and what outgrows that is carried on by state.

use std::sync::OnceLock;

use crate::{
    assign::{self, Strength},
    block::{self, Block, middle},
    chance::Profile,
    context::{self, CONTEXTS, Context, spelled},
    formats::{self, Format},
    language::Language,
    link,
    manifest::{self, Manifest, Opened},
    scan::{Hit, Literal, Scanner},
    shape::Set,
    span::Matches,
    tag::TAG_PREFIX,
    text::{LOOKAHEAD, LOOKBACK, View},
    wrapped,
};

/// What an anchor stands for.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Keyword(Strength),
    Format(usize),
    Block,
    BlockEnd,
    /// `@@ -`, the header of a hunk.
    Hunk,
    /// `kind: Secret`
    Manifest,
    /// `data:`
    Data,
    /// A character within a word that shows nothing or looks like another.
    Spelled,
    Link,
    Context(Context),
    Tag,
    Wrapped,
}

/// The compiled tables; one per process.
pub(crate) struct Engine {
    scanner: Scanner,
    kinds: Vec<(Kind, usize)>,
    formats: Vec<Format>,
}

/// What goes on from one window to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carry {
    /// A key block that is still open, and where it goes on.
    block: Option<(usize, Block)>,
    /// A manifest that is still being read, and where it goes on.
    manifest: Option<(usize, Manifest)>,
    /// No `data:` before this offset begins a manifest that was not looked at.
    manifests_until: usize,
    /// Nothing before this offset begins a new match.
    pub(crate) resume: usize,
}

impl Carry {
    /// Forgets the first `count` bytes of the text.
    pub(crate) fn drop_front(&mut self, count: usize) {
        self.resume = self.resume.saturating_sub(count);
        self.manifests_until = self.manifests_until.saturating_sub(count);
        if let Some((at, _)) = &mut self.block {
            *at -= count;
        }
        if let Some((at, _)) = &mut self.manifest {
            *at -= count;
        }
    }
}

/// The shortest token that is looked for in a word of odd characters.
const SHORTEST_TOKEN: usize = 16;

/// What ends a run that outgrew its window.
const RUN_END: Set = Set::new(" \t\r\n\"'`\\\\<>");

/// The engine with the formats and words of this crate.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(Engine::new)
}

impl Engine {
    fn new() -> Self {
        let formats = formats::all();
        let mut literals = Vec::new();
        let mut kinds = Vec::new();
        let mut add = |text: &'static str, tail: Set, fold: bool, kind: Kind| {
            literals.push(Literal {
                text: text.as_bytes(),
                tail,
                run: 0,
                fold,
            });
            kinds.push((kind, text.len()));
        };
        for (text, tail, strength) in assign::keywords() {
            add(text, tail, true, Kind::Keyword(strength));
        }
        for (index, format) in formats.iter().enumerate() {
            add(format.anchor, format.tail(), false, Kind::Format(index));
        }
        add("-----BEGIN", Set::default(), true, Kind::Block);
        add("-----END", Set::default(), true, Kind::BlockEnd);
        add("---- BEGIN", Set::default(), false, Kind::Block);
        add("Private-Lines:", Set::default(), false, Kind::Block);
        add("@@ -", Set::new(r"\d"), false, Kind::Hunk);
        add("://", Set::new(r"\w:$%.~!*-"), false, Kind::Link);
        for text in [
            "kind: secret",
            "kind:\tsecret",
            "kind: \"secret",
            "kind: 'secret",
            "kind:\t\"secret",
            "kind\": \"secret",
            "kind\": secret",
            "kind': 'secret",
            "kind': secret",
        ] {
            add(text, Set::default(), true, Kind::Manifest);
        }
        add("data:", Set::new(" \t\r\n#{\\\\"), true, Kind::Data);
        add("data\":", Set::default(), true, Kind::Data);
        add("data':", Set::default(), true, Kind::Data);
        add("data\\\":", Set::default(), true, Kind::Data);
        for &(text, tail) in spelled::ESCAPES {
            add(text, Set::new(tail), false, Kind::Spelled);
        }
        for text in spelled::ENCODED {
            add(text, Set::new(spelled::BEHIND_ENCODED), true, Kind::Spelled);
        }
        for (text, tail, context) in CONTEXTS {
            add(text, Set::new(tail), true, Kind::Context(*context));
        }
        add(TAG_PREFIX, Set::default(), false, Kind::Tag);
        for mark in wrapped::MARKS {
            add(mark, Set::new(r"\w+/"), false, Kind::Wrapped);
        }
        for (literal, (kind, _)) in literals.iter_mut().zip(&kinds) {
            if let Kind::Format(index) = kind {
                literal.run = formats[*index].run();
            }
        }
        Self {
            scanner: Scanner::new(literals),
            kinds,
            formats,
        }
    }

    #[cfg(test)]
    pub(crate) fn every_way() -> Vec<Self> {
        let engine = Self::new();
        let scanners = engine.scanner.every_way();
        scanners
            .map(|scanner| Self {
                scanner,
                ..Self::new()
            })
            .collect()
    }

    /// Notes the secrets whose anchors lie in `from..to`. The text must reach [`LOOKAHEAD`] beyond
    /// `to`, unless it ends before.
    pub(crate) fn find(
        &self,
        text: &[u8],
        from: usize,
        to: usize,
        language: Language,
        carry: &mut Carry,
        found: &mut Matches,
    ) {
        let mut from = from.max(carry.resume);
        if let Some((at, block)) = carry.block.take() {
            self.block(text, at, to, block, language, carry, found);
        }
        if let Some((at, manifest)) = carry.manifest.take() {
            self.manifest((text, language), at, to, manifest, carry, found);
        }
        while let Some(at) = found.next_truncated(to.min(from + 1)) {
            swallow(text, at, to, carry, found);
            from = from.max(carry.resume);
        }
        let mut odd = spelled::Places::new(from);
        self.scanner.each(text, from, to, |hit| {
            while let Some(at) = odd.next_until(text, hit.at, to) {
                self.spelled((text, language), (at, to), carry, found);
            }
            // Anchors before a run that outgrew its matcher still count; those in it do not.
            let end = hit.at + self.kinds[usize::from(hit.literal)].1;
            while let Some(at) = found.next_truncated(to.min(end)) {
                swallow(text, at, to, carry, found);
            }
            if hit.at < carry.resume || found.next_truncated(end).is_some() {
                return carry.resume;
            }
            let view = View {
                text,
                floor: hit.at.saturating_sub(LOOKBACK),
                limit: text.len().min(hit.at + LOOKAHEAD),
                language,
            };
            self.matched(&view, hit, to, carry, found);
            carry.resume
        });
        while let Some(at) = odd.next_until(text, to, to) {
            self.spelled((text, language), (at, to), carry, found);
        }
        while let Some(at) = found.next_truncated(to) {
            swallow(text, at, to, carry, found);
        }
    }

    /// The word around an odd character.
    #[cold]
    #[inline(never)]
    fn spelled(
        &self,
        (text, language): (&[u8], Language),
        (at, to): (usize, usize),
        carry: &mut Carry,
        found: &mut Matches,
    ) {
        while let Some(cut) = found.next_truncated(to.min(at + 1)) {
            swallow(text, cut, to, carry, found);
        }
        if at < carry.resume || language == Language::Lock {
            return;
        }
        let view = View {
            text,
            floor: at.saturating_sub(LOOKBACK),
            limit: text.len().min(at + LOOKAHEAD),
            language,
        };
        self.read_spelled(&view, at, found);
    }

    fn read_spelled(&self, view: &View<'_>, at: usize, found: &mut Matches) {
        if let Some((start, stop, text)) = spelled::plain_word(view, at) {
            match assign::strength_of(&text) {
                Some(strength) => assign::read_as(view, start, stop, strength, found),
                None if text.len() >= SHORTEST_TOKEN && self.holds_secret(&text) => {
                    found.secret(start, stop);
                }
                None => {}
            }
        }
    }

    fn matched(
        &self,
        view: &View<'_>,
        hit: Hit,
        to: usize,
        carry: &mut Carry,
        found: &mut Matches,
    ) {
        let (kind, len) = self.kinds[usize::from(hit.literal)];
        let end = hit.at + len;
        let is_by_context = !matches!(
            kind,
            Kind::Format(_) | Kind::Block | Kind::BlockEnd | Kind::Link | Kind::Tag
        );
        if is_by_context && view.language == Language::Lock {
            return;
        }
        match kind {
            Kind::Keyword(strength) => assign::read(view, hit.at, end, strength, found),
            Kind::Format(index) => {
                let format = &self.formats[index];
                if let Some((start, stop)) = format.find(view.text, hit.at, view.floor, view.limit)
                {
                    found.secret(start, stop);
                    if stop == view.limit || format.is_cut(hit.at, stop) {
                        found.mark_truncated(stop);
                    }
                    if stop - start == 20 && format.anchor.len() == 4 {
                        beside_key_id(view, start, stop, found);
                    }
                }
            }
            Kind::Block => {
                if let Some((block, body)) = block::open(view, hit.at) {
                    // The marker's own words are no names.
                    carry.resume = carry.resume.max(body);
                    self.block(view.text, body, to, block, view.language, carry, found);
                }
            }
            Kind::BlockEnd => {
                if let Some(over) = block::tail(view, hit.at, found) {
                    carry.resume = carry.resume.max(over);
                }
            }
            Kind::Hunk => middle::read(view, hit.at, found),
            Kind::Manifest => {
                if let Some((at, manifest)) = manifest::after_kind(view, hit.at, end) {
                    self.manifest((view.text, view.language), at, to, manifest, carry, found);
                }
            }
            Kind::Data => {
                if hit.at >= carry.manifests_until {
                    match manifest::at_data(view, hit.at, found) {
                        Some(Opened::Lines(at, manifest)) => {
                            let text = (view.text, view.language);
                            self.manifest(text, at, to, manifest, carry, found);
                        }
                        Some(Opened::Nothing(until)) => carry.manifests_until = until,
                        None => {}
                    }
                }
            }
            Kind::Spelled => self.read_spelled(view, hit.at, found),
            Kind::Link => {
                if view.before(hit.at).is_ascii_alphanumeric() {
                    link::read(view, end, found);
                }
            }
            Kind::Context(context) => context::read(view, context, hit.at, end, found),
            Kind::Wrapped => {
                if !found.is_decoded
                    && let Some((start, stop, text)) = wrapped::text(view, hit.at)
                    && self.holds_secret(&text)
                {
                    found.secret(start, stop);
                    if stop == view.limit {
                        found.mark_truncated(stop);
                    }
                    for (start, stop) in wrapped::lines_around(view, start, stop) {
                        found.secret(start, stop);
                    }
                }
            }
            Kind::Tag => {
                let end = const { Set::new(r"\x") }.run(view.text, end, view.limit.min(end + 16));
                if end == hit.at + crate::tag::TAG_LEN {
                    found.secret(hit.at, end);
                }
            }
        }
    }

    /// Whether a text that was wrapped holds a secret.
    fn holds_secret(&self, text: &[u8]) -> bool {
        let mut found = Matches::decoded();
        let language = Language::Unknown;
        let carry = &mut Carry::default();
        self.find(text, 0, text.len(), language, carry, &mut found);
        !found.spans.is_empty()
    }

    /// Reads a manifest from the line at `at` to its end or to the end of the window.
    fn manifest(
        &self,
        (text, language): (&[u8], Language),
        at: usize,
        to: usize,
        manifest: Manifest,
        carry: &mut Carry,
        found: &mut Matches,
    ) {
        let mut next = Some((at, manifest));
        while let Some((at, manifest)) = next.filter(|(at, _)| *at < text.len()) {
            carry.manifests_until = carry.manifests_until.max(at);
            if at >= to {
                carry.manifest = Some((at, manifest));
                return;
            }
            let view = View {
                text,
                floor: at.saturating_sub(LOOKBACK),
                limit: text.len().min(at + LOOKAHEAD),
                language,
            };
            next = manifest.step(&view, at, found);
        }
    }

    /// Reads a key block from `at` to its end or to the end of the window.
    #[expect(clippy::too_many_arguments, reason = "the parts of one window")]
    fn block(
        &self,
        text: &[u8],
        at: usize,
        to: usize,
        block: Block,
        language: Language,
        carry: &mut Carry,
        found: &mut Matches,
    ) {
        let (mut at, mut block) = (at, Some(block));
        while let Some(open) = block {
            if at >= to {
                carry.block = Some((at, open.further()));
                break;
            }
            let view = View {
                text,
                floor: at.saturating_sub(LOOKBACK),
                limit: text.len().min(at + LOOKAHEAD),
                language,
            };
            (at, block) = block::read(&view, at, open, found);
            if at >= text.len() {
                break;
            }
        }
    }
}

/// Erases a run that outgrew its matcher, up to its end or that of the window.
fn swallow(text: &[u8], at: usize, to: usize, carry: &mut Carry, found: &mut Matches) {
    let end = RUN_END.run_until(text, at, to);
    if at < end {
        found.erase(at, end);
    }
    found.resolve_truncated(at, end);
    if end >= to && end < text.len() {
        found.mark_truncated(end);
    }
    carry.resume = carry.resume.max(end);
}

/// The secret access key in the neighbourhood of a key id: forty characters that stand alone.
fn beside_key_id(view: &View<'_>, start: usize, end: usize, found: &mut Matches) {
    const SECRET: Set = Set::new("A-Za-z0-9+/");
    let from = view.floor.max(start.saturating_sub(300));
    let to = view.limit.min(end + 300);
    let mut at = from;
    while at < to {
        if !SECRET.has(view.text[at]) {
            at += 1;
            continue;
        }
        let stop = SECRET.run(view.text, at, view.limit);
        if stop - at == 40 {
            let profile = Profile::of(&view.text[at..stop]);
            if profile.upper > 2 && profile.lower > 2 && profile.digits > 0 && !profile.is_hex() {
                found.secret(at, stop);
            }
        }
        at = stop;
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("anchors", &self.kinds.len())
            .finish_non_exhaustive()
    }
}
