//! What an attacker could learn from time: a login with an unknown address beside one with a wrong
//! password, an unknown client beside a wrong secret, an admin key that is wrong at its start beside
//! one that is wrong at its end. Each pair is measured in turns in one run, as medians; the floor is
//! a request that is refused before anything is looked up.
//!
//! `cargo bench --bench security`

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

use std::time::{Duration, Instant};

use gitflare::server::{Server, config::Config};
use serde_json::{Value, json};

const LOGINS: usize = 500;
const SECRETS: usize = 2000;
/// How often one client fails.
const TRIES: usize = 8;
const ADMIN_KEY: &str = "k9w2v7c4x1m8q3t6y5z0r2n4b7d1f8h3";

/// Two things that must take as long as each other.
struct Pair {
    what: &'static str,
    one: Vec<Duration>,
    other: Vec<Duration>,
}

impl Pair {
    fn new(what: &'static str) -> Self {
        Self {
            what,
            one: Vec::new(),
            other: Vec::new(),
        }
    }

    fn print(mut self, floor: Duration) {
        let (one, other) = (median(&mut self.one), median(&mut self.other));
        let apart = (one.as_secs_f64() / other.as_secs_f64() - 1.0) * 100.0;
        println!(
            "{:<44} {:>12?} {:>12?} {apart:>+7.1} %   {:>6.1} x floor",
            self.what,
            one,
            other,
            one.as_secs_f64() / floor.as_secs_f64()
        );
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let started = Instant::now();
    let done = work.await;
    (started.elapsed(), done)
}

/// A client address that was not used before, so that no throttle counts it.
fn from(number: usize) -> String {
    format!(
        "10.{}.{}.{}",
        number >> 16 & 255,
        number >> 8 & 255,
        number & 255
    )
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config::from_pairs(&[
        ("GITFLARE_LISTEN", "127.0.0.1:0"),
        (
            "GITFLARE_DATA_DIR",
            folder.path().to_str().expect("a plain path"),
        ),
        ("GITFLARE_DEV", "true"),
        ("GITFLARE_TRUSTED_PROXIES", "127.0.0.1"),
        ("GITFLARE_RATE_LIMIT_PER_MINUTE", "0"),
        ("GITFLARE_LOG", "error"),
        ("SGG_ADMIN_API_KEY", ADMIN_KEY),
    ])
    .expect("the settings are valid");
    let running = Server::new(config).start().await.expect("it starts");
    let base = format!("http://{}", running.addr());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let mut asked = 0;
    let mut forwarded = || {
        asked += 1;
        from(asked)
    };

    let mut floor = Vec::new();
    for _ in 0..SECRETS {
        let request = http
            .get(format!("{base}/v1/nowhere"))
            .header("x-forwarded-for", forwarded());
        let (took, answer) = timed(request.send()).await;
        assert_eq!(answer.expect("an answer").status(), 404);
        floor.push(took);
    }
    let floor = median(&mut floor);
    println!("{:<44} {floor:>12?}", "floor: a path that is not there");

    let post = async |path: &str, body: Value| -> Value {
        let request = http
            .post(format!("{base}{path}"))
            .header("x-admin-api-key", ADMIN_KEY);
        let answer = request.json(&body).send().await.expect("an answer");
        answer.json().await.expect("a body")
    };

    // TK-5. Each client fails less often than what it would be throttled for.
    let tenant = json!({"name": "Bench", "kind": "developer"});
    let tenant = post("/v1/platform/tenants", tenant).await;
    let mut clients = Vec::new();
    for _ in 0..SECRETS / TRIES {
        let client = json!({
            "tenantId": tenant["tenant"]["id"], "name": "Bench",
            "allowedRedirectUris": ["https://app.example/"], "defaultPermissions": ["read:profile"],
        });
        clients.push(post("/v1/platform/clients", client).await);
    }
    let mut pair = Pair::new("client: unknown / wrong secret");
    for round in 0..TRIES {
        for (number, client) in clients.iter().enumerate() {
            // Well formed, and somebody else's.
            let secret = &clients[(number + 1) % clients.len()]["clientSecret"];
            let known = client["client"]["id"]
                .as_str()
                .expect("a client")
                .to_owned();
            let end = if known.ends_with('0') { "1" } else { "0" };
            let unknown = format!("{}{end}", &known[..known.len() - 1]);
            let mut turns = [(unknown, &mut pair.one), (known, &mut pair.other)];
            // Neither is always the first.
            turns.rotate_left(round % 2);
            for (id, times) in turns {
                let body = json!({
                    "grant_type": "client_credentials", "client_id": id, "client_secret": secret,
                });
                let request = http
                    .post(format!("{base}/oauth/token"))
                    .header("x-forwarded-for", forwarded())
                    .json(&body);
                let (took, answer) = timed(request.send()).await;
                assert_eq!(answer.expect("an answer").status(), 401);
                times.push(took);
            }
        }
    }
    pair.print(floor);

    // IN-4.
    let mut pair = Pair::new("admin key: wrong first / wrong last character");
    let first = ADMIN_KEY.replacen("k9", "j9", 1);
    let last = format!("{}x", &ADMIN_KEY[..ADMIN_KEY.len() - 1]);
    for _ in 0..SECRETS {
        for (key, times) in [(&first, &mut pair.one), (&last, &mut pair.other)] {
            let request = http
                .get(format!("{base}/v1/platform/tenants"))
                .header("x-forwarded-for", forwarded())
                .header("x-admin-api-key", key);
            let (took, answer) = timed(request.send()).await;
            assert_eq!(answer.expect("an answer").status(), 401);
            times.push(took);
        }
    }
    pair.print(floor);

    // PW-3.
    let person = json!({"email": "ada@mail.example", "password": "several unrelated words"});
    post("/app/signup", person).await;
    let mut pair = Pair::new("login: unknown address / wrong password");
    for number in 0..LOGINS {
        let unknown = format!("nobody{number}@mail.example");
        for (email, times) in [
            (&*unknown, &mut pair.one),
            ("ada@mail.example", &mut pair.other),
        ] {
            let body = json!({"email": email, "password": "the wrong one, sadly"});
            let request = http
                .post(format!("{base}/app/login"))
                .header("x-forwarded-for", forwarded())
                .json(&body);
            let (took, answer) = timed(request.send()).await;
            assert_eq!(answer.expect("an answer").status(), 401);
            times.push(took);
        }
    }
    pair.print(floor);
    running.shutdown().await.expect("it stops");
}
