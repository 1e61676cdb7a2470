//! A directory of rows that is made as a whole or not at all, as when the rows of another store are taken over.

use crate::{Error, Options, SqliteEngine};
use std::{fs::File, path::Path};

/// Makes the directory under another name, and gives it its own once `fill` is done and everything is synced. What an
/// earlier try has left under that other name is deleted.
///
/// # Errors
/// What `fill` answers, and everything that prevents the directory; then there is none.
pub fn make_whole<E: From<Error>>(
    directory: &Path,
    options: Options,
    fill: impl FnOnce(&mut SqliteEngine) -> Result<(), E>,
) -> Result<(), E> {
    let failed =
        |error: std::io::Error| Error::Failed { file: directory.display().to_string(), cause: error.to_string() };
    let draft = directory.with_extension("new");
    match std::fs::remove_dir_all(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error).into()),
        _ => {}
    }
    let mut engine = SqliteEngine::open(&draft, options)?;
    fill(&mut engine)?;
    drop(engine);
    let name = || {
        File::open(&draft)?.sync_all()?;
        std::fs::rename(&draft, directory)?;
        directory.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
    };
    name().map_err(|error| failed(error).into())
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{Engine, Group};

    #[test]
    fn a_directory_is_there_with_all_rows_or_not_at_all() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("machines");
        let put = |engine: &mut SqliteEngine, revision| {
            let mut group = Group::new();
            group.put("machines", revision, b"one");
            engine.append(revision, &group)
        };
        let broken = make_whole(&directory, Options::new(vec![]), |engine| {
            put(engine, 1)?;
            Err(Error::Full { file: "x".into() })
        });
        assert!(broken.is_err() && !directory.exists());
        make_whole(&directory, Options::new(vec![]), |engine| put(engine, 1).and_then(|()| put(engine, 2))).unwrap();
        let mut rows = 0;
        let mut engine = SqliteEngine::open(&directory, Options::new(vec![])).unwrap();
        let mut take = |chunk: crate::Chunk| {
            rows += chunk.len();
            Ok(())
        };
        let revision = engine.load(&mut take).unwrap();
        assert_eq!((revision, rows), (2, 2));
        assert!(!directory.with_extension("new").exists());
    }
}
