//! GitFlic's REST API as a typed client: every call that its documentation of projects names, every
//! field of the answers, lists page by page or as a stream. It reads, and makes projects; it knows
//! nothing of the gateway, which reads with the same objects.
//!
//! Time, size, redirects and addresses are bounded as for every upstream of the gateway. A call is
//! sent once, whatever becomes of it: an account may make 500 an hour.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//! use gitflare_providers::{Http, HttpConfig, gitflic::api::Client};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let http = Http::new(&HttpConfig::default())?;
//! let client = Client::new(http, "https://api.gitflic.ru", "a token of the settings page")?;
//! let mut commits = std::pin::pin!(client.commits("acme", "shop").stream());
//! while let Some(commit) = commits.try_next().await? {
//!     println!("{} {:?}", commit.hash, commit.short_message);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every call has an example, which runs against the emulated GitFlic of `gitflare-sandbox`.

mod error;
mod list;
mod objects;
mod page;

use std::{
    borrow::Borrow,
    time::{Duration, Instant},
};

use gitflare_core::{
    ConnectionId, Secret, SystemClock, SystemRandom, filter::BlockedPaths, provider::Call,
};
use serde::de::DeserializeOwned;

pub use self::{
    error::{Error, ErrorClass},
    list::{List, MAX_PAGE},
    objects::{
        Commit, FileInfo, Fork, Ident, Label, Moment, NewProject, Owner, Project, User,
        Verification,
    },
    page::{Page, PageInfo},
};
pub(super) use self::{
    objects::readable,
    page::{Around, KEYS},
};
use super::dialect::{DIALECT, USER_AGENT};
use crate::{
    Http,
    request::Get,
    upstream::{Upstream, user_agent},
    upstream_answer::Answer,
};

/// An example of a call, with a `client` of the emulated host in front of it.
macro_rules! example {
    ($body:literal) => {
        concat!(
            "```\n",
            "# use futures_util::TryStreamExt;\n",
            "# use gitflare_providers::{Http, HttpConfig, gitflic::api::*};\n",
            "# use gitflare_sandbox::{Forge, ForgeKind, ForgeOptions, sample};\n",
            "# #[tokio::main(flavor = \"current_thread\")]\n",
            "# async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {\n",
            "# let folder = tempfile::tempdir()?;\n",
            "# sample::write(folder.path())?;\n",
            "# let roots = vec![folder.path().to_owned()];\n",
            "# let options = ForgeOptions { roots, ..ForgeOptions::default() };\n",
            "# let host = Forge::start(ForgeKind::Gitflic, &options).await?;\n",
            "# let mut config = HttpConfig::default();\n",
            "# config.allowed_private = vec![host.address().to_string()];\n",
            "# let token = host.personal_token(\"anna-berg\").ok_or(\"nobody has that name\")?;\n",
            "# let client = Client::new(Http::new(&config)?, &host.api_url(), token.as_str())?;\n",
            $body,
            "\n# Ok(())\n# }\n```"
        )
    };
}

/// Whether a name can stand in a path: servers of this kind refuse a path with an encoded slash,
/// semicolon or percent sign.
pub(super) fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    name.bytes().all(is_plain)
}

/// How long a call may take by default.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A client of one GitFlic, with one token.
#[derive(Debug)]
pub struct Client {
    upstream: Upstream,
    /// What its calls are counted under.
    id: ConnectionId,
    token: Secret<String>,
    timeout: Duration,
}

impl Client {
    /// A client of the API at this base URL: `https://api.gitflic.ru`, or `/rest-api` below a
    /// self-hosted installation.
    ///
    /// # Errors
    /// [`ErrorClass::Invalid`] for a URL that the outbound client may not call.
    pub fn new(
        http: Http,
        base_url: &str,
        token: impl Into<Secret<String>>,
    ) -> Result<Self, Error> {
        Ok(Self {
            upstream: Upstream::new(http, base_url, &DIALECT)?,
            id: ConnectionId::generate(&SystemClock, &SystemRandom),
            token: token.into(),
            timeout: TIMEOUT,
        })
    }

