//! A person who links an account of theirs, in a browser without scripts.

use reqwest::{
    Client, Method,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use serde_json::json;

use crate::forges::stand::Stand;

/// A person's browser: its session, and the cookies that it was given.
pub(super) struct Person {
    client: Client,
    pub(super) base: String,
    session: String,
    cookies: Vec<String>,
}

impl Person {
    pub(super) async fn sign_up(stand: &Stand) -> Self {
        let person = json!({
            "email": "grace@acme.example", "password": "several unrelated words", "name": "Grace",
        });
        let opened = stand
            .bare(Method::POST, "/app/signup", None, Some(&person))
            .await;
        let client = Client::builder().no_proxy().redirect(Policy::none());
        Self {
            client: client.build().unwrap(),
            base: format!("http://{}", stand.running.addr()),
            session: opened.body["sessionToken"].as_str().unwrap().to_owned(),
            cookies: Vec::new(),
        }
    }

    /// The same person in a browser that has no cookie.
    pub(super) fn elsewhere(&self) -> Self {
        Self {
            client: self.client.clone(),
            base: self.base.clone(),
            session: self.session.clone(),
            cookies: Vec::new(),
        }
    }

    fn keep(&mut self, answer: &reqwest::Response) {
        for value in answer.headers().get_all(SET_COOKIE) {
            let cookie = value.to_str().unwrap().split(';').next().unwrap();
            let name = cookie.split('=').next().unwrap();
            // A later one takes the place of one of the same name.
            self.cookies
                .retain(|kept| kept.split('=').next() != Some(name));
            self.cookies.push(cookie.to_owned());
        }
    }

    pub(super) async fn get(&mut self, url: &str) -> reqwest::Response {
        let request = match url.starts_with('/') {
            true => self
                .client
                .get(format!("{}{url}", self.base))
                .bearer_auth(&self.session)
                .header(COOKIE, self.cookies.join("; ")),
            false => self.client.get(url),
        };
        let answer = request.send().await.unwrap();
        self.keep(&answer);
        answer
    }
}

impl Person {
    /// Sends a form of our own page.
    pub(super) async fn submit(
        &mut self,
        path: &str,
        fields: &[(&str, String)],
    ) -> reqwest::Response {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.session)
            .header(COOKIE, self.cookies.join("; "))
            .header("origin", &self.base)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let answer = request.send().await.unwrap();
        self.keep(&answer);
        answer
    }
}

pub(super) fn location(answer: &reqwest::Response) -> String {
    let location = answer.headers().get(LOCATION);
    let location = location.unwrap_or_else(|| panic!("{} leads to nowhere", answer.url()));
    location.to_str().unwrap().to_owned()
}

/// What the browser sends from the host's page, as Anna.
fn choice(asked: &str) -> String {
    let url = url::Url::parse(asked).unwrap();
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url.query_pairs() {
        match &*name {
            "redirect_url" | "redirect_uri" => form.append_pair("redirect_uri", &value),
            "state" | "scope" | "code_challenge" => form.append_pair(&name, &value),
            _ => &mut form,
        };
    }
    form.append_pair("login", "anna-berg").finish()
}

/// Signs Anna in at the host, and gives where her browser is sent then.
pub(super) async fn sign_in(stand: &Stand, provider: &str, asked: &str) -> String {
    let client = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .build()
        .unwrap();
    let url = format!("{}/__sign-in", stand.forge(provider).web_url());
    let request = client.post(url).body(choice(asked));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    location(&request.send().await.unwrap())
}
