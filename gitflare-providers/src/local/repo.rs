//! An open repository during one request: objects by id, refs by name, and what `HEAD` says. All
//! names are matched whole; nothing here evaluates revision expressions.

mod around;

use std::{collections::HashSet, fs, time::SystemTime};

use gitflare_core::{
    Error, Position, Result,
    provider::{CommitPrefix, GitRef, RefSelector},
};
use gix::{ObjectId, bstr::ByteSlice, object::Kind};

use super::{
    deadline::Deadline,
    errors,
    folder::FolderId,
    objects::{RawCommit, RawTag, lossy},
};

/// The engine refuses to allocate more than this for one object of an untrusted repository.
pub(super) const MAX_OBJECT_BYTES: u64 = 16 * 1024 * 1024;
/// How many tags or symbolic refs may point at each other before we give up.
const MAX_INDIRECTIONS: usize = 16;

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

pub(super) struct Repo {
    git: gix::Repository,
    folder: FolderId,
    pub(super) deadline: Deadline,
}

/// Which history of which folder: the key of everything that is remembered between requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct HistoryKey {
    folder: FolderId,
    tip: ObjectId,
}

/// A ref's full name and the object it points at, symbolic refs followed.
#[derive(Debug)]
pub(super) struct RefTarget {
    pub(super) name: Vec<u8>,
    pub(super) id: ObjectId,
}

/// What `HEAD` says.
pub(super) struct Head {
    /// The branch it names, whether that exists or not; `None` when detached.
    pub(super) branch: Option<String>,
    /// The object it leads to; `None` while the branch has no commit.
    pub(super) id: Option<ObjectId>,
}

/// What an object leads to.
pub(super) enum Peeled {
    Commit(ObjectId),
    /// A tree, a blob, or tags without end.
    Other,
    /// An object that the repository lacks.
    Missing(ObjectId),
}

/// The content of a blob, as far as it can be had.
pub(super) enum Blob {
    Data(Vec<u8>),
    /// Not in the repository (a partial clone) or beyond the engine's limit.
    Unavailable,
}

/// How often an object is looked for. `git gc` takes it from one place after it has put it into
/// another: who looked at the second place too early and at the first too late has to look again.
const LOOKS: usize = 3;

fn look<T, E: std::error::Error + Send + Sync + 'static>(
    find: impl Fn() -> std::result::Result<Option<T>, E>,
) -> Result<Option<T>> {
    for _ in 1..LOOKS {
        if let Ok(Some(found)) = find() {
            return Ok(Some(found));
        }
    }
    find().map_err(errors::unreadable)
}

impl Repo {
    pub(super) const fn new(git: gix::Repository, folder: FolderId, deadline: Deadline) -> Self {
        Self {
            git,
            folder,
            deadline,
        }
    }

    pub(super) const fn history_key(&self, tip: ObjectId) -> HistoryKey {
        HistoryKey {
            folder: self.folder,
            tip,
        }
    }

    pub(super) const fn folder(&self) -> FolderId {
        self.folder
    }

    pub(super) fn hash_kind(&self) -> gix::hash::Kind {
        self.git.object_hash()
    }

    /// The kind and size of an object without reading it; `None` when the repository lacks it.
    pub(super) fn header(&self, id: ObjectId) -> Result<Option<(Kind, u64)>> {
        let header = look(|| self.git.try_find_header(id))?;
        Ok(header.map(|header| (header.kind(), header.size())))
    }

    /// The bytes of an object of that kind; `None` when the repository lacks it.
    fn find(&self, id: ObjectId, kind: Kind) -> Result<Option<Vec<u8>>> {
        let Some(object) = look(|| self.git.try_find_object(id))? else {
            return Ok(None);
        };
        if object.kind != kind {
            return Err(errors::unreadable(format!("{id} is not a {kind}")));
        }
        Ok(Some(object.detach().data))
    }

    fn require(&self, id: ObjectId, kind: Kind) -> Result<Vec<u8>> {
        self.find(id, kind)?
            .ok_or_else(|| errors::unreadable(format!("{kind} {id} is missing")))
    }

