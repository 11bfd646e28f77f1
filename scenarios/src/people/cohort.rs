//! Reads cohorts and their devices.

use std::sync::Arc;

use radio_plan::BluetoothKind;
use sim_core::{Arguments, Registry, Zone};

use crate::language::diagnostic::{Checked, Place};
use crate::language::document::Value;
use crate::language::folder::Folder;
use crate::language::names::{Names, read_reference};
use crate::language::parameter::ParameterReader;
use crate::language::reader::Reader;
use crate::language::schema::TableSpec;
use crate::language::suggestion::hint;
use crate::network::connection::LinkBody;
use crate::network::link::LinkDraft;
use crate::people::cadence::{StreamDraft, read_streams};
use crate::people::inventory::{Inventory, Listed, ListedPatient, Owner, read_inventory};
use crate::people::patient::{PatientDraft, read_patient};
use crate::people::placement::{Layout, read_layout};
use crate::people::profile::Catalogue;
use crate::people::zone::read_zone;

/// A cohort as declared.
#[derive(Debug)]
pub(crate) struct CohortDraft {
    pub(crate) id: String,
    pub(crate) place: Place,
    pub(crate) count: u32,
    pub(crate) patient: PatientDraft,
    /// That of `[time]` when absent.
    pub(crate) zone: Option<Arc<Zone>>,
    pub(crate) devices: Vec<DeviceDraft>,
    pub(crate) layout: Layout,
    /// Who has which devices, if that is listed.
    pub(crate) inventory: Option<Inventory>,
}

impl CohortDraft {
    /// What the inventory says of a patient, counted from 1.
    pub(crate) fn listed(&self, number: u32) -> Option<&ListedPatient> {
        self.inventory.as_ref()?.patients.get(number as usize - 1)
    }
}

/// A device as declared.
#[derive(Debug)]
pub(crate) struct DeviceDraft {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) kind_place: Place,
    pub(crate) link: usize,
    pub(crate) link_place: Place,
    pub(crate) share: f64,
    pub(crate) aligned: bool,
    pub(crate) streams: Vec<StreamDraft>,
    pub(crate) options: Arguments,
}

/// All cohorts that could be read, and whether anything about them could not.
#[derive(Debug, Default)]
pub(crate) struct Cohorts {
    pub(crate) drafts: Vec<CohortDraft>,
    pub(crate) incomplete: bool,
    /// Whom their inventories name.
    pub(crate) listed: Listed,
}

/// First parts of a path that mean something else.
const RESERVED: [&str; 4] = ["target", "gw", "site", "stack"];

/// Reads every `[[cohort]]`.
pub(crate) fn read_cohorts(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    links: &[LinkDraft],
    folder: Folder<'_>,
) -> Cohorts {
    let spec = spec.below("cohort");
    let mut cohorts = Cohorts { incomplete: !root.has("cohort"), ..Cohorts::default() };
    let mut seen = Names::new("cohort");
    let tables = root.tables_below("cohort");
    let catalogue = Catalogue::read(root, registry);
    if tables.is_empty() && root.has("cohort") {
        root.notes.error(root.place("cohort"), "there is no cohort, so there is nobody");
        cohorts.incomplete = true;
    }
    for table in tables {
        let reader = Reader::new(root.notes, table, spec, "[[cohort]]".to_owned(), None);
        let id = reader.id().and_then(|id| {
            if RESERVED.contains(&id.value.as_str()) {
                let message = format!("`{}` begins other paths; choose another name", id.value);
                return Err(reader.notes.error(id.place, message));
            }
            seen.add(root.notes, id)
        });
        let patient = read_patient(&reader, spec, registry, &catalogue);
        let zone = reader.optional("zone", read_zone);
        let devices = read_devices(&reader, spec, registry, links, &mut cohorts.incomplete);
        let layout = read_layout(&reader, spec);
        let inventory = reader.optional("inventory", |cohort, key| {
            let file = cohort.text(key)?;
            check_beside_inventory(cohort, &devices);
            let owner = Owner { cohort: id.as_ref().map_or("", |id| id.value.as_str()), devices: &devices, links };
            read_inventory(root.notes, registry, folder, &file, owner, &mut cohorts.listed)
        });
        let count = inventory.and_then(|inventory| match inventory {
            Some(inventory) => Ok((inventory.patients.len() as u32, Some(inventory))),
            None => reader.count("count").map(|count| (count.value as u32, None)),
        });
        match (id, count, patient, zone, layout) {
            (Ok(id), Ok((count, inventory)), Ok(patient), Ok(zone), Ok(layout)) => cohorts.drafts.push(CohortDraft {
                place: id.place,
                id: id.value,
                count,
                patient,
                zone,
                devices,
                layout,
                inventory,
            }),
            _ => cohorts.incomplete = true,
        }
    }
    cohorts.listed.check_wards(root.notes);
    warn_about_unused_conditions(root);
    cohorts
}

