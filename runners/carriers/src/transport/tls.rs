//! TLS: what a target is trusted by, and what each client shows of itself.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use scenarios::{check_certificate, check_private_key};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tls_failure::TlsFailure;
use super::tls_sessions::{FirstSession, SharedSessions};
use crate::authority::{Authority, read, unusable};
use crate::error::CarrierError;

/// Sessions that a client with a certificate of its own can resume: those of one target (rustls keeps eight tickets each).
const OWN_SESSIONS: usize = 8;

/// What TLS with a target is like, before it is known who connects. Clones share everything.
#[derive(Debug, Clone)]
pub struct TlsTarget {
    server_name: ServerName<'static>,
    verifier: Arc<dyn ServerCertVerifier>,
    alpn: Vec<Vec<u8>>,
    provider: Arc<CryptoProvider>,
    /// For clients without a certificate, who share their sessions: the first time, and again.
    anonymous: [Arc<ClientConfig>; 2],
    /// Who issues the certificates of clients, if they show any.
    issuer: Option<Authority>,
    verifies: bool,
}

/// How TLS with a target is set up.
#[derive(Debug, Clone, Default)]
pub struct TlsSettings<'a> {
    /// The name that the target's certificate must have: a host name or an address.
    pub server_name: &'a str,
    /// Who may have issued it.
    pub trusted: Trusted<'a>,
    /// Application protocols to offer, in order of preference.
    pub alpn: &'a [String],
    /// Who issues a certificate to each client; `None` when they show none.
    pub issuer: Option<Authority>,
}

/// Who may have issued a target's certificate.
#[derive(Debug, Clone, Default)]
pub enum Trusted<'a> {
    /// Those whom the system trusts.
    #[default]
    System,
    /// Those in a PEM file.
    File(&'a Path),
    /// One that this process has.
    Own(&'a Authority),
    /// Anybody: the certificate is not looked at.
    Anybody,
}

/// How one client speaks TLS with a target. Clones share everything.
#[derive(Debug, Clone)]
pub struct TlsClient {
    first: Arc<ClientConfig>,
    again: Arc<ClientConfig>,
    has_connected: Arc<AtomicBool>,
    server_name: ServerName<'static>,
}

impl TlsTarget {
    /// # Errors
    /// [`CarrierError::Security`] when a file cannot be used or a name is none.
    pub fn new(settings: TlsSettings<'_>) -> Result<Self, CarrierError> {
        let TlsSettings { server_name, trusted, alpn, issuer } = settings;
        let server_name = ServerName::try_from(server_name.to_owned()).map_err(|_| CarrierError::Security {
            reason: format!("`{server_name}` is neither a host name nor an address, so no certificate can be for it"),
        })?;
        let provider = Arc::new(ring::default_provider());
        let verifies = !matches!(trusted, Trusted::Anybody);
        let verifier: Arc<dyn ServerCertVerifier> = match trusted {
            Trusted::Anybody => Arc::new(Unverified(Arc::clone(&provider))),
            Trusted::System => verifier(system_roots()?, &provider)?,
            Trusted::File(file) => verifier(roots_of(file)?, &provider)?,
            Trusted::Own(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.certificate().clone()).map_err(refused)?;
                verifier(roots, &provider)?
            }
        };
        let alpn: Vec<Vec<u8>> = alpn.iter().map(|protocol| protocol.clone().into_bytes()).collect();
        let mut again = with_alpn(builder(&provider, &verifier)?.with_no_client_auth(), &alpn);
        let sessions = Arc::new(SharedSessions::default());
        let mut first = again.clone();
        first.resumption = Resumption::store(Arc::new(FirstSession(Arc::clone(&sessions))));
        again.resumption = Resumption::store(sessions);
        let anonymous = [Arc::new(first), Arc::new(again)];
        Ok(Self { server_name, verifier, alpn, provider, anonymous, issuer, verifies })
    }

    /// Whether the target's certificate is looked at.
    pub fn verifies(&self) -> bool {
        self.verifies
    }

    /// How somebody with this name speaks TLS with the target: with a certificate of its own, if there is an issuer.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when the name cannot be in a certificate.
    pub fn client(&self, common_name: &str) -> Result<TlsClient, CarrierError> {
        match &self.issuer {
            None => Ok(self.client_with(self.anonymous.clone())),
            Some(issuer) => {
                let identity = issuer.client(common_name)?;
                self.certified(identity.chain.clone(), identity.key()).map_err(refused)
            }
        }
    }

    /// How somebody speaks TLS with the target who has a certificate and a key in PEM files.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when a file cannot be read or used, or the key is that of another certificate.
    pub fn client_of_files(&self, certificate: &Path, key: &Path) -> Result<TlsClient, CarrierError> {
        let (certificate_pem, key_pem) = (read(certificate)?, read(key)?);
        check_certificate(&certificate_pem).map_err(|reason| unusable(certificate, &format!("it {reason}")))?;
        check_private_key(&key_pem).map_err(|reason| unusable(key, &format!("it {reason}")))?;
        let chain = CertificateDer::pem_slice_iter(certificate_pem.as_bytes());
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|error| unusable(certificate, &error))?;
        let der = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|error| unusable(key, &error))?;
        self.certified(chain, der).map_err(|error| match error {
            Error::InconsistentKeys(_) => unusable(key, &format!("it is not the key of {}", certificate.display())),
            other => unusable(certificate, &other),
        })
    }

    fn certified(&self, chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<TlsClient, Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder = builder.with_safe_default_protocol_versions()?;
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::clone(&self.verifier));
        let mut config = with_alpn(builder.with_client_auth_cert(chain, key)?, &self.alpn);
        // A session tells the broker who the client is, so no two clients may share one.
        config.resumption = Resumption::in_memory_sessions(OWN_SESSIONS);
        let config = Arc::new(config);
        Ok(self.client_with([Arc::clone(&config), config]))
    }

    fn client_with(&self, [first, again]: [Arc<ClientConfig>; 2]) -> TlsClient {
        TlsClient { first, again, has_connected: Arc::default(), server_name: self.server_name.clone() }
    }
}

