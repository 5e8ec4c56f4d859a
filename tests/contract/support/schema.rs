//! Holds answers to the OpenAPI document, in both directions: no member that the schema lacks, no
//! member of the schema that is missing, no status or error code that the operation does not list.
//! Which members ever had a value is remembered, so that a test can name those that never do.

use std::{
    collections::BTreeSet,
    sync::{Mutex, OnceLock, PoisonError},
};

use serde_json::Value;

/// The transport's own refusals, which every route has.
const TRANSPORT: [u16; 6] = [405, 408, 413, 414, 415, 431];

/// An OpenAPI document.
pub(crate) struct Document(Value);

/// What was answered.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) target: &'a str,
    pub(crate) status: u16,
    pub(crate) is_json: bool,
    pub(crate) body: &'a [u8],
}

impl Document {
    pub(crate) const fn new(document: Value) -> Self {
        Self(document)
    }

    /// What is wrong with an answer; `None` when it is as described.
    pub(crate) fn mismatch(&self, answer: Answer<'_>) -> Option<String> {
        if !answer.is_json {
            return None;
        }
        let Ok(body) = serde_json::from_slice(answer.body) else {
            return Some("is not JSON".to_owned());
        };
        let error = &self.0["components"]["schemas"]["Error"];
        let Some(operation) = self.operation(answer.method, answer.target) else {
            return self.compare(&body, error, "body");
        };
        let response = &operation["responses"][answer.status.to_string()];
        let response = match response["$ref"].as_str() {
            Some(reference) => self.0.pointer(&reference[1..])?,
            None => response,
        };
        if TRANSPORT.contains(&answer.status) || is_no_route(&body) {
            return None;
        }
        let media = &response["content"]["application/json"];
        if !media.is_object() {
            return Some(format!("status {} is not described", answer.status));
        }
        let canonical = body.get("gitflare_error").unwrap_or(&body["error"]);
        if let (Some(code), Some(codes)) = (
            canonical["code"].as_str(),
            response["x-error-codes"].as_array(),
        ) && !codes.iter().any(|it| it == code)
        {
            return Some(format!("{code} is not listed under {}", answer.status));
        }
        self.compare(&body, &media["schema"], "body")
    }

    /// Whether a delivery's body is what the document says of its event.
    pub(crate) fn delivery_mismatch(&self, body: &Value) -> Option<String> {
        let name = body["type"].as_str().unwrap_or_default();
        let operation = &self.0["webhooks"][name]["post"];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        self.compare(body, schema, "body")
    }

