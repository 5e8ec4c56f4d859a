//! Passwords as Argon2id hashes, on the blocking pool behind as many permits as there are cores: a
//! hash takes 19 MiB and all of a core, so a flood of logins must wait or go (PW-2). The memory is
//! lent from hash to hash: given back to the allocator, it would stay with every thread that ever
//! hashed. Who may try how often is decided before.

mod common;

use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use argon2::{Algorithm, Argon2, Block, Params, Version, password_hash::phc};
use async_trait::async_trait;
use gitflare_core::{
    Code, Error, Random, Result, Secret, SystemRandom,
    gateway::{Passwords, Verdict},
    storage::PasswordHash,
};
use tokio::sync::Semaphore;

/// OWASP's minimum for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// What a stored hash may demand at most: a tampered row must not take the process down (PW-1).
const MAX_MEMORY_KIB: u32 = 128 * 1024;
const MAX_PASSES: u32 = 10;
/// Most hashes that may wait for a permit.
const QUEUE: usize = 64;

/// Hashes passwords with Argon2id.
#[derive(Debug)]
pub(crate) struct Argon2Passwords {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    memory: Arc<Memory>,
}

impl Argon2Passwords {
    /// With a permit for each core.
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            permits: Arc::new(Semaphore::new(cores)),
            waiting: AtomicUsize::new(0),
            memory: Arc::default(),
        }
    }

    /// Runs a hash on the blocking pool. The permit goes along, so that it lives until the hash
    /// ends, even when nobody waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        hash: impl FnOnce(&mut Vec<Block>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = Place::take(&self.waiting)?;
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| Error::internal("the permits for hashing are gone"))?;
        drop(place);
        let memory = Arc::clone(&self.memory);
        tokio::task::spawn_blocking(move || {
            let mut blocks = memory.take();
            let hashed = hash(&mut blocks);
            memory.give_back(blocks);
            drop(permit);
            hashed
        })
        .await
        .map_err(|error| Error::internal(format!("hashing a password failed: {error}")))?
    }
}

/// A place in the queue, given back when it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            return Err(Error::new(
                Code::RateLimited,
                "Too many people are signing in: try again in a moment.",
            )
            .with_retry_after(1));
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The memory that hashes work in, while none does: never more of it than there were permits.
#[derive(Debug, Default)]
struct Memory(Mutex<Vec<Vec<Block>>>);

impl Memory {
    fn take(&self) -> Vec<Block> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        free.pop().unwrap_or_default()
    }

    fn give_back(&self, mut blocks: Vec<Block>) {
        // A stored hash may have asked for more than ours.
        blocks.truncate(MEMORY_KIB as usize);
        blocks.shrink_to_fit();
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(blocks);
    }
}

#[async_trait]
impl Passwords for Argon2Passwords {
    async fn hash(&self, password: Secret<String>) -> Result<PasswordHash> {
        self.run(move |blocks| hash(&password, blocks)).await
    }

    async fn verify(
        &self,
        password: Secret<String>,
        stored: Option<PasswordHash>,
    ) -> Result<Verdict> {
        self.run(move |blocks| match stored {
            Some(stored) => verify(&password, &stored, blocks),
            // An unknown address costs as much as a known one (PW-3).
            None => hash(&password, blocks).map(|_| Verdict::Wrong),
        })
        .await
    }

    fn is_common(&self, password: &str) -> bool {
        common::contains(password)
    }
}

fn hash(password: &Secret<String>, blocks: &mut Vec<Block>) -> Result<PasswordHash> {
    let failed = |what: &dyn std::fmt::Display| {
        Error::internal(format!("a password was not hashed: {what}"))
    };
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes);
    let salt = phc::Salt::new(&bytes).map_err(|error| failed(&error))?;
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| failed(&error))?;
    let written = phc::ParamsString::try_from(&params).map_err(|error| failed(&error))?;
    let output = digest(password, &salt, params, Params::DEFAULT_OUTPUT_LEN, blocks)?;
    let hash = phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: written,
        salt: Some(salt),
        hash: Some(output),
    };
    Ok(PasswordHash::new(hash.to_string()))
}

/// Argon2id of a password in lent memory.
fn digest(
    password: &Secret<String>,
    salt: &[u8],
    params: Params,
    length: usize,
    blocks: &mut Vec<Block>,
) -> Result<phc::Output> {
    let failed = |what: &dyn std::fmt::Display| {
        Error::internal(format!("a password was not hashed: {what}"))
    };
    blocks.resize(params.block_count(), Block::new());
    let mut buffer = [0; phc::Output::MAX_LENGTH];
    let bytes = buffer
        .get_mut(..length)
        .ok_or_else(|| failed(&"its hash is too long"))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.expose().as_bytes(), salt, bytes, blocks)
        .map_err(|error| failed(&error))?;
    phc::Output::new(bytes).map_err(|error| failed(&error))
}

/// A stored hash that is none, or demands too much, matches nothing.
fn verify(
    password: &Secret<String>,
    stored: &PasswordHash,
    blocks: &mut Vec<Block>,
) -> Result<Verdict> {
    let Some(Stored {
        salt,
        output,
        params,
    }) = acceptable(stored)
    else {
        tracing::error!("a stored password hash is malformed or demands too much");
        return hash(password, blocks).map(|_| Verdict::Wrong);
    };
    let is_weak = params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES;
    let computed = digest(password, &salt, params, output.len(), blocks)?;
    // Outputs compare in constant time.
    Ok(match (computed == output, is_weak) {
        (false, _) => Verdict::Wrong,
        (true, false) => Verdict::Right,
        (true, true) => Verdict::Outdated,
    })
}

/// A stored hash that can be checked.
struct Stored {
    salt: phc::Salt,
    output: phc::Output,
    params: Params,
}

fn acceptable(stored: &PasswordHash) -> Option<Stored> {
    let parsed = phc::PasswordHash::new(stored.as_str()).ok()?;
    let params = Params::try_from(&parsed).ok()?;
    let is_bearable = parsed.algorithm == Algorithm::Argon2id.ident()
        && parsed.version == Some(Version::V0x13.into())
        && params.m_cost() <= MAX_MEMORY_KIB
        && params.t_cost() <= MAX_PASSES
        && params.p_cost() <= 4;
    is_bearable.then_some(Stored {
        salt: parsed.salt?,
        output: parsed.hash?,
        params,
    })
}

#[cfg(test)]
mod tests;
