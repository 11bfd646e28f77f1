//! How a broker is reached: its address, and TLS and WebSocket if they are spoken there.

use std::net::SocketAddr;
use std::path::Path;

use scenarios::{TargetPlan, check_certificate, check_private_key};
use sim_core::{Argument, Arguments, ParameterKind, ParameterSpec};

use crate::authority::Authority;
use crate::error::CarrierError;
use crate::transport::address::resolve;
use crate::transport::tls::{TlsSettings, TlsTarget, Trusted};
use crate::transport::web_socket::WebSocketTarget;

/// Parameters of a target, `with` in `[target.ID]`.
const TLS: &str = "tls";
const WEBSOCKET: &str = "websocket";
const CA: &str = "ca";
const SERVER_NAME: &str = "server_name";
const ALPN: &str = "alpn";
const VERIFY: &str = "verify";
const CLIENT_CERTIFICATES: &str = "client_certificates";
const ISSUER: &str = "issuer";
const ISSUER_KEY: &str = "issuer_key";
const WATCHER_CERT: &str = "watcher_cert";
const WATCHER_KEY: &str = "watcher_key";

/// Those that only servers have which are none of the run's.
const OF_SERVERS: [&str; 7] = [CA, SERVER_NAME, VERIFY, ISSUER, ISSUER_KEY, WATCHER_CERT, WATCHER_KEY];
/// Those that speak of TLS.
const OF_TLS: [&str; 10] =
    [TLS, CA, SERVER_NAME, ALPN, VERIFY, CLIENT_CERTIFICATES, ISSUER, ISSUER_KEY, WATCHER_CERT, WATCHER_KEY];

/// Where brokers speak MQTT over WebSocket by custom (EMQX, NATS and `embedded`; Mosquitto takes any path).
const DEFAULT_PATH: &str = "/mqtt";

/// Schemes of targets that speak TLS.
const SECURE: [&str; 4] = ["mqtts", "wss", "https", "mllps"];
/// Those of brokers that speak WebSocket.
const WEB: [&str; 2] = ["ws", "wss"];

/// How a broker is reached.
#[derive(Debug, Clone)]
pub struct BrokerAccess {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS, if it is spoken there.
    pub tls: Option<TlsTarget>,
    /// WebSocket, if it is spoken there.
    pub web_socket: Option<WebSocketTarget>,
}

impl BrokerAccess {
    /// How a target of the scenario `file` is reached at this address. `own` is the authority that issued the certificate
    /// of a broker that the run has started; files are looked for beside the scenario.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when a certificate or key cannot be used.
    pub fn of(
        target: &TargetPlan,
        file: &str,
        (host, port): (&str, u16),
        own: Option<&Authority>,
    ) -> Result<Self, CarrierError> {
        let with = &target.arguments;
        if let Some(authority) = own {
            let issuer = is_set(with, CLIENT_CERTIFICATES).then(|| authority.clone());
            let trusted = Trusted::Own(authority);
            let tls = TlsTarget::new(TlsSettings { server_name: host, trusted, alpn: texts(with, ALPN), issuer })?;
            return Self::over(target, (host, port), Some(tls));
        }
        Self::of_server(target, file, (host, port), texts(with, ALPN))
    }

    /// How a server that is none of the run's is reached, by a protocol that offers `alpn` over TLS.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when a certificate or key cannot be used.
    pub(crate) fn of_server(
        target: &TargetPlan,
        file: &str,
        (host, port): (&str, u16),
        alpn: &[String],
    ) -> Result<Self, CarrierError> {
        let with = &target.arguments;
        let beside = |name: &str| Path::new(file).parent().unwrap_or(Path::new("")).join(name);
        let tls = if scheme(&target.url).is_some_and(|scheme| SECURE.contains(&scheme)) {
            let ca = with.text(CA).map(beside);
            let trusted = match &ca {
                _ if with.0.get(VERIFY) == Some(&Argument::Flag(false)) => Trusted::Anybody,
                Some(file) => Trusted::File(file),
                None => Trusted::System,
            };
            let issuer = with.text(ISSUER).zip(with.text(ISSUER_KEY));
            let issuer = issuer.map(|(ca, key)| Authority::of_files(&beside(ca), &beside(key))).transpose()?;
            let server_name = with.text(SERVER_NAME).unwrap_or(host);
            Some(TlsTarget::new(TlsSettings { server_name, trusted, alpn, issuer }))
        } else {
            None
        };
        Self::over(target, (host, port), tls.transpose()?)
    }

    fn over(target: &TargetPlan, (host, port): (&str, u16), tls: Option<TlsTarget>) -> Result<Self, CarrierError> {
        let path = match scheme(&target.url) {
            Some(scheme) => WEB.contains(&scheme).then(|| path(&target.url)),
            None => is_set(&target.arguments, WEBSOCKET).then_some(DEFAULT_PATH),
        };
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let web_socket = path.map(|path| WebSocketTarget::new(tls.is_some(), &authority, path)).transpose();
        let web_socket = web_socket.map_err(|reason| CarrierError::Refused { reason })?;
        Ok(Self { host: host.to_owned(), port, tls, web_socket })
    }

