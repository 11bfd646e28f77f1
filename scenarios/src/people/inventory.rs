//! Reads inventories: lists of the devices that there are, in CSV (RFC 4180), one a row; what a row leaves out is drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use sim_core::{Registry, Roster, Zone};
use vocabulary::DeviceIdentity;

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::document::Text;
use crate::language::folder::Folder;
use crate::language::include::beside;
use crate::language::pem::{check_certificate, check_private_key};
use crate::language::suggestion::hint;
use crate::network::link::LinkDraft;
use crate::people::cohort::{CohortDraft, DeviceDraft};
use crate::people::inventory_file::{Cell, InventoryFile, Row};
use crate::people::zone::named_zone;
use crate::plan::{AuthPlan, Carrier, CertificatePlan, Endpoint};

/// Longest cell [bytes]: names go into topics, client ids and certificates.
const LONGEST_CELL: usize = 256;

/// The patients of a cohort whose devices are listed, in the order in which the list names them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inventory {
    pub(crate) patients: Vec<ListedPatient>,
}

/// What a list says of a patient.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListedPatient {
    pub(crate) id: Option<String>,
    pub(crate) record_number: Option<String>,
    pub(crate) zone: Option<Arc<Zone>>,
    /// By position among the devices of the cohort.
    pub(crate) devices: BTreeMap<usize, ListedDevice>,
}

/// What a list says of a device; its password is never told.
#[derive(Clone, Default)]
pub(crate) struct ListedDevice {
    pub(crate) serial: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) firmware: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) certificate: Option<CertificatePlan>,
}

impl ListedDevice {
    /// Puts what the list says in the place of what was drawn.
    pub(crate) fn give_identity(&self, identity: &mut DeviceIdentity) {
        let Self { model, firmware, .. } = self;
        if let Some(model) = model {
            identity.model.clone_from(model);
        }
        if let Some(firmware) = firmware {
            identity.firmware.clone_from(firmware);
        }
    }

    /// Puts name, password and certificate of the list in the place of what the link says. A password takes that of a token.
    pub(crate) fn give_login(&self, endpoint: &mut Endpoint) {
        let Self { user, password, certificate, .. } = self;
        if let Some(user) = user {
            let silent = AuthPlan { user: String::new(), password: String::new() };
            endpoint.auth.get_or_insert(silent).user.clone_from(user);
        }
        if let (Some(password), Some(auth)) = (password, &mut endpoint.auth) {
            auth.password.clone_from(password);
            endpoint.token = None;
        }
        endpoint.certificate.clone_from(certificate);
    }
}

impl fmt::Debug for ListedDevice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ListedDevice").field("serial", &self.serial).finish_non_exhaustive()
    }
}

/// What all inventories of a scenario have in common: who is named in one is named in no other.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    serials: BTreeMap<String, Place>,
    patients: BTreeMap<String, (String, Place)>,
    /// Wards of each file that a row names, with the first, and the cohorts that read it.
    wards: BTreeMap<String, (BTreeMap<String, Place>, BTreeSet<String>)>,
}

impl Listed {
    /// Complains about wards that are no cohort: their rows would be left out without a word.
    pub(crate) fn check_wards(&self, notes: &Notes) {
        for (wards, cohorts) in self.wards.values() {
            for (ward, place) in wards.iter().filter(|(ward, _)| !cohorts.contains(*ward)) {
                let hint = hint(ward, "cohorts with this inventory", cohorts.iter().map(String::as_str));
                notes.error(*place, format!("ward `{ward}` is no cohort{hint}"));
            }
        }
    }

    /// Complains where somebody for whom no row has a name is given, by number, the name of somebody in a row; true when
    /// nobody is.
    pub(crate) fn check_made_names(&self, notes: &Notes, cohorts: &[CohortDraft], roster: &Roster) -> bool {
        let errors = notes.errors();
        let complain = |what: &str, name: &str, path: &str, place: Place| {
            let message = format!(
                "{what} `{name}` is the one that `{path}` is given, for which no row has one: choose another here, or write \
                 one there"
            );
            notes.error(place, message);
        };
        for patient in &roster.patients {
            let Some(cohort) = cohorts.iter().find(|cohort| cohort.id == patient.cohort) else { continue };
            let listed = cohort.listed(patient.number);
            let is_made = listed.is_none_or(|listed| listed.id.is_none());
            if let Some((_, place)) = self.patients.get(&patient.patient_id).filter(|_| is_made) {
                complain("patient", &patient.patient_id, &patient.path, *place);
            }
            for device in &roster.devices[patient.devices.clone()] {
                let slot = cohort.devices.iter().position(|draft| draft.id == device.id);
                let row = listed.zip(slot).and_then(|(listed, slot)| listed.devices.get(&slot));
                let is_made = row.is_none_or(|row| row.serial.is_none());
                if let Some(place) = self.serials.get(&device.serial).filter(|_| is_made) {
                    complain("serial number", &device.serial, &device.path, *place);
                }
            }
        }
        notes.errors() == errors
    }
}

