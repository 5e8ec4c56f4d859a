//! What every emulated host is made of: requests and answers, repositories and the story derived
//! from them, accounts, sign-in, tokens, pages, limits, hooks, faults, and the server under it.
//! Nothing here knows a provider; a provider is a [`Dialect`] above.

pub(crate) mod clock;
pub(crate) mod control;
pub(crate) mod delivery;
pub(crate) mod dialect;
pub(crate) mod fault;
pub(crate) mod git;
pub(crate) mod graphql;
pub(crate) mod hostile;
pub(crate) mod objects;
pub(crate) mod options;
pub(crate) mod paging;
pub(crate) mod people;
pub(crate) mod repo;
pub(crate) mod serve;
pub(crate) mod sign_in;
pub(crate) mod story;
pub(crate) mod talk;
pub(crate) mod tokens;
pub(crate) mod wire;
pub(crate) mod world;

pub(crate) use dialect::{Call, Dialect, Refusal, Routes, routes};
pub(crate) use repo::Repo;
pub(crate) use wire::{Answer, Request};
pub(crate) use world::World;
