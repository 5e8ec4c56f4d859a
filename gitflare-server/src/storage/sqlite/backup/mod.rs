//! A backup as one tar file: a copy of each database as of one moment, made while a server runs, and
//! a manifest with their checksums. Keys are not in it (DU-5). Scheduling and shipping it elsewhere
//! is the operator's.

mod restore;

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use gitflare_core::{Clock, Result, SystemClock, Timestamp};
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, EntryType, Header};

pub(crate) use self::restore::{restore, verify};
use super::{BUSY_TIMEOUT, FILES, files::told, migrations};

/// The member that describes the others; it is the first one.
const MANIFEST: &str = "manifest.json";
/// The form of an archive.
const FORMAT: u32 = 1;
/// The longest manifest that is read, in bytes.
const MAX_MANIFEST: u64 = 64 << 10;
/// How many bytes are hashed at a time.
const CHUNK: usize = 64 << 10;

/// What an archive holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    format: u32,
    /// The release that wrote it.
    version: String,
    /// The moment whose state it holds.
    pub(crate) created_at: String,
    files: Vec<Member>,
}

/// A database in an archive.
#[derive(Debug, Serialize, Deserialize)]
struct Member {
    name: String,
    /// The number of its schema: its last migration.
    schema: usize,
    bytes: u64,
    sha256: String,
}

/// Writes a backup of the databases in `dir` to `target`, mode 0600; its name appears when it is
/// complete and on disk. Readers and writers go on meanwhile. Returns its size in bytes.
///
/// # Errors
/// `INTERNAL_ERROR` whose detail is for the operator: there is no database, `target` exists, the
/// disk is full.
pub(crate) fn backup(dir: &Path, target: &Path) -> Result<u64> {
    for name in FILES {
        let database = dir.join(name);
        if !database.is_file() {
            return Err(told(&database, "there is no database to back up"));
        }
    }
    if target.exists() {
        return Err(told(
            target,
            "exists already and is kept: name another file",
        ));
    }
    let failed = |error: io::Error| told(target, format!("cannot write the backup: {error}"));
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(told(
            target,
            "cannot be written: its folder does not exist. Make the folder, or name a file in another one",
        ));
    }
    // The error would name the scratch folder, which nobody has typed.
    let scratch = |error: io::Error| failed(error.kind().into());
    let copies = tempfile::tempdir_in(folder).map_err(scratch)?;
    let created_at = SystemClock.now();
    let mut members = Vec::new();
    for name in FILES {
        copy(&dir.join(name), &copies.path().join(name))?;
        members.push(described(copies.path(), name, target)?);
    }
    write(
        folder,
        target,
        copies.path(),
        &manifest(created_at, members),
    )
    .map_err(failed)
}

fn manifest(created_at: Timestamp, files: Vec<Member>) -> Manifest {
    Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: created_at.to_string(),
        files,
    }
}

/// Copies a database that others may be writing to, as of one moment.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let name = to
        .to_str()
        .ok_or_else(|| told(to, "its path must be UTF-8"))?;
    Connection::open_with_flags(from, flags)
        .and_then(|connection| {
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.execute("VACUUM INTO ?1", [name])
        })
        .map(drop)
        .map_err(|error| told(from, format!("cannot copy this database: {error}")))
}

fn described(folder: &Path, name: &str, target: &Path) -> Result<Member> {
    let path = folder.join(name);
    let schema = Connection::open(&path)
        .and_then(|connection| migrations::applied(&connection))
        .map_err(|error| told(target, format!("cannot read the copy of {name}: {error}")))?
        .len();
    let (bytes, sha256) = File::open(&path)
        .and_then(|mut file| checksum(&mut file))
        .map_err(|error| told(target, format!("cannot read the copy of {name}: {error}")))?;
    Ok(Member {
        name: name.to_owned(),
        schema,
        bytes,
        sha256,
    })
}

/// The length and the SHA-256 of what is left to read.
fn checksum(source: &mut impl Read) -> io::Result<(u64, String)> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        let count = source.read(&mut buffer)?;
        if count == 0 {
            return Ok((bytes, hex::encode(digest.finalize())));
        }
        digest.update(&buffer[..count]);
        bytes += count as u64;
    }
}

fn write(folder: &Path, target: &Path, copies: &Path, manifest: &Manifest) -> io::Result<u64> {
    let mut archive = Builder::new(tempfile::NamedTempFile::new_in(folder)?);
    let text = serde_json::to_vec_pretty(manifest)?;
    archive.append_data(&mut header(text.len() as u64), MANIFEST, text.as_slice())?;
    for member in &manifest.files {
        let file = File::open(copies.join(&member.name))?;
        archive.append_data(&mut header(member.bytes), &member.name, file)?;
    }
    let file = archive.into_inner()?;
    file.as_file().sync_all()?;
    let bytes = file.as_file().metadata()?.len();
    file.persist_noclobber(target)
        .map_err(|failed| failed.error)?;
    File::open(folder)?.sync_all()?;
    Ok(bytes)
}

fn header(bytes: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(bytes);
    header
}

/// The manifest of an archive, and its databases unpacked into `folder`, each of the length and the
/// checksum that the manifest names.
fn unpack(archive: &Path, folder: &Path) -> Result<Manifest> {
    let failed = |error: io::Error| told(archive, format!("cannot read this backup: {error}"));
    let mut members = Archive::new(File::open(archive).map_err(failed)?);
    let mut entries = members.entries().map_err(failed)?;
    let not_ours = || {
        let what = "is not a backup of GitFlare: `gitflare backup FILE` writes one, and nothing else can be restored";
        told(archive, what)
    };
    let mut next = || -> Result<_> {
        let entry = entries.next().ok_or_else(not_ours)?.map_err(failed)?;
        let path = entry.path().map_err(failed)?.into_owned();
        Ok((path, entry))
    };
    // What is no archive at all fails here first, in words about tar.
    let (path, entry) = next().map_err(|_| not_ours())?;
    if path != Path::new(MANIFEST) {
        return Err(not_ours());
    }
    let manifest: Manifest =
        serde_json::from_reader(entry.take(MAX_MANIFEST)).map_err(|_| not_ours())?;
    if manifest.format != FORMAT {
        return Err(told(
            archive,
            "was written by another release: restore it with that one",
        ));
    }
    let names = manifest.files.iter().map(|member| member.name.as_str());
    if !names.eq(FILES.iter().copied()) {
        return Err(not_ours());
    }
    for member in &manifest.files {
        if member.schema > migrations::of(&member.name).len() {
            return Err(told(
                archive,
                "was written by a newer release: restore it with that one",
            ));
        }
        let (path, entry) = next()?;
        if path != Path::new(&member.name) {
            return Err(not_ours());
        }
        let found = unpacked(entry, &folder.join(&member.name)).map_err(failed)?;
        if found != (member.bytes, member.sha256.clone()) {
            return Err(told(archive, format!("{} in it is damaged", member.name)));
        }
    }
    Ok(manifest)
}

/// Writes a member to a file of its own, and reads back its length and checksum.
fn unpacked(mut member: impl Read, path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)?;
    io::copy(&mut member, &mut file)?;
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    checksum(&mut file)
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
