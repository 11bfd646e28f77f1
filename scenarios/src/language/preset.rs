//! Payload formats of well-known stacks, as files to include: `include = ["preset:NAME"]`.

/// A file that a scenario can include by name, whatever folder it lies in.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    /// Its name; `include = ["preset:NAME"]`, and the format that it declares.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

/// What stands before the name of one.
const PREFIX: &str = "preset:";

/// All of them.
pub const PRESETS: [Preset; 4] = [
    Preset { name: "home-assistant", text: include_str!("../../presets/home-assistant.toml") },
    Preset { name: "medtech", text: include_str!("../../presets/medtech.toml") },
    Preset { name: "open-mhealth", text: include_str!("../../presets/open-mhealth.toml") },
    Preset { name: "thingsboard", text: include_str!("../../presets/thingsboard.toml") },
];

impl Preset {
    /// What it is for: the first line of the file.
    pub fn about(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ")
    }
}

/// The name of a preset, where a file is named as one.
pub(crate) fn name_of(file: &str) -> Option<&str> {
    file.strip_prefix(PREFIX)
}

/// The names of all.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|preset| preset.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_declares_the_format_of_its_name_and_says_what_for() {
        for preset in PRESETS {
            assert!(preset.text.contains(&format!("[payload.{}]", preset.name)), "{}", preset.name);
            assert!(preset.about().len() > 20 && !preset.about().starts_with('#'), "{}", preset.name);
        }
    }
}