    /// Sets how long a call may take, its answer included.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Names itself in another way than as `gitflare/<version>`.
    ///
    /// # Errors
    /// [`ErrorClass::Invalid`] for what no header holds.
    pub fn with_user_agent(mut self, agent: &str) -> Result<Self, Error> {
        let agent = user_agent(agent)?;
        self.upstream.set_header(USER_AGENT, Some(agent));
        Ok(self)
    }

    /// `GET /project`: the public projects of the whole service, of that title when one is given.
    ///
    #[doc = example!(
        r#"let found = client.public_projects(Some("storefront")).page(0, 10).await?;
assert!(found.items.iter().all(|project| project.alias.contains("storefront")));
assert_eq!((found.page.number, found.page.size), (0, 10));"#
    )]
    pub fn public_projects(&self, title: Option<&str>) -> List<'_, Project> {
        List::new(self, &["project"]).query("q", title)
    }

    /// `GET /project/my`: the account's own projects.
    ///
    #[doc = example!(
        r#"let all: Vec<Project> = client.my_projects().stream().try_collect().await?;
assert_eq!(all.len(), 40);"#
    )]
    pub fn my_projects(&self) -> List<'_, Project> {
        List::new(self, &["project", "my"])
    }

    /// `GET /project/shared`: the projects of others that the account takes part in.
    ///
    #[doc = example!(
        r#"let none = client.shared_projects().page(0, 10).await?;
assert_eq!((none.items.len(), none.page.next()), (0, None));"#
    )]
    pub fn shared_projects(&self) -> List<'_, Project> {
        List::new(self, &["project", "shared"])
    }

    /// `GET /project/{owner}/{project}`: one project.
    ///
    /// # Errors
    /// [`ErrorClass::NotFound`] without such a project; else why there is no answer.
    ///
    #[doc = example!(
        r#"let project = client.project("acme", "storefront").await?;
assert_eq!(project.owner_name(), Some("acme"));

let missing = client.project("acme", "gone").await.unwrap_err();
assert_eq!((missing.status(), missing.class()), (Some(404), ErrorClass::NotFound));"#
    )]
    pub async fn project(&self, owner: &str, project: &str) -> Result<Project, Error> {
        let nothing: [(&str, String); 0] = [];
        self.get(&["project", owner, project], nothing).await
    }

    /// `POST /project`: makes a project. The gateway itself never does.
    ///
    /// # Errors
    /// [`ErrorClass::Invalid`] for what GitFlic does not accept; else why there is no answer. A call
    /// that ended without one may have made the project all the same.
    ///
    #[doc = example!(
        r#"let new = NewProject {
    title: "An example".to_owned(),
    is_private: true,
    alias: "example".to_owned(),
    language: "java".to_owned(),
};
let made = client.create_project(&new).await?;
assert_eq!((made.private, made.language.as_deref()), (Some(true), Some("Java")));"#
    )]
    pub async fn create_project(&self, project: &NewProject) -> Result<Project, Error> {
        let body = serde_json::to_string(project)
            .map_err(|error| gitflare_core::Error::internal(error.to_string()))?;
        let answer = self.upstream.post(&self.call(), &["project"], body).await?;
        Ok(answer.json()?)
    }

    /// `GET .../files`: one folder of a branch; the root, and the default branch, where none is named.
    ///
    #[doc = example!(
        r#"let root = client.files("acme", "storefront", None, None).page(0, 100).await?;
let folder = root.items.iter().find(|file| file.path == "src");
assert_eq!(folder.and_then(FileInfo::is_folder), Some(true));

let below = client.files("acme", "storefront", Some("src"), Some("main"));
assert!(!below.page(0, 100).await?.items.is_empty());"#
    )]
    pub fn files(
        &self,
        owner: &str,
        project: &str,
        path: Option<&str>,
        branch: Option<&str>,
    ) -> List<'_, FileInfo> {
        self.below(owner, project, &["files"])
            .query("filepath", path)
            .query("branch", branch)
    }

    /// `GET .../forked`: the forks.
    ///
    #[doc = example!(
        r#"let forks = client.forks("acme", "storefront").page(0, 10).await?;
