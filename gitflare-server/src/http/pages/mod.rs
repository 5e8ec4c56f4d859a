//! The hosted pages: one view struct per page with all that it shows, rendered by one template of
//! `gitflare-server/templates`. Handlers fill a view and answer with [`View::reply`]; nothing here
//! reads storage, decides an access or takes a form.
//!
//! To add a page: write its view with `#[derive(Template)]`, its template over `base.html`, its
//! row in [`policy`], and a sample in `tests/samples.rs`; every check of pages runs over the samples.

pub(super) mod account;
pub(super) mod assets;
pub(super) mod calls;
pub(super) mod chart;
pub(super) mod connect;
pub(super) mod consent;
pub(super) mod customers;
pub(super) mod dashboard;
pub(super) mod docs;
pub(super) mod documents;
pub(super) mod error;
pub(super) mod events;
pub(super) mod explain;
pub(super) mod handover;
pub(super) mod manage;
pub(super) mod markdown;
mod marks;
pub(super) mod own_account;
pub(super) mod picker;
pub(super) mod policy;
pub(super) mod purpose;
pub(super) mod reads;
pub(super) mod shell;
pub(super) mod testapp;
#[cfg(test)]
mod tests;
pub(super) mod text;

use askama::Template;
use gitflare_core::Error;
use http::StatusCode;

use super::{refusal::Refusal, reply::Reply};
use policy::Policy;

/// A page with everything that it shows.
pub(super) trait View: Template {
    /// Policy of its security headers.
    fn policy(&self) -> Policy;

    /// The page as an answer.
    fn reply(&self, status: StatusCode) -> Result<Reply, Refusal> {
        let html = self
            .render()
            .map_err(|error| Error::internal(format!("a page could not be written: {error}")))?;
        Ok(Reply {
            status,
            content_type: Some("text/html; charset=utf-8"),
            body: html.into_bytes(),
            headers: self.policy().headers(),
        })
    }
}
