//! Reads probes, and adds those that nobody has declared.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::{Arguments, ProbeKind, Registry, Roster};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::document::{Table, Text};
use crate::language::folder::Folder;
use crate::language::names::{read_qos, read_reference};
use crate::language::parameter::ParameterReader;
use crate::language::reader::Reader;
use crate::language::schema::TableSpec;
use crate::language::suggestion::hint;
use crate::language::template::{Names, Template, Use, check_filter, disjoint};
use crate::network::link::LinkDraft;
use crate::network::target::TargetDraft;
use crate::people::cohort::CohortDraft;
use crate::plan::{Delivery, ProbePlan, ProbeTopics};

/// Every probe, and where the filters of those that are declared stand.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    pub(crate) plans: Vec<ProbePlan>,
    pub(crate) filter_places: Vec<Vec<Place>>,
    /// The topics of each that is declared, and where they stand, if it has some of its own.
    topics: Vec<Option<(Template, Text)>>,
    /// The ids of all that are declared, sound or not.
    pub(crate) names: BTreeSet<String>,
}

impl Probes {
    /// Whether one was refused, of which nobody knows what it would have watched.
    pub(crate) fn are_incomplete(&self) -> bool {
        self.names.len() > self.filter_places.len()
    }

    /// Where the topics of a declared probe stand, if it has some of its own.
    pub(crate) fn topic_place(&self, probe: usize) -> Option<Place> {
        self.topics.get(probe)?.as_ref().map(|(_, text)| text.start())
    }

    /// Makes the topics on which probes see each stream, where those are others than the devices' own.
    pub(crate) fn make_topics(&mut self, roster: &Roster, deliveries: &[Delivery]) {
        for (probe, topics) in self.plans.iter_mut().zip(&self.topics) {
            let Some((template, text)) = topics else { continue };
            let of_routes = roster.routes.iter().map(|route| {
                let device = &roster.devices[route.device.index()];
                let patient = &roster.patients[device.patient.index()];
                template.render(&Names {
                    cohort: &patient.cohort,
                    number: patient.number,
                    patient_id: &patient.patient_id,
                    device: &device.id,
                    serial: &device.serial,
                    stream: &device.streams[usize::from(route.stream)].id,
                    gateway: "",
                })
            });
            let of_routes: Vec<String> = of_routes.collect();
            if !of_routes.iter().eq(deliveries.iter().map(|delivery| &delivery.topic)) {
                probe.topics = Some(ProbeTopics { template: text.text.clone(), of_routes });
            }
        }
    }
}

/// The filter of kinds that have none.
const EVERYTHING: &str = "#";

fn read_kind<'a>(reader: &Reader<'_>, registry: &'a Registry) -> Checked<&'a ProbeKind> {
    let word = reader.text("kind")?;
    registry.find(&word.text).ok_or_else(|| {
        let names: Vec<&str> = registry.probe_kinds().iter().map(|kind| kind.name).collect();
        let hint = hint(&word.text, "kinds", names);
        reader.notes.error(word.start(), format!("there is no kind of probe `{}`{hint}", word.text))
    })
}

fn read_arguments(notes: &Notes, kind: &ProbeKind, with: Option<&Table>, place: Place) -> Checked<Arguments> {
    let owner = format!("probe kind `{}`", kind.name);
    let parameters = ParameterReader { notes, owner, specs: &kind.parameters, drawn: false };
    parameters.arguments(with, &[], place)
}

/// Complains about a target that a kind of probe cannot watch.
fn check_watched(reader: &Reader<'_>, kind: Checked<&ProbeKind>, target: &TargetDraft) -> Checked<()> {
    let (Ok(kind), Some(carrier)) = (kind, target.carrier) else { return Ok(()) };
    if kind.watches.is_empty() || kind.watches.contains(&carrier) {
        return Ok(());
    }
    let (id, kinds) = (&target.id.value, kind.watches.join(", "));
    let message =
        format!("a probe of kind `{}` watches targets of carrier {kinds}, and `{id}` is one of `{carrier}`", kind.name);
    Err(reader.notes.error(reader.place("to"), message))
}

/// Complains about filters that are missing, or that a kind does not take.
fn check_filters(reader: &Reader<'_>, kind: &ProbeKind) -> Checked<()> {
    if kind.takes_filters && !reader.has("filter") && !reader.has("topic") {
        return Err(reader.missing("filter"));
    }
    match ["filter", "qos"].into_iter().find(|key| !kind.takes_filters && reader.has(key)) {
        Some(key) => {
            let message =
                format!("a probe of kind `{}` watches everything of its target and takes no `{key}`", kind.name);
            Err(reader.notes.error(reader.place(key), message))
        }
        None => Ok(()),
    }
}

