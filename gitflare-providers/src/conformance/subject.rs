//! The rules for an adapter over HTTP. It brings a table: reads, the requests that each makes, what
//! the upstream answers, and what the client gets.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, Mutex},
};

use gitflare_core::{
    Code, PageRequest, Result, Source,
    provider::{Call, Endpoint, Provider, RepoRef},
};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use super::{
    Read, Reply, StandIn, call, call_of,
    damage::{damaged, invented},
    declared_is_callable, foreign_positions_are_refused, no_endpoint_is_declared_twice,
    pages_equal_the_whole, plain_lists, try_walk,
};

/// How many rows the lists have that are paged.
const ROWS: usize = 23;

/// Statuses, and what each may come to. Not told apart here: what a provider's words add.
const STATUSES: &[(u16, &[Code])] = &[
    (400, &[Code::InvalidRequest]),
    (401, &[Code::AuthExpired, Code::InvalidCredentials]),
    // Some say so to a token that has ended.
    (403, &[Code::InsufficientScope, Code::InvalidCredentials]),
    (404, &[Code::ResourceNotFound, Code::RepositoryNotFound]),
    (408, &[Code::UpstreamTimeout]),
    (410, &[Code::ResourceNotFound, Code::RepositoryNotFound]),
    (418, &[Code::InternalError]),
    (422, &[Code::InvalidRequest]),
    (429, &[Code::RateLimited]),
    (451, &[Code::AccessBlockedByPolicy]),
    (500, &[Code::UpstreamUnavailable]),
    (502, &[Code::UpstreamUnavailable]),
    (503, &[Code::UpstreamUnavailable]),
    (504, &[Code::UpstreamTimeout]),
];

/// What a page for people may come to: some upstreams send the one to sign in at for a dead token.
const PAGE: &[Code] = &[
    Code::UpstreamUnavailable,
    Code::AuthExpired,
    Code::InvalidCredentials,
];

/// One read of the table.
#[derive(Clone, Debug)]
pub struct Case {
    /// What to call it where it fails.
    pub name: &'static str,
    /// What is read.
    pub read: Read,
    /// The name of each answer, the target below the API's base that asks for it, and the answer. All
    /// of these requests are made, and no others.
    pub exchanges: Vec<(String, String, Reply)>,
    /// What the client gets: the object, or the rows of all pages.
    pub golden: Value,
    /// Where the rows of the list are that is paged, as a JSON pointer into the answer of that name.
    pub list: Option<(&'static str, &'static str)>,
    /// What the answer cannot do without: the answer's name, and where, with `*` for every index. What may
    /// be missing, and not be of another type, as where a list goes on, has a `!` behind it.
    pub needs: BTreeSet<String>,
}

