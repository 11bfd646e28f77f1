//! Somebody who is no device and connects to a broker: a probe, who gives commands, who cleans up, who only tries.

use std::path::Path;

use scenarios::{AuthPlan, Plan, Protocol};
use sim_core::Span;

use super::greeting::Greeting;
use super::token::TokenMaker;
use crate::access::BrokerAccess;
use crate::error::CarrierError;
use crate::transport::tls::TlsClient;

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
        Ok(Self {
            client_id,
            protocol: link.and_then(|link| link.protocol).unwrap_or(Protocol::V311),
            auth: plan.targets[target].auth.clone().or(shared),
            tls: access.tls.as_ref().map(|tls| tls.client(COMMON_NAME)).transpose()?,
            kept: Span::ZERO,
        })
    }

    /// A device of the plan: with its own name, password or token and certificate, and without a session.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when its certificate cannot be issued or its key cannot be used.
    pub fn device(plan: &Plan, device: usize, access: &BrokerAccess, protocol: Protocol) -> Result<Self, CarrierError> {
        let (endpoint, serial) = (&plan.endpoints[device], &plan.roster.devices[device].serial);
        let folder = Path::new(&plan.file).parent().unwrap_or(Path::new(""));
        let auth = match (&endpoint.token, &endpoint.auth) {
            (Some(token), Some(auth)) => Some(TokenMaker::of(token, &auth.user, folder)?.login()),
            (_, auth) => auth.clone(),
        };
        let tls = access.tls.as_ref().map(|tls| tls.client(serial)).transpose()?;
        Ok(Self { client_id: endpoint.client_id.clone(), protocol, auth, tls, kept: Span::ZERO })
    }

    pub(crate) fn greeting(&self) -> Greeting<'_> {
        Greeting {
            client_id: &self.client_id,
            protocol: self.protocol,
            clean: self.kept == Span::ZERO,
            expiry: self.kept,
            keep_alive: KEEP_ALIVE,
            largest: None,
            receive_maximum: None,
            will: None,
            auth: self.auth.as_ref(),
        }
    }
}