/// Whose inventory is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) cohort: &'a str,
    pub(crate) devices: &'a [DeviceDraft],
    pub(crate) links: &'a [LinkDraft],
}

/// Reads the inventory of a cohort; complains about everything that is wrong with it.
pub(crate) fn read_inventory(
    notes: &Notes,
    registry: &Registry,
    folder: Folder<'_>,
    name: &Text,
    owner: Owner<'_>,
    listed: &mut Listed,
) -> Checked<Inventory> {
    let content =
        folder.read(&name.text).map_err(|reason| notes.error(name.start(), format!("{} {reason}", name.text)))?;
    let file = InventoryFile::read(notes, &beside(folder.scenario, &name.text), &content)?;
    let mut inventory = Inventory::default();
    let errors = notes.errors();
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for row in &file.rows {
        let reading = Reading { notes, registry, folder, file: &name.text, owner, row };
        if let Some(ward) = row.cell("ward") {
            let (wards, cohorts) = listed.wards.entry(name.text.clone()).or_default();
            wards.entry(ward.text.clone()).or_insert(ward.place);
            cohorts.insert(owner.cohort.to_owned());
            if ward.text != owner.cohort {
                continue;
            }
        }
        reading.check_lengths();
        let patient = reading.patient(&mut inventory, &mut numbers, listed);
        // All that is wrong is told, so neither ends the row.
        let device = reading.device(listed);
        let slot = reading.slot(&inventory.patients[patient]);
        if let (Ok(slot), Ok(device)) = (slot, device)
            && reading.check_link(&owner.devices[slot]).is_ok()
        {
            inventory.patients[patient].devices.insert(slot, device);
        }
    }
    if inventory.patients.is_empty() && notes.errors() == errors {
        let message = format!("{} lists no device for cohort `{}`, so there is nobody", name.text, owner.cohort);
        notes.error(name.start(), message);
    }
    if notes.errors() > errors { Err(notes.refused_before(name.start())) } else { Ok(inventory) }
}

/// One row while it is read.
struct Reading<'a> {
    notes: &'a Notes,
    registry: &'a Registry,
    folder: Folder<'a>,
    file: &'a str,
    owner: Owner<'a>,
    row: &'a Row,
}

