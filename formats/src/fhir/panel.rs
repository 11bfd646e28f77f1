//! Blood pressures, which FHIR keeps together in one Observation.

use vocabulary::{MetricId, Reading, metrics};

/// A panel: its own codes, and its members with the codes that the profile wants of them.
#[derive(Debug)]
pub(super) struct Panel {
    /// In identifiers; the id of no metric.
    pub(super) id: &'static str,
    pub(super) mdc: u32,
    pub(super) refid: &'static str,
    pub(super) text: &'static str,
    pub(super) members: [(MetricId, &'static str); 3],
}

/// Profile and code of every blood pressure (<http://hl7.org/fhir/R4/bp.html>).
pub(super) const PROFILE: &str = "http://hl7.org/fhir/StructureDefinition/bp";
pub(super) const LOINC: &str = "85354-9";

const SYSTOLIC: &str = "8480-6";
const DIASTOLIC: &str = "8462-4";
const MEAN: &str = "8478-0";

pub(super) static PANELS: [Panel; 2] = [
    Panel {
        id: "nibp_panel",
        mdc: 150_020,
        refid: "MDC_PRESS_BLD_NONINV",
        text: "Blood pressure, non-invasive",
        members: [(metrics::NIBP_SYS, SYSTOLIC), (metrics::NIBP_DIA, DIASTOLIC), (metrics::NIBP_MEAN, MEAN)],
    },
    Panel {
        id: "abp_panel",
        mdc: 150_036,
        refid: "MDC_PRESS_BLD_ART_ABP",
        text: "Blood pressure, arterial",
        members: [(metrics::ABP_SYS, SYSTOLIC), (metrics::ABP_DIA, DIASTOLIC), (metrics::ABP_MEAN, MEAN)],
    },
];

impl Panel {
    /// The panel that a metric belongs to.
    pub(super) fn of(metric: MetricId) -> Option<&'static Self> {
        PANELS.iter().find(|panel| panel.members.iter().any(|(member, _)| *member == metric))
    }

    /// Whether a reading is the first of its panel, for which the panel is written.
    pub(super) fn begins_with(&self, reading: &Reading, readings: &[Reading]) -> bool {
        let is_member = |other: &&Reading| self.members.iter().any(|(member, _)| *member == other.metric);
        readings.iter().find(is_member).is_some_and(|first| first.metric == reading.metric)
    }
}
