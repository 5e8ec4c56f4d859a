//! What a cursor promises: it opens in its own scope, in its time, unaltered, and nowhere else.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{Random, SeededRandom};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn keys(ids: &[u8]) -> CursorKeys {
    let keys: Vec<_> = ids.iter().map(|&id| (id, Secret::new([id; 32]))).collect();
    CursorKeys::new(&keys, Duration::from_secs(3600)).unwrap()
}

fn scope<'a>() -> CursorScope<'a> {
    CursorScope {
        tenant: Some("tenant_a"),
        client: Some("client_a"),
        authorization: Some("authz_a"),
        connection: Some("conn_a"),
        endpoint: "commits.list",
        provider: Some("local"),
        repository: Some("a/b"),
        filters: &[("branch", Some("main"))],
    }
}

fn position() -> Position {
    Position::new().object([7u8; 20]).number(25)
}

fn code(result: Result<(Position, Limit)>) -> Code {
    result.unwrap_err().code()
}

#[test]
fn a_cursor_opens_in_its_own_scope() {
    let cursor = keys(&[1])
        .seal(&position(), Limit::DEFAULT, &scope(), NOW)
        .unwrap();
    assert_eq!(
        keys(&[1]).open(&cursor, &scope(), NOW).unwrap(),
        (position(), Limit::DEFAULT)
    );
    assert!(cursor.len() <= 96, "{}", cursor.len());
}

#[test]
fn a_cursor_of_another_scope_is_invalid() {
    // sec: CU-2
    let cursor = keys(&[1])
        .seal(&position(), Limit::DEFAULT, &scope(), NOW)
        .unwrap();
    let changes: [fn(&mut CursorScope<'_>); 16] = [
        |s| s.tenant = Some("tenant_b"),
        |s| s.tenant = None,
        |s| s.client = Some("client_b"),
        |s| s.authorization = Some("authz_b"),
        |s| s.authorization = None,
        |s| s.connection = Some("conn_b"),
        |s| s.connection = None,
        |s| s.endpoint = "branches.list",
        |s| s.provider = Some("github"),
        |s| s.repository = Some("a/c"),
        |s| s.repository = Some("a"),
        |s| s.filters = &[],
        |s| s.filters = &[("branch", None)],
        |s| s.filters = &[("branch", Some("dev"))],
        |s| s.filters = &[("ref", Some("main"))],
        |s| s.filters = &[("branch", Some("main")), ("path", None)],
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut other = scope();
        change(&mut other);
        assert_eq!(
            code(keys(&[1]).open(&cursor, &other, NOW)),
            Code::InvalidCursor,
            "change {index}"
        );
    }
}

#[test]
fn an_aged_cursor_has_expired_only_in_its_own_scope() {
    // sec: CU-3
    let cursor = keys(&[1])
        .seal(&position(), Limit::DEFAULT, &scope(), NOW)
        .unwrap();
    let just_before = NOW.after(Duration::from_secs(3599));
    let just_after = NOW.after(Duration::from_secs(3600));
    assert!(keys(&[1]).open(&cursor, &scope(), just_before).is_ok());
    assert_eq!(
        code(keys(&[1]).open(&cursor, &scope(), just_after)),
        Code::CursorExpired
    );
    let foreign = CursorScope {
        tenant: Some("tenant_b"),
        ..scope()
    };
    assert_eq!(
        code(keys(&[1]).open(&cursor, &foreign, just_after)),
        Code::InvalidCursor
    );
}

#[test]
fn keys_rotate_without_breaking_live_cursors() {
    // sec: CU-7
    let old = keys(&[1])
        .seal(&position(), Limit::DEFAULT, &scope(), NOW)
        .unwrap();
    let middle = keys(&[2, 1])
        .seal(&position(), Limit::DEFAULT, &scope(), NOW)
        .unwrap();
    let rotated = keys(&[3, 2, 1]);
    assert!(rotated.open(&old, &scope(), NOW).is_ok());
    assert!(rotated.open(&middle, &scope(), NOW).is_ok());
    assert_eq!(
        code(keys(&[3, 2]).open(&old, &scope(), NOW)),
        Code::InvalidCursor
    );
}

#[test]
fn a_mutated_cursor_is_never_accepted() {
    // sec: CU-1
    let rounds = if std::env::var_os("CI_DRILLS").is_some() {
        1_000_000
    } else {
        100_000
    };
    let keys = keys(&[1]);
    let cursor = keys
        .seal(&position(), Limit::DEFAULT, &scope(), NOW)
        .unwrap();
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/";
    let random = SeededRandom::new(5);
    for _ in 0..rounds {
        let mut dice = [0u8; 3];
        random.fill(&mut dice);
        let mut bytes = cursor.clone().into_bytes();
        let at = dice[0] as usize % bytes.len();
        match dice[2] % 4 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, alphabet[dice[1] as usize % alphabet.len()]),
            _ => bytes[at] = alphabet[dice[1] as usize % alphabet.len()],
        }
        if bytes == cursor.as_bytes() {
            continue;
        }
        let mutated = String::from_utf8(bytes).unwrap();
        assert_eq!(
            code(keys.open(&mutated, &scope(), NOW)),
            Code::InvalidCursor,
            "{mutated}"
        );
    }
}

