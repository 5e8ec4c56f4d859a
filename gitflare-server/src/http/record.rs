//! Signs records of consent, so that whoever holds one can prove it without this server: JSON Web
//! Signatures (RFC 7515) with Ed25519 (RFC 8037), by keys that are derived from the master key. The
//! public keys are published as a set (RFC 7517), those of retired master keys too.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use gitflare_core::{Error, Result, Secret, gateway::Gateway};
use ring::signature::{Ed25519KeyPair, KeyPair};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// What a record says that it is.
const TYPE: &str = "gitflare-consent+json";

/// A public key (RFC 8037, section 2).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct PublicKey {
    /// The kind of key.
    #[schemars(extend("enum" = ["OKP"]))]
    kty: &'static str,
    /// The curve.
    #[schemars(extend("enum" = ["Ed25519"]))]
    crv: &'static str,
    /// The key, base64url.
    x: String,
    /// Its thumbprint (RFC 7638), base64url, which records name.
    kid: String,
    /// The algorithm.
    #[schemars(extend("enum" = ["EdDSA"]))]
    alg: &'static str,
    /// What it is for.
    #[serde(rename = "use")]
    #[schemars(extend("enum" = ["sig"]))]
    usage: &'static str,
}

/// Public keys (RFC 7517, section 5).
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeySet {
    /// The one that signs now, then those that still vouch for older records.
    keys: Vec<PublicKey>,
}

/// A signed text, in the flattened form of RFC 7515, section 7.2.2.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Signed {
    /// The record: JSON, base64url.
    payload: String,
    /// Algorithm, key and type: JSON, base64url.
    protected: String,
    /// The signature of `protected`, a full stop and `payload`, base64url.
    signature: String,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'static str,
}

/// The keys of a gateway.
pub(super) fn keys(gateway: &Gateway) -> Result<KeySet> {
    let seeds = gateway.record_seeds().iter();
    let keys = seeds.map(|(_, seed)| Ok(public(&pair(seed)?)));
    Ok(KeySet {
        keys: keys.collect::<Result<_>>()?,
    })
}

/// Signs a record with the key of the primary master key.
pub(super) fn sign(gateway: &Gateway, record: &impl Serialize) -> Result<Signed> {
    let (_, seed) = gateway
        .record_seeds()
        .first()
        .ok_or_else(|| Error::internal("a gateway without keys"))?;
    let pair = pair(seed)?;
    let header = Header {
        alg: "EdDSA",
        kid: &public(&pair).kid,
        typ: TYPE,
    };
    let (protected, payload) = (encoded(&header)?, encoded(record)?);
    let signature = pair.sign(format!("{protected}.{payload}").as_bytes());
    Ok(Signed {
        signature: URL_SAFE_NO_PAD.encode(signature),
        payload,
        protected,
    })
}

fn pair(seed: &Secret<[u8; 32]>) -> Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_seed_unchecked(seed.expose())
        .map_err(|_| Error::internal("a seed that makes no key"))
}

fn public(pair: &Ed25519KeyPair) -> PublicKey {
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    // The members that the RFC names, in its order, without spaces.
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    PublicKey {
        kty: "OKP",
        crv: "Ed25519",
        kid: URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)),
        x,
        alg: "EdDSA",
        usage: "sig",
    }
}

fn encoded(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(value);
    let json = json.map_err(|error| Error::internal(format!("a record: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_rfc_8037() {
        // Appendix A: the key, its public half and its thumbprint.
        let seed = URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let pair = pair(&Secret::new(seed.try_into().unwrap())).unwrap();
        let key = public(&pair);
        assert_eq!(key.x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let signed = pair.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        assert_eq!(
            URL_SAFE_NO_PAD.encode(signed),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }
}
