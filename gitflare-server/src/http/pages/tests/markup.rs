//! What a browser sees in a page, by a real HTML parser: elements and attributes in order. Used to
//! compare pages and to check what every page must have.

use std::cell::RefCell;

use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// An element's start, with its attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
}

impl Start {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Sink {
    starts: RefCell<Vec<Start>>,
    comments: RefCell<Vec<String>>,
    errors: RefCell<Vec<String>>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(Tag {
                kind: TagKind::StartTag,
                name,
                attrs,
                ..
            }) => self.starts.borrow_mut().push(Start {
                name: name.to_string(),
                attributes: attrs
                    .iter()
                    .map(|it| (it.name.local.to_string(), it.value.to_string()))
                    .collect(),
            }),
            Token::CommentToken(text) => self.comments.borrow_mut().push(text.to_string()),
            Token::ParseError(text) => self.errors.borrow_mut().push(text.into_owned()),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// The elements of a page; it must hold no comment and no parse error.
pub(super) fn starts(name: &str, html: &str) -> Vec<Start> {
    let tokenizer = Tokenizer::new(
        Sink::default(),
        TokenizerOpts {
            exact_errors: true,
            ..TokenizerOpts::default()
        },
    );
    let input = BufferQueue::default();
    input.push_back(html.into());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let sink = tokenizer.sink;
    assert_eq!(sink.errors.into_inner(), Vec::<String>::new(), "{name}");
    assert_eq!(sink.comments.into_inner(), Vec::<String>::new(), "{name}");
    sink.starts.into_inner()
}

#[test]
fn every_page_is_sound_for_keyboard_and_screen_reader() {
    for sample in super::samples() {
        let name = sample.name;
        let starts = starts(name, &sample.html);
        let of = |element: &str| {
            starts
                .iter()
                .filter(move |it| it.name == element)
                .collect::<Vec<_>>()
        };
        assert!(sample.html.starts_with("<!doctype html>"), "{name}");
        assert_eq!(of("html")[0].attribute("lang"), Some("en"), "{name}");
        assert_eq!((of("h1").len(), of("main").len()), (1, 1), "{name}");
        let mut ids: Vec<_> = starts.iter().filter_map(|it| it.attribute("id")).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "{name}: an id twice");
        for start in &starts {
            // Whatever names another element names one that is there.
            for attribute in ["for", "aria-labelledby", "aria-describedby"] {
                for id in start
                    .attribute(attribute)
                    .unwrap_or_default()
                    .split_whitespace()
                {
                    assert!(ids.binary_search(&id).is_ok(), "{name}: {attribute}={id}");
                }
            }
            if let Some(id) = start.attribute("href").and_then(|it| it.strip_prefix('#')) {
                assert!(ids.binary_search(&id).is_ok(), "{name}: #{id}");
            }
            assert!(
                start.attribute("alt").is_some() || start.name != "img",
                "{name}: {start:?}"
            );
            assert!(start.attribute("style").is_none(), "{name}: {start:?}");
            assert!(
                !start
                    .attributes
                    .iter()
                    .any(|(key, _)| key.starts_with("on")),
                "{name}: {start:?}"
            );
        }
        let labels: Vec<_> = of("label")
            .iter()
            .filter_map(|it| it.attribute("for"))
            .collect();
        for input in of("input").into_iter().chain(of("textarea")) {
            let kind = input.attribute("type").unwrap_or("text");
            let is_labelled = matches!(kind, "hidden" | "checkbox" | "radio") // A box stands inside its label.
                || input.attribute("id").is_some_and(|id| labels.contains(&id));
            assert!(is_labelled, "{name}: {input:?}");
        }
        headings_do_not_skip(name, &starts);
    }
}

fn headings_do_not_skip(name: &str, starts: &[Start]) {
    let levels: Vec<u32> = starts
        .iter()
        .filter_map(|it| it.name.strip_prefix('h')?.parse().ok())
        .collect();
    assert_eq!(levels.first(), Some(&1), "{name}");
    for pair in levels.windows(2) {
        assert!(pair[1] <= pair[0] + 1, "{name}: {levels:?}");
    }
}

#[test]
fn scripts_and_styles_come_from_our_own_files_alone() {
    // sec: CS-6
    for sample in super::samples() {
        for start in starts(sample.name, &sample.html) {
            let source = match start.name.as_str() {
                "script" | "img" => start.attribute("src"),
                // Loads nothing: it names the same document as plain text.
                "link" if start.attribute("rel") == Some("alternate") => continue,
                "link" => start.attribute("href"),
                "style" | "iframe" | "object" | "embed" | "base" => {
                    panic!("{}: {start:?}", sample.name)
                }
                _ => continue,
            };
            let is_logo =
                start.name == "img" && source.is_some_and(|it| it.starts_with("/app/logos/"));
            assert!(
                is_logo || source.is_some_and(|it| it.starts_with("/assets/")),
                "{}: {start:?}",
                sample.name
            );
        }
    }
}

#[test]
fn approve_and_deny_weigh_the_same() {
    for sample in super::samples().iter().filter(|it| it.name == "consent") {
        let starts = starts(sample.name, &sample.html);
        let decisions: Vec<_> = starts
            .iter()
            .filter(|it| {
                it.attribute("class")
                    .is_some_and(|class| class.contains("decision"))
            })
            .collect();
        assert_eq!(decisions.len(), 2);
        assert_eq!(
            decisions[0].attribute("class"),
            decisions[1].attribute("class")
        );
    }
}

#[test]
fn forms_carry_the_sessions_token() {
    // sec: CS-1
    for sample in super::samples() {
        let is_before_any_session = matches!(sample.name, "signup" | "login");
        // A locked page has no form, and a script that needs the token.
        let forms =
            sample.html.matches("<form").count() + usize::from(sample.name.starts_with("locked"));
        // What only asks changes nothing.
        let forms = forms - sample.html.matches("<form method=\"get\"").count();
        let tokens = sample.html.matches(r#"name="csrf" value="token""#).count();
        assert_eq!(
            tokens,
            if is_before_any_session { 0 } else { forms },
            "{}",
            sample.name
        );
    }
}

#[test]
fn a_pages_policy_lets_its_own_forms_go_and_no_others() {
    // sec: CS-6, CS-7
    for sample in super::samples() {
        let header = |name: &str| {
            let found = sample.headers.iter().find(|(key, _)| key == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        let has_forms = sample.html.contains("method=\"post\"");
        let policy = header("content-security-policy");
        assert!(
            !has_forms || policy.contains("form-action 'self'"),
            "{}: {policy}",
            sample.name
        );
        assert!(
            !has_forms || header("referrer-policy") == "same-origin",
            "{}",
            sample.name
        );
    }
}
