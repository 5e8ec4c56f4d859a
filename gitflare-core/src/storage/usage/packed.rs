//! Usage rows as bytes: rows of one client, with everything that several of them name written once.
//! A dense pack needs some 50 bytes a row. Every backend can keep packs; none has to.

use std::collections::HashMap;

use super::{
    UsageFacts, UsageQuery, UsageRow,
    bytes::{Input, Output},
};
use crate::{
    ClientId, Error, LogId, RequestId, Result, TenantId, Timestamp, TokenId,
    provider::{Endpoint, ProviderId},
};

/// The form of a pack.
const VERSION: u8 = 1;
/// The methods of the unified routes; HEAD is answered like GET.
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "DELETE"];
/// The slash of a path behind which a commit, a pull request or the like is named:
/// `/v1/repositories/:provider/:repoId/:kind/:item`.
const SLASH_OF_ITEM: usize = 5;
/// Stands in a place where rows have an item of their own. No path of HTTP holds it.
const ITEM: char = '\0';

const HAS_ITEM: u8 = 1;
/// The item is 40 lower-case hexadecimal digits, kept as 20 bytes.
const IS_SHA: u8 = 2;
const HAS_FINDINGS: u8 = 4;

/// What many reads have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Shape<'a> {
    endpoint_key: &'a str,
    method: &'a str,
    provider: &'a str,
    status: u16,
    /// Empty for a read that did not fail.
    error_code: &'a str,
}

/// The number of a key in a table that grows; a new key is written.
macro_rules! number_of {
    ($map:expr, $key:expr, $write:expr) => {{
        let next = $map.len();
        *$map.entry($key).or_insert_with(|| {
            $write;
            next
        })
    }};
}

/// Packs rows of one client, at least one, in the order in which they come.
#[must_use]
pub fn pack(rows: &[UsageRow]) -> Vec<u8> {
    let mut tenants = HashMap::new();
    let mut tokens = HashMap::new();
    let mut shapes = HashMap::new();
    let mut places = HashMap::new();
    let [
        mut tenant_bytes,
        mut token_bytes,
        mut shape_bytes,
        mut place_bytes,
    ] = std::array::from_fn(|_| Output::default());
    let mut body = Output::default();
    let mut last_at = 0;
    for row in rows {
        let tenant = number_of!(
            tenants,
            row.tenant_id.as_str(),
            tenant_bytes.id_body(behind(row.tenant_id.as_str(), TenantId::PREFIX))
        );
        let token = number_of!(tokens, (row.token_id.as_str(), tenant), {
            token_bytes.id_body(behind(row.token_id.as_str(), TokenId::PREFIX));
            token_bytes.count(tenant);
        });
        let shape = Shape {
            endpoint_key: row.endpoint_key,
            method: row.method,
            provider: row.provider.map_or("", ProviderId::as_str),
            status: row.status,
            error_code: row.error_code.unwrap_or_default(),
        };
        let shape = number_of!(shapes, shape, write_shape(&mut shape_bytes, &shape));
        let (head, item, tail) = split(&row.path);
        let repository = row.repository_id.as_deref();
        let place = number_of!(places, (head, item.is_some(), tail, repository), {
            place_bytes.text(&match item {
                Some(_) => format!("{head}{ITEM}{tail}"),
                None => head.to_owned(),
            });
            place_bytes.byte(u8::from(repository.is_some()));
            place_bytes.text(repository.unwrap_or_default());
        });
        body.signed(row.at.as_millis().wrapping_sub(last_at));
        last_at = row.at.as_millis();
        write_row(&mut body, row, [token, shape, place], item);
    }
    let mut output = Output::default();
    output.byte(VERSION);
    let client = rows.first().map_or("", |row| row.client_id.as_str());
    output.id_body(behind(client, ClientId::PREFIX));
    for (count, bytes) in [
        (tenants.len(), tenant_bytes),
        (tokens.len(), token_bytes),
        (shapes.len(), shape_bytes),
        (places.len(), place_bytes),
        (rows.len(), body),
    ] {
        output.count(count);
        output.0.extend_from_slice(&bytes.0);
    }
    output.0
}

