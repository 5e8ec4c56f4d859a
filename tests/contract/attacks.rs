//! Attacks on sign-in and consent that need numbers: many at once, or many that make no sense.

use std::{env, io::Write, sync::Barrier, thread};

use serde_json::json;

use crate::contract::{
    support::consent::{CALLBACK, ConsentFixture, READS, challenge, location},
    support::{Client, ServerOptions, parameter, read_answer, text},
};

/// The whole count where it is asked for, a tenth elsewhere.
fn count(all: usize) -> usize {
    if env::var_os("CI_DRILLS").is_some() {
        all
    } else {
        all / 10
    }
}

#[test]
fn one_code_buys_one_token_however_many_ask_at_once() {
    // sec: TK-2, TK-3
    // Who waits for one row of a shared database too long is told to come again.
    let is_shared = env::var_os("GITFLARE_TEST_STORAGE").is_some();
    let buyers = 200;
    let fixture = ConsentFixture::start();
    let (first, _) = fixture.customer("42", &[]);
    let Some(own) = first.repositories().into_iter().next() else {
        return;
    };
    for round in 0..count(50) {
        let page = fixture.open_signed("42", &format!("round-{round}"), &[]);
        let code = parameter(&location(&page.approve(READS, &[&own])), "code");
        let together = Barrier::new(buyers);
        let bought: Vec<_> = thread::scope(|scope| {
            let buyers: Vec<_> = (0..buyers)
                .map(|_| {
                    scope.spawn(|| {
                        together.wait();
                        fixture.token(&json!({"code": code}))
                    })
                })
                .collect();
            buyers
                .into_iter()
                .map(|buyer| buyer.join().unwrap())
                .collect()
        });
        let issued: Vec<_> = bought
            .iter()
            .filter(|answer| answer.status == 200)
            .collect();
        assert_eq!(issued.len(), 1, "round {round}");
        for answer in &bought {
            let status = answer.status;
            let is_busy = is_shared && status == 503 && answer.code() == "UPSTREAM_UNAVAILABLE";
            let is_told = matches!(status, 200 | 400) || is_busy;
            assert!(is_told, "{status}: {}", answer.json());
        }
        // The code was used twice: every token that it bought ends.
        let token = text(&issued[0].ok()["accessToken"]);
        let read = fixture.server.client().with_bearer(&token);
        assert_eq!(read.get("/v1/repositories").status, 401);
    }
}

