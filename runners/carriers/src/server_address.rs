//! Addresses of servers: `SCHEME://HOST[:PORT][/PATH]`.

use hyper::Uri;

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// Name or address, an IPv6 one without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// What follows, without a `/` at its end; may be empty.
    pub path: String,
}

impl ServerAddress {
    /// Reads an address of one of these schemes, each with the port that it has by default.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(url: &str, schemes: &[(&str, u16)]) -> Result<Self, String> {
        let example = schemes.first().map_or_else(String::new, |(scheme, port)| format!("{scheme}://host:{port}"));
        let no_address = || format!("`{url}` is not an address; write `{example}`");
        let (scheme, _) = url.split_once("://").ok_or_else(no_address)?;
        let Some((_, port)) = schemes.iter().find(|(known, _)| *known == scheme) else {
            let known: Vec<String> = schemes.iter().map(|(scheme, _)| format!("`{scheme}://`")).collect();
            return Err(format!("`{scheme}://` is not among {}", known.join(" and ")));
        };
        let uri: Uri = url.parse().map_err(|_| no_address())?;
        let authority = uri.authority().filter(|authority| !authority.host().is_empty()).ok_or_else(no_address)?;
        if uri.query().is_some() {
            return Err(format!("`{url}` has a query, which this carrier does not send"));
        }
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => *port,
            _ => authority.port_u16().filter(|port| *port > 0).ok_or_else(no_address)?,
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        check_path(uri.path())?;
        Ok(Self { host, port, path: uri.path().trim_end_matches('/').to_owned() })
    }
}

/// What is wrong with a path, or a topic that becomes part of one: who reads it takes away `.` and `..` (RFC 3986, section
/// 5.2.4), and with `..` what stands before.
///
/// # Errors
/// Says what.
pub(crate) fn check_path(path: &str) -> Result<(), String> {
    match path.split('/').find(|segment| matches!(*segment, "." | "..")) {
        Some(segment) => Err(format!("`{path}` has the level `{segment}`, which servers take out of a path")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMES: &[(&str, u16)] = &[("http", 80), ("https", 443)];

    #[test]
    fn hosts_ports_and_paths_are_read() {
        for (url, host, port, path) in [
            ("http://host", "host", 80, ""),
            ("https://host/", "host", 443, ""),
            ("http://10.0.0.1:8080/fhir/r4/", "10.0.0.1", 8080, "/fhir/r4"),
            ("http://[::1]:8080/a", "::1", 8080, "/a"),
            ("https://[::1]", "::1", 443, ""),
        ] {
            let address = ServerAddress { host: host.to_owned(), port, path: path.to_owned() };
            assert_eq!(ServerAddress::read(url, SCHEMES), Ok(address), "{url}");
        }
        for wrong in [
            "host:80",
            "http://",
            "http://host:0",
            "http://host:port",
            "http://host/?a=b",
            "http://ho st",
            "ftp://h",
            "http://h/a/../b",
        ] {
            assert!(ServerAddress::read(wrong, SCHEMES).is_err(), "{wrong}");
        }
    }
}
