//! Finds the installed Mosquitto and asks for its version.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::BrokerError;

/// Where packages put daemons, which an ordinary user's PATH may lack: Debian, local builds, Homebrew.
const DAEMON_DIRECTORIES: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/opt/homebrew/bin"];

pub(super) fn find_program() -> Result<PathBuf, BrokerError> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> =
        env::split_paths(&on_path).chain(DAEMON_DIRECTORIES.into_iter().map(PathBuf::from)).collect();
    find_in(&directories)
}

fn find_in(directories: &[PathBuf]) -> Result<PathBuf, BrokerError> {
    directories.iter().map(|directory| directory.join("mosquitto")).find(|program| program.is_file()).ok_or_else(|| {
        let searched: Vec<_> = directories.iter().map(|directory| directory.to_string_lossy()).collect();
        BrokerError::MosquittoMissing { searched: searched.join(":") }
    })
}

/// Product and version, such as `mosquitto 2.0.11`.
pub(super) fn ask_version(program: &Path) -> Result<String, BrokerError> {
    // There is no option for the version alone; the help begins with it.
    let help = Command::new(program)
        .arg("-h")
        .output()
        .map_err(|source| BrokerError::MosquittoSpawn { program: program.to_owned(), source })?;
    Ok(read_version(&String::from_utf8_lossy(&help.stdout)))
}

fn read_version(help: &str) -> String {
    let first_line = help.lines().next().unwrap_or_default();
    match first_line.strip_prefix("mosquitto version ").and_then(|rest| rest.split_whitespace().next()) {
        Some(version) => format!("mosquitto {version}"),
        None => "mosquitto of unknown version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_help() {
        let cases = [
            ("mosquitto version 2.0.11\n\nmosquitto is an MQTT v5.0/v3.1.1/v3.1 broker.\n", "mosquitto 2.0.11"),
            ("mosquitto version 1.4.15 (build date Tue, 18 Jun 2019)\n", "mosquitto 1.4.15"),
            ("mosquitto version ", "mosquitto of unknown version"),
            ("", "mosquitto of unknown version"),
        ];
        for (help, expected) in cases {
            assert_eq!(read_version(help), expected, "{help:?}");
        }
    }

    #[test]
    fn a_missing_program_is_reported_with_the_way_out() {
        let empty = tempfile::tempdir().unwrap();
        let message = find_in(&[empty.path().to_owned()]).unwrap_err().to_string();
        for expected in ["apt-get install mosquitto", "\"embedded\"", &*empty.path().to_string_lossy()] {
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_directory_of_that_name_is_not_the_program() {
        let (decoy, real) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(decoy.path().join("mosquitto")).unwrap();
        std::fs::write(real.path().join("mosquitto"), "").unwrap();
        let found = find_in(&[decoy.path().to_owned(), real.path().to_owned()]).unwrap();
        assert_eq!(found, real.path().join("mosquitto"));
    }
}
