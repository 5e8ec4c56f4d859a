//! Multi-line secrets: PEM blocks and their like.

use crate::Redactor;

const BODY: [&str; 3] = [
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
    "MzEfYyjiWA4R4ypbHqGC0H0+tG3hGbN3MYHa5QYYXY5P5Zy1r4T5kG8oXzHhQk1W",
    "q8Zy1r4T5kG8oXzHhQ==",
];

fn redact(text: &str) -> String {
    String::from_utf8(
        Redactor::new(&[7; 32])
            .redact(text.as_bytes())
            .bytes
            .into_owned(),
    )
    .unwrap()
}

fn check(text: &str) -> String {
    let redacted = redact(text);
    for line in BODY {
        for piece in line.as_bytes().chunks(8) {
            let piece = std::str::from_utf8(piece).unwrap();
            assert!(
                piece.len() < 8 || !redacted.contains(piece),
                "{piece} in {redacted}"
            );
        }
    }
    assert_eq!(redacted.lines().count(), text.lines().count(), "{redacted}");
    assert_eq!(redact(&redacted), redacted, "twice");
    redacted
}

fn block(label: &str, separator: &str) -> String {
    let body = BODY.join(separator);
    format!("-----BEGIN {label}-----{separator}{body}{separator}-----END {label}-----")
}

#[test]
fn every_label_and_layout_loses_its_body() {
    for label in [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "DSA PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
        "ANY OTHER PRIVATE KEY",
    ] {
        for separator in [
            "\n",
            "\r\n",
            "\\n",
            "\\\\n",
            "\\r\\n",
            " ",
            "\n    ",
            "\n+",
            "\n-",
            "\n ",
            "\n+    ",
            "\\n\" +\n    \"",
            "\\n'\n    '",
            "\\n\" \\\n\"",
            "\",\n\"",
            "\\n\" .\n\"",
        ] {
            let text = block(label, separator);
            let redacted = check(&format!("+x = \"{text}\"\n+next_line = 1\n"));
            assert!(
                redacted.contains("next_line = 1"),
                "{separator:?}: {redacted}"
            );
            assert!(!redacted.contains("PRIVATE KEY"), "{redacted}");
        }
    }
}

const DECORATIONS: &[(&str, &str)] = &[
    ("# ", ""),
    ("// ", ""),
    (" * ", ""),
    ("> > ", ""),
    ("12: ", ""),
    ("src/a.py:12:", ""),
    ("echo \"", "\" >> key.pem"),
    ("k += \"", "\\n\""),
    ("$k .= '", "' . PHP_EOL;"),
    ("builder.append(\"", "\\n\");"),
    ("\"", "\" & vbCrLf & _"),
    ("\"", "\" + Environment.NewLine +"),
    ("", "<br/>"),
    ("++", ""),
    ("-- ", ""),
    ("+# ", ""),
    ("rem ", "\r"),
];

#[test]
fn what_decorates_every_line_stays_and_the_body_goes() {
    for (before, after) in DECORATIONS {
        let lines = block("RSA PRIVATE KEY", "\n");
        let text: String = lines
            .lines()
            .map(|line| format!("{before}{line}{after}\n"))
            .collect();
        let redacted = check(&format!("{text}next_line = 1\n"));
        assert!(redacted.contains("next_line = 1"), "{redacted}");
        let last = redacted.lines().rev().nth(1).unwrap();
        assert!(
            last.starts_with(before) && last.ends_with(after.trim_end()),
            "{redacted}"
        );
    }
}

#[test]
fn the_end_of_a_block_is_enough() {
    for (sign, separator) in [
        ("", "\n"),
        ("", "\r\n"),
        ("+", "\n+"),
        (" ", "\n "),
        ("    ", "\n    "),
        ("", "\\n"),
        ("\"", "\\n\" +\n    \""),
        ("\"", "\",\n\""),
        ("# ", "\n# "),
    ] {
        let whole = block("RSA PRIVATE KEY", separator);
        let body = whole.find(separator).unwrap() + separator.len();
        let text = format!("first_line = 1\n{sign}{}\n", &whole[body..]);
        let redacted = check(&text);
        assert!(redacted.starts_with("first_line = 1\n"), "{redacted}");
        assert!(!redacted.contains("PRIVATE KEY"), "{redacted}");
    }
    for text in [
        "a line of text\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\n",
    ] {
        assert_eq!(redact(text), text);
    }
    let text = "-----begin rsa private key-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n";
    assert!(!redact(text).contains("MIIE"));
}

#[test]
fn numbered_lines_keep_their_numbers() {
    let numbered: String = block("RSA PRIVATE KEY", "\n")
        .lines()
        .enumerate()
        .map(|(index, line)| format!("{:3}  {line}\n", index + 8))
        .collect();
    assert!(check(&numbered).contains("\n 11  gf_sha256:"));
}

