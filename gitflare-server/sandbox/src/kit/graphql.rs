//! Enough of GraphQL to answer a query for objects by their ids: the fields that a query selects, and
//! the refusal of a field that an object does not have. Arguments are the handler's business.

use serde_json::{Map, Value, json};

use super::{Answer, Request};

/// The most objects that are asked for at once.
const MAX_IDS: usize = 100;

/// What is selected of an object.
#[derive(Debug)]
enum Selection {
    /// A field, with what is selected of its object.
    Field(String, Vec<Selection>),
    /// What is selected of objects of a type.
    Of(String, Vec<Selection>),
}

/// The ids in the query's variables; the answer to a query that has none or too many.
pub(crate) fn ids(request: &Request) -> Result<Vec<String>, Answer> {
    let body = request.json();
    let list = body["variables"]["ids"].as_array();
    let ids: Option<Vec<String>> = list.map(|list| {
        let texts = list.iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    });
    match ids {
        Some(ids) if ids.len() <= MAX_IDS => Ok(ids),
        Some(_) => Err(refused("You may not provide more than 100 node ids")),
        None => Err(refused(
            "Variable $ids of type [ID!]! was provided invalid value",
        )),
    }
}

/// Answers a query with what it selects of `root`, and with errors for what is absent.
pub(crate) fn answer(request: &Request, root: &Value, errors: &[Value]) -> Answer {
    let body = request.json();
    let query = body["query"].as_str().unwrap_or_default();
    let tokens = tokens(query);
    let Some(at) = tokens.iter().position(|token| token == "{") else {
        return refused("A query attribute must be specified and must be a string.");
    };
    let mut left = &tokens[at + 1..];
    match select(root, &set(&mut left), "Query") {
        Ok(data) if errors.is_empty() => Answer::json(200, &json!({"data": data})),
        Ok(data) => Answer::json(200, &json!({"data": data, "errors": errors})),
        Err(why) => refused(&why),
    }
}

/// A query that is not answered; the status is that of success, as GraphQL has it.
fn refused(why: &str) -> Answer {
    Answer::json(200, &json!({"errors": [{"message": why}]}))
}

/// The names, braces and dots of a query, without what stands in parentheses.
fn tokens(query: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let (mut word, mut depth) = (String::new(), 0u32);
    for c in query.chars() {
        let is_word = depth == 0 && (c.is_alphanumeric() || matches!(c, '_' | '.'));
        if is_word {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '{' | '}' if depth == 0 => tokens.push(c.to_string()),
            _ => {}
        }
    }
    tokens
}

/// The selections up to the brace that closes them.
fn set(left: &mut &[String]) -> Vec<Selection> {
    let mut selections = Vec::new();
    while let Some((token, rest)) = left.split_first() {
        *left = rest;
        match (token.as_str(), rest) {
            ("}", _) => break,
            ("...", [_, kind, brace, rest @ ..]) if brace == "{" => {
                *left = rest;
                selections.push(Selection::Of(kind.clone(), set(left)));
            }
            (name, [brace, rest @ ..]) if brace == "{" => {
                *left = rest;
                selections.push(Selection::Field(name.to_owned(), set(left)));
            }
            (name, _) => selections.push(Selection::Field(name.to_owned(), Vec::new())),
        }
    }
    selections
}

/// What is selected of a value.
fn select(value: &Value, selections: &[Selection], kind: &str) -> Result<Value, String> {
    match value {
        Value::Array(items) => {
            let items = items.iter().map(|item| select(item, selections, kind));
            items.collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(object) => {
            let kind = object
                .get("__typename")
                .and_then(Value::as_str)
                .unwrap_or(kind);
            let mut selected = Map::new();
            for selection in selections {
                match selection {
                    Selection::Of(wanted, within) if wanted == kind => {
                        let more = select(value, within, kind)?;
                        selected.extend(more.as_object().cloned().unwrap_or_default());
                    }
                    Selection::Of(..) => {}
                    Selection::Field(name, within) => {
                        let field = object.get(name).ok_or_else(|| {
                            format!("Field '{name}' doesn't exist on type '{kind}'")
                        })?;
                        selected.insert(name.clone(), select(field, within, name)?);
                    }
                }
            }
            Ok(Value::Object(selected))
        }
        leaf => Ok(leaf.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_gets_what_it_selects_and_no_field_that_is_not_there() {
        let root = json!({"nodes": [{"__typename": "Repository", "name": "a", "owner": {"login": "o", "id": 1}}, null]});
        let ask = |query: &str| {
            let request = Request {
                body: json!({"query": query}).to_string().into_bytes(),
                ..Request::default()
            };
            let answer = answer(&request, &root, &[]);
            serde_json::from_slice::<Value>(&answer.body).unwrap()
        };
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on User { x } ... on Repository { name owner { login } } } }";
        let expected = json!({"data": {"nodes": [{"name": "a", "owner": {"login": "o"}}, null]}});
        assert_eq!(ask(query), expected);
        let refused = ask("{ nodes { ... on Repository { stars } } }");
        let why = "Field 'stars' doesn't exist on type 'Repository'";
        assert_eq!(refused, json!({"errors": [{"message": why}]}));
    }
}
