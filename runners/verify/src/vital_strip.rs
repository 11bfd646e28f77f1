//! Vital strips: the truth about a patient and what devices said of it, around a step or a failure.

use scenarios::Plan;
use serde::{Deserialize, Serialize};
use sim_core::{OccurrenceId, SimId, SimTime, Span};

use crate::report::ExpectReport;
use crate::verdict::Verdict;
use crate::vital_sign::VitalSign;

/// Most failed expectations with a strip.
const MOST_FAILURES: usize = 6;
/// What is shown before the first and after the last single message that speaks against an expectation.
const MARGIN: Span = Span::from_secs(60);

/// What was kept of one patient over a stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptVitals {
    /// The patient.
    pub patient: SimId,
    /// The occurrence of a step that it is about; none for the whole run.
    pub occurrence: Option<OccurrenceId>,
    /// Begin.
    pub from: SimTime,
    /// End.
    pub to: SimTime,
    /// Its curves.
    pub curves: Vec<KeptCurve>,
}

/// A vital sign, as it was or as a device said it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptCurve {
    /// Which.
    pub sign: VitalSign,
    /// Who said it; none for the truth.
    pub device: Option<SimId>,
    /// Instants and values, in order of time.
    pub points: Vec<(SimTime, f64)>,
}

/// Vital signs of one patient around a step or a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VitalStrip {
    /// Path of the patient.
    pub patient: String,
    /// What it is shown for: ``step `desat` ``, `` `alarms come` failed ``.
    pub because: String,
    /// Begin [s, simulated].
    pub from_s: f64,
    /// End [s, simulated].
    pub to_s: f64,
    /// A panel for each vital sign that a device said.
    pub panels: Vec<VitalPanel>,
}

/// One vital sign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VitalPanel {
    /// Its name.
    pub title: String,
    /// Unit of its values.
    pub unit: String,
    /// The truth and what devices said, or one of them.
    pub curves: Vec<VitalCurve>,
}

/// A vital sign over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VitalCurve {
    /// `truth`, or the path of the device that said it.
    pub of: String,
    /// Instants [s, simulated] and values, in order of time.
    pub points: Vec<(f64, f64)>,
}

