//! What templates and scripts must not say: unescaped output, inline code, ways to make markup of
//! text, addresses of other origins.

use std::{fs, path::Path};

fn sources(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        found.push((name, fs::read_to_string(path).unwrap()));
    }
    assert!(!found.is_empty());
    found
}

#[test]
fn templates_never_write_unescaped() {
    // sec: CS-8
    for (name, text) in sources("templates") {
        for banned in [
            "|safe",
            "| safe",
            "|escape",
            "| escape",
            "|e(",
            "autoescape",
            "HtmlSafe",
            "style=\"",
            "<style",
            "javascript:",
            "<script>",
            "http-equiv",
            " onclick",
            " onload",
            " onerror",
            " onsubmit",
        ] {
            assert!(!text.contains(banned), "{name} holds {banned}");
        }
        // Values stand in quoted attributes only.
        for (at, _) in text.match_indices("={{") {
            let word = text[..at].rsplit(char::is_whitespace).next();
            // A further parameter of an address that is quoted.
            let is_further = word.is_some_and(|it| it.starts_with("}}&amp;"));
            let is_quoted = word.is_some_and(|it| it.contains('"'));
            assert!(is_quoted || is_further, "{name}: {word:?}");
        }
    }
}

#[test]
fn views_are_html_templates_without_a_way_around_escaping() {
    // sec: CS-8
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/pages");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for banned in [
            "escape = ",
            "source = ",
            "HtmlSafe",
            "MarkupDisplay",
            "filters::Safe",
        ] {
            assert!(!text.contains(banned), "{} holds {banned}", path.display());
        }
        let markup = ["\"<", "/div>", "<p>"]
            .iter()
            .find(|it| text.contains(**it));
        assert_eq!(markup, None, "{} writes HTML", path.display());
    }
}

#[test]
fn scripts_make_no_markup_of_text_and_know_no_other_origin() {
    // sec: CS-8
    for (name, text) in sources("assets") {
        for banned in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "setAttribute(\"style",
            ".style.",
            "\"*\"",
            "localStorage",
        ] {
            assert!(!text.contains(banned), "{name} holds {banned}");
        }
        // What is ticked on a page outlives a visit to a provider: names and ids, and no secret.
        let kept = text.matches("sessionStorage.setItem(").count();
        let is_form = name == "secure-git-connect-page.js";
        assert_eq!(kept, usize::from(is_form), "{name}");
        let other = text.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !other.contains("http:") && !other.contains("https:") && !other.contains("url("),
            "{name}"
        );
    }
}
