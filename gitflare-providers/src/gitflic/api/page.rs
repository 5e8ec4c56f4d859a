//! A page of a list: its rows under a key of their own below `_embedded`, and where it stands. The key
//! differs by call and by release: the only list is taken, of several the one whose key is known.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error, MapAccess, Visitor},
};
use serde_json::Value;

/// The keys that lists are known to have, of both generations.
pub(in crate::gitflic) const KEYS: &[&str] = &[
    "apiFileInfoTupleList",
    "branchList",
    "commitBlobs",
    "commitList",
    "labelList",
    "mergeRequestDiscussionModelList",
    "mergeRequestModelList",
    "projectList",
    "projectModelList",
    "releaseTagModelList",
    "restDiscussionModelList",
    "restPipelineJobModelList",
    "restPipelineModelList",
    "tagList",
    "userList",
    "webhookList",
];

/// Which of these lists has the rows: the only one, else the only one that is known.
fn meant<'k>(keys: impl IntoIterator<Item = &'k str>) -> Option<usize> {
    let keys: Vec<&str> = keys.into_iter().collect();
    let known = |key: &&str| KEYS.contains(key);
    let mut all = keys.iter().enumerate();
    match keys.iter().filter(|key| known(key)).count() {
        1 => all.find(|(_, key)| known(key)).map(|(at, _)| at),
        _ => (keys.len() == 1).then_some(0),
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The key that the rows stood under, such as `commitList`; empty when there were none at all.
    pub key: String,
    /// The rows.
    pub items: Vec<T>,
    /// Where the page stands.
    pub page: PageInfo,
}

/// Where a page stands. The totals are GitFlic's word, and are wrong at times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    /// The most rows of a page.
    pub size: u64,
    /// How many rows there are.
    pub total_elements: u64,
    /// How many pages there are.
    pub total_pages: u64,
    /// Which page it is, from 0.
    pub number: u64,
}

impl PageInfo {
    /// Whether there is nothing on it: the list is empty, or ends in front of it.
    fn is_without_rows(&self) -> bool {
        self.total_elements == 0 || (self.number > 0 && self.number >= self.total_pages)
    }

    /// The page that follows; `None` behind the last one.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        let next = self.number.saturating_add(1);
        (next < self.total_pages).then_some(next)
    }
}

impl<T: Serialize> Serialize for Page<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a, T> {
            #[serde(rename = "_embedded")]
            lists: BTreeMap<&'a str, &'a [T]>,
            page: PageInfo,
        }
        let mut lists = BTreeMap::new();
        if !self.key.is_empty() {
            lists.insert(self.key.as_str(), self.items.as_slice());
        }
        let wire = Wire {
            lists,
            page: self.page,
        };
        wire.serialize(to)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "_embedded")]
            lists: Option<BTreeMap<String, Value>>,
            page: PageInfo,
        }
        let wire = Wire::deserialize(from)?;
        let members = wire.lists.unwrap_or_default().into_iter();
        let mut lists: Vec<_> = members.filter(|(_, value)| value.is_array()).collect();
        let (key, rows) = match meant(lists.iter().map(|(key, _)| key.as_str())) {
            Some(at) => lists.swap_remove(at),
            None if !lists.is_empty() => {
                return Err(D::Error::custom("more than one list of rows"));
            }
            None if wire.page.is_without_rows() => (String::new(), Value::Array(Vec::new())),
            None => return Err(D::Error::custom("no list of rows")),
        };
        Ok(Self {
            key,
            items: serde_json::from_value(rows).map_err(D::Error::custom)?,
            page: wire.page,
        })
    }
}

/// What stands around the rows of a page, once they were read.
#[derive(Debug, Deserialize)]
pub(in crate::gitflic) struct Around {
    #[serde(default, rename = "_embedded")]
    lists: Lists,
    pub(in crate::gitflic) page: Standing,
}

impl Around {
    /// Whether it is plain which list has the rows.
    pub(in crate::gitflic) fn has_one_list(&self) -> bool {
        let keys = self.lists.0.iter().map(String::as_str);
        self.lists.0.is_empty() || meant(keys).is_some()
    }
}

/// Where a page stands, as far as it is needed to go on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gitflic) struct Standing {
    pub(in crate::gitflic) total_elements: Option<u64>,
    pub(in crate::gitflic) total_pages: u64,
    pub(in crate::gitflic) number: Option<u64>,
}

/// The keys of the lists that an object has.
#[derive(Debug, Default)]
struct Lists(Vec<String>);

impl<'de> Deserialize<'de> for Lists {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Counter;

        impl<'de> Visitor<'de> for Counter {
            type Value = Lists;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of lists")
            }

            fn visit_unit<E>(self) -> Result<Lists, E> {
                Ok(Lists::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lists, A::Error> {
                let mut lists = Lists::default();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if value.is_array() {
                        lists.0.push(key);
                    }
                }
                Ok(lists)
            }
        }

        from.deserialize_any(Counter)
    }
}
