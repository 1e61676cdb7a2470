//! Compares every reply byte by byte: all transcripts run in both dialects and in both languages, and the digests of
//! the replies must be those in `replies.txt`. `cargo xtask docs` writes it after an intended change.

use crate::{catalog::TRANSCRIPTS, testing::transcript::answers};
use cvmd_wire::{Dialect, Language};
use sha2::{Digest, Sha256};
use std::{fmt::Write, path::Path};

/// The replies to all transcripts of a file.
async fn replies(file: &str, transcript: &str) -> String {
    let mut replies = String::new();
    for paragraph in transcript.split("\n\n") {
        for dialect in [Dialect::Api3, Dialect::Legacy] {
            for language in [Language::English, Language::Chinese] {
                replies += &answers(file, paragraph, dialect, language).await;
            }
        }
    }
    replies
}

#[tokio::test]
async fn the_generated_record_of_all_replies_is_current() {
    let (mut full, mut digests) = (String::new(), String::new());
    for (file, transcript, _) in TRANSCRIPTS {
        let replies = replies(file, transcript).await;
        let digest = Sha256::digest(&replies);
        let digest: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let _ = writeln!(digests, "{digest} {} lines of {file}", replies.lines().count());
        let _ = write!(full, "== {file}\n{replies}");
    }
    // The replies themselves, to be compared with those of another commit.
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::fs::create_dir_all(&target).unwrap();
    let all = target.join("replies.txt");
    std::fs::write(&all, full).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("replies.txt");
    if std::env::var_os("CVMD_WRITE_DOCS").is_some() {
        std::fs::write(&path, &digests).unwrap();
        return;
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    let other: Vec<&str> = digests.lines().filter(|line| !recorded.lines().any(|known| known == *line)).collect();
    assert!(
        other.is_empty() && recorded.lines().count() == digests.lines().count(),
        "other replies than recorded, all of them in {}:\n{}",
        all.display(),
        other.join("\n")
    );
}
