//! Renaming and copying a guest's files and directories, the disk's `authorized_keys` included: `mv`, `cp`.

use super::{
    files::{Why, absolute},
    process::{COPIED_MAX, Done, Effect, Guest, Keys, complain, fails, split, too_much_copied},
};

/// Renames a file or directory; an existing file is replaced.
///
/// # Errors
/// The system's message.
pub(crate) fn rename(from: &str, to: &str, guest: &mut Guest<'_>) -> Result<Option<Keys>, Why> {
    let keys = guest.machine.keys_path();
    if from == to {
        let stands = guest.files.is_directory(from, guest.machine);
        return if stands { Ok(None) } else { guest.read(from).map(|_| None) };
    }
    if to == keys {
        if guest.files.is_directory(from, guest.machine) {
            return Err("Not a directory".into());
        }
        if guest.files.file(from).is_none() {
            return guest.read(from).and(Err("this stays in a simulated guest".into()));
        }
        let text = String::from_utf8(guest.read(from)?).map_err(|_| "this is not text")?;
        return Ok(Some(Keys { text, moved: Some(from.to_owned()) }));
    }
    if from == keys {
        let body = guest.read(from)?;
        guest.files.put(to, (Some(0o600), body), guest.machine, guest.now_ms)?;
        return Ok(Some(Keys { text: String::new(), moved: None }));
    }
    guest.files.rename(from, to, guest.machine)?;
    Ok(None)
}

/// `mv [-f] FROM... TO`.
pub(crate) fn mv(arguments: &[&str], guest: &mut Guest<'_>) -> Done {
    each("mv", "f", arguments, guest, |from, to, way, guest| {
        if way.is_dots {
            return Err("Device or resource busy".into());
        }
        let keys = rename(from, to, guest)?;
        Ok(keys.map(Effect::Moved))
    })
}

/// `cp [-afprR] FROM... TO`.
pub(crate) fn cp(arguments: &[&str], guest: &mut Guest<'_>) -> Done {
    each("cp", "afprR", arguments, guest, copy)
}

fn copy(from: &str, to: &str, way: &mut Way, guest: &mut Guest<'_>) -> Result<Option<Effect>, Why> {
    if !guest.files.is_directory(from, guest.machine) {
        let body = guest.read(from)?;
        way.copied += body.len();
        if way.copied > COPIED_MAX {
            return Err(too_much_copied(guest));
        }
        if to == guest.machine.keys_path() {
            return String::from_utf8(body).map(|text| Some(Effect::Keys(text))).map_err(|_| "this is not text".into());
        }
        let mode = guest.files.file(from).map(|(mode, _)| mode);
        guest.files.put(to, (mode, body), guest.machine, guest.now_ms)?;
        return Ok(None);
    }
    if !way.is_deep {
        return Err("-r not specified; omitting directory".into());
    }
    if to == from || to.starts_with(&format!("{from}/")) {
        return Err("cannot copy a directory into itself".into());
    }
    guest.files.make_directory(to, guest.machine, guest.now_ms)?;
    let mut effect = None;
    for name in guest.files.names(from, guest.machine) {
        effect = copy(&absolute(&name, from), &absolute(&name, to), way, guest)?.or(effect);
    }
    Ok(effect)
}

/// Whether a typed path ends with `.` or `..`, and so names a directory without its name.
pub(crate) fn ends_with_dots(path: &str) -> bool {
    matches!(path.trim_end_matches('/').rsplit('/').next(), Some("." | ".."))
}

/// How one command copies.
struct Way {
    /// Copies directories too.
    is_deep: bool,
    /// Bytes copied so far.
    copied: usize,
    /// The typed path ends with `.` or `..`: the content of the directory is copied, as the path gives no name.
    is_dots: bool,
}

type Act = fn(&str, &str, &mut Way, &mut Guest<'_>) -> Result<Option<Effect>, Why>;

/// Applies `act` to each path but the last, which is the new name or the target directory.
fn each(name: &str, known: &str, arguments: &[&str], guest: &mut Guest<'_>, act: Act) -> Done {
    let (options, paths) = split(arguments);
    let letters = || options.iter().flat_map(|option| option[1..].chars());
    if let Some(letter) = letters().find(|letter| !known.contains(*letter)) {
        return fails(&format!("{name}: only -{known} are known here, not -{letter}"), 1);
    }
    let Some((to, from)) = paths.split_last().filter(|(_, from)| !from.is_empty()) else {
        return fails(&format!("{name}: missing file operand"), 1);
    };
    let into = guest.is_directory(to);
    let mut done = Done::default();
    if from.len() > 1 && !into {
        complain(&mut done, name, to, "Not a directory");
        return done;
    }
    let mut way = Way { is_deep: letters().any(|letter| "arR".contains(letter)), copied: 0, is_dots: false };
    for path in from {
        let at = guest.place(path);
        let place = guest.place(to);
        way.is_dots = ends_with_dots(path);
        let named = into && !way.is_dots;
        let place = if named { absolute(at.rsplit('/').next().unwrap_or_default(), &place) } else { place };
        match act(&at, &place, &mut way, guest) {
            Ok(effect) => done.effect = effect.or(done.effect.take()),
            Err(why) => complain(&mut done, name, path, &why),
        }
        if way.copied > COPIED_MAX {
            break;
        }
    }
    done
}
