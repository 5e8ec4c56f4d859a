//! The arguments that only tools have: lines of a file, paths and patches of a diff. They take from an
//! answer that the firewall has passed, and add nothing.

use std::collections::HashSet;

use gitflare_core::{Error, Result, provider::Endpoint};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::{Map, Value, json};

/// The most patterns that a call may name.
pub(super) const MAX_PATTERNS: usize = 100;
/// The most bytes of a pattern that is more than a path.
const MAX_PATTERN: usize = 256;
/// The most bytes of patterns, times those of paths that they are compared with: in the worst case each is
/// looked at beside each (SC-3).
const MAX_COMPARED: usize = 20_000_000;

/// What narrows an answer.
#[derive(Default)]
pub(super) struct Extra {
    start_line: Option<u64>,
    end_line: Option<u64>,
    paths: Option<Paths>,
    without_patches: bool,
}

/// Which files of a diff are wanted.
struct Paths {
    /// Those that are named.
    named: HashSet<String>,
    globs: GlobSet,
    /// The bytes of the patterns that name none.
    bytes: usize,
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
                    within a folder, `**` across folders, `[[]` for a bracket. `stats` still count the \
                    whole diff.",
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
            "paths" => self.paths = Some(Paths::read(value)?),
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

impl Paths {
    fn read(value: &Value) -> Result<Self> {
        let rule = || {
            invalid(&format!(
                "`paths` must be a list of at most {MAX_PATTERNS} patterns of 1 to {MAX_PATTERN} bytes."
            ))
        };
        let list = value.as_array().filter(|list| list.len() <= MAX_PATTERNS);
        let (mut named, mut bytes, mut globs) = (HashSet::new(), 0, GlobSetBuilder::new());
        for pattern in list.ok_or_else(rule)? {
            let pattern = pattern.as_str().filter(|it| !it.is_empty());
            let pattern = pattern.ok_or_else(rule)?;
            if let Some(path) = path_of(pattern) {
                named.insert(path);
                continue;
            }
            if pattern.len() > MAX_PATTERN {
                return Err(rule());
            }
            let glob = GlobBuilder::new(pattern)
                .literal_separator(true)
                .build()
                .map_err(|_| invalid("`paths` has a pattern that is not well-formed."))?;
            bytes += pattern.len();
            globs.add(glob);
        }
        let globs = globs
            .build()
            .map_err(|_| invalid("`paths` has patterns that are too large together."))?;
        Ok(Self {
            named,
            globs,
            bytes,
        })
    }

    /// Keeps the files whose path, old or new, is wanted.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when there is too much to compare.
    fn keep(&self, files: &mut Vec<Value>) -> Result<()> {
        let compared: usize = files.iter().flat_map(names_of).map(str::len).sum();
        if self.bytes.saturating_mul(compared) > MAX_COMPARED {
            return Err(invalid(
                "`paths` has too many wildcards for a diff of this size: name fewer, or whole paths.",
            ));
        }
        let is_wanted = |name: &str| self.named.contains(name) || self.globs.is_match(name);
        files.retain(|file| names_of(file).any(is_wanted));
        Ok(())
    }
}

/// The paths of a file of a diff.
fn names_of(file: &Value) -> impl Iterator<Item = &str> {
    let names = ["path", "previousPath"].into_iter();
    names.filter_map(|name| file[name].as_str())
}

/// A path as the pattern that matches it alone.
pub(super) fn pattern_of(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    for sign in path.chars() {
        match sign {
            '*' | '?' | '[' | ']' | '{' | '}' | '\\' => pattern.extend(['[', sign, ']']),
            _ => pattern.push(sign),
        }
    }
    pattern
}

/// The path that a pattern matches alone; `None` where it may match others.
fn path_of(pattern: &str) -> Option<String> {
    let mut path = String::with_capacity(pattern.len());
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '*' | '?' | ']' | '{' | '}' | '\\' => return None,
            '[' => {
                let one = signs.next().filter(|one| !matches!(one, '!' | '^'))?;
                signs.next().filter(|end| *end == ']')?;
                path.push(one);
            }
            _ => path.push(sign),
        }
    }
    Some(path)
}

fn invalid(message: &str) -> Error {
    Error::invalid_request(message)
}

/// Narrows an answer.
///
/// # Errors
/// `INVALID_REQUEST` for lines that the file does not have, or that follow in the wrong order, and for more
/// patterns than are compared.
pub(super) fn apply(mut answer: Value, extra: &Extra) -> Result<Value> {
    if extra.start_line.is_some() || extra.end_line.is_some() {
        lines(&mut answer["data"], extra)?;
    }
    if let Some(files) = answer["data"]
        .get_mut("files")
        .and_then(Value::as_array_mut)
    {
        if let Some(paths) = &extra.paths {
            paths.keep(files)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(paths: &[&str], files: &[&str]) -> Result<Vec<String>> {
        let mut files: Vec<_> = files.iter().map(|path| json!({"path": path})).collect();
        Paths::read(&json!(paths))?.keep(&mut files)?;
        let names = files.iter().flat_map(names_of);
        Ok(names.map(str::to_owned).collect())
    }

    #[test]
    fn a_path_as_a_pattern_matches_itself_alone() {
        let long = format!("{}/[id]", "folder/".repeat(500));
        let all = [
            "app/[id]/page.tsx",
            "app/i/page.tsx",
            "a*b",
            "axb",
            "a{b,c}",
            "a\\*",
            "]",
            "[!x]",
            "q?",
            &long,
        ];
        for path in all {
            let pattern = pattern_of(path);
            assert_eq!(path_of(&pattern).as_deref(), Some(path));
            assert_eq!(kept(&[&pattern], &all).unwrap(), [path], "{pattern}");
        }
        for pattern in [
            "*", "a[bc]", "[!a]", "[^a]", "a[", "a]", "{a,b}", "\\a", "[a-b]",
        ] {
            assert_eq!(path_of(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn what_is_compared_is_bounded() {
        // sec: SC-3
        let long = format!("{}b", "a".repeat(4000));
        let many: Vec<_> = (0..3000).map(|n| format!("{long}{n}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let wild = "*a".repeat(100);
        let wild: Vec<_> = (0..100).map(|n| format!("{wild}{n}c")).collect();
        let wild: Vec<_> = wild.iter().map(String::as_str).collect();
        let refused = kept(&wild, &many).unwrap_err();
        assert!(refused.message().starts_with("`paths` has too many"));
        // Names cost nothing, and neither do patterns as people write them.
        assert_eq!(kept(&[many[7]], &many).unwrap(), [many[7]]);
        let usual: Vec<_> = (0..3000).map(|n| format!("src/part{n}/main.rs")).collect();
        let usual: Vec<_> = usual.iter().map(String::as_str).collect();
        let kept = kept(&["src/**/*.rs", "tests/**", "*.md", "docs/{a,b}/*"], &usual);
        assert_eq!(kept.unwrap().len(), 3000);
    }
}
