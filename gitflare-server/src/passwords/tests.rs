//! Hashes as they are stored, and hashes that another program has stored.

use argon2::PasswordHasher;

use super::*;

fn secret(text: &str) -> Secret<String> {
    Secret::from(text)
}

fn hashed_with(memory_kib: u32, passes: u32, password: &str) -> PasswordHash {
    let params = Params::new(memory_kib, passes, 1, None).unwrap();
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password.as_bytes(), b"0123456789abcdef")
        .unwrap();
    PasswordHash::new(hash.to_string())
}

#[tokio::test]
async fn a_password_is_an_argon2id_hash_of_today() {
    // sec: PW-1
    let passwords = Argon2Passwords::new();
    let hash = passwords.hash(secret("a long enough one")).await.unwrap();
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    let again = passwords.hash(secret("a long enough one")).await.unwrap();
    assert_ne!(hash, again, "each has a salt of its own");
    for (password, expected) in [
        ("a long enough one", Verdict::Right),
        ("a long enough on", Verdict::Wrong),
        ("", Verdict::Wrong),
    ] {
        let verdict = passwords.verify(secret(password), Some(hash.clone())).await;
        assert_eq!(verdict.unwrap(), expected, "{password}");
    }
    let nobody = passwords.verify(secret("a long enough one"), None).await;
    assert_eq!(nobody.unwrap(), Verdict::Wrong);
}

#[test]
fn a_weaker_hash_is_outdated_and_an_absurd_one_matches_nothing() {
    // sec: PW-1
    let password = secret("a long enough one");
    let weak = hashed_with(8 * 1024, 1, "a long enough one");
    assert_eq!(
        verify(&password, &weak, &mut Vec::new()).unwrap(),
        Verdict::Outdated
    );
    let hash = hash(&password, &mut Vec::new()).unwrap();
    for (from, to) in [
        ("m=19456", "m=4194304"),
        ("t=2", "t=11"),
        ("$argon2id$", "$argon2i$"),
        ("$argon2id$", "$scrypt$"),
        ("$v=19", "$v=99"),
    ] {
        let tampered = PasswordHash::new(hash.as_str().replacen(from, to, 1));
        assert_ne!(tampered, hash);
        assert_eq!(
            verify(&password, &tampered, &mut Vec::new()).unwrap(),
            Verdict::Wrong,
            "{to}"
        );
    }
    let nonsense = PasswordHash::new("plain text");
    assert_eq!(
        verify(&password, &nonsense, &mut Vec::new()).unwrap(),
        Verdict::Wrong
    );
}

#[tokio::test]
async fn more_than_the_queue_holds_is_refused() {
    // sec: PW-2
    let passwords = Argon2Passwords {
        permits: Arc::new(Semaphore::new(0)),
        waiting: AtomicUsize::new(0),
        memory: Arc::default(),
    };
    let waiting: Vec<_> = (0..QUEUE)
        .map(|_| Place::take(&passwords.waiting).unwrap())
        .collect();
    let refused = passwords.hash(secret("one more")).await.unwrap_err();
    assert_eq!(refused.code(), Code::RateLimited);
    assert_eq!(refused.retry_after_seconds(), Some(1));
    drop(waiting);
    assert_eq!(passwords.waiting.load(Ordering::Relaxed), 0);
    assert!(Place::take(&passwords.waiting).is_ok());
}
