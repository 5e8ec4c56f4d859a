//! The four static files, compiled in. Pages name them with a fingerprint, so that browsers keep
//! them for good; without it they are asked for again and answered by `ETag`.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// A static file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asset {
    Style,
    SiteScript,
    ConnectScript,
    Logo,
}

/// A static file as it is compiled in.
pub(crate) struct File {
    path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) text: &'static str,
}

/// In the order of [`Asset`].
static FILES: [File; 4] = [
    File {
        path: "/assets/app.css",
        content_type: "text/css; charset=utf-8",
        text: include_str!("../../../assets/app.css"),
    },
    File {
        path: "/assets/landing-page.js",
        content_type: "text/javascript; charset=utf-8",
        text: include_str!("../../../assets/landing-page.js"),
    },
    File {
        path: "/assets/secure-git-connect-page.js",
        content_type: "text/javascript; charset=utf-8",
        text: include_str!("../../../assets/secure-git-connect-page.js"),
    },
    File {
        path: "/assets/gitflare-logo.svg",
        content_type: "image/svg+xml",
        text: include_str!("../../../assets/gitflare-logo.svg"),
    },
];

/// Hashes derived from the files' contents.
pub(crate) struct Print {
    address: String,
    pub(crate) etag: String,
    /// The query of the address.
    pub(crate) version: String,
}

static PRINTS: LazyLock<[Print; 4]> = LazyLock::new(|| {
    FILES.each_ref().map(|file| {
        let digest = Sha256::digest(file.text.as_bytes());
        let print = hex::encode(&digest[..8]);
        Print {
            address: format!("{}?v={print}", file.path),
            etag: format!("\"{print}\""),
            version: format!("v={print}"),
        }
    })
});

/// URL of a file, with its hash.
pub(super) fn address(asset: Asset) -> &'static str {
    &PRINTS[asset as usize].address
}

/// The file at a path; `None` when there is none.
pub(crate) fn find(path: &str) -> Option<(&'static File, &'static Print)> {
    let index = FILES.iter().position(|file| file.path == path)?;
    Some((&FILES[index], &PRINTS[index]))
}