    pub(super) fn commit(&self, id: ObjectId) -> Result<RawCommit> {
        RawCommit::parse(self.require(id, Kind::Commit)?, self.hash_kind())
            .ok_or_else(|| errors::unreadable(format!("commit {id} is malformed")))
    }

    pub(super) fn tag(&self, id: ObjectId) -> Result<RawTag> {
        RawTag::parse(self.require(id, Kind::Tag)?, self.hash_kind())
            .ok_or_else(|| errors::unreadable(format!("tag {id} is malformed")))
    }

    pub(super) fn tree(&self, id: ObjectId) -> Result<Vec<u8>> {
        self.require(id, Kind::Tree)
    }

    pub(super) fn blob(&self, id: ObjectId) -> Result<Blob> {
        match self.header(id)? {
            Some((Kind::Blob, size)) if size <= MAX_OBJECT_BYTES => Ok(self
                .find(id, Kind::Blob)?
                .map_or(Blob::Unavailable, Blob::Data)),
            _ => Ok(Blob::Unavailable),
        }
    }

    /// Whether the history ends early.
    pub(super) fn is_shallow(&self) -> Result<bool> {
        let boundary = self.git.shallow_commits().map_err(errors::unreadable)?;
        Ok(boundary.is_some_and(|commits| !commits.is_empty()))
    }

    /// The commits that a shallow clone ends at.
    pub(super) fn is_shallow_boundary(&self, id: ObjectId) -> Result<bool> {
        let boundary = self.git.shallow_commits().map_err(errors::unreadable)?;
        Ok(boundary.is_some_and(|commits| commits.iter().any(|commit| *commit == id)))
    }

    pub(super) fn head(&self) -> Result<Head> {
        let head = self.git.head().map_err(errors::unreadable)?;
        if let gix::head::Kind::Detached { target, .. } = head.kind {
            let (branch, id) = (None, Some(target));
            return Ok(Head { branch, id });
        }
        let name = head
            .referent_name()
            .map(gix::refs::FullNameRef::as_bstr)
            .filter(|name| name.starts_with(BRANCHES.as_bytes()));
        let id = name.map_or(Ok(None), |name| self.find_ref(name))?;
        let branch = name.map(|name| lossy(&name[BRANCHES.len()..]));
        Ok(Head { branch, id })
    }

    /// The refs below `refs/heads/` or `refs/tags/`, by full name, bytewise. A ref that points
    /// nowhere is not one.
    pub(super) fn refs(&self, namespace: Namespace) -> Result<Vec<RefTarget>> {
        let mut packed = self.packed_refs();
        let mut looks = 1;
        loop {
            let (refs, is_whole) = self.refs_once(namespace)?;
            let now = self.packed_refs();
            // The engine reads the packed refs first: one that was packed since is in neither place
            // that it has looked at, or was listed and is gone.
            if now == packed && (is_whole || looks == LOOKS) {
                return Ok(refs);
            }
            packed = now;
            looks = LOOKS.min(looks + 1);
        }
    }

    /// What tells one state of the packed refs from another: Git replaces the file.
    fn packed_refs(&self) -> Option<(FolderId, u64, SystemTime)> {
        let meta = fs::symlink_metadata(self.git.common_dir().join("packed-refs")).ok()?;
        Some((FolderId::of(&meta), meta.len(), meta.modified().ok()?))
    }

    /// The refs, and whether each that was listed could be read.
    fn refs_once(&self, namespace: Namespace) -> Result<(Vec<RefTarget>, bool)> {
        let platform = self.git.references().map_err(errors::unreadable)?;
        let refs = match namespace {
            Namespace::Branches => platform.local_branches(),
            Namespace::Tags => platform.tags(),
        };
        let (mut targets, mut is_whole) = (Vec::new(), true);
        for reference in refs.map_err(errors::unreadable)? {
            match reference {
                Ok(reference) => {
                    let name = reference.name().as_bstr().to_vec();
                    match reference.target().try_id() {
                        Some(id) => targets.push((name, Some(id.to_owned()))),
                        None => targets.push((name, None)),
                    }
                }
                // Git, too, warns of a broken ref and goes on.
                Err(error) => {
                    tracing::warn!(%error, "a local ref is broken");
                    is_whole = false;
                }
            }
            self.deadline.check()?;
        }
        // Symbolic refs only now: the iterator holds the packed refs that following them needs.
        let mut refs = Vec::with_capacity(targets.len());
        for (name, id) in targets {
            let id = match id {
                Some(id) => Some(id),
                None => self.find_ref(&name)?,
            };
            refs.extend(id.map(|id| RefTarget { name, id }));
        }
        refs.sort_by(|a, b| a.name.cmp(&b.name));
        refs.dedup_by(|later, earlier| later.name == earlier.name);
        Ok((refs, is_whole))
    }

