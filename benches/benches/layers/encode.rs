//! What each format costs a message, beside a plain copy of its bytes.

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group};
use formats::fhir::FhirR4;
use formats::hl7v2::Hl7V2;
use formats::senml::{SenmlCbor, SenmlJson};
use formats::sparkplug::Sparkplug;
use formats::template::Template;
use formats::vendor_json::VendorJson;
use sim_core::{Argument, Arguments};
use vocabulary::{Format, Message, Origin, Quality, Reading, Wave, metrics};

/// What a user's own stack may want, waves included.
const TEMPLATE: &str = r#"{"id":"{{ device.serial }}","type":"{{ stream }}","n":{{ sequence }},"ts":{{ time.ms }},"values":{
{%- for reading in readings %}{{ "," if not loop.first }}"{{ reading.id }}":{{ reading.value }}{% endfor %}},"waves":[
{%- for wave in waves %}{"id":"{{ wave.id }}","x":[{{ wave.counts|join(",") }}]}{% endfor %}]}"#;

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
        origin: Origin::default(),
    };
    let messages = [("vitals", message(&readings, &[])), ("ecg_chunk", message(&[], std::slice::from_ref(&wave)))];
    let text = Arguments([("text".to_owned(), Argument::Text(TEMPLATE.to_owned()))].into());
    let template = Template::new(&text).expect("the template is sound");
    let formats: [(&str, &dyn Format); 7] = [
        ("vendor_json", &VendorJson),
        ("senml_json", &SenmlJson),
        ("senml_cbor", &SenmlCbor),
        ("fhir_r4", &FhirR4),
        ("hl7v2", &Hl7V2),
        ("sparkplug", &Sparkplug),
        ("template", &template),
    ];
    let mut out = BytesMut::with_capacity(1 << 16);
    for (format_name, format) in formats {
        let mut group = criterion.benchmark_group(format_name);
        for (name, message) in &messages {
            out.clear();
            format.encode(message, &mut out);
            let bytes = out.to_vec();
            group.throughput(Throughput::Bytes(bytes.len() as u64));
            group.bench_function(*name, |bencher| {
                bencher.iter(|| {
                    out.clear();
                    format.encode(message, &mut out);
                });
            });
            group.bench_function(format!("{name}_copied"), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    out.extend_from_slice(std::hint::black_box(&bytes));
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, encode);
