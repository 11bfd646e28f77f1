//! Somebody who is no device and connects to a broker: a probe, who gives commands, who cleans up, who only tries.

use std::path::Path;
use std::sync::Arc;

use scenarios::{AuthPlan, Plan, Protocol, TargetPlan};
use sim_core::{SimId, Span};

use super::greeting::Greeting;
use super::token::TokenMaker;
use crate::access::BrokerAccess;
use crate::error::CarrierError;
use crate::identity::client_of;
use crate::transport::tls::{TlsClient, TlsTarget};

/// The common name of the certificate that visitors share.
const COMMON_NAME: &str = "iomt";
/// How long a visitor may be silent.
const KEEP_ALIVE: Span = Span::from_secs(30);

/// How somebody who is no device connects.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// MQTT client id.
    pub client_id: String,
    /// Protocol version.
    pub protocol: Protocol,
    /// Name and password.
    pub auth: Option<AuthPlan>,
    /// Makes its password anew for each connection.
    pub token: Option<Arc<TokenMaker>>,
    /// TLS, over which it then speaks.
    pub tls: Option<TlsClient>,
    /// How long the broker keeps its session while it is away; zero begins and leaves none. MQTT 3.1.1 keeps for ever
    /// what it keeps.
    pub kept: Span,
}

impl Visitor {
    /// A visitor of a target of the plan: with the protocol of the first link there, the name and password of the target
    /// or else of that link, and no session.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when no certificate can be issued to it.
    pub fn of(plan: &Plan, target: usize, access: &BrokerAccess, client_id: String) -> Result<Self, CarrierError> {
        let link = plan.links.iter().find(|link| link.target == target);
        let shared = link.and_then(|link| link.auth.as_ref()?.shared.clone());
        let own = &plan.targets[target];
        let token = own.token.as_ref().zip(own.auth.as_ref());
        let token = token.map(|(token, auth)| TokenMaker::of(token, &auth.user, folder(plan))).transpose()?;
        Ok(Self {
            client_id,
            protocol: link.and_then(|link| link.protocol).unwrap_or(Protocol::V311),
            auth: own.auth.clone().or(shared),
            token: token.map(Arc::new),
            tls: access.tls.as_ref().map(|tls| client_of_visitors(plan, own, tls)).transpose()?,
            kept: Span::ZERO,
        })
    }

    /// A device of the plan: with its own name, password or token and certificate, and without a session.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when its certificate cannot be issued or its key cannot be used.
    pub fn device(plan: &Plan, device: usize, access: &BrokerAccess, protocol: Protocol) -> Result<Self, CarrierError> {
        let endpoint = &plan.endpoints[device];
        let token = endpoint.token.as_ref().zip(endpoint.auth.as_ref());
        let token = token.map(|(token, auth)| TokenMaker::of(token, &auth.user, folder(plan))).transpose()?;
        let tls = access.tls.as_ref().map(|tls| client_of(plan, SimId(device as u32), tls)).transpose()?;
        let (auth, token) = (endpoint.auth.clone(), token.map(Arc::new));
        Ok(Self { client_id: endpoint.client_id.clone(), protocol, auth, token, tls, kept: Span::ZERO })
    }

    /// Name and password for a connection that begins now.
    pub(crate) fn login(&self) -> Option<AuthPlan> {
        self.token.as_ref().map(|token| token.login()).or_else(|| self.auth.clone())
    }

    /// What CONNECT says, with this name and password.
    pub(crate) fn greeting<'a>(&'a self, auth: Option<&'a AuthPlan>) -> Greeting<'a> {
        Greeting {
            client_id: &self.client_id,
            protocol: self.protocol,
            clean: self.kept == Span::ZERO,
            expiry: self.kept,
            keep_alive: KEEP_ALIVE,
            largest: None,
            receive_maximum: None,
            will: None,
            auth,
        }
    }
}

/// How visitors speak TLS: with the certificate that the target has for them, or one that its issuer makes.
fn client_of_visitors(plan: &Plan, target: &TargetPlan, tls: &TlsTarget) -> Result<TlsClient, CarrierError> {
    match BrokerAccess::watcher_files(target) {
        Some((certificate, key)) => tls.client_of_files(&folder(plan).join(certificate), &folder(plan).join(key)),
        None => tls.client(COMMON_NAME),
    }
}

/// Where the files lie that a scenario names.
fn folder(plan: &Plan) -> &Path {
    Path::new(&plan.file).parent().unwrap_or(Path::new(""))
}
