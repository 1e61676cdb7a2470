//! Runs other programs and reports why they failed.

use std::{
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

/// A cargo command at the root of the checkout.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(crate::ground::root());
    command
}

/// Runs a command to its end, with its output on ours.
pub fn run(command: &mut Command) -> Result<(), String> {
    let line = describe(command);
    println!("$ {line}");
    ended(&line, command.stdin(Stdio::null()).status())
}

fn ended(line: &str, status: io::Result<ExitStatus>) -> Result<(), String> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` ended with {status}")),
        Err(error) => Err(format!("`{line}` could not be run: {error}")),
    }
}

/// Runs a command to its end and returns its standard output.
pub fn read(command: &mut Command) -> Result<String, String> {
    let line = describe(command);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("`{line}` could not be run: {error}"))?;
    ended(&line, Ok(output.status))?;
    String::from_utf8(output.stdout).map_err(|error| format!("`{line}` printed no UTF-8: {error}"))
}

/// Runs a command to its end with its output on ours, and passes every line of its standard output to `see`.
pub fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Result<(), String> {
    let line = describe(command);
    println!("$ {line}");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("`{line}` could not be run: {error}"))?;
    if let Some(stdout) = child.stdout.take() {
        for text in BufReader::new(stdout).lines().map_while(Result::ok) {
            println!("{text}");
            see(&text);
        }
    }
    ended(&line, child.wait())
}

/// Whether a program of that name is in PATH.
pub fn is_there(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn describe(command: &Command) -> String {
    // Only the program's name: its path differs between computers.
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod test {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failing_program_is_named_with_its_status() {
        let why = run(&mut sh("exit 3")).unwrap_err();
        assert!(why.contains("exit 3") && why.contains("status: 3"), "{why}");
    }

    #[test]
    fn watching_sees_every_line_and_the_failure_after_them() {
        let mut lines = Vec::new();
        assert!(watch(&mut sh("echo a; echo b; exit 1"), |line| lines.push(line.to_owned())).is_err());
        assert_eq!(lines, ["a", "b"]);
    }
}
