//! Colours, chosen so that people who do not tell red from green can read the pictures.
//!
//! Traces take the palette of Okabe and Ito ("Color universal design", 2008), darkened where it is too light for a thin
//! line on white; every trace also carries its name. Paper takes the tint of electrocardiograph paper.

/// A colour with its opacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colour {
    /// Red, green and blue, 0 to 255.
    pub rgb: [u8; 3],
    /// 0 (invisible) to 1.
    pub opacity: f32,
}

impl Colour {
    /// An opaque colour.
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self { rgb: [red, green, blue], opacity: 1.0 }
    }

    /// The same colour with another opacity, 0 to 1.
    #[must_use]
    pub const fn with_opacity(self, opacity: f32) -> Self {
        Self { opacity, ..self }
    }
}

/// Text and traces of the electrocardiogram.
pub(crate) const INK: Colour = Colour::rgb(24, 24, 28);
/// Secondary text.
pub(crate) const GREY: Colour = Colour::rgb(96, 96, 104);
/// Thin lines behind curves.
pub(crate) const GRID: Colour = Colour::rgb(222, 222, 226);
/// Lines of the paper every millimetre.
pub(crate) const PAPER_FINE: Colour = Colour::rgb(250, 228, 224);
/// Lines of the paper every five millimetres.
pub(crate) const PAPER_COARSE: Colour = Colour::rgb(236, 186, 178);
/// Vermillion: arterial pressure.
pub(crate) const VERMILLION: Colour = Colour::rgb(198, 78, 0);
/// Blue: saturation and pleth.
pub(crate) const BLUE: Colour = Colour::rgb(0, 100, 168);
/// Bluish green: heart rate.
pub(crate) const GREEN: Colour = Colour::rgb(0, 128, 96);
/// Olive: breathing.
pub(crate) const OLIVE: Colour = Colour::rgb(122, 108, 0);
/// Reddish purple: carbon dioxide.
pub(crate) const PURPLE: Colour = Colour::rgb(152, 70, 122);
/// Indigo: central venous pressure.
pub(crate) const INDIGO: Colour = Colour::rgb(78, 64, 168);
/// Brown: pulmonary artery.
pub(crate) const BROWN: Colour = Colour::rgb(120, 62, 40);

/// Fills of labelled periods, in turn.
pub(crate) const PERIODS: [Colour; 4] =
    [Colour::rgb(86, 180, 233), Colour::rgb(230, 159, 0), Colour::rgb(204, 121, 167), Colour::rgb(0, 158, 115)];

/// Colour of a channel or quantity by its name.
pub(crate) fn of_signal(name: &str) -> Colour {
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if begins(&["ecg"]) {
        INK
    } else if begins(&["hr", "heart"]) {
        GREEN
    } else if begins(&["abp", "nibp", "map", "sbp"]) {
        VERMILLION
    } else if begins(&["pap"]) {
        BROWN
    } else if begins(&["cvp"]) {
        INDIGO
    } else if begins(&["pleth", "spo2", "sao2"]) {
        BLUE
    } else if begins(&["resp"]) {
        OLIVE
    } else if begins(&["co2", "etco2"]) {
        PURPLE
    } else {
        BLUE
    }
}
