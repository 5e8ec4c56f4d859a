//! The sandbox: the whole gateway on loopback over a fresh folder, with a sample repository, for
//! trying it without an account or a network.

pub mod sample;
