//! Clouds: brokers that others run, each with rules of its own, which refuse what a broker of one's own takes.

use super::{CarrierKind, Registry, Row};

/// A cloud. What it says is what its documentation says; `None` is no rule.
#[derive(Debug, Clone)]
pub struct CloudSpec {
    /// Its name, `cloud` in a scenario's `[target.ID]`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Where its rules stand.
    pub source: &'static str,
    /// The carrier that leads to it.
    pub carrier: &'static str,
    /// Schemes of its addresses, such as `mqtts`.
    pub schemes: &'static [&'static str],
    /// Versions of the protocol that it speaks.
    pub protocols: &'static [&'static str],
    /// Highest delivery level.
    pub most_qos: u8,
    /// Whether it keeps last messages.
    pub retains: bool,
    /// Shortest and longest keep-alive [s].
    pub keep_alive_s: Option<(u16, u16)>,
    /// Most messages that are not acknowledged at a time.
    pub inflight: Option<u16>,
    /// Client id of a link that names none, and whether the cloud takes no other.
    pub client_id: Option<(&'static str, OtherIds)>,
    /// Longest client id [bytes].
    pub client_id_bytes: Option<usize>,
    /// What every topic of a device begins with, made as client ids are.
    pub topic: Option<&'static str>,
    /// Most slashes in a topic.
    pub topic_slashes: Option<usize>,
    /// Longest topic [bytes].
    pub topic_bytes: Option<usize>,
    /// How devices say who they are.
    pub login: CloudLogin,
    /// Whether somebody who is no device can subscribe to what devices publish.
    pub lets_watch: bool,
    /// Whether devices can have command topics of their own.
    pub takes_commands: bool,
}

/// Whether a cloud takes other client ids than its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherIds {
    /// It does.
    Taken,
    /// It does not.
    Refused,
}

/// How devices say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudLogin {
    /// By a name and a password or token, or by a certificate.
    Any,
    /// By a name and a password or token.
    Name,
    /// By a certificate, or by a shared access signature: user name and resource, made as client ids are, with `${host}` for
    /// the host of the address.
    CertificateOrSignature {
        /// User name.
        user: &'static str,
        /// What the signature gives access to.
        resource: &'static str,
    },
}

impl Row for CloudSpec {
    const NOUN: &'static str = "cloud";

    fn name(&self) -> &str {
        self.name
    }

    fn flaws(&self, registry: &Registry) -> Vec<String> {
        match registry.find::<CarrierKind>(self.carrier) {
            Some(_) => Vec::new(),
            None => vec![format!("there is no carrier `{}` that leads to it", self.carrier)],
        }
    }
}