assert_eq!(forks.items[0].owner_alias.as_deref(), Some("boris-lind"));"#
    )]
    pub fn forks(&self, owner: &str, project: &str) -> List<'_, Fork> {
        self.below(owner, project, &["forked"])
    }

    /// `GET .../followers`: who watches the project.
    ///
    #[doc = example!(
        r#"let people = client.followers("acme", "storefront").page(0, 10).await?;
assert_eq!(people.items[0].username.as_deref(), Some("anna-berg"));"#
    )]
    pub fn followers(&self, owner: &str, project: &str) -> List<'_, User> {
        self.below(owner, project, &["followers"])
    }

    /// `GET .../stars`: who gave it a star.
    ///
    #[doc = example!(
        r#"let people = client.stars("acme", "storefront").page(0, 10).await?;
assert_eq!(people.items[0].full_name.as_deref(), Some("Anna Berg"));"#
    )]
    pub fn stars(&self, owner: &str, project: &str) -> List<'_, User> {
        self.below(owner, project, &["stars"])
    }

    /// `GET .../users-can-be-assigned`: who can be made responsible for a merge request: developers
    /// and those above.
    ///
    #[doc = example!(
        r#"let people = client.assignable_users("acme", "storefront").page(0, 10).await?;
assert_eq!(people.items.len(), 3);"#
    )]
    pub fn assignable_users(&self, owner: &str, project: &str) -> List<'_, User> {
        self.below(owner, project, &["users-can-be-assigned"])
    }

    /// `GET .../commits`: the commits of the main branch.
    ///
    #[doc = example!(
        r#"let all: Vec<Commit> = client.commits("acme", "storefront").stream().try_collect().await?;
let when = all[0].author_ident.as_ref().and_then(|author| author.when.as_ref());
assert!(when.and_then(Moment::timestamp).is_some());"#
    )]
    pub fn commits(&self, owner: &str, project: &str) -> List<'_, Commit> {
        self.below(owner, project, &["commits"])
    }

    /// `GET .../commits/{branch}`: the commits of a branch. A name with more than letters, digits and
    /// `.`, `_`, `-` goes into the query, for servers of this kind refuse such paths.
    ///
    #[doc = example!(
        r#"let main = client.branch_commits("acme", "storefront", "main").page(0, 5).await?;
assert_eq!(main.items.len(), 5);

let topic = client.branch_commits("acme", "storefront", "feature/search");
assert!(!topic.page(0, 5).await?.items.is_empty());"#
    )]
    pub fn branch_commits(&self, owner: &str, project: &str, branch: &str) -> List<'_, Commit> {
        match is_plain(branch) {
            true => self.below(owner, project, &["commits", branch]),
            false => self.commits(owner, project).query("branch", Some(branch)),
        }
    }

    /// `GET .../labels`: the labels.
    ///
    #[doc = example!(
        r#"let all: Vec<Label> = client.labels("acme", "storefront").stream().try_collect().await?;
assert_eq!(all[0].hex_color.as_deref(), Some("0D55A6"));"#
    )]
    pub fn labels(&self, owner: &str, project: &str) -> List<'_, Label> {
        self.below(owner, project, &["labels"])
    }

    fn below<T: DeserializeOwned>(&self, owner: &str, project: &str, rest: &[&str]) -> List<'_, T> {
        List::new(self, &[&["project", owner, project], rest].concat())
    }

    fn call(&self) -> Call {
        Call {
            connection_id: self.id.clone(),
            access_token: self.token.clone(),
            is_oauth: false,
            blocked: BlockedPaths::default(),
            api_base_url: None,
            organization: None,
            deadline: Instant::now() + self.timeout,
        }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        segments: &[impl AsRef<str>],
        query: impl IntoIterator<Item = impl Borrow<(&'static str, String)>>,
    ) -> Result<T, Error> {
        let mut get = Get::new(segments)?;
        for pair in query {
            let (key, value) = pair.borrow();
            get = get.query(key, value.clone());
        }
        let answer: Answer = self.upstream.get(&self.call(), &get).await?;
        Ok(answer.json()?)
    }
}
