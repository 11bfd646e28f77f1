//! Criterion benches, one module a layer. Run with `cargo bench -p benches`; figures are only comparable within one run.

mod check;
mod encode;
mod synthesis;
mod tick;

use criterion::criterion_main;

criterion_main!(synthesis::benches, tick::benches, encode::benches, check::benches);
