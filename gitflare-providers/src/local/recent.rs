//! A bounded map that keeps what was used last. Small by design (tens of entries), so a vector in
//! order of use is the whole of it.

use std::sync::{Mutex, PoisonError};

/// At most `max_entries` values whose weights sum up to at most `max_weight`.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    max_entries: usize,
    max_weight: usize,
    /// The most recently used last.
    entries: Mutex<Vec<(K, V)>>,
}

/// How much of a cache's bound a value takes; may grow while the value is cached.
pub(super) trait Weight {
    fn weight(&self) -> usize;
}

impl<K: PartialEq, V: Clone + Weight> Recent<K, V> {
    pub(super) const fn new(max_entries: usize, max_weight: usize) -> Self {
        Self {
            max_entries,
            max_weight,
            entries: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn find(&self, key: &K) -> Option<V> {
        let mut entries = self.lock();
        let index = entries.iter().position(|(other, _)| other == key)?;
        let entry = entries.remove(index);
        let value = entry.1.clone();
        entries.push(entry);
        Some(value)
    }

    /// The value of the key, made now when there is none.
    pub(super) fn find_or_insert(&self, key: K, make: impl FnOnce() -> V) -> V {
        if let Some(value) = self.find(&key) {
            return value;
        }
        let value = make();
        self.insert(key, value.clone());
        value
    }

    pub(super) fn insert(&self, key: K, value: V) {
        let mut entries = self.lock();
        entries.retain(|(other, _)| *other != key);
        entries.push((key, value));
        self.shrink(&mut entries);
    }

    /// Drops what is beyond the bounds, the longest unused first. To be called after a value grew.
    pub(super) fn trim(&self) {
        self.shrink(&mut self.lock());
    }

    fn shrink(&self, entries: &mut Vec<(K, V)>) {
        let mut weight: usize = entries.iter().map(|(_, value)| value.weight()).sum();
        let mut drop = 0;
        while entries.len() - drop > self.max_entries
            || (weight > self.max_weight && drop < entries.len())
        {
            weight -= entries[drop].1.weight().min(weight);
            drop += 1;
        }
        entries.drain(..drop);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(K, V)>> {
        // The vector is valid between any two statements above, so a panic elsewhere spoils nothing.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weight for usize {
        fn weight(&self) -> usize {
            *self
        }
    }

    #[test]
    fn the_longest_unused_entry_goes_first() {
        let recent = Recent::new(2, 100);
        recent.insert("a", 1);
        recent.insert("b", 1);
        assert_eq!(recent.find(&"a"), Some(1));
        recent.insert("c", 1);
        assert_eq!(recent.find(&"b"), None);
        assert_eq!(recent.find(&"a"), Some(1));
    }

    #[test]
    fn weight_is_bounded_even_for_a_single_entry() {
        let recent = Recent::new(10, 100);
        recent.insert("a", 60);
        recent.insert("b", 60);
        assert_eq!((recent.find(&"a"), recent.find(&"b")), (None, Some(60)));
        recent.insert("c", 101);
        assert_eq!(recent.find(&"c"), None);
    }
}