    /// Whether a target asks the broker that the run starts for it to speak TLS.
    pub fn is_secured(target: &TargetPlan) -> bool {
        is_set(&target.arguments, TLS)
    }

    /// Whether a target asks the broker that the run starts for it to speak WebSocket.
    pub fn is_web_socket(target: &TargetPlan) -> bool {
        is_set(&target.arguments, WEBSOCKET)
    }

    /// Whether a target has a certificate for each of its clients.
    pub fn has_client_certificates(target: &TargetPlan) -> bool {
        is_set(&target.arguments, CLIENT_CERTIFICATES) || target.arguments.text(ISSUER).is_some()
    }

    /// The files of certificate and key, beside the scenario, that a target has for whoever is no device.
    pub(crate) fn watcher_files(target: &TargetPlan) -> Option<(&str, &str)> {
        target.arguments.text(WATCHER_CERT).zip(target.arguments.text(WATCHER_KEY))
    }

    /// All addresses, in the order in which they are tried. May block for as long as the resolver takes.
    ///
    /// # Errors
    /// [`CarrierError::Resolve`].
    pub fn addresses(&self) -> Result<Vec<SocketAddr>, CarrierError> {
        resolve(&self.host, self.port)
    }

    /// What a report says of the way there; nothing of a plain one.
    pub fn words(&self) -> &'static str {
        match (&self.tls, &self.web_socket) {
            (Some(tls), None) if tls.verifies() => "TLS",
            (Some(tls), Some(_)) if tls.verifies() => "WebSocket over TLS",
            (Some(_), None) => "TLS, its certificate NOT verified (`verify = false`)",
            (Some(_), Some(_)) => "WebSocket over TLS, its certificate NOT verified (`verify = false`)",
            (None, Some(_)) => "WebSocket",
            (None, None) => "",
        }
    }
}

/// The rows of what a target of MQTT has of its own.
pub(crate) fn parameters() -> Vec<ParameterSpec> {
    let of_secure = ParameterSpec::optional;
    let mut parameters = vec![
        of_secure(TLS, ParameterKind::Flag, "`embedded` and `mosquitto`: speak TLS; the run makes a CA for it"),
        of_secure(WEBSOCKET, ParameterKind::Flag, "`embedded` and `mosquitto`: speak WebSocket, with `tls` over TLS"),
        of_secure(
            CLIENT_CERTIFICATES,
            ParameterKind::Flag,
            "`embedded` and `mosquitto` with `tls`: demand a certificate of every client; each device gets one with its \
             serial number as common name, which for `mosquitto` is its user name too",
        ),
        of_secure(ALPN, ParameterKind::Texts, "application protocols to offer over TLS, such as `mqtt`"),
        of_secure(
            WATCHER_CERT,
            ParameterKind::Path,
            "TLS: PEM file of the certificate of probes and of whoever else is no device, beside the scenario; without it, \
             one of `issuer`, or none",
        )
        .checked(check_certificate),
        of_secure(WATCHER_KEY, ParameterKind::Path, "PEM file of the private key of `watcher_cert`")
            .checked(check_private_key),
    ];
    parameters.extend(parameters_of_servers());
    parameters
}

/// The rows of what any target has that speaks TLS and is none of the run's.
pub(crate) fn parameters_of_servers() -> Vec<ParameterSpec> {
    let of_secure = ParameterSpec::optional;
    vec![
        of_secure(
            CA,
            ParameterKind::Path,
            "TLS: PEM file of those who may have issued the target's certificate, beside the scenario; without it, those \
             whom the system trusts",
        )
        .checked(check_certificate),
        of_secure(
            SERVER_NAME,
            ParameterKind::Text,
            "TLS: the name asked for (SNI) and looked for in the certificate; without it, the host",
        ),
        of_secure(VERIFY, ParameterKind::Flag, "TLS: `false` takes any certificate, which the report tells"),
        of_secure(
            ISSUER,
            ParameterKind::Path,
            "TLS: PEM file of a CA that issues a certificate to each device, with its serial number as common name, \
             and to all others with the common name `iomt`",
        )
        .checked(check_certificate),
        of_secure(ISSUER_KEY, ParameterKind::Path, "PEM file of the private key of `issuer`").checked(check_private_key),
    ]
}

