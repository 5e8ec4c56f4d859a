//! The engine with a key: texts in, texts with tags out. This is the part of the crate that works
//! without a gateway.

use std::{borrow::Cow, sync::Arc};

use gitflare_core::filter::KnownSecrets;

use crate::{
    engine::{Carry, Engine, engine},
    language::Language,
    mentions,
    span::{Matches, Span},
    tag::{TAG_LEN, TAG_NAME, TAG_PREFIX, Tagger},
};

/// A text after redaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted<'t> {
    /// The input itself when nothing was found.
    pub bytes: Cow<'t, [u8]>,
    /// How many secrets were replaced.
    pub redactions: u64,
}

/// Replaces secrets by tags under one key.
#[derive(Clone, Debug)]
pub struct Redactor {
    /// Shared: a redactor is cloned for every text.
    pub(crate) tagger: Arc<Tagger>,
    language: Language,
}

impl Redactor {
    /// A redactor whose tags are comparable with those of the same key only.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self::with_tagger(Tagger::new(key))
    }

    pub(crate) fn with_tagger(tagger: Tagger) -> Self {
        Self {
            tagger: Arc::new(tagger),
            language: Language::Unknown,
        }
    }

    /// The same for the text of a file: whether unquoted words are values follows its path.
    #[must_use]
    pub fn for_path(&self, path: &str) -> Self {
        self.clone().in_file(path)
    }

    /// The same without another handle on the key.
    pub(crate) fn in_file(self, path: &str) -> Self {
        Self {
            language: Language::of_path(path),
            ..self
        }
    }

    pub(crate) const fn language(&self) -> Language {
        self.language
    }

    /// Replaces the secrets of a whole text, and every further mention of them. Takes time in
    /// proportion to the text; allocates nothing when there is no secret in it.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t [u8]) -> Redacted<'t> {
        self.redact_with(engine(), text)
    }

    pub(crate) fn redact_with<'t>(&self, engine: &Engine, text: &'t [u8]) -> Redacted<'t> {
        let mut known = KnownSecrets::default();
        let found = self.find(engine, text, &mut known);
        self.replaced(text, found)
    }

    /// The same for one of several texts of an answer, whose secrets are added to `known`.
    pub(crate) fn redact_part<'t>(&self, text: &'t [u8], known: &mut KnownSecrets) -> Redacted<'t> {
        let found = self.find(engine(), text, known);
        self.replaced(text, found)
    }

    /// Replaces only the mentions of known secrets.
    pub(crate) fn redact_mentions<'t>(&self, text: &'t [u8], known: &KnownSecrets) -> Redacted<'t> {
        let mut found = Matches::default();
        mentions::find(text, 0, text.len(), known, &mut found);
        self.replaced(text, found)
    }

    /// Appends the redacted text to `out`, but for mentions, and adds its secrets to `known`;
    /// returns how many were replaced.
    pub(crate) fn redact_into(
        &self,
        text: &[u8],
        known: &mut KnownSecrets,
        out: &mut Vec<u8>,
    ) -> u64 {
        let mut found = self.find_without_mentions(engine(), text);
        mentions::learn(text, &found.spans, known);
        self.write(text, 0..text.len(), &mut found.spans, out)
    }

    fn find_without_mentions(&self, engine: &Engine, text: &[u8]) -> Matches {
        let mut found = Matches::default();
        let mut carry = Carry::default();
        engine.find(text, 0, text.len(), self.language, &mut carry, &mut found);
        found
    }

    fn find(&self, engine: &Engine, text: &[u8], known: &mut KnownSecrets) -> Matches {
        let mut found = self.find_without_mentions(engine, text);
        mentions::learn(text, &found.spans, known);
        mentions::find(text, 0, text.len(), known, &mut found);
        found
    }

    fn replaced<'t>(&self, text: &'t [u8], mut found: Matches) -> Redacted<'t> {
        let mut out = Vec::new();
        let redactions = if found.spans.is_empty() {
            0
        } else {
            self.write(text, 0..text.len(), &mut found.spans, &mut out)
        };
        let bytes = if redactions == 0 {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(out)
        };
        Redacted { bytes, redactions }
    }

    /// Writes `range` of a text with the tags of `spans`, which are put in order.
    pub(crate) fn write(
        &self,
        text: &[u8],
        range: std::ops::Range<usize>,
        spans: &mut Vec<Span>,
        out: &mut Vec<u8>,
    ) -> u64 {
        merge(text, &self.tagger, spans);
        out.reserve(range.len() + spans.len() * 8);
        let mut redactions = 0;
        let mut written = range.start;
        for &Span { start, end, erase } in spans.iter() {
            if !erase && self.is_left_alone(text, start, end) {
                continue;
            }
            out.extend_from_slice(&text[written..start]);
            written = end;
            if !erase {
                out.extend_from_slice(&self.tagger.tag(&text[start..end]));
                redactions += 1;
            }
        }
        out.extend_from_slice(&text[written..range.end]);
        redactions
    }

    /// A span that is a tag of ours, or holds one: it was filtered before.
    fn is_left_alone(&self, text: &[u8], start: usize, end: usize) -> bool {
        // The digits alone, where the prefix reads as the name of a value.
        if let Some(head) = start.checked_sub(TAG_PREFIX.len())
            && end == head + TAG_LEN
            && self.tagger.is_tag_at(text, head)
        {
            return true;
        }
        if end - start < TAG_LEN {
            return false;
        }
        if end - start == TAG_LEN && self.tagger.is_tag_at(text, start) {
            return true;
        }
        let value = &text[start..end];
        // Every tag has its colon: most values are told by the lack of one.
        memchr::memchr(b':', value).is_some()
            && memchr::memmem::find_iter(value, TAG_PREFIX).any(|index| {
                self.tagger.is_tag_at(value, index)
                    && value[index + TAG_PREFIX.len()..index + TAG_LEN]
                        .iter()
                        .any(|digit| *digit != b'0')
            })
    }
}

const MARKER: &[u8] = b"-----BEGIN";

/// Sorts spans, joins those that overlap, and lets none cut a character in two.
fn merge(text: &[u8], tagger: &Tagger, spans: &mut Vec<Span>) {
    let continues = |at: usize| text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    for span in spans.iter_mut() {
        // A value that ran into the marker of a key leaves it readable, for the next time.
        if text[span.start..span.end].ends_with(MARKER) {
            span.end -= MARKER.len();
        }
        // And one that ran into a tag leaves it whole.
        if text[span.start..span.end].ends_with(TAG_NAME)
            && tagger.is_tag_at(text, span.end - TAG_NAME.len())
        {
            span.end -= TAG_NAME.len();
        }
        for _ in 0..3 {
            span.start -= usize::from(span.start > 0 && continues(span.start));
            span.end += usize::from(continues(span.end));
        }
    }
    spans.retain(|span| span.start < span.end);
    spans.sort_unstable();
    let mut kept = 0;
    for index in 0..spans.len() {
        let mut span = spans[index];
        if let Some(last) = spans[..kept].last_mut()
            && span.start < last.end
        {
            if !last.erase && !span.erase {
                last.end = last.end.max(span.end);
                continue;
            }
            // What overlaps an erased rest is erased too: the tag stands for the secret as far as
            // its matcher saw it, however the text is cut.
            span.start = last.end;
            span.erase = true;
            if span.start >= span.end {
                continue;
            }
        }
        spans[kept] = span;
        kept += 1;
    }
    spans.truncate(kept);
}
