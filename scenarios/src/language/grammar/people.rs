//! The rows of patients, their devices, and who they are.

use vocabulary::Dimension::Length;

use crate::language::limits::MOST_PATIENTS;
use crate::language::schema::Takes::{
    Choice, Count, Id, Named, Number, PatientParameters, Quantity, Reference, Registered, Share, Shares, Streams,
    Table, Tables, Text, Zone,
};
use crate::language::schema::{More, TableSpec, key, later};

pub(super) static COHORT: TableSpec = TableSpec {
    heading: "[[cohort]]",
    about: "Patients of one kind, numbered from 1, and the devices each of them has.",
    keys: &[
        key("id", Id, "first part of every path").required(),
        key("count", Count(1, MOST_PATIENTS), "how many patients; an `inventory` says it by its rows"),
        key(
            "inventory",
            Text,
            "instead of `count`: a CSV file beside the scenario that lists the devices there are, one a row, with `serial`, \
             `kind`, `model`, `firmware`, `patient_id`, `mrn`, `user`, `password`, `cert`, `key`, `zone`, `ward` in any order; \
             what a row leaves out is drawn",
        ),
        key("patient", Table(&PATIENT), "who they are").required(),
        key("place", Table(&PLACE), "where they are, for Bluetooth"),
        key("zone", Zone, "by whose clocks they live; the zone of `[time]` without it"),
        key("device", Tables(&DEVICE), "what they wear"),
    ],
    more: More::Nothing,
};

pub(super) static PLACE: TableSpec = TableSpec {
    heading: "cohort.place",
    about: "Where patients and their devices are. On a ward the beds stand on a grid, in order of patient number, one \
            cohort north of the other; at home the patient's gateway is in the middle.",
    keys: &[
        key("spacing", Quantity(Length), "distance of neighbouring beds").or("3 m"),
        key("columns", Count(1, 1000), "beds side by side").or("6"),
        key(
            "distance",
            Text,
            "of a device from the bed or from the patient's gateway, up to 1 km; may be drawn for each device, like \
             the parameters of a patient",
        )
        .or("uniform(0.5 m, 2 m)"),
    ],
    more: More::Nothing,
};

pub(super) static PATIENT: TableSpec = TableSpec {
    heading: "cohort.patient",
    about: "The patient model and its parameters. Numbers may be distributions, drawn for each patient and limited to \
            the parameter's range: `normal(mean, deviation)`, `uniform(least, most)`, `lognormal(median, sigma)`.",
    keys: &[
        key("model", Registered("patient model"), "patient model, unless a profile names it"),
        key("profile", Reference("profile"), "profile: values and distributions of the model's parameters"),
        key(
            "conditions",
            Shares,
            "share of the patients who have each condition, drawn for each of them; goes before the profile's",
        ),
    ],
    more: More::PatientParameters,
};

/// A file that holds profiles and conditions alone, as the built-in ones do.
pub(crate) static PROFILE_FILE: TableSpec = TableSpec {
    heading: "a file of profiles",
    about: "Profiles and conditions that a program brings with it.",
    keys: &[
        key("profile", Named(&PROFILE), "kinds of patients as data"),
        key("condition", Named(&CONDITION), "what patients may suffer from"),
    ],
    more: More::Nothing,
};

pub(super) static PROFILE: TableSpec = TableSpec {
    heading: "[profile.ID]",
    about: "A kind of patients: `patient = { profile = \"ID\" }`. What the scenario says of a parameter goes before \
            `age` groups, these before `sex`, this before `parameters`, and these before the model's defaults.",
    keys: &[
        key("about", Text, "one line about it").or(""),
        key("model", Registered("patient model"), "the model it describes").required(),
        key("parameters", PatientParameters, "values and distributions of the model's parameters"),
        key("conditions", Shares, "share of these patients who have each condition"),
        key("sex", Named(&SEX_GROUP), "what differs in `female` and in `male` patients"),
        key("age", Tables(&AGE_GROUP), "what differs with age"),
    ],
    more: More::Nothing,
};

pub(super) static SEX_GROUP: TableSpec = TableSpec {
    heading: "profile.ID.sex.SEX",
    about: "What differs in patients of one sex.",
    keys: &[
        key("parameters", PatientParameters, "parameters, except age and sex"),
        key("conditions", Shares, "conditions"),
    ],
    more: More::Nothing,
};

pub(super) static AGE_GROUP: TableSpec = TableSpec {
    heading: "[[profile.ID.age]]",
    about: "What differs in patients of some ages; of several groups that a patient belongs to, the last one counts.",
    keys: &[
        key("from", Number(0.0, 150.0), "youngest [years]; without it, from birth"),
        key("below", Number(0.0, 150.0), "younger than this [years]; without it, without end"),
        key("parameters", PatientParameters, "parameters, except age and sex"),
        key("conditions", Shares, "conditions"),
    ],
    more: More::Nothing,
};

pub(super) static CONDITION: TableSpec = TableSpec {
    heading: "[condition.ID]",
    about: "What a patient may suffer from. What the scenario itself says of a parameter is changed, but not set. Of \
            several conditions all factors apply, then all summands; the parameter's range limits the result.",
    keys: &[
        key("about", Text, "one line about it").or(""),
        key("set", PatientParameters, "values and distributions that replace the patient's"),
        key("times", PatientParameters, "factors, or distributions of factors"),
        key("plus", PatientParameters, "summands, with their units"),
    ],
    more: More::Nothing,
};

pub(super) static DEVICE: TableSpec = TableSpec {
    heading: "[[cohort.device]]",
    about: "A device of every patient of the cohort, or of a share of them.",
    keys: &[
        key("id", Id, "third part of every path").required(),
        key("kind", Registered("device kind"), "device kind").required(),
        key("link", Reference("link"), "how it reaches the stack").required(),
        key("share", Share, "share of the patients who have it, drawn for each of them").or("1"),
        key("stream", Streams, "exactly these streams; without it, all of the kind at its own pace"),
        key(
            "phase",
            Choice { now: &["random", "aligned"], later: &[] },
            "whether devices speak at their own moments or all at the same",
        )
        .or("random"),
        later("battery"),
        later("clock"),
    ],
    more: More::DeviceOptions,
};
