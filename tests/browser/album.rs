//! The look of a page: pictures of it for people, and what can be measured of it: no sideways
//! scrolling, no cut text, readable contrast, a quiet console.

use std::{io::Write, path::PathBuf, sync::OnceLock};

use super::{axe, driver::Browser};

/// Where pictures go; said once.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let _ = writeln!(std::io::stderr(), "screenshots: {}", folder.display());
        folder
    })
}

/// Text whose contrast with what is behind it is below AA, as `text: ratio`.
const FAINT: &str = r#"
const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const parse = (c) => (c.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const behind = (e) => {
  for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
};
const faint = [];
for (const e of document.querySelectorAll("body *")) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const box = e.getBoundingClientRect();
  if (!own || box.width < 2 || box.height < 2 || e.closest("svg")) continue;
  const style = getComputedStyle(e);
  const a = light(parse(style.color)), b = light(behind(e));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  if (ratio < (isLarge ? 3 : 4.5)) faint.push(e.textContent.trim().slice(0, 40) + ": " + ratio.toFixed(2));
}
return faint;
"#;

/// Takes a picture and measures what a picture does not judge.
pub(crate) async fn inspect(browser: &Browser, name: &str) {
    browser
        .photograph(&folder().join(format!("{name}.png")))
        .await;
    let widths = browser
        .run("return [document.documentElement.scrollWidth, innerWidth]")
        .await;
    assert!(
        widths[0].as_u64() <= widths[1].as_u64(),
        "{name} scrolls sideways: {widths}"
    );
    let faint = browser.run(FAINT).await;
    assert_eq!(faint, serde_json::json!([]), "{name} has faint text");
    quiet(browser, name).await;
    // It is a script itself.
    if browser.has_scripts() {
        axe::judge(browser, name).await;
    }
}

/// Nothing in the console: no error, no CSP report.
pub(crate) async fn quiet(browser: &Browser, name: &str) {
    let complaints = noise(browser).await;
    assert!(complaints.is_empty(), "{name}: {complaints:?}");
}

async fn noise(browser: &Browser) -> Vec<String> {
    let mut complaints = browser.complaints().await;
    let page = browser.run("return location.href").await;
    let page = page.as_str().unwrap_or_default();
    // An error page is a refusal to the browser too; what it loads is not.
    complaints.retain(|it| !it.starts_with(&format!("{page} - Failed to load resource")));
    // Chromium counts the contract's own answers to bad input among the errors.
    complaints.retain(|it| !it.contains("status of 400") && !it.contains("status of 401"));
    complaints
}

/// Widths and themes in which every page is looked at.
const LOOKS: [(u32, bool); 4] = [(400, false), (400, true), (1280, false), (1280, true)];

/// What does not fit: a page that scrolls sideways, with what sticks out of it, and text that is cut.
const CUT: &str = r#"
const cut = [];
const isIn = (e, test) => { for (; e; e = e.parentElement) if (test(getComputedStyle(e))) return true; return false; };
if (document.documentElement.scrollWidth > innerWidth) {
  for (const e of document.querySelectorAll("body *")) {
    const out = e.getBoundingClientRect().right > innerWidth + 1;
    if (out && !isIn(e.parentElement, (s) => s.overflowX !== "visible")) cut.push("sticks out: " + e.outerHTML.slice(0, 90));
  }
  cut.splice(3);
  cut.push("scrolls sideways: " + document.documentElement.scrollWidth);
}
for (const e of document.querySelectorAll("body *")) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const style = getComputedStyle(e);
  const hides = style.overflowX === "hidden" || style.overflowX === "clip";
  if (own && hides && e.clientWidth > 1 && style.textOverflow !== "ellipsis" && e.scrollWidth > e.clientWidth + 1)
    cut.push("is cut: " + e.textContent.trim().slice(0, 60));
}
return cut;
"#;

/// Looks at pages at every width and in every theme, and keeps what is wrong with them until the end.
/// Pictures are taken where `GITFLARE_PICTURES` is set.
pub(crate) struct Gallery<'b> {
    pub(crate) browser: &'b Browser,
    faults: Vec<String>,
    takes_pictures: bool,
}

impl<'b> Gallery<'b> {
    pub(crate) fn new(browser: &'b Browser) -> Self {
        Self {
            browser,
            faults: Vec::new(),
            takes_pictures: std::env::var_os("GITFLARE_PICTURES").is_some(),
        }
    }

    /// Looks at the page that is shown.
    pub(crate) async fn look(&mut self, name: &str) {
        let browser = self.browser;
        for (width, is_dark) in LOOKS {
            browser.dress_as(width, is_dark).await;
            let theme = if is_dark { "dark" } else { "light" };
            let name = format!("{name}-{width}-{theme}");
            for script in [CUT, FAINT] {
                let found = browser.run(script).await;
                let found = found.as_array().into_iter().flatten();
                self.faults
                    .extend(found.map(|fault| format!("{name}: {fault}")));
            }
            if self.takes_pictures {
                browser
                    .photograph(&folder().join(format!("{name}.png")))
                    .await;
            }
        }
        let noise = noise(browser).await.into_iter();
        self.faults.extend(noise.map(|it| format!("{name}: {it}")));
    }

    /// Opens a page and looks at it.
    pub(crate) async fn visit(&mut self, name: &str, url: &str) {
        self.browser.open(url).await;
        self.look(name).await;
    }

    pub(crate) fn judge(self) {
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
    }
}
