//! Reads probes, and adds those that nobody has declared.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::diagnostic::Place;
use crate::language::document::Text;
use crate::language::names::{read_qos, read_reference};
use crate::language::reader::Reader;
use crate::language::schema::TableSpec;
use crate::language::template::{check_filter, disjoint};
use crate::network::link::LinkDraft;
use crate::network::target::TargetDraft;
use crate::people::cohort::CohortDraft;
use crate::plan::ProbePlan;

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
    let spec = spec.below("probe");
    let mut probes = Probes::default();
    let mut watched = BTreeSet::new();
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
    let mut topics: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let links =
        cohorts.iter().flat_map(|cohort| cohort.devices.iter().map(move |device| (cohort, &links[device.link])));
    for (cohort, body) in links.filter_map(|(cohort, link)| Some((cohort, link.body.as_ref().ok()?))) {
        let target = body.plan.target;
        if !targets[target].is_host && !watched.contains(&target) {
            topics.entry(target).or_default().insert(body.topic.filter(&cohort.id));
        }
    }
    let mut taken = probes.plans.iter().any(|probe| probe.id == "wire");
    for (target, filters) in topics {
        let id = if taken { format!("wire-{}", targets[target].id.value) } else { "wire".to_owned() };
        taken = true;
        probes.plans.push(ProbePlan { id, target, filters: disjoint(filters), qos: 1 });
    }
    probes
}