fn behind<'a>(id: &'a str, prefix: &str) -> &'a str {
    id.strip_prefix(prefix).unwrap_or_default()
}

fn write_shape(output: &mut Output, shape: &Shape<'_>) {
    output.text(shape.endpoint_key);
    output.text(shape.method);
    output.text(shape.provider);
    output.number(shape.status.into());
    output.text(shape.error_code);
}

fn write_row(output: &mut Output, row: &UsageRow, numbers: [usize; 3], item: Option<&str>) {
    let sha = item.and_then(sha_bytes);
    let has_findings = row.blocked_files > 0 || row.redacted_secrets > 0;
    let flag = |is_set, flag| if is_set { flag } else { 0 };
    output.byte(
        flag(item.is_some(), HAS_ITEM)
            | flag(sha.is_some(), IS_SHA)
            | flag(has_findings, HAS_FINDINGS),
    );
    output.id_body(behind(row.id.as_str(), LogId::PREFIX));
    output.id_body(behind(row.request_id.as_str(), RequestId::PREFIX));
    for number in numbers {
        output.count(number);
    }
    match (sha, item) {
        (Some(bytes), _) => output.0.extend_from_slice(&bytes),
        (None, Some(item)) => output.text(item),
        (None, None) => {}
    }
    for number in [row.duration_ms, row.upstream_ms, row.items] {
        output.number(number);
    }
    if has_findings {
        output.number(row.blocked_files);
        output.number(row.redacted_secrets);
    }
}

/// A path before, within and behind the item that it names, if it names one.
fn split(path: &str) -> (&str, Option<&str>, &str) {
    let slash = path.match_indices('/').nth(SLASH_OF_ITEM);
    match slash {
        Some((slash, _)) if !path.contains(ITEM) => {
            let (head, rest) = path.split_at(slash + 1);
            let end = rest.find('/').unwrap_or(rest.len());
            (head, Some(&rest[..end]), &rest[end..])
        }
        _ => (path, None, ""),
    }
}

/// The bytes of 40 lower-case hexadecimal digits; `None` for any other text.
fn sha_bytes(text: &str) -> Option<[u8; 20]> {
    let digits: &[u8; 40] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 20];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

const fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// What a token stands for in a pack.
#[derive(Clone, Copy, Debug)]
struct PackedToken<'a> {
    /// Where its id is written.
    id: &'a [u8],
    tenant: usize,
}

/// A pack that is read row by row.
#[derive(Debug)]
pub struct Pack<'a> {
    client: String,
    tenants: Vec<String>,
    tokens: Vec<PackedToken<'a>>,
    shapes: Vec<Shape<'a>>,
    /// The path, and the repository.
    places: Vec<(&'a str, Option<&'a str>)>,
    input: Input<'a>,
    left: usize,
    last_at: i64,
}

/// A row of a pack.
#[derive(Debug)]
pub struct PackedRow<'p> {
    at: Timestamp,
    client: &'p str,
    tenant: &'p str,
    token: PackedToken<'p>,
    shape: Shape<'p>,
    path: &'p str,
    repository: Option<&'p str>,
    item: Option<Item<'p>>,
    /// The ids of the row and of its request, as they are written.
    ids: &'p [u8],
    duration_ms: u64,
    upstream_ms: u64,
    items: u64,
    blocked_files: u64,
    redacted_secrets: u64,
}