#[test]
fn blocks_on_one_line_lose_their_body_in_every_spelling() {
    for separator in ["<br>", "&#10;", "&#xA;", "%0A", "\\u000a", "\\x0a"] {
        check(&block("PRIVATE KEY", separator));
    }
    let spelled = block("PRIVATE KEY", "\\n")
        .replace('+', "\\u002b")
        .replace('=', "\\u003d");
    assert!(!check(&spelled).contains("-----END"));
    let escaped = block("PRIVATE KEY", "%0A")
        .replace(' ', "%20")
        .replace('+', "%2B")
        .replace('=', "%3D");
    assert!(!check(&escaped).contains("-----END"));
    let body = BODY.join("\n");
    check(&format!(
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: x\n{body}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n"
    ));
}

#[test]
fn code_after_a_marker_stays() {
    for text in [
        "if text.contains(\"-----BEGIN PRIVATE KEY-----\") {\n    return decode(text);\n}\n",
        "// -----BEGIN PRIVATE KEY-----\n// base64 of the key\n// -----END PRIVATE KEY-----\n",
        "const HEAD = '-----BEGIN RSA PRIVATE KEY-----';\nconst TAIL = '-----END RSA PRIVATE KEY-----';\n",
        "const HEAD: &str = \"-----BEGIN PRIVATE KEY-----\"; // head\nread_whole_private_key(\n",
        "\"-----BEGIN PRIVATE KEY-----\" => KeyKind::PrivateKeyInfo,\n\"x\" => KeyKind::Other,\n",
    ] {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn headers_stay_and_their_body_goes() {
    let text = format!(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n{}\n-----END RSA PRIVATE KEY-----\n",
        BODY.join("\n")
    );
    assert!(check(&text).contains("Proc-Type: 4,ENCRYPTED"));
}

#[test]
fn a_block_without_an_end_is_withheld_as_far_as_it_goes() {
    let text = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\nfn main() {{}}\n",
        BODY.join("\n")
    );
    assert!(check(&text).contains("fn main() {}"));
}

#[test]
fn hunks_that_mix_signs_lose_both_bodies() {
    let text = format!(
        "@@ -1,5 +1,5 @@\n -----BEGIN PRIVATE KEY-----\n-{}\n-{}\n+{}\n+{}\n -----END PRIVATE KEY-----\n",
        BODY[0], BODY[1], BODY[1], BODY[0]
    );
    check(&text);
}

#[test]
fn putty_keys_lose_their_private_lines() {
    let text = format!(
        "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 3\n{}\nPrivate-MAC: 0\n",
        BODY.join("\n")
    );
    let redacted = check(&text);
    assert!(redacted.contains("Public-Lines: 1\nAAAA\n"), "{redacted}");
}

#[test]
fn public_blocks_and_mere_mentions_stay() {
    for text in [
        format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            BODY.join("\n")
        ),
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            BODY.join("\n")
        ),
        "if line.starts_with(\"-----BEGIN PRIVATE KEY-----\") { return Err(e); }\n".to_owned(),
    ] {
        assert_eq!(redact(&text), text);
    }
}

#[test]
fn long_blocks_go_on_beyond_the_window() {
    let body = format!("{}\n", BODY[0]).repeat(2000);
    let text = format!(
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{body}-----END PGP PRIVATE KEY BLOCK-----\nrest\n"
    );
    let redacted = check(&text);
    assert!(redacted.ends_with("rest\n"));
    let mut stream = Redactor::new(&[7; 32]).stream();
    let mut out = Vec::new();
    for chunk in text.as_bytes().chunks(777) {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    assert!(out == redacted.as_bytes());
}

#[test]
fn long_lines_go_whole_however_they_are_cut() {
    for length in [8_100, 8_192, 8_193, 20_003] {
        let body = BODY[0].repeat(length / 64 + 1);
        let text = format!(
            "-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\nrest\n",
            &body[..length]
        );
        let redacted = check(&text);
        for size in [1, 777, 4096] {
            let mut stream = Redactor::new(&[7; 32]).stream();
            let mut out = Vec::new();
            for chunk in text.as_bytes().chunks(size) {
                stream.push(chunk, &mut out);
            }
            stream.finish(&mut out);
            assert!(out == redacted.as_bytes(), "{length} by {size}");
        }
    }
}

#[test]
fn long_decorated_blocks_go_however_they_are_cut() {
    for (before, after) in DECORATIONS {
        let line = |text: &str| format!("{before}{text}{after}\n");
        let body = [BODY[0], BODY[1]].map(line).concat().repeat(150);
        let text = format!(
            "{}{body}{}{}rest = 1\n",
            line("-----BEGIN PRIVATE KEY-----"),
            line(BODY[2]),
            line("-----END PRIVATE KEY-----")
        );
        let redacted = check(&text);
        for size in [97, 1000, 8191] {
            let mut stream = Redactor::new(&[7; 32]).stream();
            let mut out = Vec::new();
            for chunk in text.as_bytes().chunks(size) {
                stream.push(chunk, &mut out);
            }
            stream.finish(&mut out);
            assert!(out == redacted.as_bytes(), "{before:?} {after:?} by {size}");
        }
    }
}
