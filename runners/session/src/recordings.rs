//! The recordings that a plan names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use device_models::{RECORDING_OPTION, REPLAY_KIND, Recordings};
use recordings::Recording;
use scenarios::Plan;
use sim_core::Registry;

use crate::error::Error;

/// A record that comes with the program.
struct BuiltIn {
    name: &'static str,
    header: &'static str,
    /// Signal files by name.
    signals: &'static [(&'static str, &'static [u8])],
    annotations: &'static [u8],
}

/// Records that come with the program; their licences are in `scenarios/recordings/LICENCES.md`.
const BUILT_IN: [BuiltIn; 1] = [BuiltIn {
    name: "mitdb_100",
    header: include_str!("../../../scenarios/recordings/mitdb_100/100.hea"),
    signals: &[("100.dat", include_bytes!("../../../scenarios/recordings/mitdb_100/100.dat"))],
    annotations: include_bytes!("../../../scenarios/recordings/mitdb_100/100.atr"),
}];

/// Loads every record that the plan's replay devices name, and gives them to the registry.
///
/// # Errors
/// [`Error::Recording`] when a record is missing or cannot be played.
pub fn load_recordings(plan: &Plan, registry: &mut Registry) -> Result<(), Error> {
    let mut loaded = BTreeMap::new();
    for device in plan.roster.devices.iter().filter(|device| device.kind == REPLAY_KIND) {
        let Some(name) = device.options.text(RECORDING_OPTION) else { continue };
        if !loaded.contains_key(name) {
            loaded.insert(name.to_owned(), Arc::new(recording(name, Path::new(&plan.file))?));
        }
    }
    let recordings = Recordings(loaded);
    registry.add_resource(move |world| world.insert_resource(recordings.clone()));
    Ok(())
}

fn recording(name: &str, scenario: &Path) -> Result<Recording, Error> {
    let refuse = |reason: String| Error::Recording { record: name.to_owned(), reason };
    if let Some(built_in) = BUILT_IN.iter().find(|built_in| built_in.name == name) {
        let read = |file: &str| {
            built_in
                .signals
                .iter()
                .find(|(known, _)| *known == file)
                .map(|(_, bytes)| bytes.to_vec())
                .ok_or_else(|| format!("{file} is not part of the program"))
        };
        return Recording::decode(name, built_in.header, read, Some(built_in.annotations))
            .map_err(|error| refuse(error.to_string()));
    }
    let header_file = scenario.parent().unwrap_or(Path::new("")).join(name);
    if header_file.extension().is_none_or(|extension| extension != "hea") {
        let known: Vec<_> = BUILT_IN.iter().map(|built_in| built_in.name).collect();
        return Err(refuse(format!("neither a built-in record ({}) nor the path of a .hea file", known.join(", "))));
    }
    let folder = header_file.parent().unwrap_or(Path::new("")).to_path_buf();
    let read = |file: &Path| std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()));
    let header = String::from_utf8(read(&header_file).map_err(&refuse)?)
        .map_err(|error| refuse(format!("{}: {error}", header_file.display())))?;
    // A record need not be annotated.
    let annotations = match std::fs::read(header_file.with_extension("atr")) {
        Ok(annotations) => Some(annotations),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(refuse(format!("{}: {error}", header_file.with_extension("atr").display()))),
    };
    Recording::decode(name, &header, |file| read(&folder.join(file)), annotations.as_deref())
        .map_err(|error| refuse(error.to_string()))
}
