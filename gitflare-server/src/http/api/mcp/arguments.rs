//! A tool's arguments as a unified read: what stands in the path of its REST twin, what in the query, and
//! what narrows the answer. Their types are judged here, their values by the gateway.

use gitflare_core::{Error, Result};
use rmcp::model::JsonObject;
use serde_json::Value;

use super::{narrow::Extra, tools::Offer};

/// Arguments, each in its place.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) provider: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) item: Option<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) extra: Extra,
}

/// Reads what was sent; `null` counts as left out.
///
/// # Errors
/// `INVALID_REQUEST` naming the argument and the rule that it broke.
pub(super) fn read(offer: &Offer, sent: &JsonObject) -> Result<Arguments> {
    let properties = &offer.properties;
    let mut arguments = Arguments::default();
    for (name, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
        let Some(schema) = properties.get(name) else {
            let known: Vec<_> = properties.keys().map(|name| format!("`{name}`")).collect();
            return Err(Error::invalid_request(format!(
                "An argument is not one of this tool's, which are {}.",
                known.join(", ")
            )));
        };
        if arguments.extra.take(offer.endpoint, name, value)? {
            continue;
        }
        let text = text(name, value, &schema["type"])?;
        let is_in_path = offer.in_path.iter().any(|it| it == name);
        match name.as_str() {
            _ if !is_in_path => arguments.query.push((name.clone(), text)),
            // No path has an empty segment.
            _ if text.is_empty() => {
                return Err(Error::invalid_request(format!(
                    "`{name}` must not be empty."
                )));
            }
            "provider" => arguments.provider = Some(text),
            "repository" => arguments.repository = Some(text),
            _ => arguments.item = Some(text),
        }
    }
    let mut in_path = offer.in_path.iter();
    match in_path.find(|name| sent.get(*name).is_none_or(Value::is_null)) {
        Some(missing) => Err(Error::invalid_request(format!("`{missing}` is needed."))),
        None => Ok(arguments),
    }
}

/// The text that the query of the REST twin would have.
fn text(name: &str, value: &Value, kind: &Value) -> Result<String> {
    match (kind.as_str(), value) {
        (Some("string"), Value::String(text)) => Ok(text.clone()),
        (Some("integer"), Value::Number(number)) if number.is_u64() || number.is_i64() => {
            Ok(number.to_string())
        }
        (Some("boolean"), Value::Bool(value)) => Ok(value.to_string()),
        (kind, _) => {
            let article = match kind {
                Some("integer") => "an",
                _ => "a",
            };
            let kind = kind.unwrap_or("string");
            Err(Error::invalid_request(format!(
                "`{name}` must be {article} {kind}."
            )))
        }
    }
}
