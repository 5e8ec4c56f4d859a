//! Proofs of sessions, and used nonces.

use gitflare_core::{ClientId, ConnectionId, CredentialHash, SessionId, Timestamp, storage::Proof};

use super::{Columns, Statement, parsed, values};

/// Stands where a connection's id would; none reads so.
const RECONNECT: &str = "reconnect";

/// How a proof stands in its column.
fn column(proof: &Proof) -> &str {
    match proof {
        Proof::Workspace => "",
        Proof::Reconnect => RECONNECT,
        Proof::Connection(id) => id.as_str(),
    }
}

pub(in crate::storage) fn proof<R: Columns>(row: &R) -> Result<Proof, R::Error> {
    parsed(row, 0, |text| match text {
        "" => Some(Proof::Workspace),
        RECONNECT => Some(Proof::Reconnect),
        id => ConnectionId::parse(id).ok().map(Proof::Connection),
    })
}

pub(in crate::storage) fn insert<'a>(session: &'a SessionId, proof: &'a Proof) -> Statement<'a> {
    Statement::new(
        "INSERT INTO proofs (session_id, connection_id)
         SELECT id, ?2 FROM sessions WHERE id = ?1 ON CONFLICT DO NOTHING",
        values![session.as_str(), column(proof)],
    )
}

pub(in crate::storage) fn find(session: &SessionId) -> Statement<'_> {
    Statement::new(
        "SELECT connection_id FROM proofs WHERE session_id = ?1",
        values![session.as_str()],
    )
}

/// Takes a nonce, once.
pub(in crate::storage) fn take_nonce<'a>(
    client: &'a ClientId,
    nonce: &'a CredentialHash,
    until: Timestamp,
) -> Statement<'a> {
    Statement::new(
        "INSERT INTO nonces (client_id, hash, ends_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        values![client.as_str(), nonce, until],
    )
}

pub(in crate::storage) fn purge_nonces(before: Timestamp, limit: usize) -> Statement<'static> {
    Statement::new(
        "DELETE FROM nonces WHERE (client_id, hash) IN
           (SELECT client_id, hash FROM nonces WHERE ends_at < ?1 ORDER BY ends_at LIMIT ?2)",
        values![before, limit],
    )
}
