//! The language of `q`: comparisons of members, joined by AND, OR and parentheses; and the orders of
//! `sort`. A list is `IN (...)`; there are no functions.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/intro/#filtering>

use std::cmp::Ordering;

use serde_json::Value;

/// What a row has to be like.
#[derive(Debug)]
pub(super) enum Query {
    All(Vec<Self>),
    Any(Vec<Self>),
    /// The member of that path, compared with these values: one of them, where there are several.
    Compared(String, &'static str, Vec<Value>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

/// Longer ones first.
const SIGNS: &[&str] = &["!=", "!~", "<=", ">=", "=", "~", "<", ">", "(", ")", ","];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let (mut all, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
        if let Some(sign) = sign {
            all.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) = quoted.split_once('"')?;
            all.push(Token::Text(text.to_owned()));
            rest = after;
        } else {
            let ends = |c: char| c.is_whitespace() || "=!~<>(),\"".contains(c);
            let end = rest.find(ends).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            all.push(Token::Word(word.to_owned()));
            rest = after;
        }
        if matches!(all.last(), Some(Token::Word(word)) if word.is_empty()) {
            return None;
        }
        rest = rest.trim_start();
    }
    Some(all)
}

/// What is left to read of a query.
struct Reader<'t>(&'t [Token]);

impl Reader<'_> {
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first.clone())
    }

    /// Takes that word or sign if it comes next.
    fn takes(&mut self, wanted: &str) -> bool {
        let is_next = match self.0.first() {
            Some(Token::Word(word)) => word.eq_ignore_ascii_case(wanted),
            Some(Token::Sign(sign)) => *sign == wanted,
            _ => false,
        };
        if is_next {
            self.0 = &self.0[1..];
        }
        is_next
    }

    fn any(&mut self) -> Option<Query> {
        let mut parts = vec![self.all()?];
        while self.takes("OR") {
            parts.push(self.all()?);
        }
        Some(Query::Any(parts))
    }

    fn all(&mut self) -> Option<Query> {
        let mut parts = vec![self.one()?];
        while self.takes("AND") {
            parts.push(self.one()?);
        }
        Some(Query::All(parts))
    }

    fn one(&mut self) -> Option<Query> {
        if self.takes("(") {
            let inner = self.any()?;
            return self.takes(")").then_some(inner);
        }
        let Token::Word(member) = self.next()? else {
            return None;
        };
        let is_not = self.takes("NOT");
        if self.takes("IN") {
            let operator = if is_not { "!=" } else { "=" };
            return Some(Query::Compared(member, operator, self.list()?));
        }
        let Token::Sign(operator) = self.next()? else {
            return None;
        };
        let is_comparison = !is_not && !["(", ")", ","].contains(&operator);
        let value = value(self.next()?)?;
        is_comparison.then(|| Query::Compared(member, operator, vec![value]))
    }

    fn list(&mut self) -> Option<Vec<Value>> {
        let mut values = Vec::new();
        if !self.takes("(") {
            return None;
        }
        loop {
            values.push(value(self.next()?)?);
            if self.takes(")") {
                return Some(values);
            }
            if !self.takes(",") {
                return None;
            }
        }
    }
}

/// A text, or a word that is a number, a truth value, null or a moment.
fn value(token: Token) -> Option<Value> {
    match token {
        Token::Text(text) => Some(Value::String(text)),
        Token::Word(word) => {
            Some(serde_json::from_str(&word.to_lowercase()).unwrap_or(Value::String(word)))
        }
        Token::Sign(_) => None,
    }
}

/// The member at a path with dots; `None` where a row has none.
fn member<'r>(row: &'r Value, path: &str) -> Option<&'r Value> {
    path.split('.').try_fold(row, |value, name| value.get(name))
}

fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

