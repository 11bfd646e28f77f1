//! What is wrong with a scenario, and where.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;

/// One complaint about a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// File as it was asked for, or `command line`.
    pub file: String,
    /// `file:line:column` of the `include` that brought the file in.
    pub included_from: Option<String>,
    /// Line, from 1; 0 when the complaint is not about a place in a file.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Whether the scenario can be used all the same.
    pub severity: DiagnosticSeverity,
    /// What is wrong, and where possible what was meant.
    pub message: String,
}

/// Whether a scenario with this complaint can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiagnosticSeverity {
    /// It cannot.
    Error,
    /// It can, but probably does not say what was meant.
    Warning,
}

impl fmt::Display for DiagnosticSeverity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if self.line > 0 {
            write!(formatter, ":{}:{}", self.line, self.column)?;
        }
        if let Some(include) = &self.included_from {
            write!(formatter, " (included from {include})")?;
        }
        write!(formatter, ": {}: {}", self.severity, self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// Proof that an error was noted: only [`Notes`] makes one, so whoever gives up with it has left a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused(());

/// What could be read, or the proof that the reason why not was noted.
pub(crate) type Checked<T> = Result<T, Refused>;

/// A byte offset in one of the files read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: usize,
    pub(crate) offset: usize,
}

/// One file read, with what is needed to turn offsets into lines and columns.
#[derive(Debug, Clone)]
struct SourceFile {
    name: String,
    text: String,
    included_from: Option<Place>,
    line_starts: Vec<usize>,
}

/// Collects files and complaints; shared by every part of the checker, none of which stops at the first error.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    files: RefCell<Vec<SourceFile>>,
    found: RefCell<Vec<(Option<Place>, Diagnostic)>>,
    errors: Cell<usize>,
    /// Where the keys stand that somebody has looked at.
    read: RefCell<BTreeSet<Place>>,
    /// What no message may repeat.
    secrets: RefCell<BTreeSet<String>>,
}

/// What stands in messages for a secret.
pub(crate) const HIDDEN: &str = "(not shown)";
/// A shorter secret is found in too many words by chance to be taken out of them [characters].
pub(crate) const SHORTEST_HIDDEN: usize = 4;

impl Notes {
    /// Adds a file and gives its number.
    pub(crate) fn add_file(&self, name: &str, text: &str, included_from: Option<Place>) -> usize {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
        let file = SourceFile { name: name.to_owned(), text: text.to_owned(), included_from, line_starts };
        self.files.borrow_mut().push(file);
        self.files.borrow().len() - 1
    }

    /// Notes an error at a place.
    pub(crate) fn error(&self, place: Place, message: impl Into<String>) -> Refused {
        self.add(place, DiagnosticSeverity::Error, message.into());
        self.refused()
    }

    /// Notes a warning at a place.
    pub(crate) fn warning(&self, place: Place, message: impl Into<String>) {
        self.add(place, DiagnosticSeverity::Warning, message.into());
    }

    /// Notes an error that is not in a file.
    pub(crate) fn error_outside(&self, origin: &str, message: impl Into<String>) -> Refused {
        let diagnostic = Diagnostic {
            file: origin.to_owned(),
            included_from: None,
            line: 0,
            column: 0,
            severity: DiagnosticSeverity::Error,
            message: message.into(),
        };
        self.found.borrow_mut().push((None, diagnostic));
        self.refused()
    }

    fn refused(&self) -> Refused {
        self.errors.set(self.errors.get() + 1);
        Refused(())
    }

    /// Gives up about something that was complained about where it was first seen.
    pub(crate) fn refused_before(&self, place: Place) -> Refused {
        if self.failed() { Refused(()) } else { self.unexplained(place, "this cannot be used") }
    }

    /// Lets no message repeat a secret, whatever it is given for beside.
    pub(crate) fn hide(&self, secret: &str) {
        if secret.chars().count() >= SHORTEST_HIDDEN {
            self.secrets.borrow_mut().insert(secret.to_owned());
        }
    }

    /// Notes that a key has been looked at.
    pub(crate) fn mark_read(&self, key: Place) {
        self.read.borrow_mut().insert(key);
    }

    /// Whether somebody has looked at a key.
    pub(crate) fn was_read(&self, key: Place) -> bool {
        self.read.borrow().contains(&key)
    }

    /// The program's own mistake: something is left out that nobody has complained about.
    pub(crate) fn unexplained(&self, place: Place, what: &str) -> Refused {
        debug_assert!(self.failed(), "{}: {what}, and nobody says why", self.location(place));
        self.error(place, format!("{what}, and the reason is a mistake of this program; please report it"))
    }

    /// `file:line` of a place.
    pub(crate) fn location(&self, place: Place) -> String {
        let (line, _) = self.line_and_column(place);
        format!("{}:{line}", self.files.borrow()[place.file].name)
    }

    /// Whether a place is in a file that another one included.
    pub(crate) fn is_included(&self, place: Place) -> bool {
        self.files.borrow()[place.file].included_from.is_some()
    }

    /// The file of a place, as it was asked for.
    pub(crate) fn file_name(&self, place: Place) -> String {
        self.files.borrow()[place.file].name.clone()
    }

    /// Line of a place, from 1.
    pub(crate) fn line(&self, place: Place) -> u32 {
        self.line_and_column(place).0
    }

    /// Whether an error was noted so far.
    pub(crate) fn failed(&self) -> bool {
        self.errors() > 0
    }

    /// How many errors were noted so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors.get()
    }

    /// Everything noted, in order of file and position, without repetitions.
    pub(crate) fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by(|(left, a), (right, b)| (left, a.severity, &a.message).cmp(&(right, b.severity, &b.message)));
        found.dedup();
        // The longest first, for one may be part of another.
        let mut secrets: Vec<String> = self.secrets.into_inner().into_iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let hidden = |text: String| secrets.iter().fold(text, |text, secret| text.replace(secret, HIDDEN));
        found
            .into_iter()
            .map(|(_, diagnostic)| Diagnostic { message: hidden(diagnostic.message), ..diagnostic })
            .collect()
    }

    fn add(&self, place: Place, severity: DiagnosticSeverity, message: String) {
        let (line, column) = self.line_and_column(place);
        let included_from = self.files.borrow()[place.file].included_from;
        let included_from = included_from.map(|include| {
            let (line, column) = self.line_and_column(include);
            format!("{}:{line}:{column}", self.files.borrow()[include.file].name)
        });
        let file = self.files.borrow()[place.file].name.clone();
        let diagnostic = Diagnostic { file, included_from, line, column, severity, message };
        self.found.borrow_mut().push((Some(place), diagnostic));
    }

    fn line_and_column(&self, place: Place) -> (u32, u32) {
        let files = self.files.borrow();
        let file = &files[place.file];
        let line = file.line_starts.partition_point(|start| *start <= place.offset);
        let start = file.line_starts[line - 1];
        let mut end = place.offset.min(file.text.len());
        while !file.text.is_char_boundary(end) {
            end -= 1;
        }
        let column = file.text[start.min(end)..end].chars().count() + 1;
        (line as u32, column as u32)
    }
}
