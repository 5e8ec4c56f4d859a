//! A provider to link accounts at: GitLab's OAuth and viewer over real HTTP, with what the tests
//! want to know of it and to change about it. Everything else about GitLab is not here.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use gitflare_core::{Secret, provider::Provider};
use gitflare_providers::{Http, HttpConfig, OauthConfig, gitlab::Gitlab};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const CLIENT_SECRET: &str = "canary-client-secret";

/// Somebody's account at the forge.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) login: &'static str,
}

/// A running forge. Its threads end with the test's process.
pub(crate) struct Forge {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Codes that were given out: their challenge and whose they are.
    codes: BTreeMap<String, (String, Account)>,
    /// Access tokens that are valid now.
    access: BTreeMap<String, Account>,
    /// Refresh tokens that are valid now.
    refresh: BTreeMap<String, Account>,
    issued: usize,
    /// What was asked: the grant type, `revoke` or `user`.
    asked: Vec<String>,
    refuses_refresh: bool,
    is_away: bool,
    hides_accounts: bool,
}

impl Forge {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(&socket, &state));
            }
        });
        Self { address, state }
    }

    /// The adapter that links accounts here.
    pub(crate) fn provider(&self) -> Arc<dyn Provider> {
        let mut config = HttpConfig::default();
        config.allowed_private = vec![self.address.to_string()];
        let http = Http::new(&config).unwrap();
        let api_url = format!("{}/api/v4", self.url());
        let callback = "https://gateway.example/v1/auth/gitlab/callback";
        let mut config = OauthConfig::new("our-client", callback);
        config.client_secret = Some(Secret::from(CLIENT_SECRET));
        let gitlab = Gitlab::new(http.clone(), &api_url).unwrap();
        Arc::new(gitlab.with_oauth(http, &api_url, config).unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The code that an account's owner approves an authorization URL with.
    pub(crate) fn approve(&self, authorization_url: &str, account: &Account) -> String {
        let challenge = parameter(authorization_url, "code_challenge");
        let mut state = self.state();
        let code = format!("canary-code-{}", state.codes.len());
        state
            .codes
            .insert(code.clone(), (challenge, account.clone()));
        code
    }

    /// How often something was asked.
    pub(crate) fn asked(&self, what: &str) -> usize {
        self.state()
            .asked
            .iter()
            .filter(|asked| *asked == what)
            .count()
    }

    /// Ends every access token; the refresh tokens stay good.
    pub(crate) fn expire_tokens(&self) {
        self.state().access.clear();
    }

    /// Every refresh token is used up by a caller that loses the answer.
    pub(crate) fn rotate_for_nobody(&self) {
        let mut state = self.state();
        state.access.clear();
        state.refresh.clear();
    }

    /// How many tokens of either kind are good.
    pub(crate) fn good_tokens(&self) -> usize {
        let state = self.state();
        state.access.len() + state.refresh.len()
    }

    pub(crate) fn refuse_refresh(&self, refuses: bool) {
        self.state().refuses_refresh = refuses;
    }

    /// Refuses to say whose a token is.
    pub(crate) fn hide_accounts(&self, hides: bool) {
        self.state().hides_accounts = hides;
    }

    pub(crate) fn go_away(&self, is_away: bool) {
        self.state().is_away = is_away;
    }
}

/// A parameter of a URL's query, decoded.
pub(crate) fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let mut pairs = pairs(query);
    pairs
        .remove(name)
        .unwrap_or_else(|| panic!("no {name} in {url}"))
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| {
            let value = value.replace('+', " ");
            let value = percent_encoding::percent_decode_str(&value);
            (name.to_owned(), value.decode_utf8().unwrap().into_owned())
        })
        .collect()
}

fn serve(socket: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(socket);
    loop {
        let mut head = String::new();
        while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
        let Some(line) = head.lines().next() else {
            return;
        };
        let header = |name: &str| {
            head.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
        };
        let length = header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let form = pairs(&String::from_utf8(body).unwrap());
        let path = line.split(' ').nth(1).unwrap_or_default();
        let (status, answer) = answer(state, path, &form, header("authorization").as_deref());
        let answer = answer.to_string();
        let written = (&*socket).write_all(
            format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
                answer.len()
            )
            .as_bytes(),
        );
        if written.is_err() {
            return;
        }
    }
}

fn answer(
    state: &Mutex<State>,
    path: &str,
    form: &BTreeMap<String, String>,
    authorization: Option<&str>,
) -> (u16, Value) {
    let mut state = state.lock().unwrap();
    let asked = match path {
        "/oauth/token" => form["grant_type"].clone(),
        "/oauth/revoke" => "revoke".to_owned(),
        _ => "user".to_owned(),
    };
    state.asked.push(asked);
    if state.is_away {
        return (503, json!({"message": "canary-provider-text"}));
    }
    match path {
        "/oauth/token" => state.token(form),
        "/oauth/revoke" => {
            state.access.remove(&form["token"]);
            state.refresh.remove(&form["token"]);
            (200, json!({}))
        }
        "/api/v4/user" if state.hides_accounts => (503, json!({})),
        "/api/v4/user" => {
            let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
            match token.and_then(|token| state.access.get(token)) {
                Some(account) => (
                    200,
                    json!({"id": account.id, "username": account.login, "name": "Ada",
                        "email": "same@mail.example", "state": "active"}),
                ),
                None => (
                    401,
                    json!({"error": "invalid_token", "error_description": "Token is expired."}),
                ),
            }
        }
        _ => (404, json!({"message": "404 Not Found"})),
    }
}

impl State {
    fn token(&mut self, form: &BTreeMap<String, String>) -> (u16, Value) {
        let refused = |word: &str| {
            (
                400,
                json!({"error": word, "error_description": "canary-provider-text"}),
            )
        };
        if form["client_id"] != "our-client" || form["client_secret"] != CLIENT_SECRET {
            return refused("invalid_client");
        }
        let account = match form["grant_type"].as_str() {
            "authorization_code" => {
                let Some((challenge, account)) = self.codes.remove(&form["code"]) else {
                    return refused("invalid_grant");
                };
                let verified = Sha256::digest(form["code_verifier"].as_bytes());
                if BASE64_URL_SAFE_NO_PAD.encode(verified) != challenge {
                    return refused("invalid_grant");
                }
                account
            }
            _ if self.refuses_refresh => return refused("invalid_grant"),
            _ => match self.refresh.remove(&form["refresh_token"]) {
                Some(account) => {
                    // Rotation ends the pair before.
                    self.access.retain(|_, other| other.id != account.id);
                    account
                }
                None => return refused("invalid_grant"),
            },
        };
        self.issued += 1;
        let (access, refresh) = (
            format!("canary-access-{}", self.issued),
            format!("canary-refresh-{}", self.issued),
        );
        self.access.insert(access.clone(), account.clone());
        self.refresh.insert(refresh.clone(), account);
        (
            200,
            json!({"access_token": access, "refresh_token": refresh, "token_type": "Bearer",
                "expires_in": 7200, "scope": "read_user read_api", "created_at": 1_800_000_000}),
        )
    }
}