#[derive(Clone, Copy, Debug)]
enum Item<'a> {
    Sha(&'a [u8]),
    Text(&'a str),
}

fn damaged() -> Error {
    Error::internal("rows of the usage log are damaged")
}

impl<'a> Pack<'a> {
    /// Begins to read a pack.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when it is damaged, or of a form that this release does not know.
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        Self::begin(bytes).ok_or_else(damaged)
    }

    fn begin(bytes: &'a [u8]) -> Option<Self> {
        let mut input = Input(bytes);
        if input.byte()? != VERSION {
            return None;
        }
        let client = input.id(ClientId::PREFIX)?;
        let mut tenants = Vec::with_capacity(input.clone().count()?);
        for _ in 0..input.count()? {
            tenants.push(input.id(TenantId::PREFIX)?);
        }
        let mut tokens = Vec::with_capacity(input.clone().count()?);
        for _ in 0..input.count()? {
            let id = input.0;
            input.skip_id()?;
            let tenant = usize::try_from(input.number()?).ok()?;
            tokens.push(PackedToken { id, tenant });
        }
        let mut shapes = Vec::with_capacity(input.clone().count()?);
        for _ in 0..input.count()? {
            shapes.push(Shape {
                endpoint_key: input.text()?,
                method: input.text()?,
                provider: input.text()?,
                status: input.number()?.try_into().ok()?,
                error_code: input.text()?,
            });
        }
        let mut places = Vec::with_capacity(input.clone().count()?);
        for _ in 0..input.count()? {
            let path = input.text()?;
            let has_repository = input.byte()? == 1;
            places.push((path, Some(input.text()?).filter(|_| has_repository)));
        }
        let left = input.count()?;
        Some(Self {
            client,
            tenants,
            tokens,
            shapes,
            places,
            input,
            left,
            last_at: 0,
        })
    }

    /// Whether a row of one of these tenants may be in it.
    #[must_use]
    pub fn names_any(&self, tenants: &[TenantId]) -> bool {
        tenants
            .iter()
            .any(|tenant| self.tenants.iter().any(|known| known == tenant.as_str()))
    }

    /// The next row; `None` after the last one.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when it is damaged.
    pub fn next_row(&mut self) -> Result<Option<PackedRow<'_>>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.read_row().map(Some).ok_or_else(damaged)
    }

    fn read_row(&mut self) -> Option<PackedRow<'_>> {
        let input = &mut self.input;
        self.last_at = self.last_at.wrapping_add(input.signed()?);
        let flags = input.byte()?;
        let ids = input.0;
        input.skip_id()?;
        input.skip_id()?;
        let mut number = || usize::try_from(input.number()?).ok();
        let token = *self.tokens.get(number()?)?;
        let shape = *self.shapes.get(number()?)?;
        let (path, repository) = *self.places.get(number()?)?;
        let item = match flags & (HAS_ITEM | IS_SHA) {
            0 => None,
            HAS_ITEM => Some(Item::Text(input.text()?)),
            _ => Some(Item::Sha(input.take(20)?)),
        };
        let mut numbers = [0; 5];
        let kept = if flags & HAS_FINDINGS == 0 { 3 } else { 5 };
        for number in &mut numbers[..kept] {
            *number = input.number()?;
        }
        let [
            duration_ms,
            upstream_ms,
            items,
            blocked_files,
            redacted_secrets,
        ] = numbers;
        Some(PackedRow {
            at: Timestamp::from_millis(self.last_at),
            client: &self.client,
            tenant: self.tenants.get(token.tenant)?,
            token,
            shape,
            path,
            repository,
            item,
            ids,
            duration_ms,
            upstream_ms,
            items,
            blocked_files,
            redacted_secrets,
        })
    }
}

