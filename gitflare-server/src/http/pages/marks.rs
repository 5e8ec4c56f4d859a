//! The marks of code hosts as single paths of a 24 by 24 drawing, so that a page shows them without
//! asking for a file. What has no mark of its own here is drawn as a branch; colours are the
//! stylesheet's.

const BRANCH: &str = "M7 2.5a3 3 0 0 1 1.25 5.73v3.2c1.2-.77 2.63-1.05 3.93-1.3 2.2-.43 3.1-.75 3.35-2.06\
    A3 3 0 1 1 18.1 8c-.4 3.44-3.07 3.98-5.44 4.44-2.37.46-4.16.9-4.4 3.34A3 3 0 1 1 5.75 15.8V8.23A3 3 0 0 1 7 2.5z";

const MARKS: &[(&str, &str)] = &[
    (
        "github",
        "M12 .297c-6.63 0-12 5.373-12 12 0 5.303 3.438 9.8 8.205 11.385.6.113.82-.258.82-.577 0-.285\
         -.01-1.04-.015-2.04-3.338.724-4.042-1.61-4.042-1.61C4.422 18.07 3.633 17.7 3.633 17.7\
         c-1.087-.744.084-.729.084-.729 1.205.084 1.838 1.236 1.838 1.236 1.07 1.835 2.809 1.305 3.495.998.108\
         -.776.417-1.305.76-1.605-2.665-.3-5.466-1.332-5.466-5.93 0-1.31.465-2.38 1.235-3.22\
         -.135-.303-.54-1.523.105-3.176 0 0 1.005-.322 3.3 1.23.96-.267 1.98-.399 3-.405 1.02.006 2.04.138 3 .405 2.28\
         -1.552 3.285-1.23 3.285-1.23.645 1.653.24 2.873.12 3.176.765.84 1.23 1.91 1.23 3.22 0 4.61\
         -2.805 5.625-5.475 5.92.42.36.81 1.096.81 2.22 0 1.606-.015 2.896-.015 3.286 0 .315.21.69.825.57\
         C20.565 22.092 24 17.592 24 12.297c0-6.627-5.373-12-12-12z",
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
