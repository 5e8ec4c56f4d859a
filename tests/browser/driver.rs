//! Chromium by chromedriver's WebDriver protocol, spoken over plain HTTP: a driver and a profile for
//! each browser, on a port of its own. What a page says while it is being replaced counts as no
//! answer yet: every step is tried until it succeeds or [`PATIENCE`] ends.
//!
//! No client library: thirtyfour turns on `preserve_order` of `serde_json` for all that is built with
//! it, so the tests would run a product whose maps are not those it ships with; fantoccini brings a
//! second version of a dozen packages.

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

/// Why a command was not carried out.
#[derive(Debug)]
struct Failure {
    /// WebDriver's word.
    code: String,
    message: String,
}

impl Failure {
    /// Whether the element or page that was meant is no longer shown.
    fn is_gone(&self) -> bool {
        matches!(
            self.code.as_str(),
            "stale element reference" | "no such element" | "no such window" | "no such frame"
        )
    }

    /// Whether the same command may succeed once the page has settled.
    fn will_pass(&self) -> bool {
        /// What chromedriver says of pages that are being replaced, which has no word of its own.
        const UNSETTLED: [&str; 7] = [
            "aborted by navigation",
            "ERR_ABORTED",
            "execution context",
            "context with specified id",
            "does not belong to the document",
            "detached",
            "navigated or closed",
        ];
        self.is_gone()
            || matches!(
                self.code.as_str(),
                "element click intercepted" | "element not interactable"
            )
            || UNSETTLED.iter().any(|said| self.message.contains(said))
    }
}

