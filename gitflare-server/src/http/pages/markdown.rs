//! The documents' Markdown as blocks that a template writes: headings, paragraphs, lists, tables,
//! fenced code, and in a line code, bold and links. It reads what our own documents hold and no
//! more; no text of anybody else passes here, and nothing of it becomes markup unescaped.

use super::text::Link;

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// A heading below the title.
    Heading {
        is_section: bool,
        id: String,
        text: Vec<Span>,
    },
    /// Text.
    Paragraph(Vec<Span>),
    /// A program, a command or an answer.
    Code { language: String, text: String },
    /// Items without an order.
    List(Vec<Vec<Span>>),
    /// Rows below a head.
    Table {
        head: Vec<Vec<Span>>,
        rows: Vec<Vec<Vec<Span>>>,
    },
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// Plain.
    Text(String),
    /// A word of a program.
    Code(String),
    /// Stressed.
    Bold(String),
    /// A link whose text may be code.
    Link { text: Vec<Span>, to: Link },
}

/// A document: the text of its title, and what follows.
pub(crate) fn read(text: &str) -> (String, Vec<Block>) {
    let mut title = String::new();
    let mut blocks = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let code: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(Block::Code {
                language: language.to_owned(),
                text: code.join("\n"),
            });
        } else if let Some(rest) = line.strip_prefix("# ") {
            rest.clone_into(&mut title);
        } else if let Some((marks, rest)) = heading(line) {
            blocks.push(Block::Heading {
                is_section: marks == 2,
                id: id_of(rest),
                text: spans(rest),
            });
        } else if let Some(first) = line.strip_prefix("- ") {
            let mut items = vec![spans(first)];
            while let Some(next) = lines.next_if(|line| line.starts_with("- ")) {
                items.push(spans(&next[2..]));
            }
            blocks.push(Block::List(items));
        } else if line.starts_with('|') {
            // The line between head and rows says nothing that is used.
            lines.next_if(|line| line.starts_with("|--"));
            let mut rows = Vec::new();
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            blocks.push(Block::Table {
                head: cells(line),
                rows,
            });
        } else if !line.trim().is_empty() {
            blocks.push(Block::Paragraph(spans(line)));
        }
    }
    (title, blocks)
}

/// How many marks a heading has, and its text.
fn heading(line: &str) -> Option<(usize, &str)> {
    let rest = line.trim_start_matches('#');
    let marks = line.len() - rest.len();
    ((2..=3).contains(&marks)).then(|| rest.strip_prefix(' ').map(|rest| (marks, rest)))?
}

/// The anchor of a heading: a lone word of code as it is, else the words joined by dashes.
fn id_of(text: &str) -> String {
    let lone = text
        .strip_prefix('`')
        .and_then(|rest| rest.strip_suffix('`'));
    if let Some(word) = lone.filter(|word| !word.contains([' ', '`', '/'])) {
        return word.to_owned();
    }
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase);
    words.collect::<Vec<_>>().join("-")
}

/// The cells of a row; the bars at both ends are not ones.
fn cells(row: &str) -> Vec<Vec<Span>> {
    let inner = row.trim().trim_start_matches('|').trim_end_matches('|');
    inner.split('|').map(|cell| spans(cell.trim())).collect()
}

/// The spans of a line.
fn spans(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match special(rest) {
            Some((span, behind)) => {
                if !plain.is_empty() {
                    found.push(Span::Text(std::mem::take(&mut plain)));
                }
                found.push(span);
                rest = behind;
            }
            None => {
                plain.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    if !plain.is_empty() {
        found.push(Span::Text(plain));
    }
    found
}

/// The span that a text begins with, unless it begins with a plain one.
fn special(text: &str) -> Option<(Span, &str)> {
    if let Some(rest) = text.strip_prefix('`') {
        let (code, behind) = rest.split_once('`')?;
        return Some((Span::Code(code.to_owned()), behind));
    }
    if let Some(rest) = text.strip_prefix("**") {
        let (bold, behind) = rest.split_once("**")?;
        return Some((Span::Bold(bold.to_owned()), behind));
    }
    let (words, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (to, behind) = rest.split_once(')')?;
    // Another bracket would belong to another link.
    let to = Link::new(to).filter(|_| !words.contains(['[', ']']))?;
    let text = spans(words);
    Some((Span::Link { text, to }, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Span {
        Span::Text(text.to_owned())
    }

    #[test]
    fn every_kind_of_block_is_read() {
        let (title, blocks) = read(
            "# Title\n\nSay `a|b` **loud** and [go `x`](/docs#X).\n\n## Two words\n### `CODE`\n\
             - one\n- two\n\n| a | b |\n|---|---|\n| 1 | `2` |\n\n```js\nlet a = [1](2);\n\n# b\n```\nend",
        );
        assert_eq!(title, "Title");
        let link = Span::Link {
            text: vec![text("go "), Span::Code("x".to_owned())],
            to: Link::new("/docs#X").unwrap(),
        };
        let expected = vec![
            Block::Paragraph(vec![
                text("Say "),
                Span::Code("a|b".to_owned()),
                text(" "),
                Span::Bold("loud".to_owned()),
                text(" and "),
                link,
                text("."),
            ]),
            Block::Heading {
                is_section: true,
                id: "two-words".to_owned(),
                text: vec![text("Two words")],
            },
            Block::Heading {
                is_section: false,
                id: "CODE".to_owned(),
                text: vec![Span::Code("CODE".to_owned())],
            },
            Block::List(vec![vec![text("one")], vec![text("two")]]),
            Block::Table {
                head: vec![vec![text("a")], vec![text("b")]],
                rows: vec![vec![vec![text("1")], vec![Span::Code("2".to_owned())]]],
            },
            Block::Code {
                language: "js".to_owned(),
                text: "let a = [1](2);\n\n# b".to_owned(),
            },
            Block::Paragraph(vec![text("end")]),
        ];
        assert_eq!(blocks, expected);
    }

    #[test]
    fn what_is_no_mark_stays_text() {
        for line in [
            "a [b] c",
            "2 ** 3",
            "an ` alone",
            "[x](javascript:alert)",
            "#no",
        ] {
            let (_, blocks) = read(line);
            assert_eq!(blocks, vec![Block::Paragraph(vec![text(line)])], "{line}");
        }
    }
}