#[test]
fn a_spent_code_ends_its_token_whatever_else_is_wrong() {
    // sec: TK-3
    let verifier = "v".repeat(43);
    let challenge = challenge(&verifier);
    let pkce = [
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let fixture = ConsentFixture::with(
        &json!({"allowedRedirectUris": [CALLBACK, "https://app.example/other"]}),
    );
    let (first, _) = fixture.customer("42", &[]);
    let Some(own) = first.repositories().into_iter().next() else {
        return;
    };
    for (round, again) in [
        json!({}),
        json!({"code_verifier": "w".repeat(43)}),
        json!({"code_verifier": verifier, "redirect_uri": "https://app.example/other"}),
    ]
    .into_iter()
    .enumerate()
    {
        let page = fixture.open_signed("42", &format!("round-{round}"), &pkce);
        let code = parameter(&location(&page.approve(READS, &[&own])), "code");
        let bought = fixture
            .token(&json!({"code": code, "code_verifier": verifier}))
            .ok();
        let read = fixture
            .server
            .client()
            .with_bearer(&text(&bought["accessToken"]));
        assert_eq!(read.get("/v1/repositories").status, 200);
        let mut body = again.clone();
        body["code"] = json!(code);
        assert_eq!(fixture.token(&body).status, 400, "{again}");
        assert_eq!(read.get("/v1/repositories").status, 401, "{again}");
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    /// A text of whatever may come, now and then of nothing but what hurts.
    fn text(&mut self, longest: usize) -> String {
        const SPITE: &[char] = &[
            '\r',
            '\n',
            '\0',
            '\u{7f}',
            '\u{85}',
            '\u{2028}',
            '%',
            '&',
            '=',
            '+',
            '#',
            '?',
            '/',
            '\\',
            '"',
            '\'',
            '<',
            '>',
            ';',
            ',',
            ' ',
            '\u{202e}',
            '\u{feff}',
            '\u{1f600}',
        ];
        let length = self.roll(longest);
        let spiteful = self.roll(4) == 0;
        (0..length)
            .map(|_| match spiteful {
                true => SPITE[self.roll(SPITE.len())],
                false => {
                    let any = u32::try_from(0x20 + self.roll(0x2000)).unwrap();
                    char::from_u32(any).unwrap()
                }
            })
            .collect()
    }
}

/// Sends requests on one connection after the other's answer; what it takes to send 10^5.
fn each_on_one_connection(
    client: &Client,
    requests: impl Iterator<Item = Vec<u8>>,
    mut check: impl FnMut(usize, crate::contract::support::Response),
) {
    let mut socket = client.connect();
    for (number, request) in requests.enumerate() {
        socket.write_all(&request).unwrap();
        let answer = read_answer(&mut socket);
        let over = answer.header("connection") == Some("close");
        check(number, answer);
        if over {
            socket = client.connect();
        }
    }
}

#[test]
fn a_state_comes_back_as_it_was_or_not_at_all() {
    // sec: OA-4
    const HANDS: usize = 4;
    let fixture = ConsentFixture::at(ServerOptions {
        trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
        ..ServerOptions::default()
    });
    let each = count(100_000) / HANDS;
    thread::scope(|scope| {
        for hand in 0..HANDS {
            let fixture = &fixture;
            scope.spawn(move || {
                let mut dice = Dice(0x9e37_79b9 + hand as u64);
                let states: Vec<String> = (0..each).map(|_| dice.text(300)).collect();
                let client = fixture.server.client();
                let requests = states.iter().enumerate().map(|(number, state)| {
                    let link = fixture.link(&[("response_type", "token"), ("state", state)]);
                    // So many at once come from many addresses.
                    let from = format!("10.{hand}.{}.{}", number / 256 % 256, number % 256);
                    let request = client.request("GET", &link);
                    request.header("x-forwarded-for", &from).bytes()
                });
                each_on_one_connection(&client, requests, |number, answer| {
                    let state = &states[number];
                    if matches!(answer.status, 400 | 414) {
                        // Longer than a request may be once it is encoded.
                        assert!(state.len() > 600 && answer.header("location").is_none());
                        return;
                    }
                    let to = location(&answer);
                    assert!(
                        to.starts_with("https://app.example/callback?error="),
                        "{to}"
                    );
                    assert!(
                        to.is_ascii() && !to.contains(['\r', '\n', ' ', '#']),
                        "{to}"
                    );
                    let returned = to.contains("&state=");
                    let is_plain = !state.is_empty() && !state.chars().any(char::is_control);
                    assert_eq!(returned, is_plain, "{state:?}");
                    if returned {
                        assert_eq!(parameter(&to, "state"), *state);
                    }
                });
            });
        }
    });
}

#[test]
fn nothing_sent_to_the_token_endpoint_makes_it_stumble() {
    // sec: TK-10, HT-8
    const FIELDS: &[&str] = &[
        "grant_type",
        "code",
        "redirect_uri",
        "client_id",
        "client_secret",
        "code_verifier",
        "scope",
        "authorizationId",
    ];
    let fixture = ConsentFixture::start();
    let client = fixture.server.client();
    let own = [
        fixture.client_id(),
        "authorization_code".into(),
        "client_credentials".into(),
    ];
    let mut dice = Dice(0x2545_f491);
    let requests = (0..count(20_000)).map(|_| {
        let value = |dice: &mut Dice| match dice.roll(3) {
            0 => own[dice.roll(own.len())].clone(),
            _ => dice.text(40),
        };
        let fields: Vec<_> = (0..dice.roll(7))
            .map(|_| (FIELDS[dice.roll(FIELDS.len())], value(&mut dice)))
            .collect();
        let request = client.request("POST", "/oauth/token");
        let request = match dice.roll(8) {
            0 => request.header("authorization", "Basic Zm9vOmJhcg=="),
            1 => request.header("authorization", "Basic %%%"),
            _ => request,
        };
        match dice.roll(3) {
            0 => {
                let object: serde_json::Map<_, _> = fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value.into()))
                    .collect();
                request.json(&object.into())
            }
            1 => {
                let pairs: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                request.form(&pairs.join("&"))
            }
            _ => {
                let types = ["text/plain", "application/json", "multipart/form-data", ""];
                request.body(types[dice.roll(types.len())], dice.text(200).into_bytes())
            }
        }
        .bytes()
    });
    let mut seen = [0; 2];
    each_on_one_connection(&client, requests, |_, answer| {
        assert!(
            matches!(answer.status, 400 | 401 | 403 | 415 | 429),
            "{} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        let body = answer.json();
        assert!(
            body["error"].is_string() || body["error"]["code"].is_string(),
            "{body}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        seen[usize::from(answer.status == 429)] += 1;
    });
    assert!(seen[0] > 0, "{seen:?}");
}
