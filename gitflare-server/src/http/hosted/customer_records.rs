//! What a customer takes along from the management page: the log of what was read, as a page and as a
//! file, and the signed record of the approval. All for the session that the page was made for.

use std::fmt::Write;

use gitflare_core::{
    Error, SessionId,
    gateway::{ConsentContext, CustomerRead},
    provider::Endpoint,
};
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::{
    super::{
        csrf,
        exchange::Exchange,
        pages::{
            View,
            purpose::Purpose,
            reads::{ReadRow, ReadsView},
            text::SafeText,
        },
        record,
        refusal::Refusal,
        reply::Reply,
        session,
        visit::EmbedVisit,
    },
    company, consent,
    dashboard::second,
};

/// Reads of a page, and of a file at most.
const PAGE: usize = 50;
const FILE: usize = 50_000;

/// `GET /app/company/apps/:clientId/reads`
pub(crate) async fn reads(mut x: Exchange) -> Result<Reply, Refusal> {
    let asked = Asked::of(&mut x).await?;
    let query = x.query()?;
    let from = match query.field("from")? {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| Error::invalid_request("`from` must be a number."))?,
    };
    let found = x.gateway();
    let found = found.customer_reads(&asked.context, from, PAGE).await?;
    let at = |what: &str| asked.path(what);
    ReadsView {
        app: consent::app_card(&asked.context, None).name,
        rows: found.reads.iter().map(row).collect(),
        back: consent::link(&company::address(&asked.visit.client, &asked.customer_ref)),
        file: consent::link(&at("reads.csv")),
        older: found
            .next
            .map(|next| consent::link(&format!("{}&from={next}", at("reads")))),
        most: FILE,
        frame_ancestors: asked.context.frame_ancestors(),
    }
    .reply(StatusCode::OK)
}

/// `GET /app/company/apps/:clientId/reads.csv`
pub(crate) async fn reads_file(mut x: Exchange) -> Result<Reply, Refusal> {
    let asked = Asked::of(&mut x).await?;
    let mut csv = String::from(
        "time,operation,provider,repository,items,files_withheld,secrets_replaced,request_id\r\n",
    );
    let (mut from, mut left) = (0, FILE);
    loop {
        let gateway = x.gateway();
        let found = gateway.customer_reads(&asked.context, from, left).await?;
        left -= found.reads.len();
        for read in &found.reads {
            line(&mut csv, read);
        }
        match found.next {
            Some(next) if left > 0 => from = next,
            _ => break,
        }
    }
    Ok(Reply {
        status: StatusCode::OK,
        content_type: Some("text/csv; charset=utf-8"),
        body: csv.into_bytes(),
        headers: vec![attachment("gitflare-reads.csv")],
    })
}

/// `GET /app/company/apps/:clientId/record`
pub(crate) async fn record_file(mut x: Exchange) -> Result<Reply, Refusal> {
    let asked = Asked::of(&mut x).await?;
    let record = x.gateway().consent_record(&asked.context).await?;
    let signed = record::sign(
        x.gateway(),
        &Issued {
            issuer: &x.settings().public_url,
            record: &record,
        },
    )?;
    let reply = Reply::ok(&signed)?;
    Ok(reply.with_header(attachment("gitflare-consent.json")))
}

/// `GET /v1/platform/consent-keys`
pub(crate) async fn keys(x: Exchange) -> Result<Reply, Refusal> {
    Reply::ok(&record::keys(x.gateway())?)
}

/// A record with the server that vouches for it.
#[derive(serde::Serialize)]
struct Issued<'a, T> {
    issuer: &'a str,
    #[serde(flatten)]
    record: &'a T,
}

/// A question of one of the browser's workspaces.
struct Asked {
    visit: EmbedVisit,
    context: ConsentContext,
    customer_ref: String,
}

impl Asked {
    async fn of(x: &mut Exchange) -> Result<Self, Refusal> {
        let client = x.parameter("clientId").unwrap_or_default();
        x.settings().rate_limits.admit_workspace(x.address)?;
        let query = x.query()?;
        let session = SessionId::parse(query.required("session")?)?;
        let mut own = x.workspaces().iter();
        let visit = own.find(|it| it.session.id == session && it.client.as_str() == client);
        let visit = visit.ok_or_else(csrf::stale)?.clone();
        let context = x.gateway().managed(&visit.client, &visit.session).await?;
        session::require_person(x, &context.client, &context.tenant.id).await?;
        Ok(Self {
            visit,
            context,
            customer_ref: query.field("customer_ref")?.unwrap_or_default().to_owned(),
        })
    }

    fn path(&self, what: &str) -> String {
        company::beside(
            &self.visit.client,
            what,
            &self.visit.session.id,
            &self.customer_ref,
        )
    }
}

fn row(read: &CustomerRead) -> ReadRow {
    ReadRow {
        at: second(read.at),
        sees: sees(read.endpoint_key),
        endpoint_key: read.endpoint_key,
        provider: read.provider.map(|id| SafeText::new(id.name())),
        repository: read.repository.as_deref().map(SafeText::new),
        items: read.items,
        blocked_files: read.blocked_files,
        redacted_secrets: read.redacted_secrets,
    }
}

/// What an operation reads, in a customer's words.
fn sees(key: &str) -> &'static str {
    Endpoint::parse(key).map_or("", |endpoint| Purpose::of(endpoint.scope()).sees)
}

fn line(csv: &mut String, read: &CustomerRead) {
    let provider = read.provider.map_or("", |id| id.as_str());
    let repository = cell(read.repository.as_deref().unwrap_or_default());
    // Writing to a string cannot fail.
    let _ = write!(
        csv,
        "{},{},{provider},{repository},{},{},{},{}\r\n",
        read.at,
        read.endpoint_key,
        read.items,
        read.blocked_files,
        read.redacted_secrets,
        read.request_id
    );
}

/// A text in quotes (RFC 4180). One that a spreadsheet would take for a formula is made plain.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

fn attachment(name: &str) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let value = value.unwrap_or(HeaderValue::from_static("attachment"));
    (header::CONTENT_DISPOSITION, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_text_and_no_formula() {
        assert_eq!(cell("acme/shop"), "\"acme/shop\"");
        assert_eq!(cell("a\",\"b\r\nc"), "\"a\"\",\"\"b\r\nc\"");
        assert_eq!(cell("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
    }
}
