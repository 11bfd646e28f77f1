//! `physio.override`: numbers that devices show instead of what they measure. The patient is not changed.

use bevy_ecs::prelude::*;
use patients::Physiology;
use sim_core::{
    ActionSpec, DurationRule, Edge, Evidence, Executor, Level, OccurrenceId, ParameterKind, ParameterSpec, Registry,
    SignalAct,
};
use vocabulary::MetricId;

/// Metrics that can be pinned: the numerics that the bedside monitor and the oximeter share.
const METRICS: &[&str] = &["hr", "spo2", "pr", "resp_rate", "abp_sys", "abp_dia", "abp_mean", "etco2", "temp_core"];

/// Numbers pinned for the devices of one patient; the one begun last counts.
#[derive(Debug, Clone, Default, Component)]
pub struct Pinned(Vec<Pin>);

#[derive(Debug, Clone, Copy)]
struct Pin {
    occurrence: OccurrenceId,
    metric: MetricId,
    value: f64,
}

impl Pinned {
    /// What a device shows of `metric`: the pinned number, or else what it measured.
    pub fn shown(&self, metric: MetricId, measured: Option<f64>, evidence: &mut Evidence) -> Option<f64> {
        let Some(pin) = self.0.iter().rev().find(|pin| pin.metric == metric) else { return measured };
        evidence.add(pin.occurrence, "readings_changed", 1);
        Some(pin.value)
    }

    /// Whether nothing is pinned.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn pin(world: &mut World, act: &SignalAct<'_>) {
    let Some(mut pinned) = world.get_mut::<Pinned>(act.entity) else { return };
    match act.edge {
        Edge::Begin => {
            let arguments = &act.occurrence.arguments;
            let metric = arguments.text("vital").and_then(MetricId::find);
            if let (Some(metric), Some(value)) = (metric, arguments.number("value")) {
                pinned.0.push(Pin { occurrence: act.id, metric, value });
            }
        }
        Edge::Heal => pinned.0.retain(|pin| pin.occurrence != act.id),
    }
}

/// Adds `physio.override`.
pub fn register(registry: &mut Registry) {
    // Whoever has a circulation can have numbers pinned.
    registry.add_resource(World::register_required_components::<Physiology, Pinned>);
    registry.add(ActionSpec {
        name: "physio.override",
        about: "devices show a number instead of what they measure, and alarm by it; the patient and the truth stay",
        level: Level::Patient,
        executor: Executor::signal(pin),
        parameters: vec![
            ParameterSpec::required("vital", ParameterKind::Choice(METRICS), "which numeric is pinned"),
            ParameterSpec::required("value", ParameterKind::Number, "the number shown, in the unit of the metric")
                .range(0.0, 500.0),
        ],
        duration: DurationRule::Optional,
        evidence: &["readings_changed"],
        heal: "devices show what they measure",
        stack_should: "show the number and raise its alarm; this tests devices and stack, not physiology",
    });
}

#[cfg(test)]
mod tests {
    use vocabulary::metrics;

    use super::*;

    #[test]
    fn the_latest_pin_counts() {
        let [rate, saturation] = [metrics::HR, metrics::SPO2];
        let pin = |id, metric, value| Pin { occurrence: OccurrenceId(id), metric, value };
        let pinned = Pinned(vec![pin(0, rate, 140.0), pin(1, rate, 30.0)]);
        let mut evidence = Evidence::default();
        assert_eq!(pinned.shown(rate, Some(70.0), &mut evidence), Some(30.0));
        assert_eq!(pinned.shown(rate, None, &mut evidence), Some(30.0));
        assert_eq!(pinned.shown(saturation, Some(97.0), &mut evidence), Some(97.0));
        assert_eq!(evidence.iter().collect::<Vec<_>>(), [(OccurrenceId(1), "readings_changed", 2)]);
    }

    #[test]
    fn every_vital_is_a_metric() {
        assert!(METRICS.iter().all(|metric| MetricId::find(metric).is_some()));
    }
}
