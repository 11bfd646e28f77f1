//! The files in which a broker finds its certificate and key.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::config::ListenerTls;
use crate::directory::private;
use crate::error::BrokerError;

/// Only the owner reads.
const PRIVATE: u32 = 0o600;

/// Files in a private directory (mode 0700) that goes with this value.
#[derive(Debug)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// Who issues the certificates that clients must show.
    pub(crate) client_ca: Option<PathBuf>,
    _folder: TempDir,
}

impl TlsFiles {
    pub(crate) fn write(tls: &ListenerTls) -> Result<Self, BrokerError> {
        let folder = private("broker-tls-")?;
        let write = |name: &str, pem: &str| write(folder.path(), name, pem);
        let certificate = write("certificate.pem", &tls.certificate_pem)?;
        let key = write("key.pem", &tls.key_pem)?;
        let client_ca = tls.client_ca_pem.as_deref().map(|pem| write("client-ca.pem", pem)).transpose()?;
        Ok(Self { certificate, key, client_ca, _folder: folder })
    }
}

fn write(folder: &Path, name: &str, pem: &str) -> Result<PathBuf, BrokerError> {
    let path = folder.join(name);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE)
        .open(&path)
        .and_then(|mut file| file.write_all(pem.as_bytes()));
    written.map_err(|source| BrokerError::Directory { path: path.clone(), source })?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_can_be_read_by_nobody_else_and_goes_with_the_broker() {
        let tls = ListenerTls {
            certificate_pem: "public".to_owned(),
            key_pem: "private".to_owned(),
            client_ca_pem: Some("issuer".to_owned()),
        };
        assert!(!format!("{tls:?}").contains("private"));
        let files = TlsFiles::write(&tls).unwrap();
        let key = files.key.clone();
        assert_eq!(std::fs::read_to_string(&key).unwrap(), "private");
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(key.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
        drop(files);
        assert!(!key.exists());
    }
}
