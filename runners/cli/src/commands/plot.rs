//! `iomt plot`: a picture of a recording, or of a scenario simulated for it.

mod trends;
mod waves;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plot::{Heading, Mark, Period, Picture, Recorded};
use recorder::Folder;
use scenarios::Plan;
use session::{Interrupt, Recording, Silent};
use sim_core::{Program, Registry, SimTime, Span};
use vocabulary::{Dimension, Quantity};

use crate::arguments::{PlotLayout, Scenario};
use crate::failure::Failure;
use crate::{output, scenario_file};

/// Length of the window that is drawn when nothing else is said [s].
const USUAL_LENGTH_S: f64 = 10.0;
/// From this length on numbers over time say more than waveforms [s].
const TREND_FROM_S: f64 = 60.5;
/// Longest part of a waveform that a device sends at once.
const LONGEST_CHUNK: Span = Span::from_secs(10);
/// A twelve-lead sheet holds this much at most [s].
const SHEET_S: f64 = 12.0;

/// What to draw.
#[derive(Debug)]
pub(crate) struct Request {
    /// Patient or device.
    pub(crate) on: Option<String>,
    /// Beginning of the window.
    pub(crate) from: Option<String>,
    /// End of the window.
    pub(crate) to: Option<String>,
    /// Length of the window.
    pub(crate) length: Option<String>,
    /// Picture to write.
    pub(crate) out: PathBuf,
    /// How to draw.
    pub(crate) layout: Option<PlotLayout>,
    /// Channels or panels; all when empty.
    pub(crate) show: Vec<String>,
    /// First line.
    pub(crate) title: Option<String>,
}

/// A window of time [s].
#[derive(Debug, Clone, Copy, PartialEq)]
struct Window {
    from_s: f64,
    to_s: f64,
}

/// Draws and writes.
///
/// # Errors
/// [`Failure`] when the scenario or the recording cannot be read, nothing is there to draw, or the picture cannot be
/// written.
pub(crate) fn plot(scenario: &Scenario, request: &Request, registry: &mut Registry) -> Result<(), Failure> {
    let is_svg = match request.out.extension().and_then(|extension| extension.to_str()) {
        Some("png") => false,
        Some("svg") => true,
        _ => return Err(argument("out", "the name of a picture ends in .png or .svg".to_owned())),
    };
    let window = window(request)?;
    let picture = if let Some((root, owner)) = recorded(&scenario.file) {
        let folder = Folder::open(&root)?;
        let on = on(request.on.as_deref().or(owner.as_deref()), &folder.owners())?;
        draw(&folder, &on, window, request, registry.program())?
    } else {
        let (plan, patient, on) = plan(scenario, request, window, registry)?;
        let folder = tempfile::tempdir().map_err(Failure::write(std::env::temp_dir()))?;
        let recording = Recording { plan: &plan, patients: patient..patient + 1, with_edf: false, threads: 1 };
        recording.write(folder.path(), registry, &Interrupt::default(), &Silent)?;
        draw(&Folder::open(folder.path())?, &on, window, request, registry.program())?
    };
    let bytes = if is_svg {
        picture.to_svg().into_bytes()
    } else {
        picture.to_png().map_err(|error| Failure::write(&request.out)(std::io::Error::other(error)))?
    };
    if let Some(folder) = request.out.parent() {
        fs::create_dir_all(folder).map_err(Failure::write(folder))?;
    }
    fs::write(&request.out, bytes).map_err(Failure::write(&request.out))?;
    let (width, height) = (picture.width_mm, picture.height_mm);
    output::result(format_args!("{} ({width:.0} mm x {height:.0} mm)", request.out.display()))
}

fn argument(flag: &'static str, reason: String) -> Failure {
    Failure::Argument { flag, reason }
}

fn window(request: &Request) -> Result<Window, Failure> {
    let read =
        |flag: &'static str, text: &Option<String>| text.as_deref().map(|text| instant_s(flag, text)).transpose();
    let from_s = read("from", &request.from)?.unwrap_or(0.0);
    let length_s = read("length", &request.length)?.unwrap_or(USUAL_LENGTH_S);
    let to_s = read("to", &request.to)?.unwrap_or(from_s + length_s);
    if to_s <= from_s {
        return Err(argument("to", format!("the window ends at {to_s} s, where it begins or before ({from_s} s)")));
    }
    Ok(Window { from_s, to_s })
}

