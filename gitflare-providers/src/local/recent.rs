//! A map that keeps what was used last, bounded by the number of its entries and by their weight.

use std::{
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use hashlink::LruCache;

/// At most `max_entries` values whose weights sum up to at most `max_weight`.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    max_weight: usize,
    entries: Mutex<LruCache<K, V>>,
}

/// How much of a cache's bound a value takes; may grow while the value is cached.
pub(super) trait Weight {
    fn weight(&self) -> usize;
}

impl<K: Eq + Hash, V: Clone + Weight> Recent<K, V> {
    pub(super) fn new(max_entries: usize, max_weight: usize) -> Self {
        Self {
            max_weight,
            entries: Mutex::new(LruCache::new(max_entries)),
        }
    }

    pub(super) fn find(&self, key: &K) -> Option<V> {
        self.lock().get(key).cloned()
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
        entries.insert(key, value);
        self.shrink(&mut entries);
    }

    /// Drops what is beyond the bounds, the longest unused first. To be called after a value grew.
    pub(super) fn trim(&self) {
        self.shrink(&mut self.lock());
    }

    fn shrink(&self, entries: &mut LruCache<K, V>) {
        let mut weight: usize = entries.iter().map(|(_, value)| value.weight()).sum();
        while weight > self.max_weight {
            let Some((_, dropped)) = entries.remove_lru() else {
                return;
            };
            weight = weight.saturating_sub(dropped.weight());
        }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<K, V>> {
        // The map is valid between any two statements above, so a panic elsewhere spoils nothing.
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
