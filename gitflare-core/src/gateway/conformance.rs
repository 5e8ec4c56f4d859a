//! What the gateway relies on in every [`Admission`], as a suite that any implementation can run.

use super::Admission;
use crate::{ClientId, Clock, Code, Random, TokenId};

/// Reads of one token after which an admission that has a limit has refused.
const MANY: usize = 100_000;

/// A refusal is `RATE_LIMITED`, says in how many seconds it may be tried again, and is no other client's. One that refuses nobody keeps the promise too.
///
/// # Panics
/// When it does not hold.
pub fn a_refusal_is_one_clients_own(
    admission: &dyn Admission,
    clock: &dyn Clock,
    random: &dyn Random,
) {
    let one = || {
        (
            TokenId::generate(clock, random),
            ClientId::generate(clock, random),
        )
    };
    let ((token, client), (other_token, other)) = (one(), one());
    let refused = (0..MANY).find_map(|_| admission.admit(&token, &client).err());
    let Some(refused) = refused else {
        return;
    };
    assert_eq!(refused.code(), Code::RateLimited);
    let after = refused.retry_after_seconds();
    assert!(
        after.is_some_and(|seconds| seconds > 0),
        "when to try again"
    );
    let others = admission.admit(&other_token, &other);
    assert!(others.is_ok(), "a client pays for another one");
}
