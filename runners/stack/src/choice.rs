//! Which broker a scenario asks for: `embedded`, `mosquitto`, or the URL of the user's own.

use std::fmt;
use std::net::Ipv6Addr;

use crate::address::{BrokerAddress, scheme};

/// Edits after which a word still counts as a misspelt `embedded` or `mosquitto`; a third of the shorter word.
const TYPING_ERRORS: usize = 3;

/// What kind of broker serves a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BrokerKind {
    /// The broker inside this process.
    Embedded,
    /// A Mosquitto child process.
    Mosquitto,
    /// A broker that somebody else runs.
    External,
}

impl fmt::Display for BrokerKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Embedded => "embedded",
            Self::Mosquitto => "mosquitto",
            Self::External => "external",
        })
    }
}

/// The broker a scenario asks for. Never chosen by what happens to be installed, so that a file gives the same result
/// on every machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerChoice {
    /// Start the broker inside this process.
    Embedded,
    /// Start Mosquitto as a child process.
    Mosquitto,
    /// Use the broker that listens there.
    External(BrokerAddress),
}

impl BrokerChoice {
    /// Reads `embedded`, `mosquitto`, `mqtt://host[:port]`, `mqtts://host[:port]`, `ws://host[:port][/path]` or
    /// `wss://host[:port][/path]`; the port defaults to 1883, with TLS to 8883, over WebSocket to 80 and 443.
    ///
    /// # Errors
    /// [`ChoiceError`] says what is wrong with the text and, where it can be guessed, what was meant.
    pub fn parse(given: &str) -> Result<Self, ChoiceError> {
        match given {
            "embedded" => Ok(Self::Embedded),
            "mosquitto" => Ok(Self::Mosquitto),
            _ => match given.split_once("://") {
                Some((scheme, authority)) => parse_url(given, scheme, authority).map(Self::External),
                None => Err(ChoiceError::Unknown { given: given.to_owned(), meant: Meant(guess_meaning(given)) }),
            },
        }
    }

    /// The kind of broker that serves this choice.
    pub fn kind(&self) -> BrokerKind {
        match self {
            Self::Embedded => BrokerKind::Embedded,
            Self::Mosquitto => BrokerKind::Mosquitto,
            Self::External(_) => BrokerKind::External,
        }
    }
}

impl fmt::Display for BrokerChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => formatter.write_str("embedded"),
            Self::Mosquitto => formatter.write_str("mosquitto"),
            Self::External(address) => address.fmt(formatter),
        }
    }
}

/// Why a text names no broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// Neither a known word nor a URL.
    #[error("unknown broker {given:?}: expected \"embedded\", \"mosquitto\" or \"mqtt://host:port\"{meant}")]
    Unknown {
        /// The text as given.
        given: String,
        /// What was probably meant.
        meant: Meant,
    },
    /// A URL whose scheme is not one of MQTT's.
    #[error("unknown scheme {scheme:?} in a broker URL: expected \"mqtt\", \"mqtts\", \"ws\" or \"wss\"{meant}")]
    UnknownScheme {
        /// The scheme as given.
        scheme: String,
        /// What was probably meant.
        meant: Meant,
    },
    /// A URL that holds a user name or a password.
    #[error("a broker URL takes no user name or password, they belong to the auth of each link{meant}")]
    Credentials {
        /// What was probably meant.
        meant: Meant,
    },
    /// A URL with something behind the port.
    #[error("a broker URL ends after the port, but {extra:?} follows{meant}")]
    Path {
        /// The part that is too much.
        extra: String,
        /// What was probably meant.
        meant: Meant,
    },
    /// A URL without a host.
    #[error("broker URL {given:?} has no host: expected \"mqtt://host:port\"")]
    MissingHost {
        /// The text as given.
        given: String,
    },
    /// A host that is neither a name nor an address.
    #[error("{host:?} is neither a host name nor an IP address{meant}")]
    Host {
        /// The host as given.
        host: String,
        /// What was probably meant.
        meant: Meant,
    },
    /// A port that is not a number from 1 to 65535.
    #[error("broker port {port:?} is not a number from 1 to 65535{meant}")]
    Port {
        /// The port as given.
        port: String,
        /// What was probably meant.
        meant: Meant,
    },
}

/// A guess at what was meant; displays as the end of a sentence, or as nothing when there is no guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant(pub Option<String>);

impl fmt::Display for Meant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(meant) => write!(formatter, "; did you mean {meant:?}?"),
            None => Ok(()),
        }
    }
}