#[test]
fn a_second_spelling_of_a_cursor_is_invalid() {
    // sec: CU-1
    let keys = keys(&[1]);
    // Two bytes of text make 61 bytes in all: the last character then holds spare bits.
    for text in ["", "a", "ab", "abc"] {
        let position = Position::new().text(text);
        let cursor = keys.seal(&position, Limit::DEFAULT, &scope(), NOW).unwrap();
        for respelled in [
            format!("{cursor}="),
            format!("{cursor}=="),
            format!(" {cursor}"),
            format!("{cursor}\n"),
        ] {
            assert_eq!(
                code(keys.open(&respelled, &scope(), NOW)),
                Code::InvalidCursor
            );
        }
        let (front, last) = cursor.split_at(cursor.len() - 1);
        let accepted = (b'0'..=b'z')
            .map(char::from)
            .filter(|c| keys.open(&format!("{front}{c}"), &scope(), NOW).is_ok())
            .collect::<Vec<_>>();
        assert_eq!(accepted, [last.chars().next().unwrap()]);
    }
}

#[test]
fn a_position_that_does_not_fit_is_not_sealed() {
    // sec: CU-1
    let keys = keys(&[1]);
    let fits = Position::new().text("x".repeat(1400));
    assert!(
        keys.seal(&fits, Limit::DEFAULT, &scope(), NOW)
            .unwrap()
            .len()
            <= MAX_ISSUED_LEN
    );
    let too_long = Position::new().text("x".repeat(1600));
    assert!(keys.seal(&too_long, Limit::DEFAULT, &scope(), NOW).is_err());
}

fn any_position() -> impl Strategy<Value = Position> {
    let field = prop_oneof![
        any::<u64>().prop_map(|value| Position::new().number(value)),
        "\\PC{0,40}".prop_map(|value| Position::new().text(value)),
        prop::collection::vec(any::<u8>(), 0..33).prop_map(|value| Position::new().object(value)),
    ];
    prop::collection::vec(field, 0..6)
        .prop_map(|parts| parts.iter().fold(Position::new(), Position::then))
}

proptest! {
    #[test]
    fn every_position_and_limit_survives(position in any_position(), limit in 1u32..=100) {
        let limit = Limit::new(limit).unwrap();
        let cursor = keys(&[1]).seal(&position, limit, &scope(), NOW).unwrap();
        prop_assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        prop_assert_eq!(keys(&[1]).open(&cursor, &scope(), NOW).unwrap(), (position, limit));
    }

    #[test]
    fn garbage_is_invalid(text in "\\PC{0,200}") {
        prop_assert_eq!(code(keys(&[1]).open(&text, &scope(), NOW)), Code::InvalidCursor);
    }

    #[test]
    fn even_authentic_bytes_are_parsed_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        // sec: CU-5
        if let Ok(payload) = codec::parse(&bytes) {
            let mut fields = payload.position.fields();
            while fields.number().is_ok() || fields.text().is_ok() || fields.object().is_ok() {}
        }
    }
}
