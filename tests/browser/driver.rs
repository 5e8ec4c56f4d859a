//! Chromium by chromedriver's WebDriver protocol, spoken over plain HTTP: a driver and a profile for
//! each browser, on a port of its own.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a page may take to become what a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);
/// The key under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How a browser is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) has_scripts: bool,
    pub(crate) width: u32,
    pub(crate) is_dark: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            has_scripts: true,
            width: 1000,
            is_dark: false,
        }
    }
}

/// A browser with one window to begin with; it ends when dropped.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    http: reqwest::Client,
    setup: Setup,
    _profile: TempDir,
}

/// An element of the page that is shown.
#[derive(Clone, Debug)]
pub(crate) struct Element(String);

/// A program of this name on the path.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Whether browser tests can run here; under CI they must.
pub(crate) fn is_there() -> bool {
    let missing: Vec<_> = ["chromium", "chromedriver"]
        .into_iter()
        .filter(|name| program(name).is_none())
        .collect();
    if missing.is_empty() {
        return true;
    }
    let why = format!("{} cannot be found", missing.join(" and "));
    assert!(std::env::var_os("CI").is_none(), "{why}");
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
    false
}

pub(crate) fn client() -> reqwest::Client {
    // There may be one already: every test of this process installs the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// How often a driver is started: it takes one free port for both versions of IP, and ends at once
/// when another process has it in one of them.
const STARTS: usize = 5;

/// A driver and the port it has named; `None` when it ended instead.
fn start_driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(driver.stdout.take().unwrap());
    let port: Option<u16> = loop {
        let mut line = String::new();
        if output.read_line(&mut line).unwrap() == 0 {
            break None;
        }
        let named = line.trim_end().strip_suffix('.').and_then(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.parse().ok()
        });
        if named.is_some() {
            break named;
        }
    };
    let Some(port) = port else {
        driver.wait().unwrap();
        return None;
    };
    // What it says later must have somewhere to go.
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    Some((driver, port))
}

