//! How long a scenario takes to be checked and expanded: so many of each thing, and four times as many. Elements per
//! second stay the same where the work is linear.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use scenarios::{Settings, Texts};

const HEAD: &str = "format = 1\nscenario = \"check\"\n[time]\nlength = \"1h\"\n[target.broker]\nurl = \"embedded\"\n\
                    [link.wifi]\nto = \"broker\"\ntopic = \"${cohort}/${patient}/${device}/${stream}\"\n";

fn cohort(text: &mut String, id: &str, count: u32) {
    write!(
        text,
        "[[cohort]]\nid = \"{id}\"\ncount = {count}\npatient = {{ model = \"adult_ward\" }}\n[[cohort.device]]\n\
         id = \"oxi\"\nkind = \"pulse_oximeter\"\nlink = \"wifi\"\nstream = {{ spo2 = \"1s\" }}\n"
    )
    .expect("writing to a text never fails");
}

fn step(text: &mut String, number: u32, patients: u32) {
    write!(
        text,
        "[[step]]\nid = \"s{number}\"\nat = \"{}s\"\non = \"ward/{}\"\ndo = \"net.cut\"\nfor = \"500ms\"\n",
        number / patients + 1,
        number % patients + 1
    )
    .expect("writing to a text never fails");
}

fn expectation(text: &mut String, number: u32, rest: &str) {
    write!(text, "[[expect]]\nid = \"e{number}\"\nthat = \"lost(acked) == 0\"\n{rest}\n")
        .expect("writing to a text never fails");
}

/// A scenario with `count` things of a kind.
fn scenario(kind: &str, count: u32) -> String {
    let mut text = HEAD.to_owned();
    match kind {
        "cohorts" => (0..count).for_each(|number| cohort(&mut text, &format!("c{number}"), 1)),
        "patients" => cohort(&mut text, "ward", count),
        "steps" => {
            cohort(&mut text, "ward", 100);
            (0..count).for_each(|number| step(&mut text, number, 100));
        }
        "expectations" => {
            cohort(&mut text, "ward", 10);
            (0..count).for_each(|number| expectation(&mut text, number, ""));
        }
        _ => {
            cohort(&mut text, "ward", 100);
            (0..count).for_each(|number| step(&mut text, number, 100));
            (0..count).for_each(|number| {
                expectation(&mut text, number, &format!("during = \"s{number}\"\non = \"ward/{}\"", number % 100 + 1));
            });
        }
    }
    text
}

fn check(criterion: &mut Criterion) {
    let registry = iomt::standard_registry();
    let mut group = criterion.benchmark_group("check");
    group.sample_size(10);
    for kind in ["cohorts", "patients", "steps", "expectations", "expectations on steps"] {
        for count in [1_000, 4_000] {
            let texts = Texts(BTreeMap::from([("bench.toml".to_owned(), scenario(kind, count))]));
            group.throughput(Throughput::Elements(u64::from(count)));
            group.bench_function(BenchmarkId::new(kind, count), |bencher| {
                bencher.iter(|| {
                    let loaded = scenarios::load(&texts, "bench.toml", &Settings::default(), &registry);
                    black_box(loaded.expect("the scenario is sound"))
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, check);
