//! `file`: the row of the follower.

use std::path::PathBuf;

use carriers::file_path;
use sim_core::{Executor, ParameterKind, ParameterSpec, ProbeKind};

use super::followed_file::FollowedFile;
use crate::{Inspect, Inspection, Look, ProbeError};

/// The row.
pub(crate) fn row() -> ProbeKind {
    ProbeKind {
        name: "file",
        about: "follows a file to which lines `{\"topic\", \"payload\"}` (or `payload_base64`) are appended, from its end at \
                the start of the run; one that becomes shorter is read from its beginning",
        takes_filters: false,
        tells_topics: true,
        watches: &["file"],
        parameters: vec![ParameterSpec::optional(
            "path",
            ParameterKind::Text,
            "the file, relative to the working directory, such as what a stack makes of the target's; without it, the \
             target itself",
        )],
        executor: Executor::new(Inspect(inspect)),
    }
}

fn inspect(inspection: &Inspection<'_>) -> Result<Box<dyn Look>, ProbeError> {
    let path = match inspection.arguments.text("path") {
        Some(path) => PathBuf::from(path),
        None => file_path(inspection.url).map_err(|reason| ProbeError::Refused { reason })?,
    };
    let followed = FollowedFile::begin(path.clone());
    let followed = followed
        .map_err(|error| ProbeError::Refused { reason: format!("{} cannot be read: {error}", path.display()) })?;
    Ok(Box::new(followed))
}
