//! Passwords that a device makes for itself and that expire: signed tokens.

use std::fmt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use scenarios::{Algorithm, AuthPlan, TokenKind, TokenPlan, check_private_key};
use serde_json::json;
use sim_core::Span;

use crate::authority::{read, unusable};
use crate::error::CarrierError;

/// What is left as it is in a query (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The share of its life after which a token is renewed, in percent; and after which it is, whatever is under way.
const RENEW_PERCENT: i64 = 80;
const RENEW_LATEST_PERCENT: i64 = 90;

/// Makes the passwords of one device. Its key is never told.
pub struct TokenMaker {
    user: String,
    lifetime: Span,
    kind: TokenKind,
    signer: Signer,
}

enum Signer {
    Hmac(hmac::Key),
    Rsa(Box<RsaKeyPair>),
    Ecdsa(Box<EcdsaKeyPair>),
}

impl TokenMaker {
    /// Makes tokens as a plan says for this user; keys in files lie beside the scenario.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when the key cannot be used.
    pub(crate) fn of(plan: &TokenPlan, user: &str, folder: &Path) -> Result<Self, CarrierError> {
        let signer = match &plan.kind {
            TokenKind::Jwt { algorithm: Algorithm::Hs256, .. } => {
                Signer::Hmac(hmac::Key::new(hmac::HMAC_SHA256, plan.key.as_bytes()))
            }
            TokenKind::Jwt { algorithm, .. } => key_pair(*algorithm, &folder.join(&plan.key))?,
            TokenKind::Sas { .. } => {
                let secret = STANDARD.decode(&plan.key).map_err(|_| CarrierError::Security {
                    reason: "the `key` of a shared access signature is written in base64".to_owned(),
                })?;
                Signer::Hmac(hmac::Key::new(hmac::HMAC_SHA256, &secret))
            }
        };
        let maker = Self { user: user.to_owned(), lifetime: plan.lifetime, kind: plan.kind.clone(), signer };
        maker
            .sign(b"")
            .map(|_| maker)
            .ok_or_else(|| CarrierError::Security { reason: "the `key` signs nothing".to_owned() })
    }

    /// Name and a password that is good from now on.
    pub(crate) fn login(&self) -> AuthPlan {
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        AuthPlan { user: self.user.clone(), password: self.token(now_s) }
    }

    /// How long after its beginning a token is renewed, and how long at the latest [ns].
    pub(crate) fn renewal_ns(&self) -> (i64, i64) {
        // The whole seconds of a token may cut off nearly one.
        let certain_ns = (self.lifetime.nanos() - 1_000_000_000).max(self.lifetime.nanos() / 2);
        let hundredth_ns = certain_ns / 100;
        (hundredth_ns * RENEW_PERCENT, hundredth_ns * RENEW_LATEST_PERCENT)
    }

    fn token(&self, now_s: u64) -> String {
        const SIGNS: &str = "the key has signed when it was read";
        let expiry_s = now_s + (self.lifetime.nanos().max(0) / 1_000_000_000).unsigned_abs();
        match &self.kind {
            TokenKind::Jwt { algorithm, subject, audience } => {
                let header = json!({ "alg": algorithm.word(), "typ": "JWT" });
                let mut claims = json!({ "sub": subject, "iat": now_s, "exp": expiry_s });
                if let Some(audience) = audience {
                    claims["aud"] = json!(audience);
                }
                let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
                let signed = format!("{}.{}", encode(header), encode(claims));
                let signature = self.sign(signed.as_bytes()).expect(SIGNS);
                format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
            }
            TokenKind::Sas { resource } => {
                let resource = utf8_percent_encode(resource, RESERVED).to_string();
                let signature = self.sign(format!("{resource}\n{expiry_s}").as_bytes()).expect(SIGNS);
                let signature = STANDARD.encode(signature);
                let signature = utf8_percent_encode(&signature, RESERVED);
                format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry_s}")
            }
        }
    }

    fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.signer {
            Signer::Hmac(key) => Some(hmac::sign(key, bytes).as_ref().to_vec()),
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature).ok().map(|()| signature)
            }
            Signer::Ecdsa(pair) => pair.sign(&random, bytes).ok().map(|signature| signature.as_ref().to_vec()),
        }
    }
}

