//! The built-in patient profiles and conditions: data, in `profiles/`.

use sim_core::{ProfileFile, Registry};

/// Name and text of each file. Conditions come first, because profiles name them.
const FILES: &[(&str, &str)] = &[
    ("profiles/conditions.toml", include_str!("../profiles/conditions.toml")),
    ("profiles/adult_icu.toml", include_str!("../profiles/adult_icu.toml")),
    ("profiles/septic.toml", include_str!("../profiles/septic.toml")),
    ("profiles/post_op.toml", include_str!("../profiles/post_op.toml")),
    ("profiles/copd.toml", include_str!("../profiles/copd.toml")),
    ("profiles/chf.toml", include_str!("../profiles/chf.toml")),
    ("profiles/elderly_home.toml", include_str!("../profiles/elderly_home.toml")),
    ("profiles/athlete.toml", include_str!("../profiles/athlete.toml")),
    ("profiles/pregnant.toml", include_str!("../profiles/pregnant.toml")),
];

/// Adds the built-in profiles and conditions.
pub(crate) fn register(registry: &mut Registry) {
    let files = FILES.iter().map(|(name, text)| ProfileFile { name: (*name).to_owned(), text: (*text).to_owned() });
    registry.extend(files);
}
