//! The look of a page: pictures of it for people, and what can be measured of it: no sideways
//! scrolling, readable contrast, a quiet console.

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
    let mut complaints = browser.complaints().await;
    let page = browser.run("return location.href").await;
    let page = page.as_str().unwrap_or_default();
    // An error page is a refusal to the browser too; what it loads is not.
    complaints.retain(|it| !it.starts_with(&format!("{page} - Failed to load resource")));
    // Chromium counts the contract's own answers to bad input among the errors.
    complaints.retain(|it| !it.contains("status of 400") && !it.contains("status of 401"));
    assert!(complaints.is_empty(), "{name}: {complaints:?}");
}
