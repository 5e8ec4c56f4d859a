//! Bodies with a hole: each value of a fixture in turn becomes `null`, then is left out.

use serde_json::{Map, Value};

/// The paths below which an answer cannot do without a value, `*` for every index; the same with
/// and without the key. `map` is the operation over a body.
pub(crate) async fn needed<F: Future<Output = bool>>(
    fixture: &str,
    map: impl Fn(String) -> F,
) -> Vec<String> {
    let whole: Value = serde_json::from_str(fixture).unwrap();
    let mut paths = Vec::new();
    collect(&whole, String::new(), &mut paths);
    let mut needed = Vec::new();
    for path in paths {
        let (parent, key) = path.rsplit_once('/').unwrap();
        let mut null = whole.clone();
        *null.pointer_mut(&path).unwrap() = Value::Null;
        let mut absent = whole.clone();
        let had_key = absent
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .and_then(|object: &mut Map<_, _>| object.remove(key))
            .is_some();
        let survives = map(null.to_string()).await;
        if had_key {
            assert_eq!(map(absent.to_string()).await, survives, "{path} left out");
        }
        if !survives {
            needed.push(path);
        }
    }
    let mut shapes: Vec<_> = needed.iter().map(|path| shape(path)).collect();
    shapes.sort();
    shapes.dedup();
    shapes
}

fn shape(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.parse::<usize>() {
        Ok(_) => "*",
        Err(_) => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn collect(value: &Value, path: String, into: &mut Vec<String>) {
    match value {
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                collect(value, format!("{path}/{at}"), into);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                collect(value, format!("{path}/{key}"), into);
            }
        }
        _ => {}
    }
    if !path.is_empty() {
        into.push(path);
    }
}
