//! ECG synthesis: lead-samples a second on one core, bare and as a device digitises them; a plain fill is the limit.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group};
use device_models::devices::device::Chunk;
use device_models::devices::sensors::{EcgFrontEnd, EcgRoom};
use device_models::physiology::{Body, Build, Lead, PulseSite, SampleGrid, Sex, add_ecg};
use sim_core::{Key, SimTime};

const RATE_MHZ: u32 = 250_000;
const SAMPLES: usize = 2_500;

fn body() -> Body {
    let build = Build { weight_kg: 75.0, height_cm: 172.0, age_years: 60.0, sex: Sex::Female };
    let mut body = Body::new(&build, Key::new(1, "bench/1"), &[PulseSite::Finger], 20_000_000_000);
    for _ in 0..120 {
        body.step();
    }
    body
}

fn synthesis(criterion: &mut Criterion) {
    let body = body();
    let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: RATE_MHZ };
    let device = Key::new(1, "bench/1/patch");
    let front_end = EcgFrontEnd::new(device, &[Lead::II]);
    let twelve_leads = EcgFrontEnd::new(device, &Lead::ALL);
    let mut samples = vec![0.0_f32; SAMPLES];
    let mut room = EcgRoom::default();

    let mut group = criterion.benchmark_group("ecg");
    group.throughput(Throughput::Elements(SAMPLES as u64));
    group.bench_function("fill", |bencher| {
        bencher.iter(|| samples.fill(black_box(0.5)));
    });
    group.bench_function("lead_ii", |bencher| {
        bencher.iter(|| {
            samples.fill(0.0);
            add_ecg(body.morphology(), Lead::II, &body.heart().events(), grid, black_box(0), &mut samples);
        });
    });
    group.bench_function("lead_ii_noise_and_counts", |bencher| {
        let chunk = Chunk { first_index: 0, stream_first: 0, samples: SAMPLES, rate_mhz: RATE_MHZ };
        bencher.iter(|| {
            front_end.digitise(black_box(&body), &chunk, &mut room, |_, counts| {
                black_box(counts);
            });
        });
    });
    group.throughput(Throughput::Elements(12 * SAMPLES as u64));
    group.bench_function("twelve_leads_noise_and_counts", |bencher| {
        let chunk = Chunk { first_index: 0, stream_first: 0, samples: SAMPLES, rate_mhz: RATE_MHZ };
        bencher.iter(|| {
            twelve_leads.digitise(black_box(&body), &chunk, &mut room, |_, counts| {
                black_box(counts);
            });
        });
    });
    group.finish();

    let mut body = body;
    criterion.bench_function("body/grid_step", |bencher| bencher.iter(|| body.step()));
}

criterion_group!(benches, synthesis);
