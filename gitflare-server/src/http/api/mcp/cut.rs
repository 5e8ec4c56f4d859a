//! The text block of a tool's answer: the same JSON, and past 100 kB a part of it that ends at a row, file
//! or line, with `truncated` and the arguments that lead on. The structured answer stays whole.

use gitflare_core::provider::Endpoint;
use serde_json::{Map, Value, json};

use super::narrow::{MAX_PATTERNS, pattern_of};

/// The most bytes of a text block.
pub(super) const MAX_TEXT: usize = 100_000;
/// What the members around rows, files and lines may take.
const ROOM: usize = 20_000;
const FOR_PARTS: usize = MAX_TEXT - ROOM;
/// The most bytes of paths that lead on.
const FOR_PATHS: usize = 8_000;

/// The text of an answer. `first_line` is the number of the first line that it holds of a file.
pub(super) fn text(endpoint: Endpoint, answer: &Value, first_line: u64) -> String {
    let whole = answer.to_string();
    if whole.len() <= MAX_TEXT {
        return whole;
    }
    let data = &answer["data"];
    let cut = match data {
        Value::Array(rows) => list(endpoint, answer, rows),
        _ if data["files"].is_array() => diff(data),
        _ if data["content"].is_string() => file(data, first_line),
        _ => Value::Null,
    };
    let text = cut.to_string();
    match cut.is_null() || text.len() > MAX_TEXT {
        true => {
            let note = "The answer is larger than 100 kB and cannot be cut: it is whole in \
                `structuredContent`.";
            json!({"truncated": true, "next": null, "note": note}).to_string()
        }
        false => text,
    }
}

/// How many bytes a value takes as JSON.
fn size(value: &Value) -> usize {
    value.to_string().len()
}

/// The first of these that fit.
fn fitting(rows: &[Value], most: usize) -> &[Value] {
    let mut sum = 0;
    let fits = |row: &Value| {
        sum += size(row) + 1;
        sum <= most
    };
    let count = rows.iter().map(fits).take_while(|fits| *fits).count();
    &rows[..count]
}

/// A page's first rows. Its `page_info` is left out: whoever followed that cursor would pass over the rows
/// that are not shown.
fn list(endpoint: Endpoint, answer: &Value, rows: &[Value]) -> Value {
    let shown = fitting(rows, FOR_PARTS);
    if shown.is_empty() && rows.len() == 1 {
        return without_its_row(answer);
    }
    let mut members = without(answer, &["data", "page_info"]);
    let next = match endpoint.is_paged() && !shown.is_empty() {
        true => json!({"limit": shown.len()}),
        false => Value::Null,
    };
    let note = format!(
        "{} of the {} rows of this page are shown. Ask with `limit` {} and without `cursor`, and go on \
         with that answer's `next_cursor`.",
        shown.len(),
        rows.len(),
        shown.len().max(1)
    );
    members.insert("data".to_owned(), shown.into());
    said(members, next, &note)
}

/// A page of one row that is too large for a text: nothing is passed over by going on.
fn without_its_row(answer: &Value) -> Value {
    let mut members = without(answer, &["data"]);
    let next = match &answer["page_info"]["next_cursor"] {
        Value::Null => Value::Null,
        cursor => json!({ "cursor": cursor }),
    };
    members.insert("data".to_owned(), json!([]));
    let note = "The row of this page is larger than 100 kB: it is whole in `structuredContent`.";
    said(members, next, note)
}

