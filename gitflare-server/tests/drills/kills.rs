//! Three nodes behind nginx, killed without warning again and again while apps read and write and a
//! provider sends events: each event that nginx has acknowledged reaches the app, under one id.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use gitflare_server::sandbox::{Forge, ForgeKind, ForgeOptions, sample};
use serde_json::json;

use super::{skip, under_load};
use crate::support::{
    cluster::Cluster,
    load::{App, admin, rounds, wait_for},
    site::Site,
    walk::{JSON, attempt},
};

/// An address that nobody listens on.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A running nginx; ended when dropped.
struct Nginx(Child);

impl Nginx {
    fn start(folder: &Path, at: SocketAddr, nodes: &[SocketAddr]) -> Option<Self> {
        let folder = folder.display();
        let servers: String = nodes
            .iter()
            .map(|node| format!("server {node} max_fails=1 fail_timeout=1s;"))
            .collect();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {folder}/{kind};"))
            .concat();
        let text = format!(
            "daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/nginx.log crit;
             events {{ worker_connections 512; }}
             http {{ access_log off; {temporary} upstream nodes {{ {servers} }}
               server {{ listen {at}; location / {{ proxy_pass http://nodes;
                 proxy_http_version 1.1; proxy_set_header Connection '';
                 proxy_set_header Host $http_host; proxy_connect_timeout 2s; proxy_next_upstream off; }} }} }}"
        );
        let file = format!("{folder}/nginx.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("nginx");
        command.args(["-e", &format!("{folder}/nginx.log"), "-c", &file]);
        command.stderr(Stdio::null()).spawn().ok().map(Self)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        let _ = Command::new("kill").args(["-QUIT", &id]).status();
        let _ = self.0.wait();
    }
}

/// An app's callback, and the ids of the events that it has taken.
pub(super) struct Receiver {
    pub(super) at: SocketAddr,
    ids: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            at: listener.local_addr().unwrap(),
            ids: Arc::default(),
        };
        let ids = Arc::clone(&receiver.ids);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let (mut id, mut length) = (String::new(), 0);
                for line in reader.by_ref().lines().map_while(Result::ok) {
                    match line
                        .split_once(": ")
                        .map(|(name, value)| (name.to_ascii_lowercase(), value))
                    {
                        Some((name, value)) if name == "webhook-id" => id = value.to_owned(),
                        Some((name, value)) if name == "content-length" => {
                            length = value.parse().unwrap_or(0)
                        }
                        Some(_) => {}
                        None if line.is_empty() => break,
                        None => {}
                    }
                }
                let mut body = vec![0; length];
                if reader.read_exact(&mut body).is_ok() {
                    ids.lock().unwrap().push(id);
                    let _ = reader
                        .get_mut()
                        .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
                }
            }
        });
        receiver
    }

    pub(super) fn distinct(&self) -> usize {
        self.ids
            .lock()
            .unwrap()
            .iter()
            .collect::<BTreeSet<_>>()
            .len()
    }
}

/// Lets the app hear of pushes to the sample at the forge.
pub(super) fn subscribe(at: SocketAddr, app: &App, forge: &Forge, receiver: &Receiver) {
    let made = admin(
        at,
        "POST",
        "/v1/platform/tenants",
        &json!({"name": "Hears", "kind": "company"}),
    );
    let tenant = made.unwrap().json()["tenant"]["id"].clone();
    let connection = json!({
        "provider": "github", "tenantId": tenant,
        "accessToken": forge.personal_token("anna-berg"),
    });
    let made = admin(at, "POST", "/v1/connections/manual", &connection).unwrap();
    assert_eq!(made.status, 201, "{}", made.body);
    let grant = json!({
        "tenantId": tenant, "clientId": app.client, "repositories": "all",
        "connectionId": made.json()["connection"]["id"],
        "permissions": ["read:repositories", "events:subscribe"],
    });
    let made = admin(at, "POST", "/v1/platform/grants", &grant).unwrap();
    assert_eq!(made.status, 201, "{}", made.body);
    let grant = json!({"grant_type": "client_credentials", "tenant_id": tenant});
    let token = app.token(at, &grant).unwrap().json();
    let bearer = format!(
        "authorization: Bearer {}",
        token["access_token"].as_str().unwrap()
    );
    let wish = json!({"events": ["push"], "callbackUrl": format!("http://{}/", receiver.at)});
    let path = format!(
        "/v1/repositories/github/{}/events/subscribe",
        sample::FULL_NAME.replace('/', "%2F")
    );
    let made = attempt(at, "POST", &path, &[JSON, &bearer], &wish.to_string()).unwrap();
    assert_eq!(made.status, 201, "{}", made.body);
}