    /// What a ref of exactly that full name points at.
    fn find_ref(&self, full_name: &[u8]) -> Result<Option<ObjectId>> {
        /// The longest name of a file or folder: a ref is a path.
        const MAX_COMPONENT: usize = 255;
        let Ok(name) = <&gix::refs::FullNameRef>::try_from(full_name.as_bstr()) else {
            return Ok(None);
        };
        let mut components = full_name.split(|&byte| byte == b'/');
        if components.any(|component| component.len() > MAX_COMPONENT) {
            return Ok(None);
        }
        let found = look(|| self.git.try_find_reference(name.as_bstr()))?;
        match found {
            // The engine also tries the name inside other namespaces.
            Some(reference) if reference.name() == name => self.follow(reference),
            _ => Ok(None),
        }
    }

    fn follow(&self, mut reference: gix::Reference<'_>) -> Result<Option<ObjectId>> {
        for _ in 0..MAX_INDIRECTIONS {
            if let Some(id) = reference.target().try_id() {
                return Ok(Some(id.to_owned()));
            }
            reference = match reference.follow() {
                Some(Ok(next)) => next,
                _ => return Ok(None),
            };
        }
        Ok(None)
    }

    /// The commit that is meant; `None` while the default branch has no commit.
    pub(super) fn resolve(&self, at: &RefSelector) -> Result<Option<ObjectId>> {
        match at {
            RefSelector::DefaultBranch => {
                let head = self.head()?;
                head.id.map(|id| self.commit_behind(id)).transpose()
            }
            RefSelector::Branch(name) => self.branch(name).map(Some),
            RefSelector::Ref(name) => self.named(name).map(Some),
        }
    }

    fn branch(&self, name: &GitRef) -> Result<ObjectId> {
        let short = format!("{BRANCHES}{name}");
        let full = name.as_str().starts_with(BRANCHES).then(|| name.as_str());
        for candidate in std::iter::once(short.as_str()).chain(full) {
            if let Some(id) = self.find_ref(candidate.as_bytes())? {
                return self.commit_behind(id);
            }
        }
        Err(errors::no_resource("There is no such branch."))
    }