impl Reading<'_> {
    fn text(&self, column: &str) -> Option<String> {
        self.row.cell(column).map(|cell| cell.text.clone())
    }

    /// Cells may be long by a quote that nobody has closed; control characters belong into no name.
    fn check_lengths(&self) {
        for (column, cell) in &self.row.cells {
            if cell.text.len() > LONGEST_CELL {
                self.notes.error(cell.place, format!("`{column}` is longer than {LONGEST_CELL} bytes"));
            } else if cell.text.contains(char::is_control) {
                self.notes.error(cell.place, format!("`{column}` has a control character"));
            }
        }
    }

    /// Which patient the row is of: rows with one identifier are of one patient, those without are of one each.
    fn patient(&self, inventory: &mut Inventory, numbers: &mut BTreeMap<String, usize>, listed: &mut Listed) -> usize {
        let index = match self.row.cell("patient_id") {
            Some(id) => {
                self.check_name("patient_id", id);
                let of = listed.patients.entry(id.text.clone()).or_insert((self.owner.cohort.to_owned(), id.place));
                if of.0 != self.owner.cohort {
                    let message =
                        format!("patient `{}` is one of cohort `{}`, by {}", id.text, of.0, self.notes.location(of.1));
                    self.notes.error(id.place, message);
                }
                *numbers.entry(id.text.clone()).or_insert_with(|| inventory.add())
            }
            None => inventory.add(),
        };
        let patient = &mut inventory.patients[index];
        self.agree("patient_id", &mut patient.id, self.text("patient_id"));
        self.agree("mrn", &mut patient.record_number, self.text("mrn"));
        if let Some(cell) = self.row.cell("zone")
            && let Ok(zone) = named_zone(self.notes, &cell.text, cell.place)
        {
            self.agree("zone", &mut patient.zone, Some(Arc::new(zone)));
        }
        index
    }

    /// All rows of a patient say the same of it, or nothing.
    fn agree<T: PartialEq>(&self, column: &str, known: &mut Option<T>, said: Option<T>) {
        let Some(said) = said else { return };
        match known {
            Some(known) if *known != said => {
                let place = self.row.cell(column).map_or(self.row.place, |cell| cell.place);
                self.notes.error(place, format!("another row of this patient has another `{column}`"));
            }
            _ => *known = Some(said),
        }
    }

    /// Which of the cohort's devices the row is: the first of its kind that the patient has not yet.
    fn slot(&self, patient: &ListedPatient) -> Checked<usize> {
        let kinds: BTreeSet<&str> = self.owner.devices.iter().map(|device| device.kind.as_str()).collect();
        let (kind, place) = match (self.row.cell("kind"), kinds.first()) {
            (Some(cell), _) => (cell.text.as_str(), cell.place),
            (None, Some(only)) if kinds.len() == 1 => (*only, self.row.place),
            (None, _) => {
                let all: Vec<&str> = kinds.into_iter().collect();
                let message = format!("which kind is it? write one of {} as `kind`", all.join(", "));
                return Err(self.notes.error(self.row.place, message));
            }
        };
        if !kinds.contains(kind) {
            let message = if self.registry.device(kind).is_some() {
                format!(
                    "cohort `{}` has no [[cohort.device]] of kind `{kind}`, which says how it connects",
                    self.owner.cohort
                )
            } else {
                format!("there is no device kind `{kind}`{}", hint(kind, "device kinds of the cohort", kinds))
            };
            return Err(self.notes.error(place, message));
        }
        let of_kind = |(_, device): &(usize, &DeviceDraft)| device.kind == kind;
        let mut slots = self.owner.devices.iter().enumerate().filter(of_kind).map(|(slot, _)| slot);
        slots.find(|slot| !patient.devices.contains_key(slot)).ok_or_else(|| {
            let message = format!(
                "the patient has more devices of kind `{kind}` than cohort `{}` has [[cohort.device]] of it",
                self.owner.cohort
            );
            self.notes.error(place, message)
        })
    }

    /// Complains about a name, or a certificate, for a device that logs in nowhere.
    fn check_link(&self, device: &DeviceDraft) -> Checked<()> {
        let Ok(body) = &self.owner.links[device.link].body else { return Ok(()) };
        let carrier = self.registry.carrier(&body.plan.over).filter(|_| body.plan.carrier == Carrier::Connection);
        let takes_names = carrier.is_some_and(|carrier| carrier.link_keys.contains(&"auth"));
        let mut outcome = Ok(());
        for (column, is_taken) in [("user", takes_names), ("cert", carrier.is_some())] {
            if let Some(cell) = self.row.cell(column).filter(|_| !is_taken) {
                let message = format!("device `{}` logs in nowhere: its link has no `{column}` to show", device.id);
                outcome = Err(self.notes.error(cell.place, message));
            }
        }
        outcome
    }

    fn device(&self, listed: &mut Listed) -> Checked<ListedDevice> {
        let errors = self.notes.errors();
        if let Some(serial) = self.row.cell("serial") {
            self.check_name("serial", serial);
            if let Some(first) = listed.serials.insert(serial.text.clone(), serial.place) {
                let message = format!("serial number `{}` stands in {}, too", serial.text, self.notes.location(first));
                self.notes.error(serial.place, message);
            }
        }
        if let Some(password) = self.row.cell("password") {
            self.notes.hide(&password.text);
            if self.row.cell("user").is_none() {
                self.notes.error(password.place, "a password needs a `user` beside it");
            }
        }
        let device = ListedDevice {
            serial: self.text("serial"),
            model: self.text("model"),
            firmware: self.text("firmware"),
            user: self.text("user"),
            password: self.text("password"),
            certificate: self.certificate(),
        };
        if self.notes.errors() > errors { Err(self.notes.refused_before(self.row.place)) } else { Ok(device) }
    }

    /// Certificate and key, whose files lie beside the inventory.
    fn certificate(&self) -> Option<CertificatePlan> {
        let (certificate, key) = (self.row.cell("cert"), self.row.cell("key"));
        match (certificate, key) {
            (Some(cell), None) => {
                self.notes.error(cell.place, "a certificate needs its `key` beside it");
            }
            (None, Some(cell)) => {
                self.notes.error(cell.place, "a key needs its certificate, `cert`, beside it");
            }
            _ => {}
        }
        let certificate = self.file(certificate?, check_certificate);
        let key = self.file(key?, check_private_key);
        Some(CertificatePlan { certificate: certificate?, key: key? })
    }

    /// The name of a file relative to the scenario.
    fn file(&self, cell: &Cell, check: fn(&str) -> Result<(), String>) -> Option<String> {
        let name = beside(self.file, &cell.text);
        match self.folder.read(&name).and_then(|content| check(&content)) {
            Err(reason) if self.folder.is_opened => {
                self.notes.error(cell.place, format!("{name} {reason}"));
                None
            }
            Err(reason) => {
                let message = format!("{name} {reason}; in virtual time nobody opens it");
                self.notes.warning(cell.place, message);
                Some(name)
            }
            Ok(()) => Some(name),
        }
    }

    /// Serial numbers and identifiers of patients become levels of topics.
    fn check_name(&self, column: &str, cell: &Cell) {
        let wrong = cell.text.chars().find(|c| matches!(c, '/' | '+' | '#' | '$' | '{' | '}') || c.is_whitespace());
        let message = match (wrong, cell.text.as_str()) {
            (Some(wrong), _) => format!("`{column}` becomes part of topics and cannot contain {wrong:?}"),
            (None, "." | "..") => format!("`{column}` cannot be `{}`, which is no name in a path", cell.text),
            (None, _) => return,
        };
        self.notes.error(cell.place, message);
    }
}

impl Inventory {
    /// One more patient, and which it is.
    fn add(&mut self) -> usize {
        self.patients.push(ListedPatient::default());
        self.patients.len() - 1
    }
}
