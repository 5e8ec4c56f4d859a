//! Partial answers: `fields=` names the members that are wanted, or with a minus those that are not. What a
//! plus would add is in every answer here.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/intro/#partial-response>

use serde_json::Value;

use crate::kit::{Answer, Request};

/// The parts of an answer that a call asks for.
pub(super) fn shape(request: &Request, mut answer: Answer) -> Answer {
    let Some(fields) = request.query("fields").filter(|_| answer.status == 200) else {
        return answer;
    };
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
        return answer;
    };
    let path = |name: &'_ str| name.split('.').map(str::to_owned).collect::<Vec<_>>();
    let names = || fields.split(',').map(str::trim);
    let wanted = names().filter(|name| !name.starts_with(['-', '+']));
    let wanted: Vec<_> = wanted.map(path).collect();
    if !wanted.is_empty() {
        let wanted: Vec<&[String]> = wanted.iter().map(Vec::as_slice).collect();
        keep(&mut body, &wanted);
    }
    for name in names().filter_map(|name| name.strip_prefix('-')) {
        leave_out(&mut body, &path(name));
    }
    answer.body = body.to_string().into_bytes();
    answer
}

fn keep(value: &mut Value, wanted: &[&[String]]) {
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(|row| keep(row, wanted)),
        Value::Object(members) => {
            members.retain(|name, _| wanted.iter().any(|path| path[0] == *name));
            for (name, member) in members {
                let own = wanted.iter().filter(|path| path[0] == *name);
                let below: Vec<&[String]> = own.map(|path| &path[1..]).collect();
                if below.iter().all(|path| !path.is_empty()) {
                    keep(member, &below);
                }
            }
        }
        _ => {}
    }
}

fn leave_out(value: &mut Value, path: &[String]) {
    match (value, path) {
        (Value::Array(rows), path) => rows.iter_mut().for_each(|row| leave_out(row, path)),
        (Value::Object(members), [last]) => drop(members.remove(last)),
        (Value::Object(members), [name, rest @ ..]) => {
            if let Some(member) = members.get_mut(name) {
                leave_out(member, rest);
            }
        }
        _ => {}
    }
}
