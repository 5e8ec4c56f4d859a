//! The tests of the adapters as one program: linking is what costs. The outbound client's are a
//! program of their own, for they measure their process.

#![forbid(unsafe_code)]

mod azure;
mod bitbucket;
mod gitflic;
mod github;
mod gitlab;
mod local;
mod support;
