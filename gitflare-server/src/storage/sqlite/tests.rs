//! What SQLite adds to the promises of the traits: files, pragmas, full disks and locks.
