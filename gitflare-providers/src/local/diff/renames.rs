//! Which removed files are the older form of which added ones, decided as Git decides it by
//! default: equal content first, then equal base names that are unique, then the most similar
//! pairs, at least half of the content being the same. Copies are not looked for.

use std::collections::HashMap;

use gitflare_core::Result;
use gix::ObjectId;

use super::{
    changes::{Change, Side},
    content::is_binary,
};
use crate::local::{
    entries::Mode,
    repo::{Blob, Repo},
};

/// Similarity is counted in parts of this.
const MAX_SCORE: u64 = 60_000;
/// Half of the content.
const MIN_SCORE: u64 = MAX_SCORE / 2;
/// A pair that is only favoured for its name must share more.
const MIN_SCORE_BY_NAME: u64 = MIN_SCORE + MIN_SCORE / 2;
/// Git compares every removed with every added file up to the square of this many pairs.
const MAX_CANDIDATES: usize = 1000;
/// How many candidates are kept for each added file.
const KEPT_CANDIDATES: usize = 4;
/// How many lines' hashes are remembered at once (8 bytes each).
const MAX_SPANS: usize = 8_000_000;
/// How many sources of equal content Git looks at for one target.
const MAX_EQUAL_SOURCES: usize = 100;

/// Joins removed and added files into renames. The order stays that of the paths.
pub(super) fn detect(repo: &Repo, changes: Vec<Change>) -> Result<Vec<Change>> {
    let mut sources = Vec::new();
    let mut targets = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let file = |side: Side| File {
            index,
            path: &change.path,
            side,
            partner: None,
        };
        match (change.old, change.new) {
            (Some(side), None) => sources.push(file(side)),
            (None, Some(side)) => targets.push(file(side)),
            _ => {}
        }
    }
    if sources.is_empty() || targets.is_empty() {
        return Ok(changes);
    }
    let mut search = Search {
        repo,
        contents: HashMap::new(),
        spans: 0,
        sources,
        targets,
    };
    search.by_equal_content()?;
    search.by_unique_name()?;
    search.by_similarity()?;
    let pairs: Vec<_> = search
        .targets
        .iter()
        .filter_map(|target| Some((target.index, search.sources[target.partner?].index)))
        .collect();
    Ok(join(changes, &pairs))
}

/// Moves the older side of each source into its target and drops the source.
fn join(mut changes: Vec<Change>, pairs: &[(usize, usize)]) -> Vec<Change> {
    let mut renamed = vec![false; changes.len()];
    for &(target, source) in pairs {
        renamed[source] = true;
        changes[target].old = changes[source].old;
        changes[target].previous_path = Some(changes[source].path.clone());
    }
    let mut index = 0;
    changes.retain(|_| {
        index += 1;
        !renamed[index - 1]
    });
    changes
}

struct Search<'a> {
    repo: &'a Repo,
    contents: HashMap<ObjectId, Option<Content>>,
    /// How many spans the contents hold.
    spans: usize,
    sources: Vec<File<'a>>,
    targets: Vec<File<'a>>,
}

/// A removed or added file.
struct File<'a> {
    /// Its place among all changes.
    index: usize,
    path: &'a [u8],
    side: Side,
    /// The source or target it was joined with.
    partner: Option<usize>,
}

impl File<'_> {
    fn name(&self) -> &[u8] {
        self.path
            .rsplit(|byte| *byte == b'/')
            .next()
            .unwrap_or(self.path)
    }

    const fn is_regular(&self) -> bool {
        matches!(self.side.mode, Mode::File | Mode::Executable)
    }
}

/// A possible pair.
#[derive(Clone, Copy)]
struct Candidate {
    score: u64,
    same_name: bool,
    source: usize,
    target: usize,
}

impl Candidate {
    const fn rank(&self) -> (u64, bool) {
        (self.score, self.same_name)
    }
}

