//! A page of a list: its rows under a key of their own below `_embedded`, and where it stands. The key
//! differs by call and by release, so whichever it is is taken.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

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
        let mut lists = members.filter(|(_, value)| value.is_array());
        let (key, rows) = match (lists.next(), lists.next()) {
            (None, _) if wire.page.total_elements == 0 => (String::new(), Value::Array(Vec::new())),
            (Some(list), None) => list,
            (None, _) => return Err(D::Error::custom("no list of rows")),
            (Some(_), Some(_)) => return Err(D::Error::custom("more than one list of rows")),
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
    /// Whether it is clear which rows were meant.
    pub(in crate::gitflic) fn has_one_list(&self) -> bool {
        self.lists.0 <= 1
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

/// How many lists an object has.
#[derive(Debug, Default)]
struct Lists(usize);

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
                while let Some((_, value)) = map.next_entry::<IgnoredAny, Value>()? {
                    lists.0 += usize::from(value.is_array());
                }
                Ok(lists)
            }
        }

        from.deserialize_any(Counter)
    }
}
