//! Addresses of files: `file:PATH`, or `file:///PATH` as in RFC 8089.

use std::path::PathBuf;

/// The file that an address names. A path that does not begin with `/` is relative to the working directory, as the folder
/// of the reports is.
///
/// # Errors
/// Says what is wrong with the address.
pub fn file_path(url: &str) -> Result<PathBuf, String> {
    let Some(rest) = url.strip_prefix("file:") else {
        return Err(format!("`{url}` is not the address of a file; write `file:PATH`"));
    };
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(path) if path.starts_with('/') => path,
        Some(_) => return Err(format!("`{url}` names a computer; write `file:PATH`, or `file:///PATH` from the root")),
    };
    if path.is_empty() || path.ends_with('/') {
        return Err(format!("`{url}` names no file"));
    }
    Ok(PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::file_path;

    #[test]
    fn paths_are_relative_or_from_the_root() {
        for (url, path) in [("file:out/a.jsonl", "out/a.jsonl"), ("file:/a", "/a"), ("file:///tmp/a", "/tmp/a")] {
            assert_eq!(file_path(url).as_deref(), Ok(Path::new(path)));
        }
        for wrong in ["file:", "file:out/", "file://", "file://host/a", "mqtt://host"] {
            assert!(file_path(wrong).is_err(), "{wrong}");
        }
    }
}
