//! What the sources of this crate do without.

use std::fs;
use std::path::Path;

#[test]
fn nothing_here_reads_a_clock_the_environment_or_an_unordered_map_or_starts_a_thread() {
    let forbidden = [
        "Instant",
        "SystemTime::now",
        "std::env",
        "env::var",
        "thread::spawn",
        "HashMap",
        "HashSet",
        "tokio",
        "RandomState",
    ];
    let mut sources = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("the sources can be listed").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            sources += 1;
            let text = fs::read_to_string(&path).expect("the sources are text");
            for word in forbidden {
                assert!(!text.contains(word), "{} uses `{word}`", path.display());
            }
        }
    }
    assert!(sources > 20, "only {sources} sources were found");
}
