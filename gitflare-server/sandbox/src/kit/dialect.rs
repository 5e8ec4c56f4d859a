//! What makes an emulated host this provider and no other: its table of routes, how its paths name
//! a repository, its limits, its refusals and its events. [`answer`] is the way of a call through
//! them. To add an endpoint, add a row to the dialect's table.

use std::{fmt, pin::Pin, sync::Arc};

use gitflare_core::{Result, model::Commit};
use serde_json::Value;

use super::{
    Answer, Repo, Request, World,
    clock::{now, unix},
    fault::FaultKind,
    options::ForgeOptions,
    people::{Person, Sees},
    sign_in,
    story::{Story, number},
    tokens::Token,
    world::{Hook, Identity},
};

/// An answer on its way.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer>> + Send + 'a>>;
/// Answers anyone.
pub(crate) type OpenHandler = for<'a> fn(&'a Call<'a>) -> Answering<'a>;
/// Answers an account.
pub(crate) type AccountHandler = for<'a> fn(&'a Call<'a>, &'static Person) -> Answering<'a>;
/// Answers an account about a repository that it can see.
pub(crate) type RepositoryHandler = for<'a> fn(&'a Call<'a>, &'a Repo) -> Answering<'a>;

/// A row of a table of routes. In its path, `{name}` takes one segment and `{name..}` the rest.
pub(crate) struct Row<H> {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) handler: H,
}

/// A dialect's table of routes, made by [`routes!`].
pub(crate) struct Routes {
    /// By the whole path, without a token: sign-in and token endpoints.
    pub(crate) open: &'static [Row<OpenHandler>],
    /// By the path below the API.
    pub(crate) account: &'static [Row<AccountHandler>],
    /// By the path below a repository.
    pub(crate) repository: &'static [Row<RepositoryHandler>],
}

/// A [`Routes`]: `open { GET "/path" => handler, } account { .. } repository { .. }`.
macro_rules! routes {
    (
        open { $($open_method:ident $open_path:literal => $open:path,)* }
        account { $($account_method:ident $account_path:literal => $account:path,)* }
        repository { $($method:ident $path:literal => $handler:path,)* }
    ) => {
        $crate::kit::dialect::Routes {
            open: &[$($crate::kit::dialect::Row {
                method: stringify!($open_method),
                path: $open_path,
                handler: |call| Box::pin($open(call)),
            },)*],
            account: &[$($crate::kit::dialect::Row {
                method: stringify!($account_method),
                path: $account_path,
                handler: |call, person| Box::pin($account(call, person)),
            },)*],
            repository: &[$($crate::kit::dialect::Row {
                method: stringify!($method),
                path: $path,
                handler: |call, repo| Box::pin($handler(call, repo)),
            },)*],
        }
    };
}
pub(crate) use routes;

/// How a path names a repository.
#[derive(Debug)]
pub(crate) enum RepoName {
    Id(u64),
    FullName(String),
}

/// What is refused without a handler's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No token, or none of ours.
    Unauthenticated,
    ExpiredToken,
    /// A single sign-on session is required.
    SingleSignOn,
    MissingScope,
    RateLimited,
    /// Too much at once rather than too much in all.
    SecondaryLimit,
    RepositoryNotFound,
    /// No row of the table fits.
    NotFound,
    /// The repository has another name now; the address is added.
    Moved,
    Failed,
}

/// How many calls an account has, and in how many seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) calls: u64,
    pub(crate) seconds: u64,
    /// The headers of the calls that are left and of the Unix time at which they are back.
    pub(crate) remaining: &'static str,
    pub(crate) reset: &'static str,
    /// Whether `reset` counts seconds from now in place of the Unix time.
    pub(crate) reset_is_distance: bool,
}

/// What an account has used of its budget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    /// No more than the budget has.
    pub(crate) calls: u64,
    /// Unix time.
    pub(crate) reset: u64,
    /// Whether there were more.
    pub(crate) is_over: bool,
}

impl Spent {
    fn of(calls: u64, budget: Budget, reset: u64) -> Self {
        Self {
            calls: calls.min(budget.calls),
            reset,
            is_over: calls > budget.calls,
        }
    }
}

/// What a hook is told: a row by the unified name of an event.
pub(crate) struct EventRow {
    /// As `POST /__emit` names it.
    pub(crate) event: &'static str,
    /// The event's name in the delivery.
    pub(crate) name: &'static str,
    /// What a hook asks for it by.
    pub(crate) flag: &'static str,
    /// `None` when the repository has nothing to tell.
    pub(crate) payload: fn(&Scene<'_>) -> Option<Value>,
}

/// What payloads are made of.
pub(crate) struct Scene<'a> {
    pub(crate) world: &'a World,
    pub(crate) repo: &'a Repo,
    pub(crate) story: Arc<Story>,
    /// The newest commit of the default branch.
    pub(crate) newest: Commit,
}

