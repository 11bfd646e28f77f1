//! A certificate authority: of a run, or the user's own. It issues certificates to the brokers that a run starts and to
//! devices.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use scenarios::{check_certificate, check_private_key};

use crate::error::CarrierError;

/// Who issues certificates. Its private key is never written anywhere, and clones are the same one.
///
/// What it issues is valid at any time, so that a wrong clock is no reason to be refused.
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

struct Inner {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
}

/// A certificate with its private key, of which nothing is shown.
pub struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    certificate_pem: String,
    key: KeyPair,
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when the system gives no randomness.
    pub fn new(name: &str) -> Result<Self, CarrierError> {
        let mut parameters = named(name)?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(refused)?;
        let own = CertifiedIssuer::self_signed(parameters.clone(), key).map_err(refused)?;
        let (certificate, certificate_pem) = (own.der().clone(), own.pem());
        let key = KeyPair::try_from(own.key().serialized_der()).map_err(refused)?;
        Ok(Self(Arc::new(Inner { issuer: Issuer::new(parameters, key), certificate, certificate_pem })))
    }

    /// The user's own, out of PEM files.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when a file cannot be read or used.
    pub fn of_files(certificate: &Path, key: &Path) -> Result<Self, CarrierError> {
        let certificate_pem = read(certificate)?;
        let key_pem = read(key)?;
        check_certificate(&certificate_pem).map_err(|reason| unusable(certificate, &format!("it {reason}")))?;
        check_private_key(&key_pem).map_err(|reason| unusable(key, &format!("it {reason}")))?;
        let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|error| unusable(certificate, &error))?
            .into_owned();
        let key_file = key;
        let key = KeyPair::from_pem(&key_pem).map_err(|error| unusable(key_file, &error))?;
        if !belong_together(&der, &key) {
            let reason = format!("it is not the key of {}", certificate.display());
            return Err(unusable(key_file, &reason));
        }
        let issuer = Issuer::from_ca_cert_der(&der, key).map_err(|error| unusable(certificate, &error))?;
        Ok(Self(Arc::new(Inner { issuer, certificate: der, certificate_pem })))
    }

    /// Its own certificate, as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.0.certificate_pem
    }

    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        &self.0.certificate
    }

    /// Issues a certificate to a server with these names and addresses.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when a name cannot be in a certificate.
    pub fn server(&self, names: &[&str]) -> Result<Identity, CarrierError> {
        let mut parameters = named(names.first().copied().unwrap_or_default())?;
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        parameters.subject_alt_names = CertificateParams::new(names).map_err(refused)?.subject_alt_names;
        self.issue(parameters, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// Issues a certificate to a client with this common name.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when the name cannot be in a certificate.
    pub fn client(&self, common_name: &str) -> Result<Identity, CarrierError> {
        self.issue(named(common_name)?, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(
        &self,
        mut parameters: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<Identity, CarrierError> {
        parameters.extended_key_usages = vec![usage];
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().map_err(refused)?;
        let certificate = parameters.signed_by(&key, &self.0.issuer).map_err(refused)?;
        Ok(Identity { chain: vec![certificate.der().clone()], certificate_pem: certificate.pem(), key })
    }
}

impl Identity {
    /// The certificate, as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key, as PEM: for a file that only its owner may read.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }
}

/// Whether a certificate is for a key.
fn belong_together(certificate: &CertificateDer<'static>, key: &KeyPair) -> bool {
    let der = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let signing = ring::default_provider().key_provider.load_private_key(der);
    signing.is_ok_and(|signing| CertifiedKey::new(vec![certificate.clone()], signing).keys_match().is_ok())
}

fn named(common_name: &str) -> Result<CertificateParams, CarrierError> {
    let mut parameters = CertificateParams::new(Vec::new()).map_err(refused)?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, common_name);
    Ok(parameters)
}

fn refused(error: rcgen::Error) -> CarrierError {
    CarrierError::Security { reason: format!("no certificate can be issued: {error}") }
}

/// Reads a PEM file.
///
/// # Errors
/// [`CarrierError::Security`] names it.
pub(crate) fn read(file: &Path) -> Result<String, CarrierError> {
    std::fs::read_to_string(file).map_err(|error| unusable(file, &error))
}

pub(crate) fn unusable(file: &Path, error: &dyn fmt::Display) -> CarrierError {
    CarrierError::Security { reason: format!("{} cannot be used: {error}", file.display()) }
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Identity").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_of_files_issues_as_the_one_they_came_from() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("ca.pem"), folder.path().join("ca.key"));
        let own = KeyPair::generate().unwrap();
        let mut parameters = named("hospital").unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        std::fs::write(&certificate, parameters.self_signed(&own).unwrap().pem()).unwrap();
        std::fs::write(&key, own.serialize_pem()).unwrap();
        let authority = Authority::of_files(&certificate, &key).unwrap();
        let identity = authority.client("icu-0001-mon").unwrap();
        assert!(identity.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
        assert_eq!(format!("{identity:?}"), "Identity { .. }");
        let error = Authority::of_files(&key, &certificate).unwrap_err().to_string();
        assert!(error.contains("ca.key cannot be used: it holds a private key and no certificate"), "{error}");
        let other = folder.path().join("other.key");
        std::fs::write(&other, KeyPair::generate().unwrap().serialize_pem()).unwrap();
        let error = Authority::of_files(&certificate, &other).unwrap_err().to_string();
        assert!(error.contains("other.key cannot be used: it is not the key of"), "{error}");
        std::fs::write(&other, own.public_key_pem()).unwrap();
        let error = Authority::of_files(&certificate, &other).unwrap_err().to_string();
        assert!(error.contains("holds a public key"), "{error}");
        let error = Authority::of_files(&folder.path().join("missing.pem"), &key).unwrap_err().to_string();
        assert!(error.contains("missing.pem cannot be used"), "{error}");
    }
}
