//! A whole app, as `/docs/quickstart` shows it: it sends a customer to the consent page, exchanges the
//! code, keeps and renews the token, and counts the commits of every approved repository.
//!
//! `CLIENT_ID`, `CLIENT_SECRET` and `REDIRECT_URI` are those of an app of a GitFlare on this machine.

#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "an app of its own, with settings of its own"
)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use gitflare::{
    client::{App, Client, Token},
    core::{Code, Error, Random, Secret, SystemRandom},
};
use url::{Url, form_urlencoded};

type Counts = HashMap<String, serde_json::Value>;

const GONE: [Code; 2] = [Code::RepositoryNotFound, Code::RepositoryNotApproved];
const TOO_OLD: [Code; 2] = [Code::CursorExpired, Code::InvalidCursor];

struct Counter {
    client: Client,
    app: App,
    pages: String,
    redirect_uri: String,
    /// state: customer. Yours: the session of your own site.
    states: Mutex<HashMap<String, String>>,
    /// customer: token and its end. Yours: your database, encrypted.
    tokens: Mutex<HashMap<String, (Secret<String>, Instant)>>,
}

impl Counter {
    fn consent_link(&self, customer: &str) -> String {
        let mut random = [0; 16];
        SystemRandom.fill(&mut random);
        let state = hex::encode(random);
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.app.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", &state)
            .append_pair("customer_ref", customer)
            .finish();
        locked(&self.states).insert(state, customer.to_owned());
        format!("{}/oauth/authorize?{query}", self.pages)
    }

    fn keep(&self, customer: &str, token: Token) -> Secret<String> {
        let ends = Instant::now() + Duration::from_secs(token.expires_in);
        let kept = (token.access_token.clone(), ends);
        locked(&self.tokens).insert(customer.to_owned(), kept);
        token.access_token
    }

    /// The token of a customer; a new one, without the customer, when the old one is about to end.
    async fn token(&self, customer: &str) -> Result<Secret<String>, Error> {
        let kept = locked(&self.tokens).get(customer).cloned();
        let soon = Instant::now() + Duration::from_secs(60);
        match kept {
            Some((token, ends)) if ends > soon => Ok(token),
            _ => {
                let token = self.client.renew(&self.app, customer).await?;
                Ok(self.keep(customer, token))
            }
        }
    }

    async fn counts(&self, customer: &str) -> Result<Counts, Error> {
        let mut counts = Counts::new();
        // A list over all providers has one page: each is asked by itself.
        for provider in self.client.providers().await? {
            let mut cursor: Option<String> = None;
            loop {
                let reader = self.client.reader(self.token(customer).await?);
                let mut list = reader.repositories().provider(&provider).limit(100);
                if let Some(cursor) = &cursor {
                    list = list.cursor(cursor);
                }
                let page = match list.send().await {
                    Err(error) if error.code() == Code::ProviderAccountNotConnected => break,
                    page => page?,
                };
                for missing in &page.errors {
                    eprintln!("incomplete: {missing}");
                }
                cursor = page.next_cursor.clone();
                for repository in page {
                    let name = format!("{provider} {}", repository.full_name);
                    let count = match self.count(customer, &provider, &repository.id).await {
                        Ok(count) => count.into(),
                        // One that is gone, or was taken back meanwhile: noted, and the others go on.
                        Err(error) if GONE.contains(&error.code()) => error.code().name().into(),
                        Err(error) => return Err(error),
                    };
                    counts.insert(name, count);
                }
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(counts)
    }

    /// How many commits a repository has. A cursor that is too old begins the list again, once.
    async fn count(&self, customer: &str, provider: &str, id: &str) -> Result<u64, Error> {
        let mut attempt = 1;
        loop {
            // A read may take its time: each repository begins with a token that lives.
            let reader = self.client.reader(self.token(customer).await?);
            let mut commits = reader
                .repository(provider, id)
                .commits()
                .limit(100)
                .stream();
            let mut count = 0;
            let ended = loop {
                match commits.try_next().await {
                    Ok(Some(_)) => count += 1,
                    Ok(None) => return Ok(count),
                    Err(error) => break error,
                }
            };
            if attempt == 2 || !TOO_OLD.contains(&ended.code()) {
                return Err(ended);
            }
            attempt += 1;
        }
    }

    async fn callback(&self, query: &str) -> Result<Counts, String> {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        let query: HashMap<String, String> = pairs.collect();
        let value = |name: &str| query.get(name).map_or("", String::as_str);
        let customer = locked(&self.states).remove(value("state"));
        let customer = customer.ok_or("This answer belongs to nobody who left from here.")?;
        if let Some(word) = query.get("error") {
            return Err(format!("The customer said no: {word}"));
        }
        let exchanged = self
            .client
            .exchange(&self.app, value("code"), &self.redirect_uri);
        let token = exchanged.await.map_err(|error| error.to_string())?;
        self.keep(&customer, token);
        match self.counts(&customer).await {
            Err(error) if error.code() == Code::AuthExpired => {
                locked(&self.tokens).remove(&customer);
                self.counts(&customer).await
            }
            counts => counts,
        }
        // ApprovalRequired, RepositoryNotApproved and the like: ask the customer again.
        .map_err(|error| error.to_string())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn begin(State(counter): State<Arc<Counter>>) -> Redirect {
    Redirect::to(&counter.consent_link("customer-1"))
}

async fn end(State(counter): State<Arc<Counter>>, RawQuery(query): RawQuery) -> Response {
    match counter.callback(&query.unwrap_or_default()).await {
        Ok(counts) => {
            let body = serde_json::json!(counts).to_string();
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Err(told) => (StatusCode::BAD_GATEWAY, told).into_response(),
    }
}

/// The app, for a GitFlare at these addresses.
pub(crate) fn app(api: &str, pages: &str, app: App, redirect_uri: &str) -> Result<Router, Error> {
    let back = Url::parse(redirect_uri);
    let back = back.map_err(|_| Error::invalid_request("REDIRECT_URI must be a URL."))?;
    let counter = Counter {
        client: Client::new(api)?,
        app,
        pages: pages.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        states: Mutex::default(),
        tokens: Mutex::default(),
    };
    Ok(Router::new()
        .route("/", get(begin))
        .route(back.path(), get(end))
        .with_state(Arc::new(counter)))
}

/// A variable of the environment.
///
/// # Errors
/// That it is not set, and where it comes from.
fn needed(name: &str, what: &str) -> Result<String, String> {
    let value = std::env::var(name).ok().filter(|text| !text.is_empty());
    value.ok_or_else(|| format!("Set {name}: {what}."))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let credentials = App {
        client_id: needed("CLIENT_ID", "`client.id` of the app that you made")?,
        client_secret: needed(
            "CLIENT_SECRET",
            "its `clientSecret`, shown when it was made",
        )?
        .into(),
    };
    let (api, pages) = ("http://127.0.0.1:8080", "http://127.0.0.1:8080");
    let redirect_uri = needed("REDIRECT_URI", "one of its redirect URIs")?;
    let app = app(api, pages, credentials, &redirect_uri)?;
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
