//! Placeholder head, replaced by the crate documentation with its first module.
#![deny(unsafe_code)]
