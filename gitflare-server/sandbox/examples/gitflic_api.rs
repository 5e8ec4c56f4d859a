//! Every call of the typed GitFlic client, one function each, against the emulated host:
//! `cargo run -p gitflare-sandbox --example gitflic_api`. The tests run it too.

use std::error::Error;

use futures_util::TryStreamExt;
use gitflare_providers::{
    Http, HttpConfig,
    gitflic::api::{Client, Commit, ErrorClass, FileInfo, Label, Moment, NewProject, Project},
};
use gitflare_sandbox::{Forge, ForgeKind, ForgeOptions, sample};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

const OWNER: &str = "acme";
const PROJECT: &str = "storefront";

/// `GET /project`
async fn public_projects(client: &Client) -> Outcome {
    let found = client
        .public_projects(Some("storefront"))
        .page(0, 10)
        .await?;
    assert!(found.items.iter().all(|it| it.alias.contains("storefront")));
    assert_eq!((found.page.number, found.page.size), (0, 10));
    Ok(())
}

/// `GET /project/my`
async fn my_projects(client: &Client) -> Outcome {
    let all: Vec<Project> = client.my_projects().stream().try_collect().await?;
    assert_eq!(all.len(), 40);
    Ok(())
}

/// `GET /project/shared`
async fn shared_projects(client: &Client) -> Outcome {
    let none = client.shared_projects().page(0, 10).await?;
    assert_eq!((none.items.len(), none.page.next()), (0, None));
    Ok(())
}

/// `GET /project/{owner}/{project}`
async fn project(client: &Client) -> Outcome {
    let found = client.project(OWNER, PROJECT).await?;
    assert_eq!(found.owner_name(), Some(OWNER));
    let missing = client.project(OWNER, "gone").await.err();
    let missing = missing.ok_or("no such project")?;
    assert_eq!(
        (missing.status(), missing.class()),
        (Some(404), ErrorClass::NotFound)
    );
    Ok(())
}

/// `POST /project`
async fn create_project(client: &Client) -> Outcome {
    let new = NewProject {
        title: "An example".to_owned(),
        is_private: true,
        alias: "example".to_owned(),
        language: "java".to_owned(),
    };
    let made = client.create_project(&new).await?;
    assert_eq!(
        (made.private, made.language.as_deref()),
        (Some(true), Some("Java"))
    );
    Ok(())
}

/// `GET /project/{owner}/{project}/files`
async fn files(client: &Client) -> Outcome {
    let root = client
        .files(OWNER, PROJECT, None, None)
        .page(0, 100)
        .await?;
    let folder = root.items.iter().find(|it| it.path == "src");
    assert_eq!(folder.and_then(FileInfo::is_folder), Some(true));
    let below = client.files(OWNER, PROJECT, Some("src"), Some("main"));
    assert!(!below.page(0, 100).await?.items.is_empty());
    Ok(())
}

/// `GET /project/{owner}/{project}/forked`
async fn forks(client: &Client) -> Outcome {
    let forks = client.forks(OWNER, PROJECT).page(0, 10).await?;
    assert_eq!(forks.items[0].owner_alias.as_deref(), Some("boris-lind"));
    Ok(())
}

/// `GET /project/{owner}/{project}/followers`
async fn followers(client: &Client) -> Outcome {
    let people = client.followers(OWNER, PROJECT).page(0, 10).await?;
    assert_eq!(people.items[0].username.as_deref(), Some("anna-berg"));
    Ok(())
}

/// `GET /project/{owner}/{project}/stars`
async fn stars(client: &Client) -> Outcome {
    let people = client.stars(OWNER, PROJECT).page(0, 10).await?;
    assert_eq!(people.items[0].full_name.as_deref(), Some("Anna Berg"));
    Ok(())
}

/// `GET /project/{owner}/{project}/users-can-be-assigned`
async fn assignable_users(client: &Client) -> Outcome {
    let people = client.assignable_users(OWNER, PROJECT).page(0, 10).await?;
    assert_eq!(people.items.len(), 3);
    Ok(())
}

/// `GET /project/{owner}/{project}/commits`
async fn commits(client: &Client) -> Outcome {
    let all: Vec<Commit> = client
        .commits(OWNER, PROJECT)
        .stream()
        .try_collect()
        .await?;
    assert_eq!(all.len(), 32);
    let when = all[0].author_ident.as_ref().and_then(|it| it.when.as_ref());
    assert!(when.and_then(Moment::timestamp).is_some());
    Ok(())
}

/// `GET /project/{owner}/{project}/commits/{branch}`
async fn branch_commits(client: &Client) -> Outcome {
    let main = client
        .branch_commits(OWNER, PROJECT, "main")
        .page(0, 5)
        .await?;
    assert_eq!(main.items.len(), 5);
    let topic = client.branch_commits(OWNER, PROJECT, "feature/search");
    assert!(!topic.page(0, 5).await?.items.is_empty());
    Ok(())
}

/// `GET /project/{owner}/{project}/labels`
async fn labels(client: &Client) -> Outcome {
    let all: Vec<Label> = client.labels(OWNER, PROJECT).stream().try_collect().await?;
    assert_eq!(all[0].hex_color.as_deref(), Some("0D55A6"));
    Ok(())
}

/// Starts a host over the sample repository, and makes every call.
///
/// # Errors
/// What a call or the start refuses.
pub(crate) async fn run() -> Outcome {
    let folder = tempfile::tempdir()?;
    sample::write(folder.path())?;
    let options = ForgeOptions {
        roots: vec![folder.path().to_owned()],
        ..ForgeOptions::default()
    };
    let forge = Forge::start(ForgeKind::Gitflic, &options).await?;
    let mut config = HttpConfig::default();
    config.allowed_private = vec![forge.address().to_string()];
    let http = Http::new(&config)?;
    let token = forge.personal_token("anna-berg").ok_or("no such person")?;
    let client = Client::new(http, &forge.api_url(), token.as_str())?;
    public_projects(&client).await?;
    my_projects(&client).await?;
    shared_projects(&client).await?;
    project(&client).await?;
    files(&client).await?;
    forks(&client).await?;
    followers(&client).await?;
    stars(&client).await?;
    assignable_users(&client).await?;
    commits(&client).await?;
    branch_commits(&client).await?;
    labels(&client).await?;
    create_project(&client).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    run().await
}
