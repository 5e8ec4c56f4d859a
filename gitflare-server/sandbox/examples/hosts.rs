//! Serves the emulated hosts alone, over the sample repository, until Ctrl-C: to look at their
//! answers, or to try a client of GitHub, GitLab, Bitbucket or Azure DevOps against them.

use std::{error::Error, io::Write};

use gitflare_sandbox::{Forge, ForgeKind, ForgeOptions, sample};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    sample::write(folder.path())?;
    let options = ForgeOptions {
        roots: vec![folder.path().to_owned()],
        ..ForgeOptions::default()
    };
    let mut running = Vec::new();
    let mut out = std::io::stdout();
    for kind in [
        ForgeKind::Github,
        ForgeKind::Gitlab,
        ForgeKind::Bitbucket,
        ForgeKind::Azure,
        ForgeKind::Gitflic,
    ] {
        let host = Forge::start(kind, &options).await?;
        let token = host.personal_token("anna-berg").unwrap_or_default();
        writeln!(out, "{} {} {token}", kind.id(), host.api_url())?;
        running.push(host);
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
