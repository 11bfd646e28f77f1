//! Where everybody is: beds on a grid, devices around them, gateways above. All lengths in metres.

use radio_plan::Place as Position;
use sim_core::{Argument, Key, ParameterKind, ParameterSpec, Purpose};
use vocabulary::{Dimension, Quantity};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::parameter::{ParameterReader, Setting};
use crate::language::reader::Reader;
use crate::language::schema::TableSpec;

/// The canonical unit of lengths is the centimetre.
const CM_PER_M: f64 = 100.0;
/// Nearest and farthest neighbouring beds [cm].
const SPACING_CM: (f64, f64) = (10.0, 10_000.0);
/// Farthest device from its bed [cm], beyond any reach of Bluetooth.
const FARTHEST_CM: f64 = 100_000.0;
/// Farthest a written place may be from the corner of the site [m].
const FARTHEST_M: f64 = 10_000.0;
/// Where a device is above the floor: on somebody in bed or sitting.
const DEVICE_HEIGHT_M: f64 = 1.0;
/// Where gateways of a ward hang: a hospital ceiling.
const CEILING_M: f64 = 2.5;

/// In which direction from the bed a device is.
const ANGLE: Purpose = Purpose::new("place.angle");
/// Name of the draw of the distance, and of its key.
const DISTANCE: &str = "distance";

/// How the patients of a cohort are placed, as declared.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    spacing_m: f64,
    columns: u32,
    distance: Setting,
}

/// The beds of a ward.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ward {
    beds: Vec<(f64, f64)>,
    east_m: f64,
    north_m: f64,
}

/// Reads `place` of a cohort, or what holds without one.
pub(crate) fn read_layout(cohort: &Reader<'_>, spec: &'static TableSpec) -> Checked<Layout> {
    let empty = cohort.empty_table();
    let table = cohort.optional_table("place", &empty)?;
    let spec = spec.below("place");
    let reader = Reader::new(cohort.notes, table, spec, "`place`".to_owned(), None);
    let spacing = reader.quantity("spacing", SPACING_CM.0, SPACING_CM.1);
    let columns = reader.count("columns");
    let row = spec.key(DISTANCE).expect("the table has a row for the distance");
    let mut distance = ParameterSpec::optional(row.name, ParameterKind::Quantity(Dimension::Length), row.about)
        .range(0.0, FARTHEST_CM);
    distance.default = row.default;
    let specs = [distance];
    let parameters = ParameterReader { notes: reader.notes, owner: "`place`".to_owned(), specs: &specs, drawn: true };
    // The other keys have been looked at by the reader.
    let known: Vec<&str> = table.entries.iter().map(|(key, _)| key.name.as_str()).collect();
    let distances = parameters.settings(Some(table), &known, table.place)?;
    let (_, distance) = distances.into_iter().next().expect("the distance has a default");
    Ok(Layout { spacing_m: spacing?.value / CM_PER_M, columns: columns?.value as u32, distance })
}

/// Reads a place such as `5 m, 2 m`.
pub(crate) fn read_position(notes: &Notes, text: &str, place: Place) -> Checked<Position> {
    let mut lengths = Vec::new();
    for part in text.split(',') {
        match Quantity::parse(part, Dimension::Length) {
            Ok(length) => lengths.push(length.value / CM_PER_M),
            Err(error) => return Err(notes.error(place, error.to_string())),
        }
    }
    if lengths.iter().any(|length| length.abs() > FARTHEST_M) {
        return Err(notes.error(place, format!("`{text}` is farther away than {FARTHEST_M} m")));
    }
    match lengths.as_slice() {
        [east, north] => Ok([*east, *north, DEVICE_HEIGHT_M]),
        [east, north, up] => Ok([*east, *north, *up]),
        _ => {
            let message = format!("`{text}` is not a place; write `5 m, 2 m`: east, north and maybe up");
            Err(notes.error(place, message))
        }
    }
}

impl Layout {
    /// Where a device is whose bed is there.
    pub(crate) fn device(&self, bed: (f64, f64), seed: u64, path: &str) -> Position {
        let Argument::Number(distance_cm) = self.distance.value(seed, path, DISTANCE) else {
            panic!("a distance is a number")
        };
        let distance_m = distance_cm / CM_PER_M;
        let angle = std::f64::consts::TAU * Key::new(seed, path).uniform(ANGLE, 0);
        [bed.0 + distance_m * libm::cos(angle), bed.1 + distance_m * libm::sin(angle), DEVICE_HEIGHT_M]
    }
}