/// What is sent to a hook.
pub(crate) struct Delivery<'a> {
    /// The event's name at the provider.
    pub(crate) name: &'a str,
    /// `None` where the delivery shall have no id, as of older servers.
    pub(crate) id: Option<&'a str>,
    /// What gets signed.
    pub(crate) body: &'a str,
}

/// A provider's ways.
pub(crate) trait Dialect: fmt::Debug + Send + Sync {
    /// Ids, and how tokens look.
    fn identity(&self, options: &ForgeOptions) -> Identity;
    /// The path of the REST API; empty at the root.
    fn api_path(&self) -> &'static str;
    fn routes(&self) -> &'static Routes;
    /// How a path names a repository, and in how many segments; `None` when it names none.
    fn repository(&self, path: &[&str]) -> Option<(RepoName, usize)>;
    /// What the provider's people call a repository that is `owner/name` here.
    fn spoken_name(&self, full_name: &str) -> String {
        full_name.to_owned()
    }
    /// The path of a repository below the API, by its id.
    fn repository_path(&self, repo: &Repo) -> String;
    fn refuse(&self, refusal: Refusal) -> Answer;
    /// The token of a call.
    fn token(&self, request: &Request) -> Option<String> {
        sign_in::bearer(request)
    }
    /// Refuses a call before its row is looked for.
    fn admit(&self, _: &Call<'_>) -> Option<Answer> {
        None
    }
    /// The parts of an answer that a call asks for, where it can ask for some.
    fn shape(&self, _: &Request, answer: Answer) -> Answer {
        answer
    }
    fn budget(&self) -> Budget;
    /// The headers of every answer to an account.
    fn headers(&self, caller: &Caller, spent: Spent) -> Vec<(&'static str, String)>;
    /// The header of a request's id.
    fn request_id_header(&self) -> &'static str;
    /// Whether codes go to the application's server in a POST, in place of the browser's address.
    fn posts_codes(&self) -> bool {
        false
    }
    fn events(&self) -> &'static [EventRow];
    /// Adds what every payload has.
    fn complete_event(&self, scene: &Scene<'_>, payload: &mut Value);
    /// Puts the name and the id of an event into its body, where the provider has them there.
    fn name_event(&self, _payload: &mut Value, _name: &str, _id: Option<&str>) {}
    /// The headers of a delivery.
    fn hook_headers(&self, hook: &Hook, sent: &Delivery<'_>) -> Vec<(&'static str, String)>;
}

/// Who calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    /// `None` where no token is needed.
    pub(crate) person: Option<&'static Person>,
    pub(crate) scope: String,
}

impl Caller {
    /// Whether the account owns what it sees.
    pub(crate) fn is_admin(&self) -> bool {
        self.person.is_some_and(|person| person.sees == Sees::All)
    }

    /// Whether the token has one of these scopes.
    pub(crate) fn has_scope(&self, any_of: &[&str]) -> bool {
        let mut scopes = self.scope.split([' ', ',']);
        scopes.any(|scope| any_of.contains(&scope))
    }
}

/// A call that a handler answers.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a World,
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) request: &'a Request,
    pub(crate) caller: Caller,
    /// What the answer shall be like, where a handler has to help.
    pub(crate) fault: Option<FaultKind>,
    names: Vec<(&'static str, String)>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        world: &'a World,
        dialect: &'static dyn Dialect,
        request: &'a Request,
    ) -> Self {
        Self {
            world,
            dialect,
            request,
            caller: Caller::default(),
            fault: None,
            names: Vec::new(),
        }
    }

    /// What a `{name}` of the row's path took; empty when the row has none such.
    pub(crate) fn name(&self, name: &str) -> &str {
        let found = self.names.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value)
    }

    /// A query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&'a str> {
        self.request.query(name)
    }

    /// The row that fits, with its names kept; a `HEAD` is a `GET`.
    pub(crate) fn find<H: Copy>(&mut self, rows: &[Row<H>], path: &[&str]) -> Option<H> {
        let method = match self.request.method.as_str() {
            "HEAD" => "GET",
            method => method,
        };
        let (handler, names) = rows
            .iter()
            .filter(|row| row.method == method)
            .find_map(|row| Some((row.handler, fit(row.path, path)?)))?;
        self.names = names;
        Some(handler)
    }
}

/// What the names of a pattern take of a path; `None` when it does not fit.
fn fit(pattern: &'static str, path: &[&str]) -> Option<Vec<(&'static str, String)>> {
    let mut names = Vec::new();
    let mut left = path;
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let name = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        match name.map(|name| (name, name.strip_suffix(".."))) {
            Some((_, Some(rest))) => {
                names.push((rest, left.join("/")));
                return Some(names);
            }
            Some((name, None)) => names.push((name, (*left.first()?).to_owned())),
            None if left.first() == Some(&part) => {}
            None => return None,
        }
        left = &left[1..];
    }
    left.is_empty().then_some(names)
}

