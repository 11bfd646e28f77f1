//! Why a TLS connection did not come about or ended, told apart by what has to be put right.

use std::io;

use rustls::{AlertDescription, CertificateError, Error};

/// Why there is no TLS connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum TlsFailure {
    /// Nobody who is trusted has issued the other side's certificate.
    #[error("the certificate is from an unknown issuer (name its CA as `ca`)")]
    UnknownIssuer,
    /// Its time is over.
    #[error("the certificate has expired")]
    Expired,
    /// Its time has not come.
    #[error("the certificate is not valid yet")]
    NotValidYet,
    /// It is for somebody else.
    #[error(
        "the certificate is for {found}, and must be for {expected} (`server_name` says which name it must be for)"
    )]
    WrongName {
        /// The name that was asked for.
        expected: String,
        /// The names that it has.
        found: String,
    },
    /// It was revoked.
    #[error("the certificate is revoked")]
    Revoked,
    /// There is something else wrong with it.
    #[error("the certificate is not sound: {what}")]
    Unsound {
        /// What is wrong.
        what: String,
    },
    /// The other side ended the connection and said why.
    #[error("the broker said {name}{meaning}")]
    Alert {
        /// The alert's name (RFC 8446, section 6) with its number.
        name: String,
        /// What it means for a client, if that is known.
        meaning: &'static str,
    },
    /// What came back is not TLS.
    #[error("the other side does not speak TLS")]
    NotTls,
    /// The connection ended within the handshake, without a word.
    #[error("the connection ended within the handshake; the other side may not speak TLS")]
    Ended,
    /// The two sides have no version, cipher or application protocol in common.
    #[error("nothing in common with the other side: {what}")]
    NothingInCommon {
        /// What is missing.
        what: String,
    },
    /// Anything else.
    #[error("{what}")]
    Other {
        /// What the library said.
        what: String,
    },
}

impl TlsFailure {
    /// What made a handshake fail, if it was TLS and not the network below.
    pub(crate) fn in_handshake(error: io::Error) -> io::Error {
        let failure = match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(error) => Self::from(error),
            None if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
                Self::Ended
            }
            None => return error,
        };
        io::Error::other(failure)
    }

    /// What an input or output says of TLS, if it does.
    pub(crate) fn told_by(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        let own = inner.downcast_ref::<Self>().cloned();
        own.or_else(|| inner.downcast_ref::<Error>().map(Self::from))
    }
}

impl From<&Error> for TlsFailure {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(error) => error.into(),
            Error::AlertReceived(alert) => (*alert).into(),
            Error::InvalidMessage(_) => Self::NotTls,
            Error::PeerIncompatible(what) => Self::NothingInCommon { what: format!("{what:?}") },
            Error::NoApplicationProtocol => {
                Self::NothingInCommon { what: "no application protocol of `alpn`".to_owned() }
            }
            error => Self::Other { what: error.to_string() },
        }
    }
}

impl From<&CertificateError> for TlsFailure {
    fn from(error: &CertificateError) -> Self {
        match error {
            // A bad signature is that of another authority with the name of one that is trusted.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownIssuer,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotValidYet,
            CertificateError::NotValidForNameContext { expected, presented } => {
                Self::WrongName { expected: format!("`{}`", expected.to_str()), found: names(presented) }
            }
            CertificateError::NotValidForName => {
                Self::WrongName { expected: "that of the address".to_owned(), found: "another name".to_owned() }
            }
            CertificateError::Revoked => Self::Revoked,
            error => Self::Unsound { what: error.to_string() },
        }
    }
}

/// Names of a certificate, which the library writes as `DnsName("broker")`.
fn names(presented: &[String]) -> String {
    let name = |text: &String| {
        let inner = text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        format!("`{}`", inner.unwrap_or(text).trim_matches('"'))
    };
    if presented.is_empty() { "no name".to_owned() } else { presented.iter().map(name).collect::<Vec<_>>().join(", ") }
}

impl From<AlertDescription> for TlsFailure {
    fn from(alert: AlertDescription) -> Self {
        let meaning = match alert {
            AlertDescription::CertificateRequired => ": it wants a certificate of the client",
            AlertDescription::UnknownCA => ": it does not know who issued the client's certificate",
            AlertDescription::CertificateExpired => ": the client's certificate has expired",
            AlertDescription::CertificateRevoked => ": the client's certificate is revoked",
            AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => {
                ": it does not take the client's certificate"
            }
            AlertDescription::ProtocolVersion => ": no version of TLS in common",
            AlertDescription::UnrecognisedName => ": it has no certificate for that `server_name`",
            AlertDescription::NoApplicationProtocol => ": it speaks no protocol of `alpn`",
            AlertDescription::HandshakeFailure => ": no cipher in common, or it wants a certificate of the client",
            _ => "",
        };
        Self::Alert { name: format!("{alert:?} ({})", u8::from(alert)), meaning }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_to_be_put_right_is_told() {
        let cases = [
            (Error::InvalidCertificate(CertificateError::UnknownIssuer), "unknown issuer"),
            (Error::InvalidCertificate(CertificateError::BadSignature), "unknown issuer"),
            (Error::InvalidCertificate(CertificateError::Expired), "has expired"),
            (
                Error::InvalidCertificate(CertificateError::NotValidForNameContext {
                    expected: "broker.example".try_into().unwrap(),
                    presented: vec!["DnsName(\"elsewhere\")".to_owned(), "IpAddress(127.0.0.1)".to_owned()],
                }),
                "is for `elsewhere`, `127.0.0.1`, and must be for `broker.example`",
            ),
            (Error::AlertReceived(AlertDescription::CertificateRequired), "CertificateRequired (116): it wants"),
            (Error::AlertReceived(AlertDescription::UnknownCA), "UnknownCA (48): it does not know"),
            (Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType), "does not speak TLS"),
        ];
        for (error, expected) in cases {
            let told = TlsFailure::from(&error).to_string();
            assert!(told.contains(expected), "{told}");
            let wrapped = TlsFailure::in_handshake(io::Error::new(io::ErrorKind::InvalidData, error));
            assert_eq!(TlsFailure::told_by(&wrapped).unwrap().to_string(), told);
        }
        let reset = TlsFailure::in_handshake(io::ErrorKind::ConnectionReset.into());
        assert_eq!(TlsFailure::told_by(&reset), Some(TlsFailure::Ended));
        assert_eq!(TlsFailure::told_by(&io::ErrorKind::ConnectionRefused.into()), None);
    }
}