/// A diff's first files, and the paths of the next ones. A file that is too large by itself comes without
/// its patch.
fn diff(data: &Value) -> Value {
    let files = data["files"].as_array().map_or(&[][..], Vec::as_slice);
    let mut rest = without(data, &["files", "commits"]);
    if let Some(commits) = data["commits"].as_array() {
        let shown = fitting(commits, FOR_PARTS / 4);
        if shown.len() < commits.len() {
            rest.insert("commitsTruncated".to_owned(), true.into());
        }
        rest.insert("commits".to_owned(), shown.into());
    } else if let Some(commits) = data.get("commits") {
        rest.insert("commits".to_owned(), commits.clone());
    }
    let mut left = FOR_PARTS - rest.get("commits").map_or(0, size).min(FOR_PARTS);
    let mut shown = Vec::new();
    for file in files {
        let mut cost = size(file) + 1;
        let mut file = file.clone();
        if cost > FOR_PARTS / 2 {
            file["patch"] = Value::Null;
            file["patchTruncated"] = true.into();
            cost = size(&file) + 1;
        }
        if cost > left {
            break;
        }
        left -= cost;
        shown.push(file);
    }
    let mut bytes = 0;
    let others = files[shown.len()..].iter();
    let others = others.map(|file| pattern_of(file["path"].as_str().unwrap_or_default()));
    let others: Vec<Value> = others
        .map(Value::from)
        .take_while(|path| {
            bytes += size(path) + 1;
            bytes <= FOR_PATHS
        })
        .take(MAX_PATTERNS)
        .collect();
    let note = format!(
        "{} of {} files are shown, those with the largest patches without them. Ask with `paths` for the \
         others; `patches: false` lists all files in short.",
        shown.len(),
        files.len()
    );
    let next = match others.is_empty() {
        true => Value::Null,
        false => json!({ "paths": others }),
    };
    rest.insert("files".to_owned(), shown.into());
    said(one(rest), next, &note)
}

/// A text's first lines; what is no text is left out.
fn file(data: &Value, first_line: u64) -> Value {
    let mut rest = without(data, &["content"]);
    let content = data["content"].as_str().unwrap_or_default();
    if data["encoding"] != "utf-8" {
        rest.insert("content".to_owned(), Value::Null);
        rest.insert("encoding".to_owned(), Value::Null);
        rest.insert("withheld".to_owned(), "too_large".into());
        let note =
            "The file is binary and too large for a text; it is whole in `structuredContent`.";
        return said(one(rest), Value::Null, note);
    }
    let (mut end, mut count, mut left) = (0, 0, FOR_PARTS);
    for line in content.split_inclusive('\n') {
        let cost = size(&line.into());
        if cost > left {
            break;
        }
        left -= cost;
        end += line.len();
        count += 1;
    }
    rest.insert("content".to_owned(), content[..end].into());
    let next = first_line + count;
    let note = match count {
        0 => format!("Line {next} is too long for a text; it is whole in `structuredContent`."),
        _ => format!("Lines {first_line} to {} are shown.", next - 1),
    };
    let next = match count {
        0 => json!({"startLine": next + 1}),
        _ => json!({"startLine": next}),
    };
    said(one(rest), next, &note)
}