fn parse_url(given: &str, word: &str, authority: &str) -> Result<BrokerAddress, ChoiceError> {
    let unknown = |scheme: &str| {
        let meant = Meant(Some(format!("{scheme}://{authority}")));
        ChoiceError::UnknownScheme { scheme: word.to_owned(), meant }
    };
    let (is_secured, is_web_socket) = match word.to_ascii_lowercase().as_str() {
        "mqtt" => (false, false),
        "mqtts" => (true, false),
        "ws" => (false, true),
        "wss" => (true, true),
        "ssl" | "tls" | "mqtt+ssl" | "mqtt+tls" => return Err(unknown("mqtts")),
        _ => return Err(unknown("mqtt")),
    };
    let scheme = scheme(is_secured, is_web_socket);
    if let Some((_, host_and_port)) = authority.rsplit_once('@') {
        return Err(ChoiceError::Credentials { meant: Meant(Some(format!("{scheme}://{host_and_port}"))) });
    }
    let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    let (authority, extra) = authority.split_at(end);
    if !is_web_socket && !matches!(extra, "" | "/") {
        return Err(ChoiceError::Path {
            extra: extra.to_owned(),
            meant: Meant(Some(format!("{scheme}://{authority}"))),
        });
    }
    let (host, port) = split_port(authority)?;
    if host.is_empty() {
        return Err(ChoiceError::MissingHost { given: given.to_owned() });
    }
    let port = match port {
        None => match (is_secured, is_web_socket) {
            (false, false) => BrokerAddress::DEFAULT_PORT,
            (true, false) => BrokerAddress::DEFAULT_SECURE_PORT,
            (false, true) => BrokerAddress::DEFAULT_WEB_PORT,
            (true, true) => BrokerAddress::DEFAULT_SECURE_WEB_PORT,
        },
        Some(text) => parse_port(text, authority)?,
    };
    Ok(BrokerAddress { host: host.to_owned(), port, is_secured, is_web_socket })
}

/// Splits `host:port`, `host`, `[v6]:port` or `[v6]` and checks the host.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), ChoiceError> {
    if let Some((host, rest)) = authority.strip_prefix('[').and_then(|bracketed| bracketed.split_once(']')) {
        let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').unwrap_or(rest)) };
        return match host.parse::<Ipv6Addr>() {
            Ok(_) => Ok((host, port)),
            Err(_) => Err(ChoiceError::Host { host: format!("[{host}]"), meant: Meant(None) }),
        };
    }
    if authority.parse::<Ipv6Addr>().is_ok() {
        let meant = Meant(Some(format!("mqtt://[{authority}]:{}", BrokerAddress::DEFAULT_PORT)));
        return Err(ChoiceError::Host { host: authority.to_owned(), meant });
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if host.bytes().all(is_name) {
        Ok((host, port))
    } else {
        let cleaned: String = host.chars().filter(|character| !character.is_whitespace()).collect();
        let guess = (!cleaned.is_empty() && cleaned.bytes().all(is_name)).then(|| format!("mqtt://{cleaned}"));
        Err(ChoiceError::Host { host: host.to_owned(), meant: Meant(guess) })
    }
}

fn parse_port(text: &str, authority: &str) -> Result<u16, ChoiceError> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(port),
        _ => Err(ChoiceError::Port { port: text.to_owned(), meant: Meant(mqtt_default_port(authority)) }),
    }
}

/// The same host on MQTT's own port.
fn mqtt_default_port(authority: &str) -> Option<String> {
    let (host, _) = split_port(authority.split('/').next()?).ok()?;
    let port = BrokerAddress::DEFAULT_PORT;
    let address = BrokerAddress { host: host.to_owned(), ..BrokerAddress::loopback(port) };
    (!host.is_empty()).then(|| address.to_string())
}

