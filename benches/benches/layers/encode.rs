//! Vendor JSON: the hot-path encoder.

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group};
use vocabulary::{Message, Quality, Reading, Wave, metrics};

fn encode(criterion: &mut Criterion) {
    let samples: Vec<i16> = (0..250_i16).map(|index| (index % 50) * 20 - 100).collect();
    let wave = Wave {
        metric: metrics::ECG_II,
        first_ms: 1_767_225_600_000,
        rate_mhz: 250_000,
        gain: 0.001,
        offset: 0.0,
        samples: &samples,
        quality: Quality::Ok,
    };
    let readings = [Reading::number(metrics::SPO2, 97.2), Reading::number(metrics::PR, 71.6)];
    let message = |readings, waves| Message {
        device_serial: "ward-0001-oxi",
        patient_id: Some("ward-0001"),
        stream: "spo2",
        sequence: 12_345,
        device_time_ms: 1_767_225_600_123,
        readings,
        waves,
    };
    let mut out = BytesMut::with_capacity(1 << 16);
    let mut group = criterion.benchmark_group("vendor_json");
    for (name, message) in
        [("vitals", message(&readings, &[])), ("ecg_chunk", message(&[], std::slice::from_ref(&wave)))]
    {
        out.clear();
        formats::vendor_json::encode(&message, &mut out);
        group.throughput(Throughput::Bytes(out.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                out.clear();
                formats::vendor_json::encode(&message, &mut out);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encode);
