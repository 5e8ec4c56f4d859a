//! Which data folders a start accepts, and what it makes in an empty one.

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use gitflare_core::{
    CredentialHash, SeededRandom, SystemRandom, keys::Purpose, storage::memory::MemoryStorage,
};

use super::*;

const KEY: &str = "kJ0mZ3vQx7Wc1TnYp5RbE8uLhAoDgSi2FfXyNqVwKtM=";
const OTHER_KEY: &str = "Zq3Lw8Yx5Vc2Bn7Mk4Jh9Gf6Ds1Ap0OiUyTrEeWwQqM=";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn config(pairs: &[(&str, &str)]) -> Config {
    Config::from_pairs(pairs).unwrap()
}

fn master_keys(path: &Path, pairs: &[(&str, &str)]) -> Result<KeyRing, Problem> {
    DataDir::open(path)?.master_keys(&config(pairs), &SystemRandom)
}

fn check(ring: &KeyRing) -> Vec<u8> {
    ring.primary().derive(Purpose::Check).expose().to_vec()
}

#[test]
fn the_first_start_makes_a_key_and_the_next_one_finds_it() {
    // sec: KY-2
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/data");
    let made = master_keys(&path, &[]).unwrap();
    assert_eq!(
        (mode(&path), mode(&path.join(MASTER_KEY_FILE))),
        (0o700, 0o600)
    );
    let found = master_keys(&path, &[]).unwrap();
    assert_eq!(check(&made), check(&found));
    let elsewhere = master_keys(&folder.path().join("other"), &[]).unwrap();
    assert_ne!(check(&made), check(&elsewhere));
}

#[test]
fn a_folder_that_a_file_system_prepared_counts_as_empty() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lost+found")).unwrap();
    fs::write(folder.path().join(".tmpAbCdEf"), "1:").unwrap();
    set_mode(folder.path(), 0o755);
    master_keys(folder.path(), &[]).unwrap();
    assert_eq!(mode(folder.path()), 0o700);
}

#[test]
fn a_key_of_the_configuration_is_never_written() {
    // sec: KY-2
    let folder = tempfile::tempdir().unwrap();
    master_keys(folder.path(), &[("GITFLARE_MASTER_KEY", KEY)]).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_start_without_a_usable_key_is_refused() {
    // sec: KY-2, KY-5
    let hex = "90c4e1a27f3b5d68e2094ab7c61f8d35b07e42d91ac86f13d5e0".to_owned();
    for (content, file_mode, folder_mode, said) in [
        (
            None,
            0o600,
            0o700,
            "is missing, though the data folder is not empty",
        ),
        (Some(format!("1:{KEY}\n")), 0o644, 0o700, "others may read"),
        (Some(format!("1:{KEY}\n")), 0o640, 0o700, "others may read"),
        (Some(format!("1:{KEY}\n")), 0o600, 0o750, "others may read"),
        (Some(format!("1:{hex}c\n")), 0o600, 0o700, "hex or base64"),
        (Some(hex), 0o600, 0o700, "must have at least 32 bytes"),
        (Some("ab".repeat(32)), 0o600, 0o700, "sample value"),
        (Some(String::new()), 0o600, 0o700, "holds no key"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("gitflare.db"), "x").unwrap();
        let file = folder.path().join(MASTER_KEY_FILE);
        if let Some(content) = &content {
            fs::write(&file, content).unwrap();
            set_mode(&file, file_mode);
        }
        set_mode(folder.path(), folder_mode);
        let problem = master_keys(folder.path(), &[]).unwrap_err().to_string();
        assert!(problem.contains(said), "{content:?}: {problem}");
        assert_eq!(problem.lines().count(), 1);
        if let Some(content) = content.filter(|content| content.len() > 2) {
            assert!(!problem.contains(&content[2..].trim()[..8]), "{problem}");
        }
        assert_eq!(
            mode(folder.path()),
            folder_mode,
            "nothing is changed in passing"
        );
    }
}

#[test]
fn a_lost_database_is_refused_like_a_lost_key() {
    // sec: KY-2
    const FILES: &[&str] = &["gitflare.sqlite", "usage.sqlite"];
    let of = |files: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        set_mode(folder.path(), 0o700);
        let data = DataDir::open(folder.path()).unwrap();
        data.require_database(FILES)
    };
    for refused in [
        &[(MASTER_KEY_FILE, "1:x")][..],
        &[(MASTER_KEY_FILE, "1:x"), ("gitflare.sqlite", "")],
        &[("usage.sqlite", "rows"), ("gitflare.sqlite", "")],
    ] {
        let problem = of(refused).unwrap_err().to_string();
        assert!(problem.contains("bring the database back"), "{problem}");
    }
    for fine in [
        &[][..],
        &[(".hidden", "x")],
        &[("notes.txt", "not ours")],
        &[(MASTER_KEY_FILE, "1:x"), ("gitflare.sqlite", "rows")],
    ] {
        assert!(of(fine).is_ok(), "{fine:?}");
    }
}

#[tokio::test]
async fn a_database_knows_its_keys() {
    // sec: KY-2
    let storage = MemoryStorage::default();
    let ring = |keys: &str| ring(config(&[("GITFLARE_MASTER_KEY", keys)]).master_keys).unwrap();
    let (both, swapped) = (format!("2:{OTHER_KEY},1:{KEY}"), format!("1:{OTHER_KEY}"));
    for (keys, refused) in [
        (KEY, None),
        (KEY, None),
        (swapped.as_str(), Some("id 1 is not the one")),
        (both.as_str(), None),
        (KEY, Some("lacks the key of id 2")),
        (&format!("2:{OTHER_KEY}"), Some("lacks the key of id 1")),
        (both.as_str(), None),
    ] {
        match (verify(&ring(keys), &storage).await, refused) {
            (Ok(()), None) => {}
            (Err(problem), Some(said)) => assert!(problem.to_string().contains(said), "{problem}"),
            (outcome, _) => panic!("{keys}: {outcome:?}"),
        }
    }
}

#[test]
fn an_admin_key_is_shown_once_and_kept_as_a_hash() {
    // sec: IN-4
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::open(folder.path()).unwrap();
    let open = |pairs: &[(&str, &str)]| data.admin_keys(&config(pairs), &SeededRandom::new(3));
    let (keys, shown) = open(&[]).unwrap();
    let shown = shown.unwrap();
    assert_eq!(keys, [CredentialHash::of(shown.expose())]);
    let file = folder.path().join(ADMIN_KEY_FILE);
    assert_eq!(mode(&file), 0o600);
    let stored = fs::read_to_string(&file).unwrap();
    assert!(!stored.contains(&shown.expose()["sggak_".len()..]));
    let (again, shown) = open(&[]).unwrap();
    assert!(again == keys && shown.is_none());
    let given = "W7vKp2ZqXc9RtYb4NmHs8LdFg3JuAe6T,M5xTq8ZrWc2BnYv7KpHd4LsFg9JuEa3R";
    let (keys, shown) = open(&[("SGG_ADMIN_API_KEY", given)]).unwrap();
    let hashes: Vec<_> = given.split(',').map(CredentialHash::of).collect();
    assert!(keys == hashes && shown.is_none());
    fs::write(&file, "zz\n").unwrap();
    assert!(open(&[]).unwrap_err().to_string().contains("is damaged"));
    set_mode(&file, 0o644);
    assert!(
        open(&[])
            .unwrap_err()
            .to_string()
            .contains("others may read")
    );
}
