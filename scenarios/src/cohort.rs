//! Reads cohorts and their devices.

use sim_core::{Arguments, Cadence, Registry};

use crate::cadence::read_streams;
use crate::diagnostic::Place;
use crate::document::Value;
use crate::link::{LinkDraft, read_reference, spec_below};
use crate::parameter::ParameterReader;
use crate::patient::{PatientDraft, read_patient};
use crate::placement::{Layout, read_layout};
use crate::profile::Catalogue;
use crate::reader::{Placed, Reader};
use crate::schema::TableSpec;
use crate::suggestion::hint;

/// A cohort as declared.
#[derive(Debug)]
pub(crate) struct CohortDraft {
    pub(crate) id: String,
    pub(crate) place: Place,
    pub(crate) count: u32,
    pub(crate) patient: PatientDraft,
    pub(crate) devices: Vec<DeviceDraft>,
    pub(crate) layout: Layout,
}

/// A device as declared.
#[derive(Debug)]
pub(crate) struct DeviceDraft {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) link: usize,
    pub(crate) link_place: Place,
    pub(crate) share: f64,
    pub(crate) aligned: bool,
    /// Position in the kind's list of streams, and cadence.
    pub(crate) streams: Vec<(usize, Cadence)>,
    pub(crate) options: Arguments,
}

/// All cohorts that could be read, and whether anything about them could not.
#[derive(Debug, Default)]
pub(crate) struct Cohorts {
    pub(crate) drafts: Vec<CohortDraft>,
    pub(crate) incomplete: bool,
}

/// First parts of a path that mean something else.
const RESERVED: [&str; 4] = ["target", "gw", "site", "stack"];

/// Reads every `[[cohort]]`.
pub(crate) fn read_cohorts(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    links: &[LinkDraft],
) -> Cohorts {
    let spec = spec_below(spec, "cohort");
    let mut cohorts = Cohorts { incomplete: !root.has("cohort"), ..Cohorts::default() };
    let mut seen: Vec<Placed<String>> = Vec::new();
    let tables = root.tables_below("cohort");
    let catalogue = Catalogue::read(root, registry);
    if tables.is_empty() && root.has("cohort") {
        root.notes.error(root.place("cohort"), "there is no cohort, so there is nobody");
        cohorts.incomplete = true;
    }
    for table in tables {
        let reader = Reader::new(root.notes, table, spec, "[[cohort]]".to_owned(), None);
        let id = reader.id().filter(|id| {
            let sound = check_unique(&reader, "cohort", &seen, id) && !RESERVED.contains(&id.value.as_str());
            if RESERVED.contains(&id.value.as_str()) {
                reader.notes.error(id.place, format!("`{}` begins other paths; choose another name", id.value));
            }
            sound
        });
        seen.extend(id.clone());
        let count = reader.count("count");
        let patient = read_patient(&reader, spec, registry, &catalogue);
        let devices = read_devices(&reader, spec, registry, links, &mut cohorts.incomplete);
        let layout = read_layout(&reader, spec);
        match (id, count, patient, layout) {
            (Some(id), Some(count), Some(patient), Some(layout)) => cohorts.drafts.push(CohortDraft {
                place: id.place,
                id: id.value,
                count: count.value as u32,
                patient,
                devices,
                layout,
            }),
            _ => cohorts.incomplete = true,
        }
    }
    cohorts
}

/// Complains about an id that is already taken.
pub(crate) fn check_unique(reader: &Reader<'_>, what: &str, seen: &[Placed<String>], id: &Placed<String>) -> bool {
    let Some(first) = seen.iter().find(|other| other.value == id.value) else { return true };
    let line = reader.notes.line(first.place);
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    reader.notes.error(id.place, format!("there is already {article} {what} `{}`, in line {line}", id.value));
    false
}

fn read_devices(
    cohort: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    links: &[LinkDraft],
    incomplete: &mut bool,
) -> Vec<DeviceDraft> {
    let spec = spec_below(spec, "device");
    let tables = cohort.tables_below("device");
    if tables.is_empty() && cohort.has("id") {
        cohort.notes.warning(cohort.place("id"), "the patients of this cohort have no device, so nothing is sent");
    }
    let mut seen = Vec::new();
    let mut devices = Vec::new();
    for table in tables {
        let kind = table.get("kind").and_then(|(_, node)| match &node.value {
            Value::Text(text) => registry.device(&text.text),
            _ => None,
        });
        let names: Option<Vec<&str>> = kind.map(|kind| kind.options.iter().map(|spec| spec.name).collect());
        let reader = Reader::new(cohort.notes, table, spec, "[[cohort.device]]".to_owned(), names.as_deref());
        let id = reader.id().filter(|id| check_unique(&reader, "device", &seen, id));
        seen.extend(id.clone());
        let device = read_device(&reader, registry, links);
        match (id, device) {
            (Some(id), Some(device)) => devices.push(DeviceDraft { id: id.value, ..device }),
            _ => *incomplete = true,
        }
    }
    devices
}

fn read_device(reader: &Reader<'_>, registry: &Registry, links: &[LinkDraft]) -> Option<DeviceDraft> {
    let kind = reader.text("kind").and_then(|word| {
        let kind = registry.device(&word.text);
        if kind.is_none() {
            let names: Vec<&str> = registry.devices().iter().map(|device| device.kind).collect();
            let hint = hint(&word.text, "device kinds", names);
            reader.notes.error(word.start(), format!("there is no device kind `{}`{hint}", word.text));
        }
        kind
    });
    let link = read_reference(reader, "link", "link", links.iter().map(|link| link.id.value.as_str()));
    let link = link.filter(|link| kind.is_none_or(|kind| check_carrier(reader, registry, kind.kind, &links[*link])));
    let share = reader.share("share");
    let phase = reader.choice("phase");
    let kind = kind?;
    let table = if reader.has("stream") { Some(reader.table_below("stream")?) } else { None };
    let streams = read_streams(reader.notes, table, kind);
    let owner = format!("device kind `{}`", kind.kind);
    let parameters = ParameterReader { notes: reader.notes, owner, specs: &kind.options, drawn: false };
    let known: Vec<&str> = reader.table.entries.iter().map(|(key, _)| key.name.as_str()).collect();
    let options = parameters.arguments(Some(reader.table), &known, reader.table.place);
    Some(DeviceDraft {
        id: String::new(),
        kind: kind.kind.to_owned(),
        link: link?,
        link_place: reader.place("link"),
        share: share?.value,
        aligned: phase? == "aligned",
        streams: streams?,
        options,
    })
}

/// Complains about a device on a link that is not for it.
fn check_carrier(reader: &Reader<'_>, registry: &Registry, kind: &str, link: &LinkDraft) -> bool {
    let place = reader.place("link");
    if link.is_radio && !registry.bluetooth_kinds().is_empty() && !registry.bluetooth_kinds().contains(&kind) {
        let kinds = registry.bluetooth_kinds().join(", ");
        reader.notes.error(place, format!("device kind `{kind}` does not speak Bluetooth; those that do are {kinds}"));
        return false;
    }
    if !link.is_radio && link.body.as_ref().is_some_and(crate::link::LinkBody::names_gateway) {
        let message = format!("link `{}` names `${{gateway}}`, so only gateways can have it", link.id.value);
        reader.notes.error(place, message);
        return false;
    }
    true
}
