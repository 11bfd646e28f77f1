//! Draws that choose what a scenario says, keyed by its seed: the same seed is the same scenario.

use std::cell::Cell;

use sim_core::{Key, Purpose};

const CHOICE: Purpose = Purpose::new("search.choice");

/// A row of draws. Unlike a model's, they are counted as they come: whoever changes the generator gets other scenarios.
#[derive(Debug)]
pub(crate) struct Dice {
    key: Key,
    drawn: Cell<u64>,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { key: Key::new(seed, "search"), drawn: Cell::new(0) }
    }

    /// Uniform in 0..1.
    pub(crate) fn share(&self) -> f64 {
        let drawn = self.drawn.get();
        self.drawn.set(drawn + 1);
        self.key.uniform(CHOICE, drawn)
    }

    /// True in this share of the cases.
    pub(crate) fn chance(&self, share: f64) -> bool {
        self.share() < share
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn count(&self, least: u64, most: u64) -> u64 {
        least + (self.share() * (most - least + 1) as f64) as u64
    }

    /// A number from `least` to `most`.
    pub(crate) fn between(&self, least: f64, most: f64) -> f64 {
        least + self.share() * (most - least)
    }

    /// One of these.
    pub(crate) fn one_of<'a, T>(&self, items: &'a [T]) -> &'a T {
        &items[self.count(0, items.len() as u64 - 1) as usize]
    }
}