/// An object's members but these.
fn without(of: &Value, left_out: &[&str]) -> Map<String, Value> {
    let members = of.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| !left_out.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn one(data: Map<String, Value>) -> Map<String, Value> {
    Map::from_iter([("data".to_owned(), Value::Object(data))])
}

fn said(mut members: Map<String, Value>, next: Value, note: &str) -> Value {
    members.insert("truncated".to_owned(), true.into());
    members.insert("next".to_owned(), next);
    members.insert("note".to_owned(), note.into());
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a cut text says; it must be whole JSON of no more than the most.
    fn cut(endpoint: Endpoint, answer: &Value) -> Value {
        assert!(answer.to_string().len() > MAX_TEXT);
        let text = text(endpoint, answer, 1);
        assert!(text.len() <= MAX_TEXT, "{} bytes", text.len());
        let said: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(said["truncated"], true);
        assert!(said["note"].is_string());
        said
    }

    #[test]
    fn what_fits_is_whole() {
        let answer =
            json!({"data": [{"sha": "a"}], "page_info": {"next_cursor": null}, "errors": []});
        assert_eq!(text(Endpoint::Commits, &answer, 1), answer.to_string());
    }

    #[test]
    fn a_list_is_cut_between_rows_and_leads_on_by_a_smaller_limit() {
        let row = json!({"message": "x".repeat(9_000)});
        let rows = vec![row.clone(); 20];
        let answer = json!({"data": rows, "page_info": {"next_cursor": "c"}, "errors": ["e"]});
        let said = cut(Endpoint::Commits, &answer);
        let shown = said["data"].as_array().unwrap();
        assert!(shown.len() > 1 && shown.iter().all(|it| *it == row));
        assert_eq!(said["next"], json!({"limit": shown.len()}));
        // Whoever followed it would pass over rows.
        assert!(said["page_info"].is_null());
        assert_eq!(said["errors"], json!(["e"]));
    }

    #[test]
    fn a_row_that_is_too_large_is_passed_over() {
        let row = json!({"message": "x".repeat(150_000)});
        let page = |rows: usize, cursor: Value| {
            let answer =
                json!({"data": vec![row.clone(); rows], "page_info": {"next_cursor": cursor}});
            cut(Endpoint::Commits, &answer)
        };
        let said = page(1, json!("c"));
        assert_eq!(
            (&said["data"], &said["next"]),
            (&json!([]), &json!({"cursor": "c"}))
        );
        assert_eq!(page(1, Value::Null)["next"], Value::Null);
        // Alone it can be passed over, among others it cannot.
        let said = page(2, json!("c"));
        assert!(said["note"].as_str().unwrap().contains("`limit` 1"));
        assert_eq!(said["page_info"], Value::Null);
    }

    #[test]
    fn a_diff_is_cut_between_files_and_leads_on_by_paths() {
        let file = |at: usize, bytes: usize| json!({"path": format!("src/{at}.rs"), "patch": "+".repeat(bytes)});
        let mut files: Vec<_> = (0..12).map(|at| file(at, 15_000)).collect();
        files.insert(0, file(99, 90_000));
        files.last_mut().unwrap()["path"] = "app/[id]/page.tsx".into();
        let answer = json!({"data": {"headSha": "a", "stats": {"files": 13}, "files": files}});
        let said = cut(Endpoint::CommitDiff, &answer);
        let shown = said["data"]["files"].as_array().unwrap();
        assert_eq!(
            shown[0],
            json!({"path": "src/99.rs", "patch": null, "patchTruncated": true})
        );
        assert_eq!(shown[1], files[1]);
        let next = said["next"]["paths"].as_array().unwrap();
        assert_eq!(next[0], files[shown.len()]["path"]);
        assert_eq!(shown.len() + next.len(), files.len());
        assert_eq!(next.last().unwrap(), "app/[[]id[]]/page.tsx");
        assert_eq!(said["data"]["stats"]["files"], 13, "of the whole diff");
    }

    #[test]
    fn a_file_is_cut_between_lines_and_bytes_are_left_out() {
        let line = "é \"quoted\" \u{1F600}\n";
        let content = line.repeat(9_000);
        let answer = json!({"data": {"path": "a", "encoding": "utf-8", "content": content}});
        let said = cut(Endpoint::Contents, &answer);
        let shown = said["data"]["content"].as_str().unwrap();
        let count = shown.lines().count();
        assert_eq!(shown, line.repeat(count));
        assert_eq!(said["next"], json!({"startLine": count + 1}));
        let answer =
            json!({"data": {"path": "a", "encoding": "base64", "content": "A".repeat(200_000)}});
        let said = cut(Endpoint::Contents, &answer);
        assert_eq!(said["data"]["content"], Value::Null);
        assert_eq!(said["data"]["withheld"], "too_large");
        // One line that is too long is passed over.
        let answer =
            json!({"data": {"path": "a", "encoding": "utf-8", "content": "x".repeat(200_000)}});
        let said = cut(Endpoint::Contents, &answer);
        assert_eq!(
            (&said["data"]["content"], &said["next"]),
            (&json!(""), &json!({"startLine": 2}))
        );
    }

    #[test]
    fn what_cannot_be_cut_says_so() {
        let said = cut(
            Endpoint::Repository,
            &json!({"data": {"description": "x".repeat(200_000)}}),
        );
        assert_eq!(said["next"], Value::Null);
    }
}
