//! Reads a GitFlare server over HTTP by type: the repositories that a token may read, and the newest
//! commits of each.
//!
//! `gitflare sandbox` prints an address and a token to try it with:
//! `GITFLARE_URL=http://127.0.0.1:8080 GITFLARE_TOKEN=sggat_... cargo run --example read_over_http`.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example shows what it did, with settings of its own"
)]

use gitflare::client::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let setting = |name| std::env::var(name).ok();
    let (Some(url), Some(token)) = (setting("GITFLARE_URL"), setting("GITFLARE_TOKEN")) else {
        println!("Set GITFLARE_URL and GITFLARE_TOKEN to what `gitflare sandbox` prints.");
        return Ok(());
    };
    let client = Client::new(&url)?;
    let reader = client.reader(token);
    for repository in reader.repositories().send().await? {
        println!("{} at {}", repository.full_name, repository.provider);
        let of = reader.repository(repository.provider.as_str(), repository.id);
        for commit in of.commits().limit(5).send().await? {
            println!("  {} {}", commit.sha, commit.title.unwrap_or_default());
        }
    }
    Ok(())
}
