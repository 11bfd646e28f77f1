//! Panels of a trend: what devices showed beside the truth, quantity by quantity.

use plot::{Panel, Role, Series};
use recorder::{Folder, Numerics, State};
use verify::{VITAL_SIGNS, VitalSignRow};
use vocabulary::MetricId;

use super::Window;
use crate::failure::Failure;

/// The first of the vital signs are drawn whenever a device shows them; the others only when they change or are asked for.
const BASIC: usize = 5;
/// Panels at most, when nobody asked for particular ones.
const MOST: usize = 10;
/// What changes less than this share of its size is at rest.
const AT_REST: f64 = 0.1;
/// A temperature [degrees] and a venous pressure [mmHg] change by this much before it counts.
const TEMPERATURE_CHANGE: f64 = 0.4;
const VENOUS_CHANGE_MMHG: f64 = 1.0;

/// The panels of a window.
///
/// # Errors
/// [`Failure::Recorder`] when a file is damaged.
pub(super) fn panels(
    folder: &Folder,
    patient: &str,
    owners: &[&str],
    show: &[String],
    window: Window,
) -> Result<Vec<Panel>, Failure> {
    let mut numerics = Vec::new();
    for owner in owners {
        numerics.push(folder.numerics(owner)?);
    }
    let states = folder.states(patient)?.0;
    let asked = |name: &str| show.iter().any(|shown| shown == name);

    let mut panels = Vec::new();
    for (position, sign) in VITAL_SIGNS.iter().enumerate() {
        let panel = of_sign(sign, &numerics, &states);
        let moves = || panel.series.iter().any(|series| changes(&series.points, window, sign.name));
        let basic = position < BASIC && !panel.series.is_empty();
        if if show.is_empty() { basic || moves() } else { asked(sign.name) && !panel.series.is_empty() } {
            panels.push(panel);
        }
    }
    let known = |name: &str| VITAL_SIGNS.iter().any(|sign| sign.truth.contains(&name));
    // What follows from pressures and rates would say the same again.
    let derived = ["stroke_volume", "cardiac_output", "tidal_volume", "minute_ventilation", "paco2", "pao2"];
    for state in states.iter().filter(|state| !known(&state.name)) {
        let wanted = show.is_empty() && !derived.contains(&state.name.as_str());
        if asked(&state.name) || (wanted && changes(&state.points, window, &state.name)) {
            panels.push(of_state(state));
        }
    }
    let metrics = VITAL_SIGNS.iter().flat_map(|sign| sign.shown).copied().flatten();
    let metrics: Vec<&str> = metrics.copied().chain(["pr"]).collect();
    for (metric, points) in numerics.iter().flat_map(|numerics| &numerics.0) {
        let moves = || show.is_empty() && !metrics.contains(&metric.as_str()) && changes(points, window, metric);
        let drawn = panels.iter().any(|panel| panel.name == *metric);
        if !drawn && (asked(metric) || moves()) {
            panels.push(of_metric(metric, points));
        }
    }
    if show.is_empty() {
        panels.truncate(MOST);
    } else {
        panels.sort_by_key(|panel| show.iter().position(|name| *name == panel.name));
    }
    Ok(panels)
}

/// What devices showed of a vital sign, beside the truth.
fn of_sign(sign: &VitalSignRow, numerics: &[Numerics], states: &[State]) -> Panel {
    let shown = sign.shown.iter().find_map(|group| {
        let of_device = numerics.iter().find(|numerics| group.iter().all(|metric| numerics.0.contains_key(*metric)))?;
        Some(group.iter().map(|metric| series(metric, Role::Shown, &of_device.0[*metric])).collect::<Vec<_>>())
    });
    let truth = sign.truth.iter().filter_map(|name| states.iter().find(|state| state.name == *name));
    let mut all = shown.unwrap_or_default();
    all.extend(truth.map(|state| series(&state.name, Role::Truth, &state.points)));
    Panel {
        name: sign.name.to_owned(),
        title: sign.title.to_owned(),
        unit: sign.unit.to_owned(),
        least_span: sign.least_span,
        series: all,
        filled: sign.shown.iter().any(|group| group.len() > 1),
    }
}

