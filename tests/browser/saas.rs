//! The developer's own web app in a browser test: pages that a test writes, and a callback that
//! shows what came back.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::tiny::{self, Asked, Https, Task};

type Pages = Arc<Mutex<BTreeMap<String, String>>>;

/// A developer's app with a page of its own.
pub(crate) struct Saas {
    /// Its origin as browsers reach it.
    pub(crate) origin: String,
    pages: Pages,
    _tasks: Vec<Task>,
}

impl Saas {
    /// Starts an app on plain http.
    pub(crate) async fn start() -> Self {
        let pages = Pages::default();
        let (address, task) = tiny::serve(answers(&pages)).await;
        Self {
            origin: format!("http://{address}"),
            pages,
            _tasks: vec![task],
        }
    }

    /// An app on https, under a name.
    pub(crate) async fn start_https(host: &str) -> Self {
        let pages = Pages::default();
        let (address, task) = tiny::serve(answers(&pages)).await;
        let outside = Https::bind().await;
        Self {
            origin: format!("https://{host}:{}", outside.port),
            pages,
            _tasks: vec![task, outside.pass_on_to(address)],
        }
    }

    pub(crate) fn callback(&self) -> String {
        format!("{}/callback", self.origin)
    }

    /// Puts a page at a path, and says where that is.
    pub(crate) fn put(&self, path: &str, html: &str) -> String {
        self.pages
            .lock()
            .unwrap()
            .insert(path.to_owned(), html.to_owned());
        format!("{}{path}", self.origin)
    }
}

fn answers(pages: &Pages) -> impl Fn(Asked) -> Option<String> + Send + Sync + 'static {
    let pages = Arc::clone(pages);
    move |asked| match asked.path.as_str() {
        // What came back is percent-encoded: nothing of it is markup.
        "/callback" => Some(format!("<pre id=came-back>{}</pre>", asked.query)),
        "/favicon.ico" => Some(String::new()),
        path => pages.lock().unwrap().get(path).cloned(),
    }
}
