//! A bearer token in a file, which whoever issues tokens may write anew while the run goes on.

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use hyper::header::HeaderValue;

use crate::error::CarrierError;

/// The token of a target, shared by its lines.
#[derive(Debug)]
pub(crate) struct Bearer {
    path: PathBuf,
    value: Mutex<HeaderValue>,
}

impl Bearer {
    /// Reads the token.
    ///
    /// # Errors
    /// [`CarrierError::Security`] when there is none in the file.
    pub(crate) fn read(path: PathBuf) -> Result<Self, CarrierError> {
        let value = Mutex::new(read(&path).map_err(|reason| CarrierError::Security { reason })?);
        Ok(Self { path, value })
    }

    /// What the header `Authorization` says.
    pub(crate) fn value(&self) -> HeaderValue {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The target did not take `used`: whether there is another token by now.
    pub(crate) fn has_other_than(&self, used: Option<&HeaderValue>) -> bool {
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        // A file that is being written is there again at the next attempt.
        if let Ok(read) = read(&self.path) {
            *value = read;
        }
        Some(&*value) != used
    }
}

/// What is wrong with a file that should hold a token, in words that follow its name.
///
/// # Errors
/// Says what, and nothing of what is in the file.
pub(crate) fn check_token(text: &str) -> Result<(), String> {
    let token = text.trim();
    if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err("holds no token: one line of visible characters".to_owned())
}

fn read(path: &PathBuf) -> Result<HeaderValue, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    check_token(&text).map_err(|reason| format!("{} {reason}", path.display()))?;
    let value = HeaderValue::from_str(&format!("Bearer {}", text.trim()));
    let mut value = value.expect("visible characters of ASCII can stand in a header");
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_was_written_anew_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "two words").unwrap();
        assert!(Bearer::read(path.clone()).is_err());
        fs::write(&path, "first\n").unwrap();
        let bearer = Bearer::read(path.clone()).unwrap();
        let first = bearer.value();
        assert_eq!(first, "Bearer first");
        assert!(!bearer.has_other_than(Some(&first)));
        fs::write(&path, "second\n").unwrap();
        assert!(bearer.has_other_than(Some(&first)));
        assert_eq!(bearer.value(), "Bearer second");
    }
}