fn instant_s(flag: &'static str, text: &str) -> Result<f64, Failure> {
    let quantity = Quantity::parse(text, Dimension::Time).map_err(|error| argument(flag, error.to_string()))?;
    if quantity.value < 0.0 {
        return Err(argument(flag, format!("`{text}` lies before the start")));
    }
    Ok(quantity.value / 1e9)
}

/// The recording that a file belongs to, if it is not a scenario.
fn recorded(file: &Path) -> Option<(PathBuf, Option<String>)> {
    let is_scenario = file.extension().is_some_and(|extension| extension == "toml");
    if is_scenario { None } else { Folder::around(file) }
}

/// Whom to draw: as asked, or the only patient there is.
fn on(asked: Option<&str>, owners: &[&str]) -> Result<String, Failure> {
    let belongs =
        |owner: &str, path: &str| owner == path || owner.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
    if let Some(path) = asked.map(|path| path.trim_end_matches('/')) {
        // A cohort is no one to draw.
        return if path.contains('/') && owners.iter().any(|owner| belongs(owner, path)) {
            Ok(path.to_owned())
        } else {
            Err(argument("on", format!("the recording has no `{path}`; it has {}", some_of(owners))))
        };
    }
    let mut patients: Vec<&str> = owners.iter().map(|owner| patient_of(owner)).collect();
    patients.sort_unstable();
    patients.dedup();
    match patients.as_slice() {
        [only] => Ok((*only).to_owned()),
        several => Err(argument("on", format!("say whom to draw: {}", some_of(several)))),
    }
}

/// The patient of a path `cohort/patient` or `cohort/patient/device`.
fn patient_of(path: &str) -> &str {
    path.match_indices('/').nth(1).map_or(path, |(end, _)| &path[..end])
}

