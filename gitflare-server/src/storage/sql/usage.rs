//! Usage rows in columns of their own.

use gitflare_core::{
    ClientId, LogId, RequestId, TenantId, TokenId,
    provider::{Endpoint, ProviderId},
    storage::UsageRow,
};

use super::{Columns, id, maybe, maybe_text, natural, number, parsed, text, time};

/// The columns, as [`row`] reads them.
pub(in crate::storage) const COLUMNS: &str = "at, id, request_id, tenant_id, client_id, token_id,
    endpoint_key, method, path, provider, repository_id, status, error_code, duration_ms,
    upstream_ms, items, blocked_files, redacted_secrets";

/// The methods of the unified routes; HEAD is answered like GET.
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "DELETE"];

/// The word of ours that a text is.
fn known(mut words: impl Iterator<Item = &'static str>, text: &str) -> Option<&'static str> {
    words.find(|word| *word == text)
}

pub(in crate::storage) fn row<R: Columns>(row: &R) -> Result<UsageRow, R::Error> {
    let keys = || Endpoint::ALL.iter().map(|endpoint| endpoint.key());
    let codes = || gitflare_core::CODES.iter().map(|code| code.name);
    Ok(UsageRow {
        at: time(row, 0)?,
        id: id!(row, 1, LogId)?,
        request_id: id!(row, 2, RequestId)?,
        tenant_id: id!(row, 3, TenantId)?,
        client_id: id!(row, 4, ClientId)?,
        token_id: id!(row, 5, TokenId)?,
        endpoint_key: parsed(row, 6, |text| known(keys(), text))?,
        method: parsed(row, 7, |text| known(METHODS.into_iter(), text))?,
        path: text(row, 8)?,
        provider: maybe(row, 9, ProviderId::parse)?,
        repository_id: maybe_text(row, 10)?,
        status: number(row, 11)?,
        error_code: maybe(row, 12, |text| known(codes(), text))?,
        duration_ms: natural(row, 13)?,
        upstream_ms: natural(row, 14)?,
        items: natural(row, 15)?,
        blocked_files: natural(row, 16)?,
        redacted_secrets: natural(row, 17)?,
    })
}