fn key_pair(algorithm: Algorithm, file: &Path) -> Result<Signer, CarrierError> {
    let pem = read(file)?;
    check_private_key(&pem).map_err(|reason| unusable(file, &format!("it {reason}")))?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| unusable(file, &error))?;
    let wrong = |error: ring::error::KeyRejected| unusable(file, &format!("no key of {}: {error}", algorithm.word()));
    match (algorithm, &key) {
        (Algorithm::Rs256, PrivateKeyDer::Pkcs1(key)) => {
            RsaKeyPair::from_der(key.secret_pkcs1_der()).map(|pair| Signer::Rsa(Box::new(pair))).map_err(wrong)
        }
        (Algorithm::Rs256, PrivateKeyDer::Pkcs8(key)) => {
            RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map(|pair| Signer::Rsa(Box::new(pair))).map_err(wrong)
        }
        (_, PrivateKeyDer::Pkcs8(key)) => {
            let der = key.secret_pkcs8_der();
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new());
            pair.map(|pair| Signer::Ecdsa(Box::new(pair))).map_err(wrong)
        }
        _ => Err(unusable(file, &"write the key as PKCS #8 (`openssl pkcs8 -topk8 -nocrypt`)")),
    }
}

impl fmt::Debug for TokenMaker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenMaker").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maker(kind: TokenKind, key: &str) -> TokenMaker {
        let plan = TokenPlan { kind, key: key.to_owned(), lifetime: Span::from_secs(60) };
        TokenMaker::of(&plan, "pump-1", Path::new("")).unwrap()
    }

    fn part(token: &str, number: usize) -> serde_json::Value {
        let part = token.split('.').nth(number).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_json_web_token_says_who_and_until_when_and_is_signed() {
        let kind = TokenKind::Jwt {
            algorithm: Algorithm::Hs256,
            subject: "pump-1".to_owned(),
            audience: Some("ward".to_owned()),
        };
        let maker = maker(kind, "secret");
        let token = maker.token(1_000);
        assert_eq!(part(&token, 0), json!({ "alg": "HS256", "typ": "JWT" }));
        assert_eq!(part(&token, 1), json!({ "sub": "pump-1", "aud": "ward", "iat": 1_000, "exp": 1_060 }));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(hmac::verify(&key, signed.as_bytes(), &signature).is_ok());
        assert!(!format!("{maker:?}").contains("secret"));
        assert_eq!(maker.renewal_ns(), (47_200_000_000, 53_100_000_000));
    }

    #[test]
    fn a_shared_access_signature_signs_what_it_names() {
        let kind = TokenKind::Sas { resource: "hub.example/devices/pump 1".to_owned() };
        let token = maker(kind, &STANDARD.encode("secret")).token(1_000);
        let resource = "hub.example%2Fdevices%2Fpump%201";
        assert!(token.starts_with(&format!("SharedAccessSignature sr={resource}&sig=")), "{token}");
        assert!(token.ends_with("&se=1060"), "{token}");
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let expected = STANDARD.encode(hmac::sign(&key, format!("{resource}\n1060").as_bytes()));
        assert!(token.contains(&utf8_percent_encode(&expected, RESERVED).to_string()));
    }

    #[test]
    fn keys_that_cannot_be_used_are_refused() {
        let refused = |kind, key: &str| {
            let plan = TokenPlan { kind, key: key.to_owned(), lifetime: Span::from_secs(60) };
            TokenMaker::of(&plan, "pump-1", Path::new("nowhere")).unwrap_err().to_string()
        };
        assert!(refused(TokenKind::Sas { resource: "r".to_owned() }, "not base64!").contains("base64"));
        let jwt = TokenKind::Jwt { algorithm: Algorithm::Es256, subject: String::new(), audience: None };
        assert!(refused(jwt, "missing.pem").contains("missing.pem"));
    }
}
