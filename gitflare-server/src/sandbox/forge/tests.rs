//! The emulated forges, held against what the providers' documentation says.