impl Search<'_> {
    fn pair(&mut self, source: usize, target: usize) {
        self.sources[source].partner = Some(target);
        self.targets[target].partner = Some(source);
    }

    fn by_equal_content(&mut self) -> Result<()> {
        let mut by_id: HashMap<ObjectId, Vec<usize>> = HashMap::new();
        for (index, source) in self.sources.iter().enumerate() {
            by_id.entry(source.side.id).or_default().push(index);
        }
        if are_taken_backwards(self.sources.len()) {
            by_id.values_mut().for_each(|equal| equal.reverse());
        }
        for target in 0..self.targets.len() {
            self.repo.deadline.check()?;
            let file = &self.targets[target];
            let Some(equal) = by_id.get(&file.side.id) else {
                continue;
            };
            let mut fitting = equal
                .iter()
                .copied()
                .filter(|&index| {
                    let source = &self.sources[index];
                    source.partner.is_none()
                        && (source.is_regular() && file.is_regular()
                            || source.side.mode == file.side.mode)
                })
                .take(MAX_EQUAL_SOURCES)
                .peekable();
            let first = fitting.peek().copied();
            let namesake = fitting.find(|&index| self.sources[index].name() == file.name());
            if let Some(source) = namesake.or(first) {
                self.pair(source, target);
            }
        }
        Ok(())
    }

    fn by_unique_name(&mut self) -> Result<()> {
        let sources = unique_names(&self.sources);
        let targets = unique_names(&self.targets);
        let pairs: Vec<_> = (0..self.sources.len())
            .filter_map(|source| {
                let name = self.sources[source].name();
                let unique = sources.get(name).copied().flatten()? == source;
                unique.then_some((source, targets.get(name).copied().flatten()?))
            })
            .collect();
        for (source, target) in pairs {
            if self.similarity(source, target, MIN_SCORE_BY_NAME)? >= MIN_SCORE_BY_NAME {
                self.pair(source, target);
            }
        }
        Ok(())
    }

    fn by_similarity(&mut self) -> Result<()> {
        let sources = unpaired(&self.sources);
        let targets = unpaired(&self.targets);
        if sources.len().saturating_mul(targets.len()) > MAX_CANDIDATES * MAX_CANDIDATES {
            return Ok(());
        }
        let mut candidates = Vec::new();
        for &target in &targets {
            let mut kept: Vec<Candidate> = Vec::with_capacity(KEPT_CANDIDATES);
            for &source in &sources {
                let candidate = Candidate {
                    score: self.similarity(source, target, MIN_SCORE)?,
                    same_name: self.sources[source].name() == self.targets[target].name(),
                    source,
                    target,
                };
                keep_if_better(&mut kept, candidate);
            }
            candidates.extend(kept);
        }
        // Stable: of equal candidates the one of the earlier target wins.
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.rank()));
        for candidate in candidates {
            let free = self.sources[candidate.source].partner.is_none()
                && self.targets[candidate.target].partner.is_none();
            if candidate.score >= MIN_SCORE && free {
                self.pair(candidate.source, candidate.target);
            }
        }
        Ok(())
    }

    /// How much of the larger file comes from the other, in parts of [`MAX_SCORE`]; 0 where it
    /// cannot reach `min_score`, and for anything but regular files.
    fn similarity(&mut self, source: usize, target: usize, min_score: u64) -> Result<u64> {
        self.repo.deadline.check()?;
        let (source, target) = (&self.sources[source], &self.targets[target]);
        if !source.is_regular() || !target.is_regular() {
            return Ok(0);
        }
        let (old, new) = (source.side.id, target.side.id);
        let (Some(old_size), Some(new_size)) = (self.size(old)?, self.size(new)?) else {
            return Ok(0);
        };
        let (smaller, larger) = (old_size.min(new_size), old_size.max(new_size));
        if larger * (MAX_SCORE - min_score) < (larger - smaller) * MAX_SCORE || larger == 0 {
            return Ok(0);
        }
        if self.spans > MAX_SPANS {
            self.forget_spans();
        }
        self.load(old)?;
        self.load(new)?;
        let spans = |id| match self.contents.get(&id) {
            Some(Some(Content {
                spans: Some(spans), ..
            })) => spans,
            _ => &[][..],
        };
        Ok(shared_bytes(spans(old), spans(new)) * MAX_SCORE / larger)
    }

    fn size(&mut self, id: ObjectId) -> Result<Option<u64>> {
        if let Some(content) = self.contents.get(&id) {
            return Ok(content.as_ref().map(|content| content.size));
        }
        let content = self
            .repo
            .header(id)?
            .map(|(_, size)| Content { size, spans: None });
        let size = content.as_ref().map(|content| content.size);
        self.contents.insert(id, content);
        Ok(size)
    }

    fn load(&mut self, id: ObjectId) -> Result<()> {
        if let Some(Some(content)) = self.contents.get_mut(&id)
            && content.spans.is_none()
        {
            let spans = match self.repo.blob(id)? {
                Blob::Data(data) => spans(&data),
                Blob::Unavailable => Box::default(),
            };
            self.spans += spans.len();
            content.spans = Some(spans);
        }
        Ok(())
    }

    /// Reading a blob again is slower than keeping everything, but bounded.
    fn forget_spans(&mut self) {
        for content in self.contents.values_mut().flatten() {
            content.spans = None;
        }
        self.spans = 0;
    }
}

