//! A file that somebody appends to, read as it grows.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use carriers::set_aside;
use formats::file_line::FileLine;

use crate::{Look, Sighting};

/// A file being followed. It need not be there yet, may be replaced, and may be put aside for a new one, which then
/// follows.
#[derive(Debug)]
pub(super) struct FollowedFile {
    path: PathBuf,
    /// The file that is read, under whatever name by now.
    open: Option<Open>,
    /// The beginning of a line whose end is not there yet.
    partial: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    file: File,
    identity: Identity,
    /// So much of it has been read [byte].
    position: u64,
}

/// What a file is, whatever it is called: device and number of its node.
type Identity = (u64, u64);

impl FollowedFile {
    /// Begins at the end of what is there.
    ///
    /// # Errors
    /// The system's, when the file is there and cannot be read.
    pub(super) fn begin(path: PathBuf) -> io::Result<Self> {
        let open = match Open::begin(&path) {
            Ok(mut open) => {
                let about = open.file.metadata()?;
                if about.is_dir() {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                open.position = about.len();
                Some(open)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { path, open, partial: Vec::new() })
    }

    /// Reads what has come, to the end of the newest file.
    fn read(&mut self) -> io::Result<()> {
        loop {
            // Looked at before the rest is read: what is written later is written to what is there now.
            let newest = identity(&self.path);
            let Some(open) = &mut self.open else {
                self.open = Some(Open::begin(&self.path)?);
                continue;
            };
            open.read(&mut self.partial)?;
            if newest.as_ref().is_ok_and(|newest| *newest == open.identity) {
                return Ok(());
            }
            match self.next() {
                // One that was removed, and not put aside, ends in the middle of whatever it was saying.
                None => self.partial.clear(),
                Some(next) => {
                    self.open = Some(Open::begin(&next)?);
                    continue;
                }
            }
            newest?;
            self.open = Some(Open::begin(&self.path)?);
        }
    }

    /// The file that was begun when the one that is read was put aside; `None` when it was not put aside.
    fn next(&self) -> Option<PathBuf> {
        let open = self.open.as_ref()?;
        let aside = (1..).map(|number| set_aside(&self.path, number));
        let mut behind =
            aside.take_while(|path| path.exists()).skip_while(|path| identity(path).ok() != Some(open.identity));
        behind.next()?;
        Some(behind.next().unwrap_or_else(|| self.path.clone()))
    }
}

impl Open {
    fn begin(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        Ok(Self { identity: (about.dev(), about.ino()), file, position: 0 })
    }

    /// Reads what has come; from the beginning if there is less than before.
    fn read(&mut self, partial: &mut Vec<u8>) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length < self.position {
            self.position = 0;
            partial.clear();
        }
        if length > self.position {
            self.file.seek(SeekFrom::Start(self.position))?;
            self.position += (&mut self.file).take(length - self.position).read_to_end(partial)? as u64;
        }
        Ok(())
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    let about = fs::metadata(path)?;
    Ok((about.dev(), about.ino()))
}

impl Look for FollowedFile {
    fn look(&mut self, now_ns: i64) -> Vec<Sighting> {
        // A file that is being replaced is there again at the next look; what was read before stands.
        drop(self.read());
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
    fn files_that_are_put_aside_are_read_to_their_ends() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("messages.jsonl");
        append(&path, "");
        let mut file = FollowedFile::begin(path.clone()).expect("readable");
        for number in 1..=3 {
            append(&path, &format!("{{\"topic\":\"a\",\"payload\":\"{number}\"}}\n"));
            fs::rename(&path, set_aside(&path, number)).expect("renamed");
        }
        assert_eq!(seen(&mut file), [one("a", "1"), one("a", "2"), one("a", "3")]);
        assert_eq!(seen(&mut file), []);
        append(&path, "{\"topic\":\"a\",\"payload\":\"4\"}\n");
        assert_eq!(seen(&mut file), [one("a", "4")]);
        assert_eq!(seen(&mut file), []);
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
