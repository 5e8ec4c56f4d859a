//! The tests of the server and its binary as one program: linking is what costs. What is measured
//! or killed is a process of its own.

#![forbid(unsafe_code)]

mod at_rest;
mod backup;
mod canaries;
mod clients;
mod crash;
mod drills;
mod failover;
mod folders;
mod linking;
mod logins;
mod mail;
mod master_key;
mod nodes;
mod people;
mod process;
mod proxies;
mod refresh;
mod reload;
mod rotation;
mod support;