    /// The named members of the schemas that answers and deliveries refer to.
    pub(crate) fn answered_members(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for item in self.0["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                self.collect(&operation["responses"], &mut names);
            }
        }
        self.collect(&self.0["webhooks"], &mut names);
        let members = names.iter().flat_map(|name| {
            let properties = self.0["components"]["schemas"][name]["properties"].as_object();
            let properties = properties.into_iter().flatten();
            properties.map(move |(member, _)| format!("{name}.{member}"))
        });
        members.collect()
    }

    /// The names of all schemas that a part of the document leads to.
    fn collect(&self, part: &Value, names: &mut BTreeSet<String>) {
        match part {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let name = reference.rsplit('/').next().unwrap_or_default();
                    let is_schema = reference.contains("/schemas/");
                    if !is_schema || names.insert(name.to_owned()) {
                        self.collect(self.0.pointer(&reference[1..]).unwrap(), names);
                    }
                }
                members.values().for_each(|it| self.collect(it, names));
            }
            Value::Array(items) => items.iter().for_each(|it| self.collect(it, names)),
            _ => {}
        }
    }

    /// The document itself.
    pub(crate) const fn value(&self) -> &Value {
        &self.0
    }

    /// The operation that serves a target; literal segments go before parameters.
    pub(crate) fn operation(&self, method: &str, target: &str) -> Option<&Value> {
        let path = target.split('?').next().unwrap_or_default();
        let segments: Vec<_> = path.split('/').collect();
        let paths = self.0["paths"].as_object()?;
        let fitting = paths.iter().filter(|(template, _)| {
            let parts: Vec<_> = template.split('/').collect();
            parts.len() == segments.len()
                && parts
                    .iter()
                    .zip(&segments)
                    .all(|(part, segment)| part.starts_with('{') || part == segment)
        });
        let (_, item) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
        let method = match method {
            "HEAD" => "get".to_owned(),
            method => method.to_ascii_lowercase(),
        };
        item.get(&method)
    }

    fn compare(&self, value: &Value, schema: &Value, at: &str) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mismatch = self.check(value, schema, None, at, &mut seen);
        if mismatch.is_none() {
            remembered().extend(seen);
        }
        mismatch
    }

    /// The first place where a value is not what a schema says. `name` is the schema's own.
    fn check(
        &self,
        value: &Value,
        schema: &Value,
        name: Option<&str>,
        at: &str,
        seen: &mut BTreeSet<String>,
    ) -> Option<String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next();
            let schema = self.0.pointer(&reference[1..])?;
            return self.check(value, schema, name, at, seen);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let mut wrong = None;
            for choice in choices {
                let mut inner = BTreeSet::new();
                match self.check(value, choice, name, at, &mut inner) {
                    None => {
                        seen.extend(inner);
                        return None;
                    }
                    Some(mismatch) => wrong = wrong.or(Some(mismatch)),
                }
            }
            return wrong;
        }
        if !is_of_type(value, &schema["type"]) || !is_word(value, &schema["enum"]) {
            return Some(format!("{at}: {value} is not {}", short(schema)));
        }
        match value {
            Value::String(text) => text_mismatch(text, schema).map(|why| format!("{at}: {why}")),
            Value::Array(items) => items.iter().find_map(|item| {
                self.check(item, &schema["items"], None, &format!("{at}[]"), seen)
            }),
            Value::Object(members) => {
                let required = schema["required"].as_array().into_iter().flatten();
                let mut required = required.filter_map(Value::as_str);
                if let Some(missing) = required.find(|name| !members.contains_key(*name)) {
                    return Some(format!("{at}.{missing} is missing"));
                }
                members.iter().find_map(|(member, value)| {
                    let at = format!("{at}.{member}");
                    match (
                        schema["properties"].get(member),
                        &schema["additionalProperties"],
                    ) {
                        (Some(of), _) => {
                            if let Some(name) = name
                                && !value.is_null()
                            {
                                seen.insert(format!("{name}.{member}"));
                            }
                            self.check(value, of, None, &at, seen)
                        }
                        (None, Value::Bool(true)) => None,
                        (None, of @ Value::Object(_)) => self.check(value, of, None, &at, seen),
                        (None, _) => Some(format!("{at} is not described")),
                    }
                })
            }
            _ => None,
        }
    }
}

/// Fails for an answer that is not as described.
#[track_caller]
pub(crate) fn report(method: &str, target: &str, status: u16, mismatch: Option<String>) {
    if let Some(why) = mismatch {
        panic!("{method} {target} -> {status} is not as described: {why}");
    }
}

/// Every member of a named schema that an answer of this process had a value for.
pub(crate) fn remembered() -> std::sync::MutexGuard<'static, BTreeSet<String>> {
    static SEEN: OnceLock<Mutex<BTreeSet<String>>> = OnceLock::new();
    SEEN.get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

fn is_of_type(value: &Value, kinds: &Value) -> bool {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match kinds {
        Value::Array(kinds) => kinds.iter().any(|it| it == kind),
        one => one == kind,
    }
}

fn is_word(value: &Value, words: &Value) -> bool {
    words.as_array().is_none_or(|words| words.contains(value))
}

/// What is wrong with a text's form. Patterns are those of ids: a literal start, then characters.
fn text_mismatch(text: &str, schema: &Value) -> Option<String> {
    if schema["format"] == "date-time" {
        let is_moment = text.len() == "2026-04-02T14:00:00.000Z".len() && text.ends_with('Z');
        return (!is_moment).then(|| format!("{text} is no time"));
    }
    let pattern = schema["pattern"].as_str()?.strip_prefix('^')?;
    let start = pattern.split('[').next().unwrap_or_default();
    (!text.starts_with(start)).then(|| format!("{text} does not begin with {start}"))
}

fn is_no_route(body: &Value) -> bool {
    body["error"]["message"] == "There is no such route."
}

fn short(schema: &Value) -> String {
    schema.to_string().chars().take(120).collect()
}