/// What is wrong with an address and parameters that do not go together.
///
/// # Errors
/// Says what.
pub(crate) fn check(url: &str, with: &Arguments) -> Result<(), String> {
    let is_given = |key: &str| match with.0.get(key) {
        Some(Argument::Flag(flag)) => *flag != (key == VERIFY),
        Some(Argument::Texts(texts)) => !texts.is_empty(),
        other => other.is_some(),
    };
    let first = |keys: &[&'static str]| keys.iter().copied().find(|key| is_given(key));
    if let (Some(_), true) = (scheme(url), is_given(WEBSOCKET)) {
        return Err(format!("`{WEBSOCKET}` is for brokers that the run starts; write `ws://` or `wss://`"));
    }
    match scheme(url) {
        Some(secure) if SECURE.contains(&secure) => {
            if let Some(key) = first(&[TLS, CLIENT_CERTIFICATES]) {
                let instead = if key == TLS { "the scheme says TLS already" } else { "name its CA as `issuer`" };
                return Err(format!("`{key}` is for brokers that the run starts; {instead}"));
            }
            for pair in [[ISSUER, ISSUER_KEY], [WATCHER_CERT, WATCHER_KEY]] {
                if let (Some(given), Some(missing)) = (first(&pair), pair.into_iter().find(|key| !is_given(key))) {
                    return Err(format!("`{given}` needs `{missing}` beside it"));
                }
            }
            if is_given(CA) && is_given(VERIFY) {
                return Err("with `verify = false` nobody looks at `ca`; leave one of them out".to_owned());
            }
            Ok(())
        }
        Some(plain) => match first(&OF_TLS) {
            Some(key) => Err(format!("`{key}` is for TLS, and `{url}` is plain; write `{plain}s://`")),
            None => Ok(()),
        },
        None => {
            if let Some(key) = first(&OF_SERVERS) {
                return Err(format!(
                    "`{key}` is for `mqtts://`; the run makes the certificates of `{url}` itself: `tls = true`"
                ));
            }
            match first(&[CLIENT_CERTIFICATES, ALPN]).filter(|_| !is_given(TLS)) {
                Some(key) => Err(format!("`{key}` is for TLS; write `tls = true` beside it")),
                None => Ok(()),
            }
        }
    }
}

fn scheme(url: &str) -> Option<&str> {
    url.split_once("://").map(|(scheme, _)| scheme)
}

/// The path of an address, with all that follows it.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    match rest.find('/').map(|begin| &rest[begin..]) {
        None | Some("/") => DEFAULT_PATH,
        Some(path) => path,
    }
}

fn is_set(with: &Arguments, key: &str) -> bool {
    with.0.get(key) == Some(&Argument::Flag(true))
}

fn texts<'a>(with: &'a Arguments, key: &str) -> &'a [String] {
    match with.0.get(key) {
        Some(Argument::Texts(texts)) => texts,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(parameters: &[(&str, Argument)]) -> Arguments {
        Arguments(parameters.iter().map(|(name, argument)| ((*name).to_owned(), argument.clone())).collect())
    }

    #[test]
    fn without_a_path_that_of_custom_is_asked_for() {
        let cases =
            [("ws://b", "/mqtt"), ("ws://b:1/", "/mqtt"), ("wss://b/ws", "/ws"), ("wss://b/a/b?c=d", "/a/b?c=d")];
        for (url, expected) in cases {
            assert_eq!(path(url), expected, "{url}");
        }
        assert!(WebSocketTarget::new(false, "b:1", "/a b").is_err());
    }

    #[test]
    fn what_does_not_go_together_is_told() {
        let text = |text: &str| Argument::Text(text.to_owned());
        let set = Argument::Flag(true);
        let cases = [
            ("mqtt://b", with(&[(CA, text("ca.pem"))]), "`ca` is for TLS, and `mqtt://b` is plain; write `mqtts://`"),
            ("mqtts://b", with(&[(TLS, set.clone())]), "the scheme says TLS already"),
            ("mqtts://b", with(&[(CLIENT_CERTIFICATES, set.clone())]), "name its CA as `issuer`"),
            ("mqtts://b", with(&[(ISSUER, text("ca.pem"))]), "`issuer` needs `issuer_key` beside it"),
            ("mqtts://b", with(&[(ISSUER_KEY, text("ca.key"))]), "`issuer_key` needs `issuer` beside it"),
            ("mqtts://b", with(&[(CA, text("ca.pem")), (VERIFY, Argument::Flag(false))]), "nobody looks at `ca`"),
            ("ws://b", with(&[(CA, text("ca.pem"))]), "is plain; write `wss://`"),
            ("wss://b/mqtt", with(&[(WEBSOCKET, set.clone())]), "write `ws://` or `wss://`"),
            ("embedded", with(&[(CA, text("ca.pem"))]), "`ca` is for `mqtts://`"),
            ("mosquitto", with(&[(CLIENT_CERTIFICATES, set.clone())]), "write `tls = true` beside it"),
        ];
        for (url, with, expected) in cases {
            let told = check(url, &with).expect_err(url);
            assert!(told.contains(expected), "{url}: {told}");
        }
        let sound = [
            ("mqtt://b", with(&[(TLS, Argument::Flag(false)), (VERIFY, set.clone())])),
            ("mqtts://b", with(&[(CA, text("ca.pem")), (ISSUER, text("a")), (ISSUER_KEY, text("b"))])),
            ("mosquitto", with(&[(TLS, set.clone()), (CLIENT_CERTIFICATES, set)])),
        ];
        for (url, with) in sound {
            assert_eq!(check(url, &with), Ok(()), "{url}");
        }
    }
}
