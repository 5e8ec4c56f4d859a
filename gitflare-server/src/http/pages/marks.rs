//! The marks of code hosts as single paths of a 24 by 24 drawing, so that a page shows them without
//! asking for a file. What has no mark of its own here is drawn as a branch; colours are the
//! stylesheet's.

const BRANCH: &str = "M7 2.5a3 3 0 0 1 1.25 5.73v3.2c1.2-.77 2.63-1.05 3.93-1.3 2.2-.43 3.1-.75 3.35-2.06\
    A3 3 0 1 1 18.1 8c-.4 3.44-3.07 3.98-5.44 4.44-2.37.46-4.16.9-4.4 3.34A3 3 0 1 1 5.75 15.8V8.23A3 3 0 0 1 7 2.5z";

const MARKS: &[(&str, &str)] = &[
    (
        "github",
        "M12 .3C5.37.3 0 5.67 0 12.3c0 5.3 3.44 9.8 8.2 11.38.6.11.82-.26.82-.58 0-.28-.01-1.04-.01-2.04\
         -3.34.73-4.05-1.6-4.05-1.6-.54-1.4-1.33-1.76-1.33-1.76-1.09-.74.08-.73.08-.73 1.2.09 1.84 1.24 1.84 1.24\
         1.07 1.83 2.8 1.3 3.5 1 .1-.78.42-1.31.76-1.61-2.67-.3-5.47-1.33-5.47-5.93 0-1.31.47-2.38 1.24-3.22\
         -.14-.3-.54-1.52.1-3.18 0 0 1.01-.32 3.3 1.23a11.5 11.5 0 0 1 6.02 0c2.28-1.55 3.29-1.23 3.29-1.23\
         .64 1.66.24 2.88.12 3.18a4.65 4.65 0 0 1 1.23 3.22c0 4.61-2.8 5.63-5.48 5.92.42.36.81 1.1.81 2.22\
         0 1.6-.01 2.9-.01 3.29 0 .31.21.69.82.57A12.02 12.02 0 0 0 24 12.3C24 5.67 18.63.3 12 .3z",
    ),
    (
        "gitlab",
        "M12 22.6 16.4 9H7.6L12 22.6zM12 22.6 7.6 9H1.4L12 22.6zM1.4 9 .06 13.1c-.12.38.02.8.33 1.03L12 22.6 1.4 9z\
         M1.4 9h6.2L4.94 .8c-.14-.42-.73-.42-.87 0L1.4 9zM12 22.6 16.4 9h6.2L12 22.6zM22.6 9l1.34 4.1\
         c.12.38-.02.8-.33 1.03L12 22.6 22.6 9zM22.6 9h-6.2L19.06.8c.14-.42.73-.42.87 0L22.6 9z",
    ),
    ("bitbucket", BUCKET),
    ("bitbucket-dc", BUCKET),
    (
        "azure",
        "M0 8.88 2.25 5.9l8.4-3.4V.02l7.37 5.39L2.97 8.34v8.22L0 15.7V8.88zm24-4.45v14.65l-5.75 4.9-9.3-3.06\
         v3.06l-5.98-7.42 15.05 1.8V5.42L24 4.43z",
    ),
    (
        "gitea",
        "M3 6.5h13.2v1.7h2a3.6 3.6 0 0 1 0 7.2h-2.5c-.9 2.4-3 4.1-6.1 4.1C5.5 19.5 3 16.7 3 12.5v-6z\
         M16.2 10.2v2.3l-.1.9h2.1a1.6 1.6 0 0 0 0-3.2h-2z",
    ),
];

const BUCKET: &str = "M.78 1.2a.77.77 0 0 0-.77.9l3.26 19.8c.09.5.52.87 1.03.88h15.65c.38 0 .71-.28.77-.65L23.99 2.1\
    a.77.77 0 0 0-.77-.89L.78 1.2zm13.74 14.33h-5L8.17 8.47h7.56l-1.21 7.06z";

/// The drawing of a kind of code host.
pub(super) fn drawing(kind: &str) -> &'static str {
    let found = MARKS.iter().find(|(name, _)| *name == kind);
    found.map_or(BRANCH, |(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_drawing_is_one_path() {
        for kind in ["github", "gitlab", "bitbucket", "azure", "gitea", "gitflic"] {
            let path = drawing(kind);
            assert!(path.starts_with('M') && path.ends_with('z'), "{kind}");
            let is_known = |it: char| it.is_ascii_digit() || " .-MmLlHhVvCcAaZz".contains(it);
            assert!(path.chars().all(is_known), "{kind}: {path}");
        }
    }
}
