//! Forms with a file: `multipart/form-data` (RFC 7578) as browsers write it, out of a body that was
//! read whole within its bound. Nothing is taken from what a browser says of a file: neither its name
//! nor its type.

use gitflare_core::{Error, Result};
use http::{HeaderMap, header};

/// The most parts of a form (HT-2).
const MAX_PARTS: usize = 100;
/// The longest boundary (RFC 2046, section 5.1.1).
const MAX_BOUNDARY: usize = 70;

/// The fields of a form, in the order sent, and its file.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) fields: Vec<(String, String)>,
    /// The content of the file that was chosen; `None` without one.
    pub(super) file: Option<Vec<u8>>,
}

/// What separates the parts of a body; `None` when it is no form of parts.
pub(super) fn boundary(headers: &HeaderMap) -> Option<&str> {
    let sent = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (essence, rest) = sent.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = rest.trim().strip_prefix("boundary=")?.trim_matches('"');
    let is_boundary = (1..=MAX_BOUNDARY).contains(&boundary.len())
        && boundary
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b';' && byte != b'"');
    is_boundary.then_some(boundary)
}

/// Takes a body apart. Its one file must be in the field `file`.
pub(super) fn parse(body: &[u8], boundary: &str, file: &str) -> Result<Parts> {
    let delimiter = format!("\r\n--{boundary}");
    let first = &delimiter.as_bytes()[2..];
    let mut rest = body.strip_prefix(first).ok_or_else(malformed)?;
    let mut parts = Parts::default();
    for _ in 0..=MAX_PARTS {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        let part = rest.strip_prefix(b"\r\n").ok_or_else(malformed)?;
        let (part, behind) = split(part, delimiter.as_bytes()).ok_or_else(malformed)?;
        let (head, content) = split(part, b"\r\n\r\n").ok_or_else(malformed)?;
        parts.take(head, content, file)?;
        rest = behind;
    }
    Err(Error::invalid_request(format!(
        "The form must have at most {MAX_PARTS} parts."
    )))
}

impl Parts {
    fn take(&mut self, head: &[u8], content: &[u8], file: &str) -> Result<()> {
        let head = std::str::from_utf8(head).map_err(|_| malformed())?;
        let disposition = head
            .split("\r\n")
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_it = name.eq_ignore_ascii_case("content-disposition");
                is_it.then_some(value)
            })
            .ok_or_else(malformed)?;
        let name = parameter(disposition, "name").ok_or_else(malformed)?;
        if parameter(disposition, "filename").is_some() {
            if name != file || self.file.is_some() {
                return Err(Error::invalid_request(format!(
                    "The form must have at most one file, in `{file}`."
                )));
            }
            // A field in which nothing was chosen is sent empty.
            self.file = (!content.is_empty()).then(|| content.to_vec());
            return Ok(());
        }
        let text = std::str::from_utf8(content)
            .map_err(|_| Error::invalid_request("The form is not UTF-8 text."))?;
        self.fields.push((name.to_owned(), text.to_owned()));
        Ok(())
    }
}

/// A parameter in quotes. Browsers write a quote inside of one as `%22`.
fn parameter<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("; {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// What is before and behind the first place of some bytes.
fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..found], &bytes[found + at.len()..]))
}

fn malformed() -> Error {
    Error::invalid_request("The form is not `multipart/form-data` as RFC 7578 describes it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, content: &str) -> String {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    }

    fn file(name: &str, content: &str) -> String {
        format!(
            "--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a; name=%22b%22.png\"\r\n\
             Content-Type: image/svg+xml\r\n\r\n{content}\r\n"
        )
    }

    #[test]
    fn fields_and_one_file_are_taken_as_they_are() {
        let body = [
            part("csrf", "t"),
            part("website", "https://ä.example\r\n--y"),
            file("logo", "\u{89}PNG\r\n\r\n--"),
            "--x--\r\n".to_owned(),
        ]
        .concat();
        let parts = parse(body.as_bytes(), "x", "logo").unwrap();
        let fields: Vec<_> = parts
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            fields,
            [("csrf", "t"), ("website", "https://ä.example\r\n--y")]
        );
        assert_eq!(parts.file.unwrap(), "\u{89}PNG\r\n\r\n--".as_bytes());
        let empty = [file("logo", ""), "--x--".to_owned()].concat();
        assert_eq!(parse(empty.as_bytes(), "x", "logo").unwrap().file, None);
    }

    #[test]
    fn what_is_no_such_form_is_refused() {
        // sec: HT-2
        let many = part("a", "1").repeat(MAX_PARTS + 1) + "--x--";
        for body in [
            String::new(),
            "--x".to_owned(),
            part("a", "1"),
            "before\r\n--x--".to_owned(),
            "--x\r\nContent-Type: text/plain\r\n\r\n1\r\n--x--".to_owned(),
            "--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--".to_owned(),
            file("logo", "1") + &file("logo", "2") + "--x--",
            file("other", "1") + "--x--",
            many,
        ] {
            assert!(parse(body.as_bytes(), "x", "logo").is_err(), "{body}");
        }
        let most = part("a", "1").repeat(MAX_PARTS) + "--x--";
        let parts = parse(most.as_bytes(), "x", "logo").unwrap();
        assert_eq!(parts.fields.len(), MAX_PARTS);
    }

    #[test]
    fn a_boundary_is_read_from_the_content_type() {
        let of = |sent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, sent.parse().unwrap());
            boundary(&headers).map(str::to_owned)
        };
        assert_eq!(
            of("multipart/form-data; boundary=----a1").as_deref(),
            Some("----a1")
        );
        assert_eq!(
            of("Multipart/Form-Data;boundary=\"a\"").as_deref(),
            Some("a")
        );
        let long = format!("multipart/form-data; boundary={}", "a".repeat(71));
        for sent in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=a",
            "multipart/form-data; boundary=a b",
            "application/x-www-form-urlencoded",
            &long,
        ] {
            assert_eq!(of(sent), None, "{sent}");
        }
    }
}
