//! The system of a kind: lets its devices watch, and speak when their streams are due.

use bevy_ecs::prelude::*;
use bevy_ecs::query::{QueryFilter, ReadOnlyQueryData};
use sim_core::{Assembly, Clock, Evidence, Owner, Rest, SimTime, Span, working_on};
use vocabulary::{Reading, metrics};

use super::kind::{EventStream, Kind, Speech, Table, When};
use super::{Device, DeviceModel, Due, Quiet, Saying, Watching};
use crate::battery::Battery;

type PartsQuery<'w, 's, M> = Query<'w, 's, <M as DeviceModel>::Parts, With<M>>;

/// Serves every device of a kind in a grid step.
pub(super) fn serve<M: DeviceModel>(
    (kind, clock): (Res<Kind<M>>, Res<Clock>),
    (mut quiet, mut room): (Local<Quiet>, Local<M::Room>),
    (patients, parts): (Query<M::Patient>, PartsQuery<M>),
    mut devices: Query<(Entity, &mut Device, &mut M)>,
    (mut assembly, mut evidence, mut rest): (ResMut<Assembly>, ResMut<Evidence>, ResMut<Rest>),
) {
    let (table, clock) = (&*kind.0, &*clock);
    let comes = |when: When| match when {
        When::Every(span) => clock.now.nanos() % span.nanos() == 0,
        When::Changed => true,
        When::Speaking => false,
    };
    let watches_now = table.watches.iter().any(|(when, _)| comes(*when));
    for (when, _) in &table.watches {
        rest.until_at_most(when.comes_next(clock));
    }
    let is_quiet = quiet.holds(clock);
    if is_quiet && !watches_now {
        quiet.tell(&mut rest);
        return;
    }
    for (entity, mut device, mut model) in &mut devices {
        let (device, changed) = (&mut *device, model.is_changed());
        let _at_work = working_on(Owner::Device(device.id));
        // What a device does by itself is no change that it is to be told of.
        let model = model.bypass_change_detection();
        if clock.now == SimTime::ZERO
            && let Some(stream) = table.announced
        {
            announce(table, stream, device, clock, &mut assembly);
        }
        let speaks = device.is_due(clock);
        for (when, watch) in &table.watches {
            let watches = match when {
                When::Every(_) => comes(*when),
                When::Speaking => speaks,
                When::Changed => changed,
            };
            if watches {
                let (evidence, assembly) = (&mut *evidence, &mut *assembly);
                watch(model, Watching { clock, evidence, entity, device, patients, parts, table, assembly });
            }
        }
        while device.is_due(clock)
            && let Some(patient) = component(patients, device.patient)
            && let Some(parts) = component(parts, entity)
            && let Some(due) = device.take_due(clock)
        {
            let device = &*device;
            let message = device.say(&due, clock, &mut assembly);
            let (evidence, room) = (&mut *evidence, &mut *room);
            say(table, model, Saying { clock, device, due, patient, parts, message, evidence, room });
        }
        if !is_quiet {
            quiet.until(device);
        }
    }
    quiet.tell(&mut rest);
}

impl When {
    /// When time alone brings the next of these watches after this grid step.
    fn comes_next(self, clock: &Clock) -> SimTime {
        match self {
            Self::Every(span) => {
                clock.now + Span::from_nanos(span.nanos() - clock.now.nanos().rem_euclid(span.nanos()))
            }
            Self::Speaking | Self::Changed => SimTime::from_nanos(i64::MAX),
        }
    }
}

fn say<M: DeviceModel>(table: &Table<M>, model: &mut M, saying: Saying<'_, M>) {
    let Due { kind_index, chunk, .. } = saying.due;
    match (&table.streams[kind_index].1, chunk) {
        (Speech::Values(say), _) => say(model, saying),
        (Speech::Samples(say), Some(chunk)) => say(model, &chunk, saying),
        // Events have no schedule, and whoever sends samples has a rate.
        (Speech::Samples(_) | Speech::Event, _) => {}
    }
}

fn announce<M: DeviceModel>(
    table: &Table<M>,
    stream: EventStream,
    device: &mut Device,
    clock: &Clock,
    assembly: &mut Assembly,
) {
    if let Some(due) = device.event(table.position(stream), clock.now) {
        device
            .say(&due, clock, assembly)
            .reading(Reading::code(metrics::DEVICE_STATUS, "operating"))
            .reading(Reading::number(metrics::BATTERY, Battery::new(device.key).percent(clock.now)));
    }
}

/// The components of an entity, for as long as all of the query.
fn component<'a, D: ReadOnlyQueryData, F: QueryFilter>(
    query: Query<'a, 'a, D, F>,
    entity: Entity,
) -> Option<D::Item<'a, 'a>> {
    query.get_inner(entity).ok()
}
