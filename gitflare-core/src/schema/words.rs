//! The schema of a text that is one of a closed list of words. It knows no type of the core, so that
//! all of them can use it.

use schemars::{Schema, json_schema};
use serde_json::Value;

/// A string that is one of these words.
pub(crate) fn one_of<'w>(description: &str, words: impl Iterator<Item = &'w str>) -> Schema {
    let words: Vec<Value> = words.map(Value::from).collect();
    json_schema!({"type": "string", "enum": words, "description": description})
}
