//! How simulated time maps to the wall clock.

use std::time::{Duration, Instant};

use sim_core::SimTime;

/// The map between simulated time and the wall clock: an origin and a speed.
///
/// Instants on the wall are `i64` nanoseconds since the origin, negative before it, so that they can be stored,
/// compared and subtracted like simulated ones. At speed 1 both are the same number.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    origin: Instant,
    speed: f64,
}

impl Pace {
    /// Simulated time zero happens at `origin`; `speed` simulated seconds pass a second.
    ///
    /// A speed that is not a positive finite number is taken as 1: the scenario language rejects it earlier.
    pub fn new(origin: Instant, speed: f64) -> Self {
        Self { origin, speed: if speed.is_finite() && speed > 0.0 { speed } else { 1.0 } }
    }

    /// One to one.
    pub fn real(origin: Instant) -> Self {
        Self::new(origin, 1.0)
    }

    /// Simulated seconds per wall-clock second.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// When a simulated instant happens [ns on the wall since the origin].
    pub fn wall_ns(&self, time: SimTime) -> i64 {
        if self.speed.to_bits() == 1.0_f64.to_bits() { time.nanos() } else { (time.nanos() as f64 / self.speed) as i64 }
    }

    /// The simulated instant at `wall_ns` nanoseconds since the origin.
    pub fn sim_time(&self, wall_ns: i64) -> SimTime {
        if self.speed.to_bits() == 1.0_f64.to_bits() {
            SimTime::from_nanos(wall_ns)
        } else {
            SimTime::from_nanos((wall_ns as f64 * self.speed) as i64)
        }
    }

    /// Reads the clock [ns since the origin].
    pub fn now_ns(&self) -> i64 {
        let now = Instant::now();
        match now.checked_duration_since(self.origin) {
            Some(after) => after.as_nanos() as i64,
            None => -(self.origin.duration_since(now).as_nanos() as i64),
        }
    }

    /// The clock's instant at `wall_ns` nanoseconds since the origin.
    pub fn instant(&self, wall_ns: i64) -> Instant {
        let distance = Duration::from_nanos(wall_ns.unsigned_abs());
        if wall_ns >= 0 { self.origin + distance } else { self.origin.checked_sub(distance).unwrap_or(self.origin) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_stretches_time() {
        let origin = Instant::now();
        let pace = Pace::new(origin, 4.0);
        assert_eq!(pace.wall_ns(SimTime::from_nanos(8_000)), 2_000);
        assert_eq!(pace.sim_time(2_000), SimTime::from_nanos(8_000));
        assert_eq!(pace.instant(1_500), origin + Duration::from_nanos(1_500));
        assert_eq!(Pace::real(origin).wall_ns(SimTime::from_nanos(i64::MAX)), i64::MAX);
    }

    #[test]
    fn before_the_origin_is_negative() {
        let pace = Pace::real(Instant::now() + Duration::from_hours(1));
        assert!(pace.now_ns() < 0);
    }
}
