//! Packs that come back as they were, and damaged ones.

use proptest::prelude::*;

use super::*;

fn path() -> impl Strategy<Value = String> {
    let sha = "[0-9a-f]{40}|[0-9A-F]{40}|[0-9]{1,6}|[^/]{0,5}";
    prop_oneof![
        Just("/v1/repositories".to_owned()),
        sha.prop_map(|item| format!("/v1/repositories/github/o%2Fr/commits/{item}/diff")),
        sha.prop_map(|item| format!("/v1/repositories/github/o%2Fr/pull-requests/{item}")),
        any::<String>(),
    ]
}

prop_compose! {
    fn row()(
        id in "[0-7][0-9a-hjkmnp-tv-z]{25}|[0-9A-Za-z]{1,64}",
        request in "[0-7][0-9a-hjkmnp-tv-z]{25}|[0-9A-Za-z]{1,64}",
        token in "[1-3]",
        tenant in "[1-3]",
        path in path(),
        provider in prop::option::of(prop::sample::select(vec![ProviderId::LOCAL, ProviderId::GITHUB])),
        repository_id in prop::option::of("|7|a/b"),
        error in any::<bool>(),
        at in 0i64..4_000_000_000_000,
        numbers in any::<[u64; 3]>(),
        findings in prop::option::of(any::<(u64, u64)>()),
    ) -> UsageRow {
        let (blocked_files, redacted_secrets) = findings.unwrap_or_default();
        UsageRow {
            id: LogId::parse(&format!("log_{id}")).unwrap(),
            at: Timestamp::from_millis(at),
            request_id: RequestId::parse(&format!("gf_req_{request}")).unwrap(),
            tenant_id: TenantId::parse(&format!("tenant_{tenant}")).unwrap(),
            client_id: ClientId::parse("client_1").unwrap(),
            token_id: TokenId::parse(&format!("atk_{token}")).unwrap(),
            endpoint_key: if error { "tags.list" } else { "commits.diff" },
            method: "GET",
            path,
            provider,
            repository_id,
            status: if error { 404 } else { 200 },
            error_code: error.then_some("RESOURCE_NOT_FOUND"),
            duration_ms: numbers[0],
            upstream_ms: numbers[1],
            items: numbers[2],
            blocked_files,
            redacted_secrets,
        }
    }
}

fn unpack(bytes: &[u8]) -> Result<Vec<UsageRow>> {
    let mut pack = Pack::open(bytes)?;
    let mut rows = Vec::new();
    while let Some(row) = pack.next_row()? {
        rows.push(row.to_row()?);
    }
    Ok(rows)
}

proptest! {
    #[test]
    fn rows_come_back_as_they_were(rows in prop::collection::vec(row(), 1..30)) {
        prop_assert_eq!(unpack(&pack(&rows)).unwrap(), rows);
    }

    #[test]
    fn no_bytes_are_too_strange_to_refuse(rows in prop::collection::vec(row(), 1..5),
                                          at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = pack(&rows);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = unpack(&bytes);
        bytes.truncate(at);
        prop_assert!(unpack(&bytes).is_err());
    }
}

#[test]
fn a_row_of_a_full_pack_needs_some_fifty_bytes() {
    let id = |number: u128| crate::ids::from_bits((1_800_000_000_000 << 80) + number);
    let rows: Vec<_> = (0..1000u32)
        .map(|number| UsageRow {
            id: LogId::parse(&format!("log_{}", id(number.into()))).unwrap(),
            at: Timestamp::from_millis(1_800_000_000_000 + i64::from(number) * 3000),
            request_id: RequestId::parse(&format!("gf_req_{}", id(number.into()))).unwrap(),
            tenant_id: TenantId::parse(&format!("tenant_{}", id((number % 50).into()))).unwrap(),
            client_id: ClientId::parse(&format!("client_{}", id(1))).unwrap(),
            token_id: TokenId::parse(&format!("atk_{}", id((number % 100).into()))).unwrap(),
            endpoint_key: "commits.list",
            method: "GET",
            path: format!(
                "/v1/repositories/github/octo%2Frepo-{}/commits",
                number % 100
            ),
            provider: Some(ProviderId::GITHUB),
            repository_id: Some((1_000_000 + number % 100).to_string()),
            status: 200,
            error_code: None,
            duration_ms: 130,
            upstream_ms: 120,
            items: 25,
            blocked_files: 0,
            redacted_secrets: 0,
        })
        .collect();
    let bytes = pack(&rows).len() / rows.len();
    assert!(bytes <= 55, "{bytes}");
}
