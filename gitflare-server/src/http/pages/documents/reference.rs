//! The reference of one operation, and the list of all, as Markdown out of the OpenAPI document: what it
//! takes, what it answers, an example of both, and the errors that can come.

use std::fmt::Write;

use gitflare_core::CODES;
use serde_json::{Map, Value};

/// How deep the members of members are listed.
const DEPTH: usize = 4;
/// Examples longer than this are cut: the whole one is in the OpenAPI document.
const MAX_EXAMPLE: usize = 4000;

/// Reads the OpenAPI document.
#[derive(Clone, Copy)]
pub(crate) struct Reference<'a>(pub(crate) &'a Value);

impl<'a> Reference<'a> {
    /// Every operation: method, path, and the operation itself.
    fn operations(self) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
        })
    }

    /// The id of an operation; empty when the document has none.
    pub(crate) fn id_of(self, method: &str, path: &str) -> String {
        let braced: Vec<_> = path
            .split('/')
            .map(|part| match part.strip_prefix(':') {
                Some(name) => format!("{{{name}}}"),
                None if part == "*" => "{path}".to_owned(),
                None => part.to_owned(),
            })
            .collect();
        let operation = &self.0["paths"][braced.join("/")][method.to_ascii_lowercase()];
        operation["operationId"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The names of an operation's query parameters.
    pub(crate) fn query_of(self, method: &str, path: &str) -> impl Iterator<Item = &'a str> {
        let id = self.id_of(method, path);
        let found = self
            .operations()
            .find(|(_, _, it)| it["operationId"] == id.as_str());
        let parameters = found.and_then(|(_, _, it)| it["parameters"].as_array());
        let own = parameters.into_iter().flatten();
        own.filter(|it| it["in"] == "query")
            .filter_map(|it| it["name"].as_str())
    }

    /// An example of the JSON that an operation takes; `None` when it takes none.
    pub(crate) fn body_of(self, method: &str, path: &str) -> Option<String> {
        let id = self.id_of(method, path);
        let mut all = self.operations();
        let (_, _, found) = all.find(|(_, _, it)| it["operationId"] == id.as_str())?;
        let content = &found["requestBody"]["content"]["application/json"];
        serde_json::to_string_pretty(content.get("example")?).ok()
    }

    /// The page of one operation; `None` when there is no such id.
    pub(crate) fn operation(self, id: &str) -> Option<String> {
        let mut all = self.operations();
        let (method, path, operation) = all.find(|(_, _, it)| it["operationId"] == id)?;
        let mut text = format!("# {} {path}\n\n", method.to_ascii_uppercase());
        self.describe(&mut text, operation, "##");
        Some(text)
    }

    /// Every operation by group, with where its own text is: all of them in one would be half a megabyte.
    pub(crate) fn index(self) -> String {
        let mut groups: Vec<(&str, String)> = Vec::new();
        for (method, path, operation) in self.operations() {
            let of = |value: &'a Value| value.as_str().unwrap_or_default();
            let (id, about) = (of(&operation["operationId"]), of(&operation["summary"]));
            let (title, method) = (of(&operation["tags"][0]), method.to_ascii_uppercase());
            let row = format!("- [`{method} {path}`](/docs/api/{id}.md): {about}\n");
            match groups.iter_mut().find(|(known, _)| *known == title) {
                Some((_, rows)) => rows.push_str(&row),
                None => groups.push((title, row)),
            }
        }
        let mut text = String::from(
            "# API reference\n\nEvery operation. The text that each leads to has what it takes and answers, an \
             example of both, and the errors that can come; [`/openapi.json`](/openapi.json) has all in one.\n\n",
        );
        for (title, rows) in groups {
            let _ = write!(text, "## {title}\n\n{rows}\n");
        }
        text
    }

    fn describe(self, text: &mut String, operation: &'a Value, mark: &str) {
        let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let _ = write!(text, "{}\n\n", words(&operation["summary"]));
        let needed: Vec<_> = operation["security"]
            .as_array()
            .into_iter()
            .flatten()
            .map(credential)
            .collect();
        if !needed.is_empty() {
            let _ = write!(text, "Credential: {}.\n\n", needed.join(", or "));
        }
        self.parameters(text, operation, mark);
        let contents = &operation["requestBody"]["content"];
        for (media, content) in contents.as_object().into_iter().flatten() {
            let _ = write!(text, "{mark} Takes `{media}`\n\n");
            self.content(text, content);
        }
        let responses = operation["responses"].as_object();
        for (status, response) in responses.into_iter().flatten() {
            if response.get("$ref").is_none() {
                self.answer(text, status, response, mark);
            }
        }
        self.errors(text, responses, mark);
    }

    fn parameters(self, text: &mut String, operation: &'a Value, mark: &str) {
        let list = operation["parameters"].as_array().into_iter().flatten();
        let own: Vec<_> = list.filter(|it| it.get("$ref").is_none()).collect();
        if own.is_empty() {
            return;
        }
        let _ = write!(
            text,
            "{mark} Parameters\n\n| name | in | type | meaning | example |\n|---|---|---|---|---|\n"
        );
        for one in own {
            let of = |name: &str| one[name].as_str().unwrap_or_default();
            let needed = if one["required"] == true {
                ", required"
            } else {
                ""
            };
            let _ = writeln!(
                text,
                "| `{}` | {}{needed} | {} | {} | {} |",
                of("name"),
                of("in"),
                self.kind(&one["schema"]),
                cell(of("description")),
                example(&one["example"]),
            );
        }
        text.push('\n');
    }

    fn answer(self, text: &mut String, status: &str, response: &'a Value, mark: &str) {
        let about = response["description"].as_str().unwrap_or_default();
        let _ = write!(text, "{mark} Answers {status}\n\n{about}\n\n");
        let contents = response["content"].as_object();
        for (media, content) in contents.into_iter().flatten() {
            if media == "application/json" {
                self.content(text, content);
            } else {
                let _ = write!(text, "As `{media}`.\n\n");
            }
        }
    }

    fn content(self, text: &mut String, content: &'a Value) {
        let mut rows = Vec::new();
        self.members(&content["schema"], "", DEPTH, &mut rows);
        if !rows.is_empty() {
            text.push_str("| member | type | meaning |\n|---|---|---|\n");
            for row in rows {
                let _ = writeln!(text, "{row}");
            }
            text.push('\n');
        }
        if let Some(example) = content.get("example") {
            let mut shown = serde_json::to_string_pretty(example).unwrap_or_default();
            if shown.len() > MAX_EXAMPLE {
                let end = (0..=MAX_EXAMPLE)
                    .rev()
                    .find(|at| shown.is_char_boundary(*at));
                shown.truncate(end.unwrap_or_default());
                shown.push_str("\n…");
            }
            let _ = write!(text, "```json\n{shown}\n```\n\n");
        }
    }

    /// The members of a schema, each below the path that leads to it.
    fn members(self, schema: &'a Value, above: &str, depth: usize, rows: &mut Vec<String>) {
        let schema = self.object_in(schema);
        let required = |name: &str| {
            let list = schema["required"].as_array();
            list.is_some_and(|list| list.iter().any(|it| it == name))
        };
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{above}{name}");
            let kind = self.kind(member);
            let optional = if required(name) {
                ""
            } else {
                ", may be left out"
            };
            let mut about = member["description"].as_str().unwrap_or_default();
            if is_error_code(member) {
                about = about.split("\n\n").next().unwrap_or_default();
            }
            let meaning = cell(about);
            rows.push(format!("| `{path}` | {kind}{optional} | {meaning} |"));
            if depth > 1 {
                let list = if kind.starts_with("list") { "[]" } else { "" };
                self.members(member, &format!("{path}{list}."), depth - 1, rows);
            }
        }
    }

    /// The schema behind a reference, a list or an alternative with `null`.
    fn object_in(self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return self
                .0
                .pointer(reference.trim_start_matches('#'))
                .unwrap_or(schema);
        }
        if let Some(items) = schema.get("items") {
            return self.object_in(items);
        }
        for list in ["anyOf", "oneOf", "allOf"] {
            let mut options = schema[list].as_array().into_iter().flatten();
            if let Some(option) = options.find(|it| it["type"] != "null") {
                return self.object_in(option);
            }
        }
        schema
    }

    /// The type of a value in words.
    fn kind(self, schema: &Value) -> String {
        if let Some(items) = schema.get("items") {
            return format!("list of {}", self.kind(items));
        }
        if let Some(name) = schema["$ref"].as_str() {
            let found = self.0.pointer(name.trim_start_matches('#'));
            return found.map_or_else(String::new, |it| match it.get("properties") {
                Some(_) => name.rsplit('/').next().unwrap_or_default().to_owned(),
                None => self.kind(it),
            });
        }
        if is_error_code(schema) {
            return "one of the [error codes](/docs/errors)".to_owned();
        }
        if let Some(words) = schema["enum"].as_array() {
            let words = words.iter().filter_map(Value::as_str);
            return words
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(", ");
        }
        for list in ["anyOf", "oneOf", "allOf"] {
            if let Some(options) = schema[list].as_array() {
                let kinds: Vec<_> = options.iter().map(|it| self.kind(it)).collect();
                return kinds.join(" or ");
            }
        }
        match &schema["type"] {
            Value::String(kind) => kind.clone(),
            Value::Array(kinds) => {
                let kinds: Vec<_> = kinds.iter().filter_map(Value::as_str).collect();
                kinds.join(" or ")
            }
            _ => "any".to_owned(),
        }
    }

    fn errors(self, text: &mut String, responses: Option<&Map<String, Value>>, mark: &str) {
        let mut rows = String::new();
        for (status, response) in responses.into_iter().flatten() {
            let Some(reference) = response["$ref"].as_str() else {
                continue;
            };
            let found = self.0.pointer(reference.trim_start_matches('#'));
            let codes = found.and_then(|it| it["x-error-codes"].as_array());
            let codes = codes.into_iter().flatten().filter_map(Value::as_str);
            let links: Vec<_> = codes
                .map(|it| format!("[`{it}`](/docs/errors#{it})"))
                .collect();
            let _ = writeln!(rows, "| {status} | {} |", links.join(", "));
        }
        if !rows.is_empty() {
            let _ = write!(
                text,
                "{mark} Errors\n\n| HTTP | codes |\n|---|---|\n{rows}\n"
            );
        }
    }
}

/// Whether a schema is that of all error codes, which have a document of their own.
fn is_error_code(schema: &Value) -> bool {
    let words = schema["enum"].as_array();
    words.is_some_and(|words| words.len() == CODES.len())
}

/// One way to authenticate, in words.
fn credential(requirement: &Value) -> String {
    let ways = requirement.as_object().into_iter().flatten();
    let ways: Vec<_> = ways
        .map(|(name, scopes)| {
            let scopes = scopes
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            let scopes: Vec<_> = scopes.map(|scope| format!("`{scope}`")).collect();
            match scopes.is_empty() {
                true => format!("`{name}`"),
                false => format!("`{name}` with {}", scopes.join(", ")),
            }
        })
        .collect();
    match ways.is_empty() {
        true => "none".to_owned(),
        false => ways.join(" and "),
    }
}

/// Text that fits into a cell.
fn cell(text: &str) -> String {
    text.replace('|', "/").replace('\n', " ")
}

fn example(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => format!("`{}`", cell(text)),
        other => format!("`{}`", cell(&other.to_string())),
    }
}
