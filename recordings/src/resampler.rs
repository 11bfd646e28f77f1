//! `kaiser-sinc-24`: resampling of recorded signals by a Kaiser-windowed sinc, with random access to every sample.
//!
//! Output sample `n` lies at source position `n * source rate / output rate`. The kernel has 24 zero crossings to
//! each side, cuts off at 0.9 of the lower Nyquist frequency and uses a Kaiser window with beta 8 (side lobes below
//! -80 dB; Oppenheim and Schafer, Discrete-Time Signal Processing, 7.6). As the ratio of the rates is rational, the
//! fractional positions repeat, and their kernels are computed once.

/// Zero crossings of the kernel to each side.
const CROSSINGS: f64 = 24.0;
/// Share of the lower Nyquist frequency that passes.
const PASS: f64 = 0.9;
/// Shape of the Kaiser window.
const BETA: f64 = 8.0;
/// Most distinct fractional positions kept.
const MOST_PHASES: u64 = 4096;

/// Converts one source rate to one output rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampler {
    /// Source samples per `output_step` output samples, in lowest terms.
    source_step: u64,
    output_step: u64,
    /// Source samples to each side of a position that the kernel covers.
    reach: u64,
    /// One kernel of `2 * reach` weights per fractional position.
    kernels: Vec<Vec<f64>>,
}

/// The two rates have no usable ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("resampling {source_mhz} mHz to {output_mhz} mHz needs {phases} phases; choose a rate with a simpler ratio")]
pub struct RatioError {
    /// Rate of the source [mHz].
    pub source_mhz: u32,
    /// Rate asked for [mHz].
    pub output_mhz: u32,
    /// Fractional positions it would take.
    pub phases: u64,
}

impl Resampler {
    /// Name written into manifests.
    pub const NAME: &'static str = "kaiser-sinc-24";

    /// A converter between two rates [mHz].
    ///
    /// # Errors
    /// [`RatioError`] when the ratio of the rates is too odd.
    pub fn new(source_mhz: u32, output_mhz: u32) -> Result<Self, RatioError> {
        let divisor = greatest_common_divisor(u64::from(source_mhz), u64::from(output_mhz));
        let source_step = u64::from(source_mhz) / divisor;
        let output_step = u64::from(output_mhz) / divisor;
        if output_step > MOST_PHASES {
            return Err(RatioError { source_mhz, output_mhz, phases: output_step });
        }
        let cutoff = PASS * (f64::from(output_mhz) / f64::from(source_mhz)).min(1.0);
        let reach = libm::ceil(CROSSINGS / cutoff) as u64;
        let kernels = (0..output_step).map(|phase| kernel(phase as f64 / output_step as f64, cutoff, reach)).collect();
        Ok(Self { source_step, output_step, reach, kernels })
    }

    /// Output sample `index`; `source` gives the source sample at an index, which may be negative.
    pub fn sample(&self, index: u64, source: impl Fn(i64) -> f64) -> f64 {
        let scaled = u128::from(index) * u128::from(self.source_step);
        let whole = (scaled / u128::from(self.output_step)) as i64;
        let phase = (scaled % u128::from(self.output_step)) as usize;
        let first = whole - self.reach as i64 + 1;
        self.kernels[phase].iter().zip(first..).map(|(weight, position)| weight * source(position)).sum()
    }
}

/// Weights of the source samples around a position with this fraction, normalised to pass a constant unchanged.
fn kernel(fraction: f64, cutoff: f64, reach: u64) -> Vec<f64> {
    let mut weights: Vec<f64> = (0..2 * reach)
        .map(|tap| {
            let distance = (tap as f64 - reach as f64 + 1.0) - fraction;
            sinc(cutoff * distance) * kaiser(distance / reach as f64)
        })
        .collect();
    let sum: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= sum;
    }
    weights
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let angle = std::f64::consts::PI * x;
    libm::sin(angle) / angle
}

/// Kaiser's window over -1..1.
fn kaiser(position: f64) -> f64 {
    let inside = 1.0 - position * position;
    if inside <= 0.0 { 0.0 } else { bessel_i0(BETA * libm::sqrt(inside)) / bessel_i0(BETA) }
}

/// Modified Bessel function of order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..40 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// Largest deviation from the true sine of amplitude 1, over two seconds.
    fn worst_error(source_hz: u32, output_hz: u32, tone_hz: f64) -> f64 {
        let resampler = Resampler::new(source_hz * 1000, output_hz * 1000).expect("simple ratio");
        let source = |index: i64| libm::sin(TAU * tone_hz * index as f64 / f64::from(source_hz));
        (0..u64::from(2 * output_hz))
            .map(|index| {
                let truth = libm::sin(TAU * tone_hz * index as f64 / f64::from(output_hz));
                (resampler.sample(index, source) - truth).abs()
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn tones_below_the_cutoff_pass() {
        for tone_hz in [0.5, 5.0, 17.0, 40.0, 75.0, 100.0] {
            let error = worst_error(360, 250, tone_hz);
            assert!(error < 1e-3, "{tone_hz} Hz: {error}");
        }
        assert!(worst_error(360, 500, 40.0) < 1e-3);
    }

    #[test]
    fn tones_above_the_new_nyquist_are_removed() {
        let resampler = Resampler::new(360_000, 250_000).expect("simple ratio");
        for tone_hz in [130.0, 150.0, 175.0] {
            let source = |index: i64| libm::sin(TAU * tone_hz * index as f64 / 360.0);
            let loudest = (0..500).map(|index| resampler.sample(index, source).abs()).fold(0.0, f64::max);
            assert!(loudest < 2e-3, "{tone_hz} Hz: {loudest}");
        }
    }

    #[test]
    fn a_constant_stays_itself() {
        let resampler = Resampler::new(360_000, 62_500).expect("simple ratio");
        for index in 0..100 {
            assert!((resampler.sample(index, |_| 3.5) - 3.5).abs() < 1e-12);
        }
    }

    #[test]
    fn odd_ratios_are_refused() {
        let error = Resampler::new(360_000, 249_999).expect_err("coprime");
        assert!(error.to_string().contains("simpler ratio"), "{error}");
    }
}
