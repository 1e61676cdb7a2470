//! The files that `clients/evidence` verifies: keys and salts are fixed, so they are the same in every run.

use crate::world::{World, key};
use cvmd_ledger::{Selection, Verdict, verify};
use cvmd_model::AccountNumber;
use std::path::Path;

/// `CVMD_WRITE_DOCS=1 cargo test --package cvmd-ledger --test it` writes them.
#[test]
fn the_fixture_files_are_up_to_date() {
    let world = World::of(12, 40);
    let account = Some(AccountNumber(8));
    let of_account = world.export(Selection { account, ..Selection::default() }, 40, Some(25)).unwrap();
    let whole = world.export(Selection::default(), 40, Some(25)).unwrap();
    let kept = world.checkpoint(25);
    for file in [&of_account, &whole] {
        assert!(matches!(verify(file, &[key(1).verifying_key()], Some(&kept)), Verdict::Proven { .. }));
    }
    let files = [
        ("account.json", of_account),
        ("ledger.json", whole),
        ("older.json", world.export(Selection::default(), 24, None).unwrap()),
        ("kept.txt", kept.to_string().into_bytes()),
        ("key.txt", format!("{}\n", key(1).verifying_key()).into_bytes()),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/evidence/fixture");
    for (name, content) in files {
        let path = folder.join(name);
        if std::env::var_os("CVMD_WRITE_DOCS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &content).unwrap();
        }
        let found = std::fs::read(&path).unwrap_or_default();
        assert!(found == content, "{name} is out of date: CVMD_WRITE_DOCS=1 writes it");
    }
}
