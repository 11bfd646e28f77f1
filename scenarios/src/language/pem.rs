//! What stands in PEM files (RFC 7468), as far as it can be told without looking at keys: certificates, private keys, and
//! what is taken for them by mistake.

/// What begins the text of a PEM block.
const BEGIN: &str = "-----BEGIN ";
/// What ends its first line.
const END: &str = "-----";

/// What is wrong with a file that should hold a certificate, in words that follow its name.
///
/// # Errors
/// Says what it holds instead.
pub fn check_certificate(pem: &str) -> Result<(), String> {
    if labels(pem).any(|label| matches!(label, "CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE")) {
        return Ok(());
    }
    Err(match labels(pem).next() {
        Some("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => {
            "holds a request for a certificate, which a CA has yet to sign".to_owned()
        }
        Some(label) if label.ends_with("PRIVATE KEY") => "holds a private key and no certificate".to_owned(),
        Some("PUBLIC KEY") => "holds a public key and no certificate".to_owned(),
        Some(_) => "holds no certificate".to_owned(),
        None => "holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)".to_owned(),
    })
}

/// What is wrong with a file that should hold a private key, in words that follow its name.
///
/// # Errors
/// Says what it holds instead.
pub fn check_private_key(pem: &str) -> Result<(), String> {
    const DECRYPT: &str =
        "holds a private key that is encrypted; decrypt it (`openssl pkey -in FILE -out OTHER`), for a run asks nobody";
    // The older way of OpenSSL says it in a header below the label.
    if labels(pem).any(|label| label == "ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(DECRYPT.to_owned());
    }
    if labels(pem).any(|label| matches!(label, "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY")) {
        return Ok(());
    }
    Err(match labels(pem).next() {
        Some("PUBLIC KEY" | "RSA PUBLIC KEY") => "holds a public key; the private one is asked for".to_owned(),
        Some("CERTIFICATE") => "holds a certificate and no private key".to_owned(),
        Some("OPENSSH PRIVATE KEY") => {
            "holds a key as OpenSSH writes it; write it as PKCS #8 (`ssh-keygen -p -m PKCS8 -f FILE`)".to_owned()
        }
        Some(_) => "holds no private key".to_owned(),
        None => "holds no private key in PEM (`-----BEGIN PRIVATE KEY-----`)".to_owned(),
    })
}

fn labels(pem: &str) -> impl Iterator<Item = &str> {
    pem.lines().filter_map(|line| line.trim().strip_prefix(BEGIN)?.strip_suffix(END))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(label: &str) -> String {
        format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")
    }

    #[test]
    fn a_certificate_may_stand_beside_its_key() {
        assert_eq!(check_certificate(&(block("PRIVATE KEY") + &block("CERTIFICATE"))), Ok(()));
        for (label, told) in [
            ("PRIVATE KEY", "a private key"),
            ("PUBLIC KEY", "a public key"),
            ("CERTIFICATE REQUEST", "yet to sign"),
            ("DH PARAMETERS", "no certificate"),
        ] {
            assert!(check_certificate(&block(label)).unwrap_err().contains(told), "{label}");
        }
        assert!(check_certificate("MIIB").unwrap_err().contains("in PEM"));
    }

    #[test]
    fn keys_that_nothing_can_be_signed_with_are_told_apart() {
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            assert_eq!(check_private_key(&block(label)), Ok(()), "{label}");
        }
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        for (text, told) in [
            (block("ENCRYPTED PRIVATE KEY"), "encrypted"),
            (old.to_owned(), "encrypted"),
            (block("PUBLIC KEY"), "a public key"),
            (block("CERTIFICATE"), "a certificate"),
            (block("OPENSSH PRIVATE KEY"), "OpenSSH"),
            (String::new(), "in PEM"),
        ] {
            assert!(check_private_key(&text).unwrap_err().contains(told), "{text}");
        }
    }
}
