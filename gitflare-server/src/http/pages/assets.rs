//! The four static files, compiled in. Pages name them with a fingerprint, so that browsers keep
//! them for good; without it they are asked for again and answered by `ETag`.

use std::sync::LazyLock;

use gitflare_core::{Code, Error};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use super::super::{
    exchange::{Exchange, Reply},
    respond::Refusal,
};

/// A static file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asset {
    Style,
    SiteScript,
    ConnectScript,
    Logo,
}

struct File {
    path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

/// In the order of [`Asset`].
const FILES: [File; 4] = [
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

/// What follows from the files' contents.
struct Print {
    address: String,
    etag: String,
    /// The query of the address.
    version: String,
}

static PRINTS: LazyLock<[Print; 4]> = LazyLock::new(|| {
    FILES.each_ref().map(|file| {
        let digest = Sha256::digest(file.text.as_bytes());
        let print: String = digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Print {
            address: format!("{}?v={print}", file.path),
            etag: format!("\"{print}\""),
            version: format!("v={print}"),
        }
    })
});

/// Where a page finds a file.
pub(super) fn address(asset: Asset) -> &'static str {
    &PRINTS[asset as usize].address
}

/// `GET /assets/…`
pub(in super::super) async fn serve(x: Exchange) -> Result<Reply, Refusal> {
    let index = FILES.iter().position(|file| file.path == x.path());
    let Some(index) = index else {
        return Err(Error::new(Code::ResourceNotFound, "There is no such file.").into());
    };
    let (file, print) = (&FILES[index], &PRINTS[index]);
    let cache = if x.raw_query() == Some(print.version.as_str()) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut headers = vec![(header::CACHE_CONTROL, HeaderValue::from_static(cache))];
    if let Ok(etag) = HeaderValue::from_str(&print.etag) {
        headers.push((header::ETAG, etag));
    }
    if file.content_type == "image/svg+xml" {
        // Opened by itself it is a document.
        headers.push((
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ));
    }
    let is_known = x
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == print.etag);
    if is_known {
        return Ok(Reply {
            status: StatusCode::NOT_MODIFIED,
            content_type: None,
            body: Vec::new(),
            headers,
        });
    }
    Ok(Reply {
        status: StatusCode::OK,
        content_type: Some(file.content_type),
        body: file.text.as_bytes().to_vec(),
        headers,
    })
}