/// Answers a call of sign-in or API.
pub(crate) async fn answer(
    world: &World,
    dialect: &'static dyn Dialect,
    request: &Request,
    fault: Option<FaultKind>,
) -> Answer {
    let failed = |_| dialect.refuse(Refusal::Failed);
    let mut call = Call::new(world, dialect, request);
    call.fault = fault;
    let whole = request.segments("");
    let whole: Vec<_> = whole.iter().map(String::as_str).collect();
    if let Some(handler) = call.find(dialect.routes().open, &whole) {
        return handler(&call).await.unwrap_or_else(failed);
    }
    let token = dialect.token(request);
    let found = token.and_then(|token| world.tokens().find(&token).cloned());
    let Some(Token { person, scope, .. }) = found else {
        return dialect.refuse(Refusal::Unauthenticated);
    };
    call.caller = Caller {
        person: Some(person),
        scope,
    };
    let spent = spend(world, dialect.budget(), person);
    let answer = match dialect.admit(&call) {
        _ if spent.is_over => dialect.refuse(Refusal::RateLimited),
        Some(refused) => refused,
        None => {
            let answer = route(&mut call, person).await.unwrap_or_else(failed);
            dialect.shape(request, answer)
        }
    };
    let mut answer = unless_unchanged(request, answer);
    let headers = dialect.headers(&call.caller, spent).into_iter();
    answer
        .headers
        .extend(headers.map(|(name, value)| (name.to_owned(), value)));
    answer
}

/// What an account has used so far.
pub(crate) fn spent(world: &World, budget: Budget, person: &Person) -> Spent {
    let (key, reset) = window(budget, person);
    let calls = world.state().spent.get(&key).copied().unwrap_or(0);
    Spent::of(calls, budget, reset)
}

/// Counts a call.
fn spend(world: &World, budget: Budget, person: &Person) -> Spent {
    let (key, reset) = window(budget, person);
    let mut state = world.state();
    let calls = state.spent.entry(key).or_default();
    *calls += 1;
    Spent::of(*calls, budget, reset)
}

/// The present window of an account's budget: its key, and the Unix time at which it ends.
fn window(budget: Budget, person: &Person) -> (String, u64) {
    let window = unix(now()) / budget.seconds;
    let key = format!("{} {window}", person.login);
    (key, (window + 1) * budget.seconds)
}

/// Finds the row of a call of the API, and answers.
async fn route(call: &mut Call<'_>, person: &'static Person) -> Result<Answer> {
    let (dialect, world) = (call.dialect, call.world);
    let path = call.request.segments(dialect.api_path());
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    if let Some(handler) = call.find(dialect.routes().account, &path) {
        return handler(call, person).await;
    }
    let Some((name, segments)) = dialect.repository(&path) else {
        return Ok(dialect.refuse(Refusal::NotFound));
    };
    let below = &path[segments..];
    let found = match &name {
        RepoName::Id(id) => world.by_id(person, *id),
        RepoName::FullName(name) => world.by_name(person, name),
    };
    let Some(repo) = found else {
        return Ok(moved(call, person, &name, below)
            .unwrap_or_else(|| dialect.refuse(Refusal::RepositoryNotFound)));
    };
    match call.find(dialect.routes().repository, below) {
        Some(handler) => handler(call, &repo).await,
        None => Ok(dialect.refuse(Refusal::NotFound)),
    }
}

/// The way to a repository by its former name.
fn moved(call: &Call<'_>, person: &Person, name: &RepoName, below: &[&str]) -> Option<Answer> {
    let RepoName::FullName(name) = name else {
        return None;
    };
    let id = call.world.state().renamed.get(name).copied()?;
    let repo = call.world.by_id(person, id)?;
    let mut to = format!(
        "{}{}{}",
        call.world.web_url(),
        call.dialect.api_path(),
        call.dialect.repository_path(&repo)
    );
    for segment in below {
        to = to + "/" + segment;
    }
    Some(call.dialect.refuse(Refusal::Moved).with("location", to))
}

/// Tags an answer, and says 304 to whoever has it.
fn unless_unchanged(request: &Request, answer: Answer) -> Answer {
    let tag = format!("W/\"{:x}\"", number(&String::from_utf8_lossy(&answer.body)));
    let is_known = request.header("if-none-match") == Some(tag.as_str());
    let answer = if answer.status == 200 && request.method == "GET" && is_known {
        Answer::empty(304)
    } else {
        answer
    };
    answer.with("etag", tag)
}