/// The strips of a run: one for each step that was kept, then one for each failed expectation of whose patient something is.
pub(crate) fn strips(plan: &Plan, kept: &[KeptVitals], expects: &[ExpectReport]) -> Vec<VitalStrip> {
    let of_steps = kept.iter().filter_map(|vitals| {
        let occurrence = &plan.occurrences[vitals.occurrence?.0 as usize];
        let because = format!("step `{}` ({})", occurrence.step, occurrence.action);
        strip(plan, vitals, because, (vitals.from, vitals.to))
    });
    let failed = expects.iter().filter(|expect| expect.verdict == Verdict::Fail);
    let of_failures = failed.filter_map(|expect| {
        let example = expect.counterexamples.first()?;
        let is_of_patient = |vitals: &&KeptVitals| {
            let path = &plan.roster.patients[vitals.patient.index()].path;
            vitals.occurrence.is_none()
                && example.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        let vitals = kept.iter().find(is_of_patient)?;
        let patient = &plan.roster.patients[vitals.patient.index()].path;
        let of_patient = expect.counterexamples.iter().filter(|example| example.path.starts_with(patient.as_str()));
        let instants: Vec<f64> = of_patient.filter_map(|example| example.intended_s).collect();
        let window = match instants.iter().copied().reduce(f64::min).zip(instants.iter().copied().reduce(f64::max)) {
            Some((first, last)) => (at(first) - MARGIN, at(last) + MARGIN),
            None => (at(expect.from_s), at(expect.to_s)),
        };
        let window = (window.0.max(vitals.from), window.1.min(vitals.to));
        strip(plan, vitals, format!("`{}` failed", expect.id), window)
    });
    let mut strips: Vec<VitalStrip> = of_steps.collect();
    let steps = strips.len();
    for strip in of_failures.take(MOST_FAILURES) {
        // What fails of one patient at one time is shown once.
        let is_same = |known: &&mut VitalStrip| known.panels == strip.panels && known.patient == strip.patient;
        match strips[steps..].iter_mut().find(is_same) {
            Some(known) => known.because = format!("{}, {}", known.because, strip.because),
            None => strips.push(strip),
        }
    }
    strips
}

fn at(seconds: f64) -> SimTime {
    SimTime::from_nanos((seconds * 1e9) as i64)
}

fn strip(plan: &Plan, vitals: &KeptVitals, because: String, (from, to): (SimTime, SimTime)) -> Option<VitalStrip> {
    let mut panels = Vec::new();
    for (sign, title, unit) in VitalSign::of_strips() {
        // The truth first, so that what was said lies upon it.
        let mut kept: Vec<&KeptCurve> = vitals.curves.iter().filter(|curve| curve.sign == sign).collect();
        kept.sort_by_key(|curve| curve.device);
        if kept.iter().all(|curve| curve.device.is_none()) {
            continue;
        }
        let curves = kept.into_iter().map(|curve| VitalCurve {
            of: curve
                .device
                .map_or_else(|| "truth".to_owned(), |device| plan.roster.devices[device.index()].path.clone()),
            points: points(&curve.points, from, to),
        });
        panels.push(VitalPanel { title: title.to_owned(), unit: unit.to_owned(), curves: curves.collect() });
    }
    let path = plan.roster.patients[vitals.patient.index()].path.clone();
    let (from_s, to_s) = (from.seconds(), to.seconds());
    (!panels.is_empty()).then_some(VitalStrip { patient: path, because, from_s, to_s, panels })
}

/// Points of a stretch of time, no finer than a reader sees.
fn points(points: &[(SimTime, f64)], from: SimTime, to: SimTime) -> Vec<(f64, f64)> {
    let round = |value: f64, parts: f64| (value * parts).round() / parts;
    let within = points.iter().filter(|(at, _)| (from..=to).contains(at));
    within.map(|(at, value)| (round(at.seconds(), 10.0), round(*value, 100.0))).collect()
}

#[cfg(test)]
mod tests {
    use crate::sample_run::{plan, sample_plan, sample_report};

    use super::*;

    fn seconds(seconds: i64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    fn of_truth(column: &str) -> VitalSign {
        VitalSign::of_truth(column).expect("a sign of strips")
    }

    fn kept(patient: u32, occurrence: Option<u32>) -> KeptVitals {
        let ramp = || (0..120).map(|second| (seconds(second), 60.0 + second as f64 / 3.0)).collect();
        let curve = |sign, device: Option<u32>| KeptCurve { sign, device: device.map(SimId), points: ramp() };
        KeptVitals {
            patient: SimId(patient),
            occurrence: occurrence.map(OccurrenceId),
            from: seconds(0),
            to: seconds(120),
            curves: vec![
                curve(of_truth("heart_rate"), Some(patient)),
                curve(of_truth("heart_rate"), None),
                curve(of_truth("plasma_glucose"), None),
            ],
        }
    }

    #[test]
    fn steps_and_failures_have_strips_of_what_devices_said() {
        let (plan, report) = (sample_plan(), sample_report());
        let strips = strips(&plan, &[kept(3, Some(0)), kept(4, None), kept(5, None)], &report.expect);
        let shown: Vec<_> = strips.iter().map(|strip| (strip.patient.as_str(), strip.because.as_str())).collect();
        assert_eq!(shown[0], ("icu/4", "step `wifi_hole` (net.cut)"));
        assert!(shown[1..].contains(&("icu/5", "`acknowledged is never lost` failed")), "{shown:?}");
        let lost = strips.iter().find(|strip| strip.patient == "icu/5").unwrap();
        assert_eq!((lost.from_s, lost.to_s), (0.0, 101.0), "a minute around the message at 41 s");
        let [panel] = lost.panels.as_slice() else { panic!("no device said glucose: {:?}", lost.panels) };
        let of: Vec<&str> = panel.curves.iter().map(|curve| curve.of.as_str()).collect();
        assert_eq!((panel.title.as_str(), of), ("Heart rate", vec!["truth", "icu/5/mon"]));
        assert_eq!(panel.curves[0].points[2], (2.0, 60.67));
    }

    #[test]
    fn nothing_kept_nothing_shown() {
        assert_eq!(strips(&plan(2), &[], &sample_report().expect), []);
        let silent = KeptVitals { curves: Vec::new(), ..kept(4, None) };
        assert_eq!(strips(&sample_plan(), &[silent], &sample_report().expect), []);
    }
}