fn compare(found: &Value, operator: &str, wanted: &Value) -> bool {
    let contains = || match (found.as_str(), wanted.as_str()) {
        (Some(found), Some(wanted)) => found.to_lowercase().contains(&wanted.to_lowercase()),
        _ => false,
    };
    match operator {
        "=" => found == wanted,
        "!=" => found != wanted,
        "~" => contains(),
        "!~" => !contains(),
        "<" => order(found, wanted) == Some(Ordering::Less),
        ">" => order(found, wanted) == Some(Ordering::Greater),
        "<=" => matches!(order(found, wanted), Some(Ordering::Less | Ordering::Equal)),
        _ => matches!(
            order(found, wanted),
            Some(Ordering::Greater | Ordering::Equal)
        ),
    }
}

impl Query {
    /// The query of a text; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let tokens = tokens(text)?;
        let mut reader = Reader(&tokens);
        let query = reader.any()?;
        reader.0.is_empty().then_some(query)
    }

    /// Whether the members that it names are those of such rows.
    pub(super) fn is_about(&self, rows: &[Value]) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().all(|part| part.is_about(rows)),
            Self::Compared(path, ..) => {
                rows.is_empty() || rows.iter().any(|row| member(row, path).is_some())
            }
        }
    }

    /// Whether a row is wanted.
    pub(super) fn holds(&self, row: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Compared(path, operator, values) => {
                let found = member(row, path).unwrap_or(&Value::Null);
                let mut values = values.iter();
                match *operator {
                    // Of a list: none of them.
                    "!=" => values.all(|value| compare(found, "!=", value)),
                    operator => values.any(|value| compare(found, operator, value)),
                }
            }
        }
    }
}

/// Sorts rows by a member, falling with a minus in front; equal ones stay as they are.
pub(super) fn in_order(rows: &mut [Value], sort: &str) {
    let (path, falls) = match sort.strip_prefix('-') {
        Some(path) => (path, true),
        None => (sort, false),
    };
    let of = |row: &Value| member(row, path).cloned().unwrap_or_default();
    // Rows without the member come first.
    let kind = |value: &Value| (value.is_number(), value.is_string());
    rows.sort_by(|one, other| {
        let (one, other) = (of(one), of(other));
        let by_value = || order(&one, &other).unwrap_or(Ordering::Equal);
        let order = kind(&one).cmp(&kind(&other)).then_with(by_value);
        if falls { order.reverse() } else { order }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_holds_or_not() {
        let row = json!({
            "name": "feature/search", "id": 7, "draft": false, "closed": null, "created_on": "2025-03-01T08:00:00+00:00",
            "author": {"nickname": "anna"},
        });
        for (text, holds) in [
            (r#"name = "feature/search""#, true),
            (r#"name="main""#, false),
            (r#"name ~ "SEARCH" AND id > 6"#, true),
            (r#"name !~ "search" OR id <= 6"#, false),
            (r#"(id < 7 OR id >= 7) AND author.nickname = "anna""#, true),
            (r#"id IN (1, 7)"#, true),
            (r#"id NOT IN (1, 7)"#, false),
            ("draft = false AND closed = null", true),
            ("created_on > 2025-01-01", true),
            ("created_on > 2026-01-01", false),
        ] {
            let query = Query::parse(text).unwrap();
            assert_eq!(query.holds(&row), holds, "{text}");
            assert!(query.is_about(std::slice::from_ref(&row)), "{text}");
        }
        assert!(!Query::parse(r#"nobody = "x""#).unwrap().is_about(&[row]));
        for text in [
            "",
            "name",
            "name =",
            r#"name = "x"#,
            "= 7",
            "(id = 7",
            "id = 7 AND",
            "id IN (7",
            "id IN 7",
            "id = 7 name",
            "id NOT = 7",
            "!",
        ] {
            assert!(Query::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn rows_come_in_the_order_that_was_asked_for() {
        let mut rows = vec![json!({"n": 2}), json!({"n": 10}), json!({"n": 1})];
        in_order(&mut rows, "n");
        assert_eq!(rows, [json!({"n": 1}), json!({"n": 2}), json!({"n": 10})]);
        in_order(&mut rows, "-n");
        assert_eq!(rows[0], json!({"n": 10}));
    }
}
