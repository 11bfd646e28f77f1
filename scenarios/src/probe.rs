//! Reads probes, and adds those that nobody has declared.

use crate::cohort::CohortDraft;
use crate::diagnostic::Place;
use crate::document::Text;
use crate::link::{LinkDraft, TargetDraft, read_qos, read_reference, spec_below};
use crate::plan::ProbePlan;
use crate::reader::Reader;
use crate::schema::TableSpec;
use crate::template::{check_filter, disjoint};

/// Every probe, and where the filters of those that are declared stand.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    pub(crate) plans: Vec<ProbePlan>,
    pub(crate) filter_places: Vec<Vec<Place>>,
}

/// Reads every `[probe.ID]`, and adds one for each MQTT target that links use and nobody watches.
pub(crate) fn read_probes(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    targets: &[TargetDraft],
    links: &[LinkDraft],
    cohorts: &[CohortDraft],
) -> Probes {
    let spec = spec_below(spec, "probe");
    let mut probes = Probes::default();
    let mut watched = Vec::new();
    for (id, table) in root.named_below("probe") {
        let reader = Reader::new(root.notes, table, spec, format!("[probe.{}]", id.value), None);
        let kind = reader.choice("kind");
        let target = read_reference(&reader, "to", "target", targets.iter().map(|target| target.id.value.as_str()));
        let target = target.and_then(|index| {
            let target = &targets[index];
            if target.is_host {
                let message =
                    format!("target `{}` is a Bluetooth host; there are no messages to watch", target.id.value);
                return Err(reader.notes.error(reader.place("to"), message));
            }
            Ok(index)
        });
        watched.extend(target.ok());
        let filters = reader.texts("filter").and_then(|filters| {
            let sound: Vec<_> = filters.iter().map(|filter| check_filter(root.notes, filter)).collect();
            sound.into_iter().collect::<Result<(), _>>()?;
            Ok(filters)
        });
        let qos = read_qos(&reader);
        if let (Ok(_), Ok(target), Ok(filters), Ok(qos)) = (kind, target, filters, qos) {
            probes.filter_places.push(filters.iter().map(Text::start).collect());
            let filters = filters.into_iter().map(|filter| filter.text).collect();
            probes.plans.push(ProbePlan { id: id.value, target, filters, qos });
        }
    }
    for (index, target) in targets.iter().enumerate() {
        let used = cohorts.iter().flat_map(|cohort| cohort.devices.iter().map(move |device| (cohort, device.link)));
        let topics = used.filter_map(|(cohort, link)| Some((cohort, links[link].body.as_ref().ok()?)));
        let theirs = topics.filter(|(_, body)| body.plan.target == index && !targets[index].is_host);
        let mut filters: Vec<String> = theirs.map(|(cohort, body)| body.topic.filter(&cohort.id)).collect();
        filters.sort_unstable();
        filters.dedup();
        if !watched.contains(&index) && !filters.is_empty() {
            let taken = probes.plans.iter().any(|probe| probe.id == "wire");
            let id = if taken { format!("wire-{}", target.id.value) } else { "wire".to_owned() };
            probes.plans.push(ProbePlan { id, target: index, filters: disjoint(filters), qos: 1 });
        }
    }
    probes
}
