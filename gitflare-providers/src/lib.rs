//! Placeholder head, replaced by the crate documentation with its first module.
#![forbid(unsafe_code)]
