//! Clients of the providers, unmodified, against the emulated hosts.
