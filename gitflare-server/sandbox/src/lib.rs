//! Emulated code hosts: servers on loopback that speak the wire protocols of GitHub, GitLab,
//! Bitbucket, Azure DevOps and GitFlic over real Git repositories, and a sample repository to serve.
//! GitFlare can be tried and tested whole with them, without an account or a network; the gateway
//! reaches them by HTTP alone.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! use gitflare_sandbox::{Forge, ForgeKind, ForgeOptions, sample};
//!
//! let folder = std::env::temp_dir().join("emulated-github");
//! sample::write(&folder)?;
//! let options = ForgeOptions { roots: vec![folder], ..ForgeOptions::default() };
//! let github = Forge::start(ForgeKind::Github, &options).await?;
//! println!("GitHub's API on {}, its sign-in on {}", github.api_url(), github.web_url());
//! # Ok(())
//! # }
//! ```
//!
//! This crate knows nothing of the server: `gitflare sandbox` and the tests start a gateway over it.
//! It serves loopback and promises nothing about load or hostile clients.
//!
//! # To add a code host
//! Write a folder beside `github/` with a type that implements `kit::Dialect` (its table of routes,
//! its refusals, its events), and add a variant to [`ForgeKind`].

#![forbid(unsafe_code)]

mod azure;
mod bitbucket;
mod forge;
mod gitflic;
mod github;
mod gitlab;
mod kit;
pub mod sample;

pub use forge::{Forge, ForgeKind, Forges, StartError};
pub use kit::{hostile::planted_password, options::ForgeOptions};
