//! A file that somebody appends to, read as it grows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use formats::file_line::FileLine;

use crate::{Look, Sighting};

/// A file being followed. It need not be there yet, and may be replaced.
#[derive(Debug)]
pub(super) struct FollowedFile {
    path: PathBuf,
    /// So much of it has been read [byte].
    position: u64,
    /// The beginning of a line whose end is not there yet.
    partial: Vec<u8>,
}

impl FollowedFile {
    /// Begins at the end of what is there.
    ///
    /// # Errors
    /// The system's, when the file is there and cannot be read.
    pub(super) fn begin(path: PathBuf) -> io::Result<Self> {
        let position = match File::open(&path) {
            Ok(file) => {
                let about = file.metadata()?;
                if about.is_dir() {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                about.len()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self { path, position, partial: Vec::new() })
    }

    /// Reads what has come.
    fn read(&mut self) -> io::Result<()> {
        let mut file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        if length < self.position {
            self.position = 0;
            self.partial.clear();
        }
        if length > self.position {
            file.seek(SeekFrom::Start(self.position))?;
            self.position += file.read_to_end(&mut self.partial)? as u64;
        }
        Ok(())
    }
}

impl Look for FollowedFile {
    fn look(&mut self, now_ns: i64) -> Vec<Sighting> {
        // A file that is being replaced is there again at the next look.
        if self.read().is_err() {
            return Vec::new();
        }
        let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let rest = self.partial.split_off(end + 1);
        let whole = std::mem::replace(&mut self.partial, rest);
        let lines = whole.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        lines.map(|line| sighting(line, now_ns)).collect()
    }
}

/// What a line says was seen; one that is no message is seen as it is, on no topic.
fn sighting(line: &[u8], now_ns: i64) -> Sighting {
    match FileLine::parse(line) {
        Ok(FileLine { topic, payload, .. }) => Sighting::publication(topic, payload, now_ns),
        Err(_) => Sighting::publication(String::new(), line.to_vec(), now_ns),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use super::*;

    fn seen(file: &mut FollowedFile) -> Vec<(String, String)> {
        let sightings = file.look(7).into_iter();
        sightings.map(|seen| (seen.topic, String::from_utf8(seen.raw.to_vec()).expect("text"))).collect()
    }

    fn append(path: &std::path::Path, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(path).expect("writable");
        file.write_all(text.as_bytes()).expect("writable");
    }

    fn one(topic: &str, payload: &str) -> (String, String) {
        (topic.to_owned(), payload.to_owned())
    }

    #[test]
    fn whole_lines_are_seen_once_whatever_happens_to_the_file() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("messages.jsonl");
        append(&path, "{\"topic\":\"before\",\"payload\":\"the run\"}\n");
        let mut file = FollowedFile::begin(path.clone()).expect("readable");
        assert_eq!(seen(&mut file), []);
        append(&path, "{\"topic\":\"a\",\"payload\":\"1\"}\n{\"topic\":\"a\",\"pay");
        assert_eq!(seen(&mut file), [one("a", "1")]);
        append(&path, "load\":\"2\"}\n\nnonsense\n");
        assert_eq!(seen(&mut file), [one("a", "2"), one("", "nonsense")]);
        fs::remove_file(&path).expect("removable");
        assert_eq!(seen(&mut file), []);
        append(&path, "{\"topic\":\"b\",\"payload\":\"3\"}\n");
        assert_eq!(seen(&mut file), [one("b", "3")]);
    }

    #[test]
    fn a_file_may_come_later() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("later.jsonl");
        let mut file = FollowedFile::begin(path.clone()).expect("it need not be there");
        append(&path, "{\"topic\":\"a\",\"payload_base64\":\"Zm9v\"}\n");
        assert_eq!(seen(&mut file), [one("a", "foo")]);
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(FollowedFile::begin(folder.path().to_owned()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