/// Reads the topics on which a probe is to see what devices say.
fn read_topic(reader: &Reader<'_>, kind: Checked<&ProbeKind>) -> Checked<Option<(Template, Text)>> {
    let Some(text) = reader.optional("topic", Reader::template)? else { return Ok(None) };
    if let Some(kind) = kind.ok().filter(|kind| !kind.tells_topics) {
        let message = format!("what a probe of kind `{}` sees is on no topic, so `topic` would say nothing", kind.name);
        return Err(reader.notes.error(reader.place("topic"), message));
    }
    let template = Template::read(reader.notes, "topic", &text, Use::SeenTopic)?;
    if template.names_nobody() {
        let message = "this topic is the same for everybody, so it tells nothing of whose data are seen there: name the \
                       device or the patient (`${device.serial}`, `${patient.id}`), or leave `topic` out";
        return Err(reader.notes.error(text.start(), message));
    }
    Ok(Some((template, text)))
}

/// Reads every `[probe.ID]`, and adds one for each MQTT target that links use and nobody watches.
pub(crate) fn read_probes(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    targets: &[TargetDraft],
    (links, cohorts): (&[LinkDraft], &[CohortDraft]),
    folder: Folder<'_>,
) -> Probes {
    let spec = spec.below("probe");
    let mut probes = Probes::default();
    let mut watched = BTreeSet::new();
    for (id, table) in root.named_below("probe") {
        let reader = Reader::new(root.notes, table, spec, format!("[probe.{}]", id.value), None);
        probes.names.insert(id.value.clone());
        let kind = read_kind(&reader, registry);
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
        let target = target.and_then(|index| check_watched(&reader, kind, &targets[index]).map(|()| index));
        let filters = reader.optional("filter", Reader::texts).and_then(|filters| {
            let filters = filters.unwrap_or_default();
            let sound: Vec<_> = filters.iter().map(|filter| check_filter(root.notes, filter)).collect();
            sound.into_iter().collect::<Result<(), _>>()?;
            Ok(filters)
        });
        let topic = read_topic(&reader, kind);
        let qos = read_qos(&reader);
        let with = reader.optional("with", Reader::table_below);
        if let (Ok(kind), Ok(target), Ok(filters), Ok(topic), Ok(qos), Ok(with)) =
            (kind, target, filters, topic, qos, with)
            && let Ok(arguments) = read_arguments(root.notes, kind, with, reader.place("with"))
            && folder.check_files(root.notes, &kind.parameters, with).is_ok()
            && check_filters(&reader, kind).is_ok()
        {
            probes.filter_places.push(filters.iter().map(Text::start).collect());
            let filters = match &topic {
                _ if !kind.takes_filters => vec![EVERYTHING.to_owned()],
                Some((template, _)) if filters.is_empty() => {
                    disjoint(cohorts.iter().map(|cohort| template.filter(&cohort.id)))
                }
                _ => filters.into_iter().map(|filter| filter.text).collect(),
            };
            probes.topics.push(topic);
            probes.plans.push(ProbePlan {
                id: id.value,
                target,
                kind: kind.name.to_owned(),
                arguments,
                is_filtered: kind.takes_filters,
                filters,
                qos,
                topics: None,
            });
        }
    }
    let mut topics: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let links =
        cohorts.iter().flat_map(|cohort| cohort.devices.iter().map(move |device| (cohort, &links[device.link])));
    for (cohort, body) in links.filter_map(|(cohort, link)| Some((cohort, link.body.as_ref().ok()?))) {
        let target = body.plan.target;
        let lets_watch = targets[target].cloud.as_ref().is_none_or(|cloud| cloud.lets_watch);
        if !targets[target].is_host && lets_watch && !watched.contains(&target) {
            topics.entry(target).or_default().insert(body.topic.filter(&cohort.id));
        }
    }
    let mut taken = probes.plans.iter().any(|probe| probe.id == "wire");
    for (target, filters) in topics {
        let watcher = targets[target].carrier.and_then(|carrier| registry.carrier(carrier)?.watched_by);
        let Some(kind) = watcher.and_then(|kind| registry.find::<ProbeKind>(kind)) else { continue };
        let id = if taken { format!("wire-{}", targets[target].id.value) } else { "wire".to_owned() };
        taken = true;
        let filters = if kind.takes_filters { disjoint(filters) } else { vec![EVERYTHING.to_owned()] };
        let Ok(arguments) = read_arguments(root.notes, kind, None, targets[target].id.place) else { continue };
        probes.plans.push(ProbePlan {
            id,
            target,
            kind: kind.name.to_owned(),
            arguments,
            is_filtered: kind.takes_filters,
            filters,
            qos: 1,
            topics: None,
        });
    }
    probes
}