/// Guesses what a text without `://` meant: a misspelt word, or a URL without its scheme.
fn guess_meaning(given: &str) -> Option<String> {
    let lower = given.trim().to_lowercase();
    let misspelt =
        ["embedded", "mosquitto"].into_iter().find(|word| strsim::damerau_levenshtein(&lower, word) <= TYPING_ERRORS);
    if let Some(word) = misspelt {
        return Some(word.to_owned());
    }
    let authority = lower.strip_prefix("mqtt:").unwrap_or(&lower).trim_start_matches('/');
    let (host, port) = split_port(authority).ok()?;
    let is_address = port.is_some() || host.contains('.') || host == "localhost";
    if host.is_empty() || !is_address {
        return None;
    }
    BrokerChoice::parse(&format!("mqtt://{authority}")).ok().map(|choice| choice.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn external(host: &str, port: u16) -> BrokerChoice {
        BrokerChoice::External(BrokerAddress { host: host.to_owned(), ..BrokerAddress::loopback(port) })
    }

    fn secured(host: &str, port: u16) -> BrokerChoice {
        let address = BrokerAddress { is_secured: true, ..BrokerAddress::loopback(port) };
        BrokerChoice::External(BrokerAddress { host: host.to_owned(), ..address })
    }

    fn web(is_secured: bool, host: &str, port: u16) -> BrokerChoice {
        let address = BrokerAddress { is_secured, is_web_socket: true, ..BrokerAddress::loopback(port) };
        BrokerChoice::External(BrokerAddress { host: host.to_owned(), ..address })
    }

    fn refusal(given: &str) -> String {
        BrokerChoice::parse(given).expect_err("the text names no broker").to_string()
    }

    #[test]
    fn words_and_urls_are_read() {
        let cases = [
            ("embedded", BrokerChoice::Embedded),
            ("mosquitto", BrokerChoice::Mosquitto),
            ("mqtt://localhost", external("localhost", 1883)),
            ("mqtt://localhost/", external("localhost", 1883)),
            ("MQTT://broker.ward-3.example:21883", external("broker.ward-3.example", 21883)),
            ("mqtt://127.0.0.1:1", external("127.0.0.1", 1)),
            ("mqtt://[::1]", external("::1", 1883)),
            ("mqtt://[fe80::1]:65535", external("fe80::1", 65535)),
            ("mqtts://broker", secured("broker", 8883)),
            ("MQTTS://[::1]:884", secured("::1", 884)),
            ("ws://host:9001/mqtt", web(false, "host", 9001)),
            ("ws://host", web(false, "host", 80)),
            ("wss://host/a/b?c=d", web(true, "host", 443)),
        ];
        for (given, expected) in cases {
            assert_eq!(BrokerChoice::parse(given), Ok(expected), "{given}");
        }
    }

    #[test]
    fn refusals_say_what_was_meant() {
        let cases = [
            ("embeded", "did you mean \"embedded\"?"),
            ("Mosquito", "did you mean \"mosquitto\"?"),
            ("localhost:1884", "did you mean \"mqtt://localhost:1884\"?"),
            ("broker.example", "did you mean \"mqtt://broker.example:1883\"?"),
            ("mqtt:broker:1883", "did you mean \"mqtt://broker:1883\"?"),
            ("tcp://host:1883", "did you mean \"mqtt://host:1883\"?"),
            ("ssl://host:8883", "did you mean \"mqtts://host:8883\"?"),
            ("mqtts://nurse@host", "did you mean \"mqtts://host\"?"),
            ("wss://nurse@host/mqtt", "did you mean \"wss://host/mqtt\"?"),
            ("mqtt://host:0", "\"0\" is not a number from 1 to 65535"),
            ("mqtt://host:70000", "\"70000\" is not a number from 1 to 65535"),
            ("mqtt://host:+1883", "did you mean \"mqtt://host:1883\"?"),
            ("mqtt://host:", "\"\" is not a number from 1 to 65535"),
            ("mqtt://::1", "did you mean \"mqtt://[::1]:1883\"?"),
            ("mqtt://[::g]", "\"[::g]\" is neither a host name nor an IP address"),
            ("mqtt://", "has no host"),
            ("mqtt://:1883", "has no host"),
            ("mqtt:// host", "did you mean \"mqtt://host\"?"),
            ("mqtt://host/path", "\"/path\" follows; did you mean \"mqtt://host\"?"),
            ("", "expected \"embedded\""),
        ];
        for (given, expected) in cases {
            let message = refusal(given);
            assert!(message.contains(expected), "{given:?}: {message}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_not_repeated() {
        let message = refusal("mqtt://nurse:s3cret@host:1883");
        assert!(message.contains("did you mean \"mqtt://host:1883\"?"), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }

    proptest! {
        #[test]
        fn a_choice_survives_display_and_parse(host in "[a-z0-9][a-z0-9.-]{0,20}", port in 1..=u16::MAX, is_secured: bool, is_web: bool) {
            let choice = match (is_web, is_secured) {
                (true, _) => web(is_secured, &host, port),
                (false, true) => secured(&host, port),
                (false, false) => external(&host, port),
            };
            prop_assert_eq!(BrokerChoice::parse(&choice.to_string()), Ok(choice));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "(mqtt|mqtt://|ws://)?\\PC{0,24}") {
            if let Err(refusal) = BrokerChoice::parse(&text) {
                prop_assert!(!refusal.to_string().is_empty());
            }
        }

        #[test]
        fn whatever_is_suggested_is_itself_accepted(text in "[ -~]{0,16}") {
            if let Err(ChoiceError::Unknown { meant: Meant(Some(meant)), .. }) = BrokerChoice::parse(&text) {
                prop_assert!(BrokerChoice::parse(&meant).is_ok(), "{:?}", meant);
            }
        }
    }
}
