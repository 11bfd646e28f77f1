//! What is written at the end.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fields::{Fields, View};

/// What is written at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPlan {
    /// Folder, unless the command line says otherwise.
    pub dir: String,
    /// Free labels copied into the reports.
    pub labels: BTreeMap<String, String>,
}

pub(super) fn tell_report(report: &ReportPlan, view: View) -> Value {
    let ReportPlan { dir, labels } = report;
    let labels: Map<String, Value> = labels.iter().map(|(name, text)| (name.clone(), text.clone().into())).collect();
    Fields::new(view).shown("dir", dir.clone()).shown("labels", labels).done()
}