    fn named(&self, name: &GitRef) -> Result<ObjectId> {
        let text = name.as_str();
        // A name of that form always means the object: a branch called like somebody else's
        // commit must not stand in for it.
        if matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return self.commit_named(text);
        }
        // In Git's order: a tag before the branch of the same name.
        // <https://git-scm.com/docs/gitrevisions#_specifying_revisions>
        let full = [text.to_owned(), format!("refs/{text}")];
        let short = [format!("{TAGS}{text}"), format!("{BRANCHES}{text}")];
        let is_open = |name: &&String| name.starts_with(BRANCHES) || name.starts_with(TAGS);
        for candidate in full.iter().filter(is_open).chain(&short) {
            if let Some(id) = self.find_ref(candidate.as_bytes())? {
                return self.commit_behind(id);
            }
        }
        Err(errors::no_resource(
            "There is no such branch, tag or commit.",
        ))
    }

    /// The commit of that hexadecimal id, or the one an annotated tag of that id leads to. Whether
    /// any ref still reaches it does not matter: who knows the id was shown it.
    pub(super) fn commit_named(&self, hex: &str) -> Result<ObjectId> {
        let unknown = || errors::no_resource("There is no such commit.");
        let id = ObjectId::from_hex(hex.as_bytes()).map_err(|_| unknown())?;
        if id.kind() != self.hash_kind() || self.header(id)?.is_none() {
            return Err(unknown());
        }
        self.commit_behind(id)
    }

    /// The only commit whose id begins so; a whole id may be that of an annotated tag. Other objects
    /// of that beginning do not count, as in Git where it wants a commit.
    pub(super) fn commit_beginning(&self, prefix: &CommitPrefix) -> Result<ObjectId> {
        let hex = prefix.as_str();
        if hex.len() == self.hash_kind().len_in_hex() {
            return self.commit_named(hex);
        }
        let unknown = || errors::no_resource("There is no such commit.");
        // Of a beginning `gix` would take it that the repository is one of SHA-1.
        let digits = self.hash_kind().len_in_hex();
        let first = ObjectId::from_hex(format!("{hex:0<digits$}").as_bytes());
        let first = first.map_err(|_| unknown())?;
        let prefix = gix::hash::Prefix::new(&first, hex.len()).map_err(|_| unknown())?;
        let mut candidates = HashSet::new();
        let found = self
            .git
            .objects
            .lookup_prefix(prefix, Some(&mut candidates));
        match found.map_err(errors::unreadable)? {
            None => return Err(unknown()),
            Some(Ok(id)) => drop(candidates.insert(id)),
            Some(Err(())) => {}
        }
        let mut commits = Vec::new();
        for id in candidates {
            if let Some((Kind::Commit, _)) = self.header(id)? {
                commits.push(id);
            }
        }
        match commits[..] {
            [commit] => Ok(commit),
            [] => Err(unknown()),
            _ => Err(errors::no_resource(
                "Several commits begin with these digits.",
            )),
        }
    }

    /// The commit that an object is, or that a chain of tags leads to.
    fn commit_behind(&self, id: ObjectId) -> Result<ObjectId> {
        match self.peel(id)? {
            Peeled::Commit(commit) => Ok(commit),
            Peeled::Other => Err(errors::no_resource("The name does not lead to a commit.")),
            Peeled::Missing(id) => Err(errors::unreadable(format!("object {id} is missing"))),
        }
    }

    /// Where an object leads to when every tag is followed.
    pub(super) fn peel(&self, mut id: ObjectId) -> Result<Peeled> {
        for _ in 0..MAX_INDIRECTIONS {
            match self.header(id)? {
                Some((Kind::Commit, _)) => return Ok(Peeled::Commit(id)),
                Some((Kind::Tag, _)) => id = self.tag(id)?.target,
                Some((Kind::Tree | Kind::Blob, _)) => return Ok(Peeled::Other),
                None => return Ok(Peeled::Missing(id)),
            }
        }
        Ok(Peeled::Other)
    }

    /// The object that a position pins; `CURSOR_EXPIRED` when it is gone.
    pub(super) fn pinned(&self, bytes: &[u8]) -> Result<ObjectId> {
        let id = ObjectId::try_from(bytes)
            .ok()
            .filter(|id| id.kind() == self.hash_kind())
            .ok_or_else(|| Error::invalid_cursor("not an object name of this repository"))?;
        match self.header(id)? {
            Some((Kind::Commit, _)) => Ok(id),
            _ => Err(errors::pinned_commit_gone()),
        }
    }
}

/// Which refs are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Namespace {
    Branches,
    Tags,
}

impl Namespace {
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Branches => BRANCHES,
            Self::Tags => TAGS,
        }
    }
}

/// Where the next page of a list starts that is pinned to a commit and counted in items.
pub(super) fn counted(tip: ObjectId, sent: usize) -> Position {
    Position::new().object(tip.as_slice()).number(sent as u64)
}

/// Reads what [`counted`] made.
pub(super) fn read_counted(repo: &Repo, position: &Position) -> Result<(ObjectId, usize)> {
    let mut fields = position.fields();
    let tip = fields.object()?;
    let sent = fields.number()?;
    fields.end()?;
    Ok((
        repo.pinned(tip)?,
        usize::try_from(sent).unwrap_or(usize::MAX),
    ))
}
