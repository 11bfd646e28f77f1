//! Spirometer: the best of three forced expirations, at a period or on demand.

use bevy_ecs::prelude::*;
use sim_core::{GRID, Key, MessageBuilder, Registry};
use vocabulary::{MetricId, Quality, Reading, metrics};

use crate::device::{DeviceKind, DeviceModel, EventStream, Saying, Spawning, Watching, When};
use patients::{Ability, Person};
use physiology::lung_function::{Blow, LungFunction};

const ON_DEMAND: EventStream = EventStream("on_demand");

/// Blows of a session; the best FEV1 and the best FVC of at least three count (Graham et al., "Standardization of
/// spirometry 2019 update", Am J Respir Crit Care Med 2019;200:e70).
const BLOWS: u64 = 3;
/// Number of the first blow on demand; those of the schedule count from 0.
const ON_DEMAND_BLOWS: u64 = 1 << 40;

/// State of a spirometer.
#[derive(Debug, Clone, Component)]
pub struct Spirometer {
    lungs: LungFunction,
    /// Sessions on demand so far, and those that have not been blown.
    demands: u64,
    asked: u64,
}

/// Results of a session.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Session {
    fev1_l: f64,
    fvc_l: f64,
    peak_flow_l_min: f64,
}

impl Session {
    /// The best of the blows from number `first` on.
    fn of(lungs: &LungFunction, blower: Key, first: u64) -> Self {
        let blows = || (first..first + BLOWS).map(|index| lungs.blow(blower, index));
        let best = |value: fn(&Blow) -> f64| blows().map(|blow| value(&blow)).fold(0.0, f64::max);
        Self { fev1_l: best(Blow::fev1_l), fvc_l: best(Blow::fvc_l), peak_flow_l_min: 60.0 * best(Blow::peak_flow_l_s) }
    }

    fn say(&self, message: &mut MessageBuilder<'_>) {
        message
            .reading(Reading::number(metrics::FEV1, self.fev1_l))
            .reading(Reading::number(metrics::FVC, self.fvc_l))
            .reading(Reading::number(metrics::FEV1_FVC, 100.0 * self.fev1_l / self.fvc_l))
            .reading(Reading::number(metrics::PEF, self.peak_flow_l_min));
    }
}

impl DeviceModel for Spirometer {
    type Patient = Ability;
    type Parts = ();
    type Room = ();
}

impl Spirometer {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<Self, String> {
        let build = spawning.build()?;
        let blower = spawning.patient::<Person>().ok_or("the spirometer belongs to nobody")?.key;
        let patient = &spawning.roster().patients[spawning.plan.patient.index()];
        let disease = |name: &str| patient.arguments.number(name).unwrap_or_default();
        let lungs = LungFunction::healthy(&build, blower).with_disease(disease("obstruction"), disease("restriction"));
        Ok(Self { lungs, demands: 0, asked: 0 })
    }

    fn blow_on_demand(&mut self, mut watching: Watching<'_, Self>) {
        while self.asked > 0 {
            self.asked -= 1;
            let first = ON_DEMAND_BLOWS + BLOWS * self.demands;
            self.demands += 1;
            let blower = watching.device().key;
            let can_blow = watching.patient().is_some_and(|ability| ability.can_act());
            if let Some(mut message) = watching.event(ON_DEMAND) {
                say(can_blow.then(|| Session::of(&self.lungs, blower, first)), &mut message);
            }
        }
    }

    fn say_session(&mut self, mut saying: Saying<'_, Self>) {
        let session = || Session::of(&self.lungs, saying.device.key, BLOWS * saying.due.sequence);
        say(saying.patient.can_act().then(session), &mut saying.message);
    }
}

const CARRIED: [MetricId; 4] = [metrics::FEV1, metrics::FVC, metrics::FEV1_FVC, metrics::PEF];

/// Says a session, or that nobody has blown.
fn say(session: Option<Session>, message: &mut MessageBuilder<'_>) {
    match session {
        Some(session) => session.say(message),
        None => CARRIED.into_iter().for_each(|metric| {
            message.reading(Reading::missing(metric, Quality::NotAvailable));
        }),
    }
}

/// Adds the spirometer.
pub fn register(registry: &mut Registry) {
    DeviceKind::new("spirometer", "home spirometer: the best of three blows", Spirometer::spawn)
        .watch(When::Every(GRID), Spirometer::blow_on_demand)
        .values("spirometry", "one session", 43_200_000, &CARRIED, Spirometer::say_session)
        .event(ON_DEMAND, "a session that the command `blow` asked for", &CARRIED)
        .announced()
        .command("blow", "asks for a session now", Vec::new(), |spirometer, _| {
            spirometer.asked += 1;
            Ok(())
        })
        .register(registry);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The best of three comes within the repeatability that the standard demands of acceptable blows (150 mL).
    #[test]
    fn sessions_repeat() {
        let lungs = LungFunction { fvc_l: 4.8, first_second_part: 0.8 };
        let key = Key::new(1, "home/1/spirometer");
        let sessions: Vec<Session> = (0..50).map(|session| Session::of(&lungs, key, BLOWS * session)).collect();
        assert!(sessions.iter().all(|session| session.fvc_l <= 4.8 && session.fvc_l > 4.6), "{sessions:?}");
        assert!(sessions.windows(2).any(|pair| pair[0] != pair[1]));
        let single = (0..150).map(|index| lungs.blow(key, index).fvc_l()).fold(9.0, f64::min);
        assert!(sessions.iter().all(|session| session.fvc_l > single));
    }
}