impl TlsClient {
    /// Shakes hands over a connected socket.
    pub(crate) async fn shake_hands(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = if self.has_connected.load(Ordering::Relaxed) { &self.again } else { &self.first };
        let connector = TlsConnector::from(Arc::clone(config));
        let connected = connector.connect(self.server_name.clone(), stream).await.map_err(TlsFailure::in_handshake)?;
        self.has_connected.store(true, Ordering::Relaxed);
        Ok(connected)
    }
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

fn builder(provider: &Arc<CryptoProvider>, verifier: &Arc<dyn ServerCertVerifier>) -> Result<Builder, CarrierError> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(refused)?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::clone(verifier)))
}

fn with_alpn(mut config: ClientConfig, alpn: &[Vec<u8>]) -> ClientConfig {
    config.alpn_protocols = alpn.to_vec();
    config
}

fn verifier(roots: RootCertStore, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, CarrierError> {
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    verifier.build().map_err(|error| CarrierError::Security { reason: error.to_string() })
}

fn system_roots() -> Result<RootCertStore, CarrierError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let reason = "the system trusts nobody (no certificates were found); name the CA of the target as `ca`";
        return Err(CarrierError::Security { reason: reason.to_owned() });
    }
    Ok(roots)
}

fn roots_of(file: &Path) -> Result<RootCertStore, CarrierError> {
    let pem = read(file)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| unusable(file, &error))?;
        roots.add(certificate).map_err(|error| unusable(file, &error))?;
    }
    if roots.is_empty() { Err(unusable(file, &"it holds no certificate in PEM")) } else { Ok(roots) }
}

fn refused(error: Error) -> CarrierError {
    CarrierError::Security { reason: error.to_string() }
}

/// Takes any certificate, where a scenario says so in so many words.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
