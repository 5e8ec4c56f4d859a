//! A list of GitFlic that was named but not read yet: page by page, or as a stream of its rows.

use std::marker::PhantomData;

use futures_util::{Stream, TryStreamExt, stream};
use serde::de::DeserializeOwned;

use super::{Client, Error, Page};

/// The largest page that GitFlic is known to give.
pub const MAX_PAGE: u64 = 100;

/// A list of `T`. Nothing is asked before a page is.
#[derive(Clone, Debug)]
#[must_use = "a list asks for nothing by itself"]
pub struct List<'c, T> {
    client: &'c Client,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    row: PhantomData<fn() -> T>,
}

impl<'c, T: DeserializeOwned> List<'c, T> {
    pub(super) fn new(client: &'c Client, segments: &[&str]) -> Self {
        Self {
            client,
            segments: segments.iter().map(|it| (*it).to_owned()).collect(),
            query: Vec::new(),
            row: PhantomData,
        }
    }

    pub(super) fn query(mut self, key: &'static str, value: Option<&str>) -> Self {
        self.query
            .extend(value.map(|value| (key, value.to_owned())));
        self
    }

    /// Reads one page, counted from 0, of so many rows at most.
    ///
    /// # Errors
    /// What GitFlic refuses, or why there is no answer.
    pub async fn page(&self, number: u64, size: u64) -> Result<Page<T>, Error> {
        let paging = [("page", number), ("size", size)];
        let paging = paging.map(|(key, value)| (key, value.to_string()));
        let query = self.query.iter().chain(&paging);
        self.client.get(&self.segments, query).await
    }

    /// All rows, in GitFlic's order, in pages of [`MAX_PAGE`]. A page is asked for when its first row
    /// is; after an error nothing more comes.
    pub fn stream(self) -> impl Stream<Item = Result<T, Error>> + Send + 'c
    where
        T: Send + 'c,
    {
        let pages = stream::try_unfold((self, Some(0)), |(list, number)| async move {
            let Some(number) = number else {
                return Ok::<_, Error>(None);
            };
            let page = list.page(number, MAX_PAGE).await?;
            // An installation that does not page answers every page with the first.
            let next = page.page.next().filter(|next| *next > number);
            let rows = stream::iter(page.items.into_iter().map(Ok));
            Ok(Some((rows, (list, next))))
        });
        pages.try_flatten()
    }
}
