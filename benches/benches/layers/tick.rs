//! One simulated second of a ward, from physiology to payload bytes.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use scenarios::{Settings, Texts};
use sim_core::{Shards, SimTime, Span};

const PATIENTS: u64 = 100;

fn scenario(kind: &str, streams: &str) -> String {
    format!(
        r#"
format = 1
scenario = "bench"
seed = 1
[time]
mode = "virtual"
length = "1h"
[target.broker]
kind = "mqtt"
url = "embedded"
[link.lan]
carrier = "mqtt"
to = "broker"
topic = "${{device.serial}}/${{stream}}"
format = "vendor-json"
[[cohort]]
id = "p"
count = {PATIENTS}
patient = {{ model = "adult_home" }}
[[cohort.device]]
id = "d"
kind = "{kind}"
link = "lan"
stream = {{ {streams} }}
"#
    )
}

fn tick(criterion: &mut Criterion) {
    let registry = iomt::standard_registry();
    let mut group = criterion.benchmark_group("simulated_second_of_100_patients");
    group.throughput(Throughput::Elements(PATIENTS));
    for (name, kind, streams) in [
        ("vitals", "pulse_oximeter", r#"spo2 = "1s""#),
        ("ecg_250_hz", "ecg_patch", r#"ecg = "250Hz / 250""#),
        ("everything", "bedside_monitor", r#"vitals = "1s", ecg = "250Hz", abp = "125Hz", pleth = "125Hz""#),
    ] {
        let texts = Texts([("bench.toml".to_owned(), scenario(kind, streams))].into());
        let plan = scenarios::load(&texts, "bench.toml", &Settings::default(), &registry).expect("valid").plan;
        let build = || {
            Shards::new(&registry, &plan.roster, &Arc::clone(&plan.occurrences), &(0..PATIENTS as usize), 1)
                .expect("valid")
        };
        group.bench_function(name, |bencher| {
            let mut shards = build();
            bencher.iter_batched(
                || (),
                |()| {
                    let end = shards.reached() + Span::from_secs(1);
                    shards.advance_to(end).expect("no model panics");
                    shards.take_outbound()
                },
                BatchSize::PerIteration,
            );
            assert!(shards.reached() > SimTime::ZERO);
        });
    }
    group.finish();
}

criterion_group!(benches, tick);