/// The body of a command that runs a script.
fn script(text: &str) -> Value {
    json!({"script": text, "args": []})
}

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
        self.dress_as(self.setup.width, self.setup.is_dark).await;
    }

    /// Another theme and width, without a new page.
    pub(crate) async fn dress_as(&self, width: u32, is_dark: bool) {
        let theme = if is_dark { "dark" } else { "light" };
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": theme}]}),
        )
        .await;
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}),
        )
        .await;
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.call("POST", "/goog/cdp/execute", body).await
    }

    async fn try_call(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.session);
        let request = match method {
            "GET" => self.http.get(url),
            "DELETE" => self.http.delete(url),
            _ => self.http.post(url).json(body),
        };
        let answer = request.send().await.unwrap();
        let is_success = answer.status().is_success();
        let mut body: Value = answer.json().await.unwrap();
        let mut value = body["value"].take();
        if is_success {
            return Ok(value);
        }
        let Value::String(message) = value["message"].take() else {
            panic!("{method} {path}: {value}");
        };
        let code = value["error"].as_str().unwrap_or_default().to_owned();
        Err(Failure { code, message })
    }

    /// A command that does the same however often it is given.
    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let what = format!("{method} {path}");
        let attempt = async || self.try_call(method, path, &body).await.map(Some);
        self.insist(&what, attempt).await
    }

    /// Tries again until there is an answer; a page on its way out or in gives none.
    async fn insist<T>(
        &self,
        what: &str,
        mut attempt: impl AsyncFnMut() -> Result<Option<T>, Failure>,
    ) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let last = match attempt().await {
                Ok(Some(found)) => return found,
                Ok(None) => None,
                Err(failure) if failure.will_pass() => Some(failure),
                Err(failure) => panic!("{what}: {failure:?}"),
            };
            if Instant::now() > end {
                let url = self.try_call("GET", "/url", &Value::Null).await;
                let body = script("return document.body?.innerText ?? ''");
                let text = self.try_call("POST", "/execute/sync", &body).await;
                panic!("waited in vain for {what} ({last:?}) at {url:?}, where it says: {text:?}");
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Asks again until there is an answer.
    pub(crate) async fn until<T>(&self, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
        self.insist(what, async || Ok(ask().await)).await
    }

    pub(crate) async fn open(&self, url: &str) {
        self.call("POST", "/url", json!({ "url": url })).await;
    }

    async fn try_find_all(&self, css: &str) -> Result<Vec<Element>, Failure> {
        let body = json!({"using": "css selector", "value": css});
        let found = self.try_call("POST", "/elements", &body).await?;
        let elements = found.as_array().unwrap().iter();
        Ok(elements
            .map(|it| Element(it[ELEMENT].as_str().unwrap().to_owned()))
            .collect())
    }

    pub(crate) async fn find_all(&self, css: &str) -> Vec<Element> {
        self.insist(css, async || self.try_find_all(css).await.map(Some))
            .await
    }

    /// Does something with the first element that matches, which is waited for.
    async fn with_first<T>(
        &self,
        css: &str,
        mut act: impl AsyncFnMut(&Element) -> Result<T, Failure>,
    ) -> T {
        let attempt = async || match self.try_find_all(css).await?.first() {
            Some(element) => act(element).await.map(Some),
            None => Ok(None),
        };
        self.insist(css, attempt).await
    }

    /// Waits for an element that matches.
    pub(crate) async fn find(&self, css: &str) -> Element {
        self.with_first(css, async |element| Ok(element.clone()))
            .await
    }

    /// Waits for a page that says this.
    pub(crate) async fn says(&self, text: &str) {
        let said = async || self.page_text().await.contains(text).then_some(());
        self.until(text, said).await;
    }

    /// Clicks on what changes the page that is shown: a box, a summary, a link to another window.
    pub(crate) async fn click(&self, css: &str) {
        self.with_first(css, async |element| self.try_click(element).await)
            .await;
    }

    pub(crate) async fn click_on(&self, element: &Element) {
        let attempt = async || self.try_click(element).await.map(Some);
        self.insist("a click", attempt).await;
    }

    async fn try_click(&self, element: &Element) -> Result<(), Failure> {
        let path = format!("/element/{}/click", element.0);
        match self.try_call("POST", &path, &json!({})).await {
            // The window has closed over it.
            Err(failure) if failure.code == "no such window" => Ok(()),
            // It lies behind what stays at the edge of the window: people scroll on.
            Err(failure) if failure.code == "element click intercepted" => {
                let to_middle = json!({
                    "script": "arguments[0].scrollIntoView({block: 'center'})",
                    "args": [{ELEMENT: element.0}],
                });
                self.try_call("POST", "/execute/sync", &to_middle).await?;
                self.try_call("POST", &path, &json!({})).await.map(drop)
            }
            clicked => clicked.map(drop),
        }
    }

    /// Clicks on what leads to another page, and waits until this one has gone: a click may return
    /// before the browser has left the page, on which much is as it will be on the next.
    pub(crate) async fn follow(&self, css: &str) {
        // What is clicked on is there, so the page before has gone.
        self.find(css).await;
        let page = self.find("html").await;
        self.click(css).await;
        let path = format!("/element/{}/name", page.0);
        let attempt = async || match self.try_call("GET", &path, &Value::Null).await {
            Ok(_) => Ok(None),
            Err(failure) if failure.will_pass() => Ok(failure.is_gone().then_some(())),
            Err(failure) => Err(failure),
        };
        let what = format!("the page behind {css}");
        self.insist(&what, attempt).await;
    }

    pub(crate) async fn fill(&self, css: &str, text: &str) {
        self.with_first(css, async |element| {
            let path = format!("/element/{}", element.0);
            let clear = format!("{path}/clear");
            self.try_call("POST", &clear, &json!({})).await?;
            let value = format!("{path}/value");
            self.try_call("POST", &value, &json!({ "text": text }))
                .await
        })
        .await;
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
        let actions = json!({"actions": [keyboard]});
        // Keys are not pressed twice: a page that has gone has taken them.
        match self.try_call("POST", "/actions", &actions).await {
            Err(failure) if !failure.will_pass() => panic!("keys: {failure:?}"),
            _ => {}
        }
    }

    /// What the first element that matches says, once it is there.
    pub(crate) async fn text(&self, css: &str) -> String {
        self.with_first(css, async |element| self.try_text(element).await)
            .await
    }

    /// What each element that matches says.
    pub(crate) async fn texts(&self, css: &str) -> Vec<String> {
        let attempt = async || {
            let mut texts = Vec::new();
            for element in self.try_find_all(css).await? {
                texts.push(self.try_text(&element).await?);
            }
            Ok(Some(texts))
        };
        self.insist(css, attempt).await
    }

    async fn try_text(&self, element: &Element) -> Result<String, Failure> {
        let path = format!("/element/{}/text", element.0);
        let text = self.try_call("GET", &path, &Value::Null).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// What a person can read on the page.
    pub(crate) async fn page_text(&self) -> String {
        let text = self.run("return document.body?.innerText ?? ''").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script in the page, as a developer's console would.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", self::script(script))
            .await
    }

    /// Runs a script that calls back with its answer.
    pub(crate) async fn run_async(&self, script: &str) -> Value {
        self.call("POST", "/execute/async", self::script(script))
            .await
    }

    /// Whether the page's own scripts run.
    pub(crate) const fn has_scripts(&self) -> bool {
        self.setup.has_scripts
    }

    /// Forgets who is signed in and what was opened.
    pub(crate) async fn forget_cookies(&self) {
        self.devtools("Network.clearBrowserCookies", json!({}))
            .await;
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

    /// Goes back to the whole page.
    pub(crate) async fn leave_frame(&self) {
        let body = json!({ "id": Value::Null });
        self.call("POST", "/frame", body).await;
    }

    /// Goes into a frame of the whole page and waits until something matches there, however often
    /// the frame gets another page meanwhile.
    pub(crate) async fn find_in_frame(&self, frame: &str, css: &str) -> Element {
        let top = json!({ "id": Value::Null });
        let attempt = async || {
            self.try_call("POST", "/frame", &top).await?;
            let frames = self.try_find_all(frame).await?;
            let Some(frame) = frames.first() else {
                return Ok(None);
            };
            let inside = json!({ "id": { ELEMENT: frame.0 } });
            self.try_call("POST", "/frame", &inside).await?;
            Ok(self.try_find_all(css).await?.into_iter().next())
        };
        self.insist(css, attempt).await
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
