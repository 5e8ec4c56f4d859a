//! The arguments that only tools have: lines of a file, paths and patches of a diff. They take from an
//! answer that the firewall has passed, and add nothing.

use gitflare_core::{Error, Result, provider::Endpoint};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::{Map, Value, json};

/// The most patterns that a call may name.
const MAX_PATTERNS: usize = 100;
/// The most bytes of a pattern.
const MAX_PATTERN: usize = 256;

/// What narrows an answer.
#[derive(Default)]
pub(super) struct Extra {
    start_line: Option<u64>,
    end_line: Option<u64>,
    paths: Option<GlobSet>,
    without_patches: bool,
}

/// The properties of a tool's input beyond those of its REST twin.
pub(super) fn properties(endpoint: Endpoint) -> Map<String, Value> {
    let all = match endpoint {
        Endpoint::Contents => json!({
            "startLine": {
                "type": "integer", "minimum": 1,
                "description": "The first line of a text to answer; the first of the file without it.",
            },
            "endLine": {
                "type": "integer", "minimum": 1,
                "description": "The last line of a text to answer; the last of the file without it.",
            },
        }),
        Endpoint::CommitDiff | Endpoint::PullRequestDiff | Endpoint::Compare => json!({
            "paths": {
                "type": "array", "items": {"type": "string"}, "maxItems": MAX_PATTERNS,
                "description": "Only files whose path, old or new, matches one of these patterns: `*` \
                    within a folder, `**` across folders. `stats` still count the whole diff.",
            },
            "patches": {
                "type": "boolean", "default": true,
                "description": "Whether files come with their patches.",
            },
        }),
        _ => Value::Null,
    };
    match all {
        Value::Object(all) => all,
        _ => Map::new(),
    }
}

impl Extra {
    /// Takes an argument that narrows; `false` for any other.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming the argument.
    pub(super) fn take(&mut self, endpoint: Endpoint, name: &str, value: &Value) -> Result<bool> {
        if !properties(endpoint).contains_key(name) {
            return Ok(false);
        }
        match name {
            "startLine" => self.start_line = Some(line(name, value)?),
            "endLine" => self.end_line = Some(line(name, value)?),
            "paths" => self.paths = Some(patterns(value)?),
            _ => {
                let wanted = value.as_bool();
                let wanted = wanted.ok_or_else(|| invalid("`patches` must be a boolean."))?;
                self.without_patches = !wanted;
            }
        }
        Ok(true)
    }

    /// The number of the first line that is answered.
    pub(super) fn first_line(&self) -> u64 {
        self.start_line.unwrap_or(1)
    }
}

fn line(name: &str, value: &Value) -> Result<u64> {
    let line = value.as_u64().filter(|line| *line > 0);
    line.ok_or_else(|| invalid(&format!("`{name}` must be a line's number, from 1 on.")))
}

fn patterns(value: &Value) -> Result<GlobSet> {
    let rule = || {
        invalid(&format!(
            "`paths` must be a list of at most {MAX_PATTERNS} patterns of 1 to {MAX_PATTERN} bytes."
        ))
    };
    let list = value.as_array().filter(|list| list.len() <= MAX_PATTERNS);
    let mut set = GlobSetBuilder::new();
    for pattern in list.ok_or_else(rule)? {
        let pattern = pattern
            .as_str()
            .filter(|it| (1..=MAX_PATTERN).contains(&it.len()));
        let glob = GlobBuilder::new(pattern.ok_or_else(rule)?)
            .literal_separator(true)
            .build()
            .map_err(|_| invalid("`paths` has a pattern that is not well-formed."))?;
        set.add(glob);
    }
    set.build()
        .map_err(|_| invalid("`paths` has patterns that are too large together."))
}

fn invalid(message: &str) -> Error {
    Error::invalid_request(message)
}

/// Narrows an answer.
///
/// # Errors
/// `INVALID_REQUEST` for lines that the file does not have, or that follow in the wrong order.
pub(super) fn apply(mut answer: Value, extra: &Extra) -> Result<Value> {
    if extra.start_line.is_some() || extra.end_line.is_some() {
        lines(&mut answer["data"], extra)?;
    }
    if let Some(files) = answer["data"]
        .get_mut("files")
        .and_then(Value::as_array_mut)
    {
        if let Some(paths) = &extra.paths {
            files.retain(|file| {
                let names = [&file["path"], &file["previousPath"]];
                names
                    .iter()
                    .filter_map(|name| name.as_str())
                    .any(|name| paths.is_match(name))
            });
        }
        if extra.without_patches {
            for file in files {
                file["patch"] = Value::Null;
            }
        }
    }
    Ok(answer)
}

fn lines(file: &mut Value, extra: &Extra) -> Result<()> {
    let start = extra.first_line();
    let end = extra.end_line.unwrap_or(u64::MAX);
    if end < start {
        return Err(invalid("`endLine` must not be before `startLine`."));
    }
    let Some(text) = file["content"].as_str() else {
        return Ok(());
    };
    if file["encoding"] != "utf-8" {
        return Err(invalid(
            "`startLine` and `endLine` are for text; this file is binary.",
        ));
    }
    let total = text.split_inclusive('\n').count() as u64;
    if start > total.max(1) {
        return Err(invalid(&format!(
            "`startLine` is beyond the last line, {total}."
        )));
    }
    let skipped = usize::try_from(start - 1).unwrap_or(usize::MAX);
    let kept = usize::try_from(end - (start - 1)).unwrap_or(usize::MAX);
    let all = text.split_inclusive('\n');
    let part: String = all.skip(skipped).take(kept).collect();
    file["content"] = part.into();
    Ok(())
}
