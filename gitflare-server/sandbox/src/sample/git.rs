//! Writes Git objects and refs into a new bare repository, without the git program: files in
//! memory become trees, trees become commits.

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use gix::{
    ObjectId,
    actor::Signature,
    objs::{Commit, Kind, Tag, Tree, tree},
    refs::transaction::PreviousValue,
};

/// What writing failed with; nobody can do anything about it but read it.
pub(super) type Failure = Box<dyn Error + Send + Sync>;

/// Somebody who commits.
#[derive(Clone, Copy)]
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) email: &'static str,
}

/// The files of one state of the repository, by path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// A commit, and the files as it leaves them.
#[derive(Clone)]
pub(super) struct Revision {
    pub(super) id: ObjectId,
    pub(super) files: Files,
}

/// A repository that is being written.
pub(super) struct Writer {
    repo: gix::Repository,
    /// Seconds since 1970; moves on with every commit, so that ids repeat from run to run.
    clock: i64,
}

impl Writer {
    /// A new bare repository.
    pub(super) fn create(path: &Path, description: &str, clock: i64) -> Result<Self, Failure> {
        fs::create_dir_all(path)?;
        let options = gix::create::Options {
            // Probing the file system would only cost time: nothing is checked out here.
            fs_capabilities: Some(gix::fs::Capabilities::default()),
            ..gix::create::Options::default()
        };
        gix::create::into(path, gix::create::Kind::Bare, options)?;
        fs::write(path.join("description"), format!("{description}\n"))?;
        let repo = gix::open::Options::isolated()
            .open_path_as_is(true)
            .open(PathBuf::from(path))?
            .to_thread_local();
        Ok(Self { repo, clock })
    }

    /// A commit on top of `parents`: the first one's files, changed by `change`.
    pub(super) fn commit(
        &mut self,
        parents: &[&Revision],
        person: Person,
        message: &str,
        change: impl FnOnce(&mut Files),
    ) -> Result<Revision, Failure> {
        let mut files = parents
            .first()
            .map_or_else(Files::new, |parent| parent.files.clone());
        change(&mut files);
        let tree = self.tree(&files)?;
        let signature = self.signature(person);
        let commit = Commit {
            tree,
            parents: parents.iter().map(|parent| parent.id).collect(),
            author: signature.clone(),
            committer: signature,
            encoding: None,
            message: message.into(),
            extra_headers: Vec::new(),
        };
        let id = self.repo.write_object(&commit)?.detach();
        Ok(Revision { id, files })
    }

    /// Points a branch at a commit.
    pub(super) fn branch(&self, name: &str, at: &Revision) -> Result<(), Failure> {
        self.reference(format!("refs/heads/{name}"), at.id)
    }

    /// A lightweight tag.
    pub(super) fn tag(&self, name: &str, at: &Revision) -> Result<(), Failure> {
        self.reference(format!("refs/tags/{name}"), at.id)
    }

    /// An annotated tag.
    pub(super) fn annotated_tag(
        &mut self,
        name: &str,
        at: &Revision,
        person: Person,
        message: &str,
    ) -> Result<(), Failure> {
        let tag = Tag {
            target: at.id,
            target_kind: Kind::Commit,
            name: name.into(),
            tagger: Some(self.signature(person)),
            message: message.into(),
            signature: None,
        };
        let id = self.repo.write_object(&tag)?.detach();
        self.reference(format!("refs/tags/{name}"), id)
    }

    fn reference(&self, name: String, target: ObjectId) -> Result<(), Failure> {
        self.repo
            .reference(name, target, PreviousValue::MustNotExist, "sample")?;
        Ok(())
    }

    fn signature(&mut self, person: Person) -> Signature {
        self.clock += 5_431;
        Signature {
            name: person.name.into(),
            email: person.email.into(),
            time: gix::date::Time::new(self.clock, 0),
        }
    }

    /// Writes the tree of files, folders first.
    fn tree(&self, files: &Files) -> Result<ObjectId, Failure> {
        let mut entries = Vec::new();
        let mut folders: BTreeMap<&str, Files> = BTreeMap::new();
        for (path, content) in files {
            match path.split_once('/') {
                Some((folder, rest)) => {
                    let inside = folders.entry(folder).or_default();
                    inside.insert(rest.to_owned(), content.clone());
                }
                None => entries.push(tree::Entry {
                    mode: tree::EntryKind::Blob.into(),
                    filename: path.as_str().into(),
                    oid: self.repo.write_blob(content)?.detach(),
                }),
            }
        }
        for (folder, inside) in folders {
            entries.push(tree::Entry {
                mode: tree::EntryKind::Tree.into(),
                filename: folder.into(),
                oid: self.tree(&inside)?,
            });
        }
        entries.sort();
        Ok(self.repo.write_object(&Tree { entries })?.detach())
    }
}