impl Browser {
    pub(crate) async fn start(setup: Setup) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (driver, port) = (0..STARTS)
            .find_map(|_| start_driver())
            .expect("chromedriver names a port");
        let mut browser = Self {
            driver,
            session: format!("http://127.0.0.1:{port}/session"),
            http: client(),
            setup,
            _profile: profile,
        };
        let opened = browser.call("POST", "", browser.capabilities()).await;
        let id = opened["sessionId"].as_str().unwrap().to_owned();
        browser.session = format!("{}/{id}", browser.session);
        browser.dress().await;
        browser
    }

    fn capabilities(&self) -> Value {
        let arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--no-first-run".to_owned(),
            "--no-proxy-server".to_owned(),
            // Names for several origins on this machine, looked up nowhere else.
            "--host-resolver-rules=MAP *.example 127.0.0.1".to_owned(),
            format!("--window-size={},900", self.setup.width),
            format!("--user-data-dir={}", self._profile.path().display()),
        ];
        let scripts = if self.setup.has_scripts { 1 } else { 2 };
        json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "acceptInsecureCerts": true,
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {
                "binary": program("chromium").unwrap(),
                "args": arguments,
                "prefs": {
                    "profile.managed_default_content_settings.javascript": scripts,
                    // What browsers do or will do with the cookies of a frame.
                    "profile.cookie_controls_mode": 1,
                    "profile.block_third_party_cookies": true,
                    "profile.default_content_setting_values.popups": 1,
                },
            },
        }}})
    }

    /// Theme and width of the window that is shown.
    pub(crate) async fn dress(&self) {
        let theme = if self.setup.is_dark { "dark" } else { "light" };
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": theme}]}),
        )
        .await;
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": self.setup.width, "height": 900, "deviceScaleFactor": 1, "mobile": false}),
        )
        .await;
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.call("POST", "/goog/cdp/execute", body).await
    }

    async fn try_call(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        let url = format!("{}{path}", self.session);
        let request = match method {
            "GET" => self.http.get(url),
            "DELETE" => self.http.delete(url),
            _ => self.http.post(url).json(&body),
        };
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let is_success = answer.status().is_success();
        let mut body: Value = answer.json().await.map_err(|error| error.to_string())?;
        let value = body["value"].take();
        if is_success {
            Ok(value)
        } else {
            Err(format!("{}: {}", value["error"], value["message"]))
        }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        match self.try_call(method, path, body).await {
            Ok(value) => value,
            Err(error) => panic!("{method} {path}: {error}"),
        }
    }

    pub(crate) async fn open(&self, url: &str) {
        self.call("POST", "/url", json!({ "url": url })).await;
    }

    pub(crate) async fn find_all(&self, css: &str) -> Vec<Element> {
        let body = json!({"using": "css selector", "value": css});
        let found = self.call("POST", "/elements", body).await;
        let elements = found.as_array().unwrap().iter();
        elements
            .map(|it| Element(it[ELEMENT].as_str().unwrap().to_owned()))
            .collect()
    }

    /// The first element that matches, waited for.
    pub(crate) async fn find(&self, css: &str) -> Element {
        self.until(css, async || self.find_all(css).await.into_iter().next())
            .await
    }

    /// Asks again until there is an answer.
    pub(crate) async fn until<T>(&self, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            if Instant::now() > end {
                let url = self.try_call("GET", "/url", Value::Null).await;
                let text = self.page_text().await;
                panic!("waited in vain for {what} at {url:?}, where it says: {text}");
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    pub(crate) async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.click_on(&element).await;
    }

    pub(crate) async fn click_on(&self, element: &Element) {
        let path = format!("/element/{}/click", element.0);
        self.call("POST", &path, json!({})).await;
    }

    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        let path = format!("/element/{}/clear", element.0);
        self.call("POST", &path, json!({})).await;
        let path = format!("/element/{}/value", element.0);
        self.call("POST", &path, json!({ "text": text })).await;
    }

    /// Types into whatever has the focus; WebDriver's own signs stand for keys without a letter.
    pub(crate) async fn type_keys(&self, keys: &str) {
        let strokes: Vec<_> = keys
            .chars()
            .flat_map(|key| {
                [
                    json!({"type": "keyDown", "value": key}),
                    json!({"type": "keyUp", "value": key}),
                ]
            })
            .collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes});
        self.call("POST", "/actions", json!({"actions": [keyboard]}))
            .await;
    }

    pub(crate) async fn text(&self, element: &Element) -> String {
        let path = format!("/element/{}/text", element.0);
        let text = self.call("GET", &path, Value::Null).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What a person can read on the page.
    pub(crate) async fn page_text(&self) -> String {
        let text = self.run("return document.body?.innerText ?? ''").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script in the page, as a developer's console would.
    pub(crate) async fn run(&self, script: &str) -> Value {
        let body = json!({"script": script, "args": []});
        self.call("POST", "/execute/sync", body).await
    }

    /// Runs a script that calls back with its answer.
    pub(crate) async fn run_async(&self, script: &str) -> Value {
        let body = json!({"script": script, "args": []});
        self.call("POST", "/execute/async", body).await
    }

    /// Whether the page's own scripts run.
    pub(crate) const fn has_scripts(&self) -> bool {
        self.setup.has_scripts
    }

    pub(crate) async fn windows(&self) -> Vec<String> {
        let windows = self.call("GET", "/window/handles", Value::Null).await;
        let windows = windows.as_array().unwrap().iter();
        windows.map(|it| it.as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn show_window(&self, handle: &str) {
        self.call("POST", "/window", json!({ "handle": handle }))
            .await;
    }

    /// Goes into a frame, or back to the whole page.
    pub(crate) async fn enter_frame(&self, frame: Option<&Element>) {
        let id = frame.map_or(Value::Null, |it| json!({ ELEMENT: it.0 }));
        self.call("POST", "/frame", json!({ "id": id })).await;
    }

    /// What the console has said since it was last asked: errors, CSP reports.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self
            .call("POST", "/se/log", json!({"type": "browser"}))
            .await;
        let entries = log.as_array().unwrap().iter();
        entries
            .filter(|it| matches!(it["level"].as_str(), Some("SEVERE" | "WARNING")))
            .map(|it| it["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// The whole page as a picture.
    pub(crate) async fn photograph(&self, file: &Path) {
        let size = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let (width, height) = (
            size["cssContentSize"]["width"].as_f64().unwrap(),
            size["cssContentSize"]["height"]
                .as_f64()
                .unwrap()
                .min(4000.0),
        );
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        let shot = self
            .devtools(
                "Page.captureScreenshot",
                json!({"captureBeyondViewport": true, "clip": clip}),
            )
            .await;
        let picture = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::write(file, picture).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Closing the session ends Chromium; an ended driver alone would leave it.
        let session = self.session.clone();
        let closed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let _ = runtime.block_on(client().delete(session).send());
            std::io::Result::Ok(())
        });
        let _ = closed.join();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