fn series(title: &str, role: Role, points: &[(f64, f64)]) -> Series {
    Series { title: title.to_owned(), role, colour: None, points: points.to_vec() }
}

fn of_state(state: &State) -> Panel {
    let mut title = state.name.replace('_', " ");
    title[..1].make_ascii_uppercase();
    Panel {
        name: state.name.clone(),
        title,
        unit: state.unit.clone(),
        least_span: 0.0,
        series: vec![series(&state.name, Role::Truth, &state.points)],
        filled: false,
    }
}

fn of_metric(name: &str, points: &[(f64, f64)]) -> Panel {
    let metric = MetricId::find(name).map(MetricId::metric);
    let resolution = metric.and_then(|metric| metric.resolution).unwrap_or(0.0);
    Panel {
        name: name.to_owned(),
        title: metric.map_or(name, |metric| metric.display).to_owned(),
        unit: metric.and_then(|metric| metric.ucum).unwrap_or_default().replace(['[', ']'], ""),
        least_span: 5.0 * resolution,
        series: vec![series(name, Role::Shown, points)],
        filled: false,
    }
}

/// Whether a quantity does more in the window than rest.
fn changes(points: &[(f64, f64)], window: Window, name: &str) -> bool {
    let within =
        points.iter().filter(|(at_s, value)| (window.from_s..=window.to_s).contains(at_s) && value.is_finite());
    let range = within.fold(None, |range: Option<(f64, f64)>, (_, value)| {
        Some(range.map_or((*value, *value), |(low, high)| (low.min(*value), high.max(*value))))
    });
    range.is_some_and(|(low, high)| {
        let least = match name {
            "cvp" => VENOUS_CHANGE_MMHG,
            _ if name.starts_with("temp") => TEMPERATURE_CHANGE,
            _ => AT_REST * low.abs().max(high.abs()),
        };
        high - low > least
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { from_s: 0.0, to_s: 100.0 };

    fn ramp(from: f64, to: f64) -> Vec<(f64, f64)> {
        (0..=100).map(|second| (f64::from(second), from + (to - from) * f64::from(second) / 100.0)).collect()
    }

    #[test]
    fn what_rests_is_told_from_what_changes() {
        assert!(!changes(&ramp(5.0, 5.2), WINDOW, "blood_volume"));
        assert!(changes(&ramp(5.0, 4.0), WINDOW, "blood_volume"));
        // A tenth of a temperature would be a fever of four degrees.
        assert!(changes(&ramp(37.0, 37.6), WINDOW, "temp"));
        assert!(!changes(&ramp(4.0, 4.6), WINDOW, "cvp"));
        assert!(!changes(&[], WINDOW, "hr"));
        assert!(!changes(&ramp(1.0, 9.0), Window { from_s: 200.0, to_s: 300.0 }, "hr"));
    }

    #[test]
    fn a_cuff_stands_in_for_the_line() {
        let shown = |metrics: &[&str]| {
            Numerics(metrics.iter().map(|metric| ((*metric).to_owned(), ramp(80.0, 80.0))).collect())
        };
        let titles = |numerics: &[Numerics]| -> Vec<String> {
            of_sign(&VITAL_SIGNS[1], numerics, &[]).series.into_iter().map(|series| series.title).collect()
        };
        let (cuff, line) = (["nibp_sys", "nibp_mean", "nibp_dia"], ["abp_sys", "abp_mean", "abp_dia"]);
        assert_eq!(titles(&[shown(&cuff)]), cuff);
        assert_eq!(titles(&[shown(&cuff), shown(&line)]), line);
        assert!(titles(&[shown(&["abp_sys"])]).is_empty());
    }

    #[test]
    fn columns_of_the_truth_read_as_words() {
        let state = State { name: "blood_volume".to_owned(), unit: "L".to_owned(), points: ramp(5.0, 4.0) };
        assert_eq!(of_state(&state).title, "Blood volume");
        assert_eq!(of_metric("inf_rate", &[]).unit, "mL/h");
    }
}
