//! Passwords as Argon2id hashes, on the blocking pool behind as many permits as there are cores: a
//! hash takes 19 MiB and all of a core, so a flood of logins must wait or go (PW-2). Who may try
//! how often is decided before.

mod common;

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc,
};
use async_trait::async_trait;
use gitflare_core::{
    Code, Error, Random, Result, Secret, SystemRandom,
    gateway::{Passwords, Verdict},
    storage::PasswordHash,
};
use tokio::sync::Semaphore;

/// What OWASP asks of Argon2id at least: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// What a stored hash may demand at most: a tampered row must not take the process down (PW-1).
const MAX_MEMORY_KIB: u32 = 128 * 1024;
const MAX_PASSES: u32 = 10;
/// How many hashes may wait for a permit.
const QUEUE: usize = 64;

/// Hashes passwords with Argon2id.
#[derive(Debug)]
pub(crate) struct Argon2Passwords {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Argon2Passwords {
    /// With a permit for each core.
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            permits: Arc::new(Semaphore::new(cores)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Runs a hash on the blocking pool. The permit goes along, so that it lives until the hash
    /// ends, even when nobody waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        hash: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = Place::take(&self.waiting)?;
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| Error::internal("the permits for hashing are gone"))?;
        drop(place);
        tokio::task::spawn_blocking(move || {
            let hashed = hash();
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

#[async_trait]
impl Passwords for Argon2Passwords {
    async fn hash(&self, password: Secret<String>) -> Result<PasswordHash> {
        self.run(move || hash(&password)).await
    }

    async fn verify(
        &self,
        password: Secret<String>,
        stored: Option<PasswordHash>,
    ) -> Result<Verdict> {
        self.run(move || match stored {
            Some(stored) => verify(&password, &stored),
            // Somebody unknown costs as much as somebody known (PW-3).
            None => hash(&password).map(|_| Verdict::Wrong),
        })
        .await
    }

    fn is_common(&self, password: &str) -> bool {
        common::contains(password)
    }
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| Error::internal(format!("parameters of Argon2: {error}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &Secret<String>) -> Result<PasswordHash> {
    let mut salt = [0; 16];
    SystemRandom.fill(&mut salt);
    let hash = hasher()?
        .hash_password_with_salt(password.expose().as_bytes(), &salt)
        .map_err(|error| Error::internal(format!("a password was not hashed: {error}")))?;
    Ok(PasswordHash::new(hash.to_string()))
}

/// A stored hash that is none, or demands too much, matches nothing.
fn verify(password: &Secret<String>, stored: &PasswordHash) -> Result<Verdict> {
    let Some((parsed, params)) = acceptable(stored) else {
        tracing::error!("a stored password hash is malformed or demands too much");
        return hash(password).map(|_| Verdict::Wrong);
    };
    let matches = hasher()?
        .verify_password(password.expose().as_bytes(), &parsed)
        .is_ok();
    let is_weak = params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES;
    Ok(match (matches, is_weak) {
        (false, _) => Verdict::Wrong,
        (true, false) => Verdict::Right,
        (true, true) => Verdict::Outdated,
    })
}

fn acceptable(stored: &PasswordHash) -> Option<(phc::PasswordHash, Params)> {
    let parsed = phc::PasswordHash::new(stored.as_str()).ok()?;
    let params = Params::try_from(&parsed).ok()?;
    let is_bearable = parsed.algorithm.as_str() == "argon2id"
        && params.m_cost() <= MAX_MEMORY_KIB
        && params.t_cost() <= MAX_PASSES
        && params.p_cost() <= 4;
    is_bearable.then_some((parsed, params))
}

#[cfg(test)]
mod tests;