/// The word of ours that a text is.
fn known(mut words: impl Iterator<Item = &'static str>, text: &str) -> Option<&'static str> {
    words.find(|word| *word == text)
}

impl PackedRow<'_> {
    /// When the read began.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Its id.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when it is none.
    pub fn id(&self) -> Result<LogId> {
        let id = Input(self.ids).id(LogId::PREFIX).ok_or_else(damaged)?;
        LogId::parse(&id).map_err(|_| damaged())
    }

    /// The customer.
    #[must_use]
    pub const fn tenant_id(&self) -> &str {
        self.tenant
    }

    /// What is counted of it.
    #[must_use]
    pub fn facts(&self) -> UsageFacts<'_> {
        UsageFacts {
            at: self.at,
            client_id: self.client,
            endpoint_key: self.shape.endpoint_key,
            provider: Some(self.shape.provider).filter(|provider| !provider.is_empty()),
            repository_id: self.repository,
            status: self.shape.status,
            is_error: !self.shape.error_code.is_empty(),
            duration_ms: self.duration_ms,
            blocked_files: self.blocked_files,
            redacted_secrets: self.redacted_secrets,
        }
    }

    /// Whether it is one of those.
    #[must_use]
    pub fn matches(&self, query: &UsageQuery) -> bool {
        let provider = query.provider.map(ProviderId::as_str);
        let mut tenants = query.tenants.iter();
        let mut clients = query.clients.iter();
        (query.tenants.is_empty() || tenants.any(|id| id.as_str() == self.tenant))
            && (query.clients.is_empty() || clients.any(|id| id.as_str() == self.client))
            && query.from.is_none_or(|from| self.at >= from)
            && query.to.is_none_or(|to| self.at < to)
            && query
                .endpoint_key
                .as_deref()
                .is_none_or(|key| key == self.shape.endpoint_key)
            && provider.is_none_or(|provider| provider == self.shape.provider)
            && query
                .repository_id
                .as_deref()
                .is_none_or(|id| self.repository == Some(id))
            && query.request_id.as_ref().is_none_or(|id| self.is_of(id))
            && query
                .statuses
                .as_ref()
                .is_none_or(|statuses| statuses.contains(&self.shape.status))
            && query
                .error_code
                .as_deref()
                .is_none_or(|code| code == self.shape.error_code)
    }

    fn is_of(&self, request: &RequestId) -> bool {
        let mut ids = Input(self.ids);
        let id = ids.skip_id().and_then(|()| ids.id(RequestId::PREFIX));
        id.is_some_and(|id| id == request.as_str())
    }

    /// The whole row.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when a value is none that this release knows.
    pub fn to_row(&self) -> Result<UsageRow> {
        self.whole().ok_or_else(damaged)
    }

    fn whole(&self) -> Option<UsageRow> {
        let mut ids = Input(self.ids);
        ids.skip_id()?;
        let shape = &self.shape;
        let error_code = match shape.error_code {
            "" => None,
            word => Some(known(crate::CODES.iter().map(|code| code.name), word)?),
        };
        let provider = match shape.provider {
            "" => None,
            word => Some(ProviderId::parse(word)?),
        };
        Some(UsageRow {
            id: self.id().ok()?,
            at: self.at,
            request_id: RequestId::parse(&ids.id(RequestId::PREFIX)?).ok()?,
            tenant_id: TenantId::parse(self.tenant).ok()?,
            client_id: ClientId::parse(self.client).ok()?,
            token_id: TokenId::parse(&Input(self.token.id).id(TokenId::PREFIX)?).ok()?,
            endpoint_key: known(
                Endpoint::ALL.iter().map(|endpoint| endpoint.key()),
                shape.endpoint_key,
            )?,
            method: known(METHODS.into_iter(), shape.method)?,
            path: self.whole_path(),
            provider,
            repository_id: self.repository.map(str::to_owned),
            status: shape.status,
            error_code,
            duration_ms: self.duration_ms,
            upstream_ms: self.upstream_ms,
            items: self.items,
            blocked_files: self.blocked_files,
            redacted_secrets: self.redacted_secrets,
        })
    }

    fn whole_path(&self) -> String {
        let Some(item) = self.item else {
            return self.path.to_owned();
        };
        let (head, tail) = self.path.split_once(ITEM).unwrap_or((self.path, ""));
        let mut path = head.to_owned();
        match item {
            Item::Text(text) => path.push_str(text),
            Item::Sha(bytes) => {
                for byte in bytes {
                    path.extend(
                        [byte >> 4, byte & 15]
                            .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])),
                    );
                }
            }
        }
        path.push_str(tail);
        path
    }
}

#[cfg(test)]
mod tests;
