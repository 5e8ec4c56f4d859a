//! Reads what upstreams send as JSON, however odd an optional value in it is: one that cannot be read is
//! unknown, as if `null` had been sent in its place. What nothing can be read without still makes the
//! whole unreadable. It maps nothing, and what can be read at once costs nothing more.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

/// A longer text is read as it is, or not at all.
const MAX_BYTES: usize = 1024 * 1024;
/// How many values of one text may be odd.
const MAX_ODD: usize = 64;

/// Reads a text.
///
/// # Errors
/// Why it cannot be read as it was sent, where a value that is needed is odd.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, sonic_rs::Error> {
    sonic_rs::from_slice(text).or_else(|error| {
        let value = match text.len() {
            0..=MAX_BYTES => serde_json::from_slice(text).ok(),
            _ => None,
        };
        value.and_then(of).ok_or(error)
    })
}

/// Reads a value; `None` where one that is needed is odd.
pub(crate) fn of<T: DeserializeOwned>(mut value: Value) -> Option<T> {
    for _ in 0..MAX_ODD {
        let error = match serde_path_to_error::deserialize(&value) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let is_text = error.inner().to_string().contains("expected a string");
        let path: Vec<&Segment> = error.path().iter().collect();
        *odd(&mut value, &path, is_text)? = Value::Null;
    }
    None
}

/// What is unknown then: the value itself, else the nearest one around it that was not `null` yet. A list
/// of texts of which one cannot be read is unknown as a whole. Of rows none is left out in silence: there
/// is nothing then.
fn odd<'v>(value: &'v mut Value, mut path: &[&Segment], is_text: bool) -> Option<&'v mut Value> {
    let is_member = |step: &&Segment| matches!(step, Segment::Map { .. } | Segment::Seq { .. });
    let known = path.iter().take_while(|step| is_member(step)).count();
    path = &path[..known];
    while let [around @ .., last] = path {
        let is_known = at(value, path).is_some_and(|found| !found.is_null());
        match last {
            Segment::Map { .. } if is_known => return at(value, path),
            Segment::Seq { .. } if !is_text || path.len() < known => return None,
            _ => path = around,
        }
    }
    None
}

fn at<'v>(value: &'v mut Value, path: &[&Segment]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Segment::Map { key } => value.get_mut(key.as_str()),
        Segment::Seq { index } => value.get_mut(*index),
        Segment::Enum { .. } | Segment::Unknown => None,
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::wire::{Id, Rows, Word, filled};

    #[derive(Debug, Deserialize)]
    struct Row {
        id: Id,
        size: Option<u64>,
        #[serde(default, deserialize_with = "filled")]
        text: Option<String>,
        kind: Option<Word>,
        parents: Option<Rows<String>>,
        owner: Option<Owner>,
    }

    #[derive(Debug, Deserialize)]
    struct Owner {
        name: String,
        age: Option<u64>,
    }

    fn shown(sent: &Value) -> Option<Value> {
        let row: Row = read(sent.to_string().as_bytes()).ok()?;
        let owner = row.owner.map(|owner| json!([owner.name, owner.age]));
        let kind = row.kind.as_ref().map(Word::as_str);
        let parents = row.parents.map(|parents| parents.0);
        Some(json!([
            row.id.number(),
            row.size,
            row.text,
            kind,
            parents,
            owner
        ]))
    }

    #[test]
    fn an_odd_value_is_unknown_and_costs_nothing_else() {
        let whole = json!({
            "id": 7, "size": 12, "text": "a", "kind": "tree", "parents": ["p"], "owner": {"name": "n", "age": 3},
        });
        let read = json!([7, 12, "a", "tree", ["p"], ["n", 3]]);
        assert_eq!(shown(&whole), Some(read.clone()));
        for (place, odd, at) in [
            ("/size", json!("12 kB"), "/1"),
            ("/size", json!(-1), "/1"),
            ("/size", json!([12]), "/1"),
            ("/text", json!(7), "/2"),
            ("/text", json!({"raw": "a"}), "/2"),
            ("/kind", json!(true), "/3"),
            ("/parents", json!("p"), "/4"),
            // Not a list that lacks one of its entries.
            ("/parents/0", json!(7), "/4"),
            ("/parents/0", json!({"id": "p"}), "/4"),
            ("/owner", json!("n"), "/5"),
            ("/owner", json!({"age": 3}), "/5"),
            ("/owner/name", json!(7), "/5"),
            ("/owner/age", json!("old"), "/5/1"),
        ] {
            let mut sent = whole.clone();
            *sent.pointer_mut(place).unwrap() = odd;
            let mut expected = read.clone();
            *expected.pointer_mut(at).unwrap() = Value::Null;
            assert_eq!(shown(&sent), Some(expected), "{sent}");
        }
        let odd = json!({"id": 7, "size": [], "text": 1, "kind": {}, "parents": 2, "owner": 3});
        assert_eq!(shown(&odd), Some(json!([7, null, null, null, null, null])));
    }

    #[test]
    fn what_is_needed_is_not_unknown() {
        for sent in [
            json!({"id": {}, "size": 1}),
            json!({"size": "x"}),
            json!("row"),
            json!([7]),
        ] {
            assert_eq!(shown(&sent), None, "{sent}");
        }
        assert!(read::<Rows<Row>>(br#"[{"id": 1}, "x"]"#).is_err());
        assert!(read::<Row>(br#"{"id": 1"#).is_err());
        #[derive(Debug, Deserialize)]
        struct Page {
            _rows: Option<Rows<Row>>,
        }
        for rows in [
            json!([{"id": 1}, {"size": 2}]),
            json!([{"id": 1}, 7]),
            json!([{"size": 2}]),
            json!([{"id": {}}]),
            json!([7]),
        ] {
            let page = json!({ "_rows": rows }).to_string();
            assert!(read::<Page>(page.as_bytes()).is_err(), "{page}");
        }
    }
}