/// Sends pushes, each until it is acknowledged, until it is over; how many.
fn send_events(forge: SocketAddr, is_over: &AtomicBool) -> usize {
    let mut sent = 0;
    while !is_over.load(Ordering::Relaxed) {
        let push = json!({
            "repository": sample::FULL_NAME, "event": "push", "delivery": format!("drill-{sent}"),
        });
        let answer = attempt(forge, "POST", "/__emit", &[JSON], &push.to_string()).unwrap();
        let told = answer.json();
        let is_taken = told["deliveries"][0]["status"] == 204;
        sent += usize::from(is_taken);
    }
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_are_killed_behind_a_proxy_lose_nothing() {
    // sec: DU-2, SR-10
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let Some(site) = Site::new(cluster) else {
        return;
    };
    let samples = site.folder.path().join("samples");
    std::fs::create_dir(&samples).unwrap();
    sample::write(&samples).unwrap();
    let options = ForgeOptions {
        roots: vec![samples],
        ..ForgeOptions::default()
    };
    let forge = Forge::start(ForgeKind::Github, &options).await.unwrap();
    let (at, receiver) = (free(), Receiver::start());
    let nodes_at = [free(), free(), free()];
    let Some(_nginx) = Nginx::start(site.folder.path(), at, &nodes_at) else {
        skip("nginx is missing");
        return;
    };
    let start = |node: usize| {
        let settings = [
            ("GITFLARE_LISTEN", nodes_at[node].to_string()),
            ("GITFLARE_PUBLIC_URL", format!("http://{at}")),
            ("GITFLARE_PANEL_URL", format!("http://{at}")),
            ("GITFLARE_DEV", "true".to_owned()),
            ("GITFLARE_PROVIDERS", "local,github".to_owned()),
            ("GITFLARE_GITHUB_API_URL", forge.api_url()),
            (
                "GITFLARE_ALLOW_PRIVATE_UPSTREAMS",
                forge.address().to_string(),
            ),
            ("GITFLARE_ALLOW_PRIVATE_CALLBACKS", receiver.at.to_string()),
        ];
        site.node_with(node, &settings)
    };
    tokio::task::block_in_place(|| {
        let mut nodes: Vec<_> = (0..3).map(start).collect();
        let app = App::make(at);
        subscribe(at, &app, &forge, &receiver);
        let is_over = AtomicBool::new(false);
        let (ledger, sent) = thread::scope(|scope| {
            let sender = scope.spawn(|| send_events(forge.address(), &is_over));
            let ledger = under_load(&app, &[at], true, |ledger| {
                for kill in 0..rounds(6, 100) {
                    let begun = Instant::now();
                    nodes[kill % 3].kill();
                    ledger.advances(3);
                    let went_on = begun.elapsed();
                    nodes[kill % 3] = start(kill % 3);
                    println!(
                        "three writes {went_on:?}, three nodes {:?} after a kill",
                        begun.elapsed()
                    );
                }
            });
            is_over.store(true, Ordering::Relaxed);
            (ledger, sender.join().unwrap())
        });
        ledger.verify(&[at], cluster, &site.url);
        assert!(sent > 0);
        let begun = Instant::now();
        wait_for("every event", || receiver.distinct() >= sent);
        let taken = receiver.ids.lock().unwrap().len();
        println!(
            "{sent} events, taken {taken} times, the last {:?} after the end",
            begun.elapsed()
        );
        assert_eq!(receiver.distinct(), sent, "each under one id");
    });
}