/// Which rows of a list a request asks for, and how the upstream says that more follow.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// The rows.
    pub rows: Range<usize>,
    /// Headers of the answer.
    pub headers: Vec<(&'static str, String)>,
    /// Members of the object around the rows.
    pub members: Vec<(&'static str, Value)>,
}

/// An adapter, and what its upstream is like.
pub struct Subject {
    /// Makes the adapter over a stand-in.
    pub adapter: fn(&StandIn) -> Box<dyn Provider>,
    /// Where its API starts below the stand-in.
    pub base: &'static str,
    /// The repository that the table reads.
    pub repo: RepoRef,
    /// Texts and numbers that answers hold though no upstream sends them, such as closed words; one
    /// that ends in a colon or a slash is a prefix.
    pub own_words: &'static [&'static str],
    /// How the upstream pages a list of that many rows.
    pub page: fn(&Url, usize) -> Slice,
    /// The reads.
    pub cases: Vec<Case>,
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// What a stand-in answers to a target below the base; other targets are unexpected.
type Answers = dyn Fn(&str) -> Option<Reply> + Send + Sync;

/// The adapter over an upstream whose answers can be changed.
struct Stage {
    stand_in: StandIn,
    provider: Box<dyn Provider>,
    answers: Arc<Mutex<Box<Answers>>>,
}

impl Stage {
    async fn new(subject: &Subject) -> Self {
        let answers: Arc<Mutex<Box<Answers>>> = Arc::new(Mutex::new(Box::new(|_| None)));
        let (shared, base) = (Arc::clone(&answers), format!("{}/", subject.base));
        let stand_in = StandIn::answering(move |_, target, _| {
            let below = target.strip_prefix(&base).unwrap_or(target);
            let reply = (shared.lock().unwrap())(below);
            reply.unwrap_or_else(|| Reply::new(418, format!("unexpected request: {target}")))
        })
        .await;
        Self {
            provider: (subject.adapter)(&stand_in),
            stand_in,
            answers,
        }
    }

    fn answer(&self, answers: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    /// Answers the requests of a case.
    fn play(&self, case: &Case) {
        let replies = case.replies();
        self.answer(move |target| replies.get(target).cloned());
    }

    /// The targets below the base that were asked for since `from`, sorted: some go out together.
    fn asked_since(&self, from: usize, base: &str) -> Vec<String> {
        let asked = self.stand_in.asked();
        let base = format!("{base}/");
        let below = |target: &String| target.strip_prefix(&base).unwrap_or(target).to_owned();
        let mut below: Vec<_> = asked[from..].iter().map(below).collect();
        below.sort();
        below
    }
}

impl Case {
    fn replies(&self) -> BTreeMap<String, Reply> {
        let exchanges = self.exchanges.iter();
        exchanges
            .map(|(_, target, reply)| (target.clone(), reply.clone()))
            .collect()
    }

    /// All pages of the read, or its object.
    async fn run(&self, stage: &Stage, call: &Call, repo: &RepoRef) -> Result<Value> {
        if !self.read.endpoint().is_paged() {
            let request = PageRequest::default();
            let page = self.read.send(&*stage.provider, call, repo, request);
            return Ok(page.await?.items.remove(0));
        }
        let mut rows = Vec::new();
        try_walk(&*stage.provider, call, repo, &self.read, 25, &mut rows).await?;
        Ok(Value::Array(rows))
    }
}

impl Subject {
    /// Runs every rule.
    ///
    /// # Panics
    /// When the adapter breaks one.
    pub async fn run(&self) {
        let stage = Stage::new(self).await;
        no_endpoint_is_declared_twice(&*stage.provider);
        stage.answer(|_| Some(Reply::new(404, "{}")));
        declared_is_callable(&*stage.provider, &call("token"), &self.repo).await;
        // Requests that were given up then may still be on their way.
        let stage = Stage::new(self).await;
        self.every_operation_has_a_case(&*stage.provider);
        self.each_case_is_as_written().await;
        self.pages_equal_the_whole(&stage).await;
        self.a_pointer_that_does_not_move_ends(&stage).await;
        self.foreign_positions_make_no_request(&stage).await;
        self.declared_filters_count_and_others_are_refused(&stage)
            .await;
        self.every_status_has_its_code(&stage).await;
        self.a_page_is_no_answer(&stage).await;
        self.nothing_is_invented(&stage).await;
    }

    /// What a case makes of another answer in the place of the one of that name, such as a recording
    /// of the real service. Further requests that it leads to are answered with empty lists.
    ///
    /// # Errors
    /// The provider's own.
    ///
    /// # Panics
    /// When there is no such case or answer, and when a value was invented.
    pub async fn read_with(&self, case: &str, name: &str, body: &str) -> Result<Value> {
        let stage = Stage::new(self).await;
        let case = self.cases.iter().find(|known| known.name == case);
        let mut case = case.unwrap().clone();
        let exchange = case.exchanges.iter_mut().find(|(known, ..)| known == name);
        let (_, _, reply) = exchange.unwrap();
        *reply = reply.clone().with_body(body);
        let replies = case.replies();
        stage.answer(move |target| Some(replies.get(target).cloned().unwrap_or(Reply::ok("[]"))));
        let answer = case.run(&stage, &call("token"), &self.repo).await?;
        self.assert_nothing_invented(&case, &answer);
        Ok(answer)
    }

    fn assert_nothing_invented(&self, case: &Case, answer: &Value) {
        let sources = case.exchanges.iter().map(|(_, target, reply)| {
            // What is no JSON is a text.
            let body = serde_json::from_str(reply.body());
            let body = body.unwrap_or_else(|_| Value::from(reply.body()));
            // What was asked for is known, too.
            let asked = target.replace('+', "%20");
            let asked = percent_decode_str(&asked).decode_utf8_lossy();
            let headers = reply.headers().map(Value::from);
            let headers: Vec<Value> = headers.collect();
            Value::from(vec![body, Value::from(asked), Value::from(headers)])
        });
        let invented = invented(answer, &sources.collect::<Vec<_>>(), self.own_words);
        assert!(
            invented.is_empty(),
            "{}: {invented:?} was never sent",
            case.name
        );
    }

    fn every_operation_has_a_case(&self, provider: &dyn Provider) {
        for &endpoint in Endpoint::ALL {
            let served = provider.support(endpoint).reason().is_none();
            let listed = self
                .cases
                .iter()
                .any(|case| case.read.endpoint() == endpoint);
            let is_read = Read::plain(endpoint).is_some();
            assert!(!served || !is_read || listed, "{endpoint} has no case");
        }
    }

    /// Each by an adapter that has seen nothing else: some remember.
    async fn each_case_is_as_written(&self) {
        for case in &self.cases {
            let stage = Stage::new(self).await;
            stage.play(case);
            let answer = case.run(&stage, &call("token"), &self.repo).await;
            let mut expected: Vec<_> = case.exchanges.iter().map(|it| it.1.clone()).collect();
            expected.sort();
            let asked = stage.asked_since(0, self.base);
            assert_eq!(asked, expected, "{}: {answer:?}", case.name);
            let answer = answer.unwrap();
            let shown = serde_json::to_string_pretty(&answer).unwrap();
            assert_eq!(answer, case.golden, "{}: {shown}", case.name);
        }
    }

    /// Every paged list, grown to [`ROWS`] rows, in the upstream's own pages.
    async fn pages_equal_the_whole(&self, stage: &Stage) {
        for (case, rows) in self.paged() {
            self.page_upstream(stage, case, false);
            let call = call("token");
            let all = pages_equal_the_whole(&*stage.provider, &call, &self.repo, &case.read).await;
            // Where one row comes of one, the rows are known beforehand.
            let golden = case.golden.as_array().unwrap();
            if golden.len() >= rows {
                let (own, after) = golden.split_at(rows);
                let grown = own.iter().cycle().take(ROWS).chain(after);
                assert!(all.iter().eq(grown), "{}: rows were lost", case.name);
            }
        }
    }

    async fn a_pointer_that_does_not_move_ends(&self, stage: &Stage) {
        for (case, _) in self.paged() {
            // Where rows are counted, and nothing is sent to go on by, the place is the adapter's own.
            if !self.points_on(case) {
                continue;
            }
            self.page_upstream(stage, case, true);
            let mut rows = Vec::new();
            let (call, provider) = (call("token"), &*stage.provider);
            let walk = try_walk(provider, &call, &self.repo, &case.read, 7, &mut rows).await;
            walk.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        }
    }

    /// Whether the upstream sends a pointer to the next page of the case's list.
    fn points_on(&self, case: &Case) -> bool {
        let (name, _) = case.list.unwrap();
        let listed = case.exchanges.iter().find(|(known, ..)| known == name);
        let url = format!("https://upstream.example/{}", listed.unwrap().1);
        // More rows than a page has.
        let first = (self.page)(&Url::parse(&url).unwrap(), 100 * ROWS);
        !first.headers.is_empty() || !first.members.is_empty()
    }

    /// The cases with a list that is paged, and how many rows the table gives it.
    fn paged(&self) -> impl Iterator<Item = (&Case, usize)> {
        self.cases.iter().filter_map(|case| {
            let (name, pointer) = case.list?;
            let body: Value = serde_json::from_str(self.reply(case, name).body()).unwrap();
            let rows = body.pointer(pointer).unwrap().as_array().unwrap().len();
            assert!(rows > 1, "{}: a list of one row shows no order", case.name);
            Some((case, rows))
        })
    }

    fn reply<'c>(&self, case: &'c Case, name: &str) -> &'c Reply {
        let exchange = case.exchanges.iter().find(|(known, ..)| known == name);
        &exchange.unwrap().2
    }

    /// Answers the case's list page by page; a stuck one answers every page with the first's pointer.
    fn page_upstream(&self, stage: &Stage, case: &Case, is_stuck: bool) {
        let (name, pointer) = case.list.unwrap();
        let body: Value = serde_json::from_str(self.reply(case, name).body()).unwrap();
        let rows = body.pointer(pointer).unwrap().as_array().unwrap();
        let rows: Vec<Value> = rows.iter().cycle().take(ROWS).cloned().collect();
        let listed = case.exchanges.iter().find(|(known, ..)| known == name);
        let path = listed.unwrap().1.split('?').next().unwrap().to_owned();
        let others = case.replies();
        let paths: BTreeMap<String, Reply> = others
            .iter()
            .map(|(target, reply)| (target.split('?').next().unwrap().to_owned(), reply.clone()))
            .collect();
        let first = Mutex::new(None);
        let page = self.page;
        stage.answer(move |target| {
            let own_path = target.split('?').next().unwrap_or_default();
            if own_path != path {
                let known = others.get(target).or_else(|| paths.get(own_path));
                return known.cloned();
            }
            let url = Url::parse(&format!("https://upstream.example/{target}")).ok()?;
            let mut first = first.lock().unwrap();
            let asked = if is_stuck {
                first.get_or_insert(url)
            } else {
                &url
            };
            let slice = page(asked, rows.len());
            let mut body = body.clone();
            *body.pointer_mut(pointer)? = rows[slice.rows].to_vec().into();
            for (member, value) in slice.members {
                body[member] = value;
            }
            let reply = Reply::ok(body.to_string());
            let headers = slice.headers.into_iter();
            Some(headers.fold(reply, |reply, (name, value)| reply.with(name, value)))
        });
    }

    async fn foreign_positions_make_no_request(&self, stage: &Stage) {
        let from = stage.stand_in.asked().len();
        foreign_positions_are_refused(&*stage.provider, &call("token"), &self.repo).await;
        let asked = stage.asked_since(from, self.base);
        assert!(asked.is_empty(), "asked for {asked:?}");
    }

    /// A declared filter changes what is asked for or, where the adapter filters itself, what comes
    /// back. One that is not declared is refused without a request.
    async fn declared_filters_count_and_others_are_refused(&self, stage: &Stage) {
        for read in plain_lists(&*stage.provider) {
            let endpoint = read.endpoint();
            let filters = stage.provider.support(endpoint).filters();
            for &filter in endpoint.filters() {
                self.play_all(stage, endpoint);
                let plain = self.observe(stage, &read).await;
                let filtered = self.observe(stage, &Read::filtered(endpoint, filter)).await;
                if filters.contains(&filter) {
                    assert_ne!(plain, filtered, "{endpoint} ignores `{filter}`");
                } else {
                    let (asked, answer) = filtered;
                    let refused = answer.is_err() && asked.is_empty();
                    assert!(
                        refused,
                        "{endpoint} takes `{filter}`, which it does not declare"
                    );
                }
            }
        }
    }

    /// Answers what any case asks for, whatever the query; first what the endpoint's own cases do.
    fn play_all(&self, stage: &Stage, endpoint: Endpoint) {
        let is_own = |case: &&Case| case.read.endpoint() == endpoint;
        let others = self.cases.iter().filter(|case| !is_own(case));
        let cases = others.chain(self.cases.iter().filter(is_own));
        let replies = cases.flat_map(Case::replies);
        let replies: BTreeMap<String, Reply> = replies
            .map(|(target, reply)| (target.split('?').next().unwrap().to_owned(), reply))
            .collect();
        stage.answer(move |target| replies.get(target.split('?').next()?).cloned());
    }

    async fn observe(
        &self,
        stage: &Stage,
        read: &Read,
    ) -> (Vec<String>, std::result::Result<Vec<Value>, Code>) {
        let from = stage.stand_in.asked().len();
        let request = PageRequest::default();
        let page = read
            .send(&*stage.provider, &call("token"), &self.repo, request)
            .await;
        let answer = page.map(|page| page.items).map_err(|error| error.code());
        (stage.asked_since(from, self.base), answer)
    }

    async fn every_status_has_its_code(&self, stage: &Stage) {
        for &(status, codes) in STATUSES {
            stage.answer(move |_| Some(Reply::new(status, "{}")));
            for (at, case) in self.cases.iter().enumerate() {
                // A connection that is told to wait is not called again.
                let connection = format!("conn_{status}x{at}");
                let call = call_of(&connection, "token");
                let request = PageRequest::default();
                let answer = case
                    .read
                    .send(&*stage.provider, &call, &self.repo, request)
                    .await;
                let shown = format!("{} with status {status}: {answer:?}", case.name);
                let error = answer.err().unwrap_or_else(|| panic!("{shown}"));
                assert!(codes.contains(&error.code()), "{shown}");
                assert_eq!(error.source(), Source::Provider, "{shown}");
                assert_eq!(error.provider(), Some(stage.provider.id()), "{shown}");
                assert_eq!(error.upstream_status(), Some(status), "{shown}");
            }
        }
    }

    /// A page for people is no answer, whatever its status: not in the place of all answers, and not in
    /// that of one text that an answer is made of.
    async fn a_page_is_no_answer(&self, stage: &Stage) {
        let page = Reply::ok("<!DOCTYPE html><title>Sign in</title>")
            .with("content-type", "text/html; charset=utf-8");
        for case in &self.cases {
            // Of an answer without a body, the headers alone are read.
            let is_text = |reply: &Reply| {
                !reply.body().is_empty() && serde_json::from_str::<Value>(reply.body()).is_err()
            };
            let texts = case.exchanges.iter().filter(|it| is_text(&it.2));
            let places = texts.map(|(name, ..)| Some(name)).chain([None]);
            for place in places {
                let mut case = case.clone();
                for (name, _, reply) in &mut case.exchanges {
                    if place.is_none_or(|place| place == name) {
                        *reply = page.clone();
                    }
                }
                // What is asked for otherwise is no better.
                let (replies, page) = (case.replies(), page.clone());
                stage.answer(move |target| replies.get(target).or(Some(&page)).cloned());
                let answer = case.run(stage, &call("token"), &self.repo).await;
                let code = answer.as_ref().err().map(gitflare_core::Error::code);
                let told = code.is_some_and(|code| PAGE.contains(&code));
                assert!(told, "{} with a page for {place:?}: {answer:?}", case.name);
            }
        }
    }

    /// A value that was not sent costs that value alone, whether it was `null`, left out or of another
    /// type, and nothing takes its place that was not sent. What an answer cannot do without is in the
    /// table.
    async fn nothing_is_invented(&self, stage: &Stage) {
        let mut wrong = Vec::new();
        for case in &self.cases {
            let mut needed = BTreeSet::new();
            for (at, (name, _, reply)) in case.exchanges.iter().enumerate() {
                let Ok(body) = serde_json::from_str::<Value>(reply.body()) else {
                    continue;
                };
                for hole in damaged(&body) {
                    let null = self.read_damaged(stage, case, at, &hole.null).await;
                    if let Some(absent) = &hole.absent {
                        let absent = self.read_damaged(stage, case, at, absent).await;
                        let survives = (null.is_some(), absent.is_some());
                        assert_eq!(survives.0, survives.1, "{}: {}", case.name, hole.shape);
                    }
                    if null.is_none() {
                        needed.insert(format!("{name}{}", hole.shape));
                    } else if let Some(odd) = &hole.odd
                        && self.read_damaged(stage, case, at, odd).await.is_none()
                    {
                        needed.insert(format!("{name}{}!", hole.shape));
                    }
                }
            }
            if needed != case.needs {
                wrong.push((case.name, needed));
            }
        }
        assert!(
            wrong.is_empty(),
            "these cannot do without more, or less: {wrong:#?}"
        );
    }

    async fn read_damaged(
        &self,
        stage: &Stage,
        case: &Case,
        at: usize,
        body: &str,
    ) -> Option<Value> {
        let mut case = case.clone();
        let reply = &mut case.exchanges[at].2;
        *reply = reply.clone().with_body(body);
        stage.play(&case);
        let answer = case.run(stage, &call("token"), &self.repo).await.ok()?;
        self.assert_nothing_invented(&case, &answer);
        Some(answer)
    }
}