/// What is known of a blob; `None` in the map says that the repository lacks it.
struct Content {
    size: u64,
    spans: Option<Box<[Span]>>,
}

/// How many bytes of a blob lie in lines (or long lines' parts) of one hash.
#[derive(Clone, Copy)]
struct Span {
    hash: u32,
    bytes: u32,
}

/// Whether Git takes sources of equal content from the last one on. Its table of so many entries is made
/// one too small, and growing turns the order of equal entries round: of 205 sources, of 3,277, of 52,429.
fn are_taken_backwards(sources: usize) -> bool {
    let mut size = 64;
    while size < sources * 5 / 4 {
        size *= 4;
    }
    sources > size * 4 / 5
}

/// The places of the unpaired files.
fn unpaired(files: &[File<'_>]) -> Vec<usize> {
    (0..files.len())
        .filter(|&index| files[index].partner.is_none())
        .collect()
}

/// The unpaired files by base name; `None` for a name that several have.
fn unique_names<'a>(files: &[File<'a>]) -> HashMap<Vec<u8>, Option<usize>> {
    let mut names = HashMap::new();
    for index in unpaired(files) {
        names
            .entry(files[index].name().to_vec())
            .and_modify(|place| *place = None)
            .or_insert(Some(index));
    }
    names
}

/// Replaces the worst candidate by a better one; of equally bad ones the first.
fn keep_if_better(kept: &mut Vec<Candidate>, candidate: Candidate) {
    if kept.len() < KEPT_CANDIDATES {
        kept.push(candidate);
        return;
    }
    let mut worst = 0;
    for index in 1..kept.len() {
        if kept[index].rank() < kept[worst].rank() {
            worst = index;
        }
    }
    if kept[worst].rank() < candidate.rank() {
        kept[worst] = candidate;
    }
}

/// Cuts a blob into lines, long lines into 64 bytes, and sums the bytes up by hash. The hash is
/// Git's: another would find other renames.
fn spans(data: &[u8]) -> Box<[Span]> {
    const LONGEST: u32 = 64;
    const BUCKETS: u32 = 107_927;
    let is_text = !is_binary(data);
    let mut spans = Vec::new();
    let (mut low, mut high, mut bytes) = (0u32, 0u32, 0u32);
    let mut finish = |low: u32, high: u32, bytes: u32| {
        let hash = low.wrapping_add(high.wrapping_mul(0x61)) % BUCKETS;
        spans.push(Span { hash, bytes });
        // A blob of empty lines would otherwise take many times its size.
        if spans.len() > 8 * BUCKETS as usize {
            merge(&mut spans);
        }
    };
    for (at, &byte) in data.iter().enumerate() {
        // Another line ending does not make another text.
        if is_text && byte == b'\r' && data.get(at + 1) == Some(&b'\n') {
            continue;
        }
        let old_low = low;
        low = ((low << 7) ^ (high >> 25)).wrapping_add(u32::from(byte));
        high = (high << 7) ^ (old_low >> 25);
        bytes += 1;
        if bytes == LONGEST || byte == b'\n' {
            finish(low, high, bytes);
            (low, high, bytes) = (0, 0, 0);
        }
    }
    if bytes > 0 {
        finish(low, high, bytes);
    }
    merge(&mut spans);
    spans.into_boxed_slice()
}

/// Sorts by hash and sums up what is equal.
fn merge(spans: &mut Vec<Span>) {
    spans.sort_unstable_by_key(|span| span.hash);
    spans.dedup_by(|later, earlier| {
        let same = later.hash == earlier.hash;
        if same {
            earlier.bytes += later.bytes;
        }
        same
    });
}

/// The bytes that both have, hash by hash.
fn shared_bytes(old: &[Span], new: &[Span]) -> u64 {
    let mut new = new.iter().peekable();
    let mut shared = 0;
    for span in old {
        while new.next_if(|other| other.hash < span.hash).is_some() {}
        if let Some(other) = new.next_if(|other| other.hash == span.hash) {
            shared += u64::from(span.bytes.min(other.bytes));
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_taken_backwards_where_the_table_of_git_has_to_grow() {
        let backwards: Vec<_> = (0..10_000).filter(|&n| are_taken_backwards(n)).collect();
        assert_eq!(backwards, [205, 3277]);
    }
}