/// The middle of a home: where its gateway is.
pub(crate) const fn home() -> Position {
    [0.0, 0.0, DEVICE_HEIGHT_M]
}

impl Ward {
    /// Adds the beds of a cohort, north of those that are there.
    pub(crate) fn add(&mut self, layout: &Layout, count: u32) {
        let spacing_m = layout.spacing_m;
        for bed in 0..count {
            let (column, row) = (bed % layout.columns, bed / layout.columns);
            self.beds.push(((f64::from(column) + 0.5) * spacing_m, self.north_m + (f64::from(row) + 0.5) * spacing_m));
        }
        self.east_m = self.east_m.max(f64::from(layout.columns.min(count)) * spacing_m);
        self.north_m += f64::from(count.div_ceil(layout.columns)) * spacing_m;
    }

    /// The bed of the patient with this position on the ward.
    pub(crate) fn bed(&self, position: usize) -> (f64, f64) {
        self.beds[position]
    }

    /// The middle, at the height of a device.
    pub(crate) const fn middle(&self) -> Position {
        [self.east_m / 2.0, self.north_m / 2.0, DEVICE_HEIGHT_M]
    }

    /// So many gateways spread evenly: rows of about the ward's proportions, each row evenly filled.
    pub(crate) fn gateways(&self, count: u32) -> Vec<Position> {
        let proportion = self.east_m / self.north_m;
        let columns = (libm::round(libm::sqrt(f64::from(count) * proportion)) as u32).clamp(1, count);
        let rows = count.div_ceil(columns);
        let mut places = Vec::new();
        for row in 0..rows {
            let (from, to) = (count * row / rows, count * (row + 1) / rows);
            let in_row = f64::from(to - from);
            for column in 0..to - from {
                let east_m = (f64::from(column) + 0.5) / in_row * self.east_m;
                let north_m = (f64::from(row) + 0.5) / f64::from(rows) * self.north_m;
                places.push([east_m, north_m, CEILING_M]);
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::language::parameter::Distribution;

    fn layout(spacing_m: f64, columns: u32) -> Layout {
        let distribution = Distribution::Uniform { least: 50.0, most: 200.0 };
        Layout { spacing_m, columns, distance: Setting::Drawn { distribution, range: None, whole: false } }
    }

    #[test]
    fn beds_stand_on_a_grid_and_cohorts_north_of_each_other() {
        let mut ward = Ward::default();
        ward.add(&layout(3.0, 6), 8);
        ward.add(&layout(2.0, 4), 2);
        assert_eq!(ward.bed(0), (1.5, 1.5));
        assert_eq!(ward.bed(7), (4.5, 4.5));
        assert_eq!(ward.bed(9), (3.0, 7.0));
        assert_eq!(ward.middle(), [9.0, 4.0, DEVICE_HEIGHT_M]);
    }

    #[test]
    fn gateways_fill_a_ward_evenly() {
        let mut ward = Ward::default();
        ward.add(&layout(3.0, 6), 24);
        assert_eq!(ward.gateways(1), [[9.0, 6.0, CEILING_M]]);
        let four: Vec<(f64, f64)> = ward.gateways(4).iter().map(|place| (place[0], place[1])).collect();
        assert_eq!(four, [(4.5, 3.0), (13.5, 3.0), (4.5, 9.0), (13.5, 9.0)]);
    }

    proptest! {
        #[test]
        fn every_gateway_is_on_the_ward(count in 1_u32..60, beds in 1_u32..60, columns in 1_u32..20) {
            let mut ward = Ward::default();
            ward.add(&layout(3.0, columns), beds);
            let mut places = ward.gateways(count);
            prop_assert_eq!(places.len(), count as usize);
            for [east, north, _] in &places {
                prop_assert!((0.0..=ward.east_m).contains(east) && (0.0..=ward.north_m).contains(north));
            }
            places.dedup();
            prop_assert_eq!(places.len(), count as usize, "no two at one place");
        }

        #[test]
        fn a_device_is_as_far_from_its_bed_as_drawn(seed in any::<u64>(), number in 1_u32..1000) {
            let [east, north, _] = layout(3.0, 6).device((10.0, 20.0), seed, &format!("ward/{number}/belt"));
            let distance_m = libm::hypot(east - 10.0, north - 20.0);
            prop_assert!((0.499..=2.001).contains(&distance_m), "{} m", distance_m);
        }
    }
}