/// Complains about what an inventory says itself.
fn check_beside_inventory(cohort: &Reader<'_>, devices: &[DeviceDraft]) {
    if cohort.has("count") {
        cohort.notes.error(cohort.place("count"), "an `inventory` says how many patients there are; leave `count` out");
    }
    for device in devices.iter().filter(|device| device.share < 1.0) {
        cohort.notes.error(device.kind_place, "the `inventory` says who has this device; leave its `share` out");
    }
}

/// What a condition says can only be checked against the model of a patient who may have it.
fn warn_about_unused_conditions(root: &Reader<'_>) {
    for (id, condition) in root.named_below("condition") {
        let below = condition.entries.iter().filter_map(|(key, node)| match &node.value {
            Value::Table(table) => Some(std::iter::once(key).chain(table.entries.iter().map(|(key, _)| key))),
            _ => None,
        });
        let unread: Vec<Place> =
            below.flatten().map(|key| key.place).filter(|place| !root.notes.was_read(*place)).collect();
        if !unread.is_empty() {
            let message = format!("no patient can have condition `{}`, so what it says is not checked", id.value);
            root.notes.warning(id.place, message);
        }
        for place in unread {
            root.notes.mark_read(place);
        }
    }
}

fn read_devices(
    cohort: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    links: &[LinkDraft],
    incomplete: &mut bool,
) -> Vec<DeviceDraft> {
    let spec = spec.below("device");
    let tables = cohort.tables_below("device");
    if tables.is_empty() && cohort.has("id") {
        cohort.notes.warning(cohort.place("id"), "the patients of this cohort have no device, so nothing is sent");
    }
    let mut seen = Names::new("device");
    let mut devices = Vec::new();
    for table in tables {
        let kind = table.get("kind").and_then(|(_, node)| match &node.value {
            Value::Text(text) => registry.device(&text.text),
            _ => None,
        });
        let names: Option<Vec<&str>> = kind.map(|kind| kind.options.iter().map(|spec| spec.name).collect());
        let reader = Reader::new(cohort.notes, table, spec, "[[cohort.device]]".to_owned(), names.as_deref());
        let id = reader.id().and_then(|id| seen.add(reader.notes, id));
        let device = read_device(&reader, registry, links);
        match (id, device) {
            (Ok(id), Ok(device)) => devices.push(DeviceDraft { id: id.value, ..device }),
            _ => *incomplete = true,
        }
    }
    devices
}

fn read_device(reader: &Reader<'_>, registry: &Registry, links: &[LinkDraft]) -> Checked<DeviceDraft> {
    let kind = reader.text("kind").and_then(|word| {
        registry.device(&word.text).ok_or_else(|| {
            let names: Vec<&str> = registry.devices().iter().map(|device| device.kind).collect();
            let hint = hint(&word.text, "device kinds", names);
            reader.notes.error(word.start(), format!("there is no device kind `{}`{hint}", word.text))
        })
    });
    let link = read_reference(reader, "link", "link", links.iter().map(|link| link.id.value.as_str()));
    let link = link.and_then(|link| {
        if let Ok(kind) = kind {
            check_carrier(reader, registry, kind.kind, &links[link])?;
        }
        Ok(link)
    });
    let share = reader.share("share");
    let phase = reader.choice("phase");
    let table = reader.optional("stream", Reader::table_below);
    let kind = kind?;
    let streams = table.and_then(|table| read_streams(reader.notes, table, kind));
    let owner = format!("device kind `{}`", kind.kind);
    let parameters = ParameterReader { notes: reader.notes, owner, specs: &kind.options, drawn: false };
    let known: Vec<&str> = reader.table.entries.iter().map(|(key, _)| key.name.as_str()).collect();
    let options = parameters.arguments(Some(reader.table), &known, reader.table.place);
    Ok(DeviceDraft {
        id: String::new(),
        kind: kind.kind.to_owned(),
        kind_place: reader.place("kind"),
        link: link?,
        link_place: reader.place("link"),
        share: share?.value,
        aligned: phase? == "aligned",
        streams: streams?,
        // Without its options, which have been complained about, it still can be named.
        options: options.unwrap_or_default(),
    })
}

/// Complains about a device on a link that is not for it.
fn check_carrier(reader: &Reader<'_>, registry: &Registry, kind: &str, link: &LinkDraft) -> Checked<()> {
    let place = reader.place("link");
    let bluetooth_kinds = BluetoothKind::names(registry);
    if link.is_radio && !bluetooth_kinds.is_empty() && !bluetooth_kinds.contains(&kind) {
        let kinds = bluetooth_kinds.join(", ");
        let message = format!("device kind `{kind}` does not speak Bluetooth; those that do are {kinds}");
        return Err(reader.notes.error(place, message));
    }
    if !link.is_radio && link.body.as_ref().is_ok_and(LinkBody::names_gateway) {
        let message = format!("link `{}` names `${{gateway}}`, so only gateways can have it", link.id.value);
        return Err(reader.notes.error(place, message));
    }
    Ok(())
}
