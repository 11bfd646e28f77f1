//! Eating: a meal goes down at 5 g of carbohydrate per minute, and the stomach remembers how large it is.
//!
//! The emptying of the stomach depends on the size of the current meal (Dalla Man, Camilleri and Cobelli, IEEE Trans
//! Biomed Eng 2006;53:2472): what was still in the stomach when eating began, plus what was eaten since. Pace and
//! bookkeeping follow simglucose 0.2.11, against which the model is tested.

/// Pace of eating [g/min].
const PACE_G_MIN: f64 = 5.0;

/// The meal in front of a person and the one in the stomach.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Plate {
    waiting_g: f64,
    eating: bool,
    stomach_at_onset_mg: f64,
    eaten_g: f64,
}

impl Plate {
    /// Puts carbohydrate on the plate [g].
    pub(super) fn serve(&mut self, carbohydrate_g: f64) {
        self.waiting_g += carbohydrate_g.max(0.0);
    }

    /// Eats for a minute with this much in the stomach [mg]; returns what goes down [g].
    pub(super) fn eat_minute(&mut self, stomach_mg: f64) -> f64 {
        let bite_g = self.waiting_g.min(PACE_G_MIN);
        self.waiting_g -= bite_g;
        if bite_g > 0.0 && !self.eating {
            self.stomach_at_onset_mg = stomach_mg;
            self.eaten_g = 0.0;
        }
        self.eating = bite_g > 0.0;
        self.eaten_g += bite_g;
        bite_g
    }

    /// Size of the meal that governs the emptying of the stomach [mg].
    pub(super) fn meal_size_mg(&self) -> f64 {
        self.stomach_at_onset_mg + 1_000.0 * self.eaten_g
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meal_goes_down_at_its_pace() {
        let mut plate = Plate::default();
        plate.serve(12.0);
        let bites: Vec<f64> = (0..5).map(|_| plate.eat_minute(100.0)).collect();
        assert_eq!(bites, [5.0, 5.0, 2.0, 0.0, 0.0]);
        assert_eq!(plate.meal_size_mg(), 12_100.0);
    }

    #[test]
    fn a_second_helping_extends_the_meal_and_a_later_meal_starts_anew() {
        let mut plate = Plate::default();
        plate.serve(5.0);
        plate.eat_minute(0.0);
        plate.serve(5.0);
        plate.eat_minute(4_000.0);
        assert_eq!(plate.meal_size_mg(), 10_000.0);
        plate.eat_minute(8_000.0);
        plate.serve(5.0);
        plate.eat_minute(7_000.0);
        assert_eq!(plate.meal_size_mg(), 12_000.0);
    }
}
