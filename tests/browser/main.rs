//! The hosted pages in a real Chromium: what they look like, what they say to the console, and the
//! whole way of a developer and a customer through them.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod album;
mod axe;
mod developer;
mod driver;
mod extremes;
mod frames;
mod gallery;
mod hosts;
mod public;
mod saas;
mod support;
mod testapp;
mod tiny;
mod walk;
