//! What guides tell the reader to write and to run works as they say.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::root;

/// A file or commands of a guide.
#[derive(Debug)]
enum Block {
    File { name: String, content: String },
    Commands(Vec<String>),
}

/// The files of a guide, each after a line with its name, and its commands, in their order.
fn blocks(guide: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut named = None;
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            if !line.is_empty() {
                let name = line.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
                named = name.filter(|name| !name.contains('`')).map(str::to_owned);
            }
            continue;
        };
        let content: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match (language, named.take()) {
            ("sh", _) => blocks.push(Block::Commands(content.into_iter().map(str::to_owned).collect())),
            (_, Some(name)) => blocks.push(Block::File { name, content: content.join("\n") + "\n" }),
            (_, None) => {}
        }
    }
    blocks
}

/// Runs a command as a reader would; `# exit code 2` behind it says how it ends.
fn run(folder: &Path, command: &str) {
    let program = Path::new(env!("CARGO_BIN_EXE_iomt")).parent().expect("a program is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let expected = command.split_once("# exit code ").map_or(0, |(_, code)| code.trim().parse().expect("a number"));
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", program.display()))
        .env("NO_COLOR", "1")
        .output()
        .expect("a shell starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(expected), "{command}: {told}");
}

#[test]
fn the_guide_to_your_payload_works() {
    let guide = fs::read_to_string(root().join("docs/guide-payload.md")).expect("the guide is there");
    let folder = tempfile::tempdir().expect("temporary folder");
    let (mut files, mut commands) = (0, 0);
    for block in blocks(&guide) {
        match block {
            Block::File { name, content } => {
                fs::write(folder.path().join(name), content).expect("writable");
                files += 1;
            }
            Block::Commands(lines) => {
                for line in &lines {
                    run(folder.path(), line);
                }
                commands += lines.len();
            }
        }
    }
    assert_eq!((files, commands), (5, 13));
    let report = fs::read_to_string(folder.path().join("report/run.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["delivered"], report["generated"]);
    assert_eq!(report["verdict"], "pass");
}