fn some_of(paths: &[&str]) -> String {
    const MOST: usize = 8;
    let shown: Vec<String> = paths.iter().take(MOST).map(|path| format!("`{path}`")).collect();
    let more = if paths.len() > MOST { format!(" and {} more", paths.len() - MOST) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// The plan up to the end of the window, the patient to simulate, and whom to draw.
fn plan(
    scenario: &Scenario,
    request: &Request,
    window: Window,
    registry: &mut Registry,
) -> Result<(Plan, usize, String), Failure> {
    let mut plan = scenario_file::plan(scenario, registry)?;
    session::load_recordings(&plan, registry)?;
    let patients: Vec<&str> = plan.roster.patients.iter().map(|patient| patient.path.as_str()).collect();
    let on = match request.on.as_deref().map(|path| path.trim_end_matches('/')) {
        Some(path) => path.to_owned(),
        None => on(None, &patients)?,
    };
    let patient = patients.iter().position(|patient| *patient == patient_of(&on)).ok_or_else(|| {
        argument("on", format!("the scenario has no patient `{}`; it has {}", patient_of(&on), some_of(&patients)))
    })?;
    if patient_of(&on) != on && !plan.roster.devices.iter().any(|device| device.path == on) {
        return Err(argument("on", format!("the scenario has no device `{on}`")));
    }
    // A chunk that reaches beyond the window is only said after it.
    let grid_steps = (window.to_s / sim_core::GRID.seconds() - 1e-6).ceil();
    let whole_window = Span::from_nanos(grid_steps as i64 * sim_core::GRID.nanos());
    plan.time.length = SimTime::ZERO + whole_window + LONGEST_CHUNK - SimTime::ZERO;
    Arc::make_mut(&mut plan.roster).whole_waveforms = true;
    Ok((plan, patient, on))
}

/// Draws the window of a recording.
fn draw(folder: &Folder, on: &str, window: Window, request: &Request, program: Program) -> Result<Picture, Failure> {
    let window = Window { to_s: window.to_s.min(folder.length_s()), ..window };
    if window.to_s <= window.from_s {
        let length_s = folder.length_s();
        return Err(argument("from", format!("the recording ends at {length_s} s, before the window begins")));
    }
    let patient = patient_of(on);
    let owners: Vec<&str> =
        folder.owners().into_iter().filter(|owner| *owner == on || owner.starts_with(&format!("{on}/"))).collect();
    let mut recorded = Recorded { from_s: window.from_s, to_s: window.to_s, ..Recorded::default() };
    for label in folder.labels(patient)?.0 {
        let to_s = label.end_s.unwrap_or(folder.length_s());
        recorded.periods.push(Period { from_s: label.onset_s, to_s, label: label.name });
    }
    let is_trend =
        request.layout.map_or(window.to_s - window.from_s > TREND_FROM_S, |layout| layout == PlotLayout::Trend);
    let is_replayed = waves::read(folder, &owners, &mut recorded, is_trend)?;
    let origin =
        if is_replayed { "with a replayed recording of a person" } else { "simulated; not a recording of a person" };
    let heading = Heading {
        title: request.title.clone().unwrap_or_else(|| format!("{}: {on}", folder.scenario())),
        subtitle: subtitle(folder, on, &recorded, request.title.is_some(), is_trend),
        footnote: format!("{program}, {origin}"),
    };
    if is_trend {
        let panels = trends::panels(folder, patient, &owners, &request.show, window)?;
        if panels.is_empty() {
            return Err(nothing(on, &request.show));
        }
        return Ok(plot::trend(&recorded, &panels, &heading));
    }
    waves::select(&mut recorded.waves, &request.show);
    if recorded.waves.is_empty() {
        return Err(nothing(on, &request.show));
    }
    let is_sheet = match request.layout {
        Some(layout) => layout == PlotLayout::TwelveLeads,
        None => {
            window.to_s - window.from_s <= SHEET_S
                && recorded.waves.len() == plot::TWELVE_LEADS.len()
                && recorded.waves.iter().all(|wave| plot::TWELVE_LEADS.contains(&wave.name.as_str()))
        }
    };
    if is_sheet && !recorded.waves.iter().any(|wave| plot::TWELVE_LEADS.contains(&wave.name.as_str())) {
        let reason = "a sheet needs a device that is given its `leads`".to_owned();
        return Err(argument("layout", reason));
    }
    Ok(if is_sheet { plot::twelve_leads(&recorded, &heading) } else { plot::strip(&recorded, &heading) })
}

fn nothing(on: &str, show: &[String]) -> Failure {
    let what = if show.is_empty() { "nothing to draw".to_owned() } else { format!("none of {}", show.join(", ")) };
    Failure::Unknown(format!("`{on}` has {what} in this window"))
}

/// What was recorded, when, and what the heart does meanwhile.
fn subtitle(folder: &Folder, on: &str, recorded: &Recorded, is_titled: bool, is_trend: bool) -> String {
    let mut parts = Vec::new();
    if is_titled {
        parts.push(format!("{}: {on}", folder.scenario()));
    }
    parts.push(format!("seed {}", folder.seed()));
    if !is_trend {
        parts.push(format!("{} to {} s", recorded.from_s, recorded.to_s));
        parts.extend(rate(&recorded.marks, recorded));
    }
    parts.join(" \u{b7} ")
}

/// Mean rate of the labelled beats of the window.
fn rate(marks: &[Mark], recorded: &Recorded) -> Option<String> {
    let is_beat = |mark: &&Mark| mark.text.len() == 1 && "NLRAVEj/aJSFeQ".contains(&mark.text);
    let beats: Vec<f64> = marks
        .iter()
        .filter(is_beat)
        .map(|mark| mark.at_s)
        .filter(|at_s| (recorded.from_s..=recorded.to_s).contains(at_s))
        .collect();
    let (first, last) = (beats.first()?, beats.last()?);
    (beats.len() > 2).then(|| format!("{:.0} /min", 60.0 * (beats.len() - 1) as f64 / (last - first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_patient() {
        assert_eq!(patient_of("icu/1/mon"), "icu/1");
        assert_eq!(patient_of("icu/1"), "icu/1");
    }

    #[test]
    fn the_only_patient_needs_no_name() {
        assert_eq!(on(None, &["icu/1", "icu/1/mon"]).ok().as_deref(), Some("icu/1"));
        let said = |result: Result<String, Failure>| result.err().map(|failure| failure.to_string());
        assert_eq!(said(on(None, &["icu/1", "icu/2"])).as_deref(), Some("--on: say whom to draw: `icu/1`, `icu/2`"));
        let unknown = said(on(Some("icu/3"), &["icu/1"]));
        assert_eq!(unknown.as_deref(), Some("--on: the recording has no `icu/3`; it has `icu/1`"));
        assert!(on(Some("ic"), &["icu/1"]).is_err());
        assert!(on(Some("icu"), &["icu/1"]).is_err());
    }
}
