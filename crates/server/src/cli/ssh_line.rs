//! Parses the arguments of `cvmd ssh`: OpenSSH's options and cvmd's own, the instance and the command, separated as
//! OpenSSH's getopt does.

use crate::plain_words;
use anyhow::{Context, bail};
use std::path::PathBuf;

/// OpenSSH's options with a value, from its getopt string.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOopQRSWw";
/// Options that lead to a machine; cvmd sets them.
const WAYS: [&str; 5] = ["Port", "HostName", "ProxyCommand", "ProxyJump", "HostKeyAlias"];
/// Options that verify the machine; cvmd sets them, and users add them by habit.
const TRUST: [&str; 6] = [
    "StrictHostKeyChecking",
    "UserKnownHostsFile",
    "GlobalKnownHostsFile",
    "KnownHostsCommand",
    "UpdateHostKeys",
    "CheckHostIP",
];

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SshLine {
    /// As written: `ins-...` or `USER@ins-...`.
    pub(crate) destination: String,
    /// For OpenSSH: options before the destination, and those after it.
    pub(crate) options: Vec<String>,
    pub(crate) behind: Vec<String>,
    pub(crate) command: Vec<String>,
    /// Whether an option names a user.
    pub(crate) names_user: bool,
    /// Options that OpenSSH gets but ignores, because cvmd's own come first.
    pub(crate) unheeded: Vec<String>,
    pub(crate) relay: bool,
    pub(crate) data: Option<PathBuf>,
    pub(crate) endpoint: Option<String>,
}

impl SshLine {
    /// Parses the arguments.
    ///
    /// # Errors
    /// When they name no instance, or contain an option that cannot be followed.
    pub(crate) fn read(words: &[String]) -> anyhow::Result<SshLine> {
        let mut line = SshLine::default();
        let mut words = words.iter();
        let mut options_ended = false;
        while let Some(word) = words.next() {
            let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty() && !options_ended);
            match letters {
                None if line.destination.is_empty() => line.destination.clone_from(word),
                None => {
                    line.command.push(word.clone());
                    line.command.extend(words.by_ref().cloned());
                }
                Some("-") => {
                    options_ended = true;
                    line.pass(word);
                }
                Some(letters) => match letters.strip_prefix('-') {
                    Some(long) => line.ours(long, || words.next().cloned())?,
                    None => line.theirs(word, letters, || words.next().cloned())?,
                },
            }
        }
        if line.destination.is_empty() {
            bail!("an instance id is missing: cvmd ssh ins-xxxxxxxx");
        }
        Ok(line)
    }

    fn pass(&mut self, word: &str) {
        let place = if self.destination.is_empty() { &mut self.options } else { &mut self.behind };
        place.push(word.to_owned());
    }

    /// OpenSSH has no long options, so they are cvmd's own.
    fn ours(&mut self, long: &str, next: impl FnOnce() -> Option<String>) -> anyhow::Result<()> {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value.to_owned())));
        let value = || value.or_else(next).with_context(|| format!("--{name} needs a value"));
        match name {
            "relay" => self.relay = true,
            "data" => self.data = Some(value()?.into()),
            "endpoint" => self.endpoint = Some(value()?),
            _ => bail!(
                "cvmd ssh has no option --{}: it has --data, --endpoint and --relay, and takes ssh's own options",
                plain_words::value(name)
            ),
        }
        Ok(())
    }

    fn theirs(&mut self, word: &str, letters: &str, next: impl FnOnce() -> Option<String>) -> anyhow::Result<()> {
        self.pass(word);
        // Letters without a value may precede one with its value: -vp 22.
        let Some(place) = letters.find(|letter| WITH_VALUE.contains(letter)) else { return Ok(()) };
        let (letter, value) = (&letters[place..=place], &letters[place + 1..]);
        let value = if value.is_empty() {
            let value = next().with_context(|| format!("-{letter} needs a value"))?;
            self.pass(&value);
            value
        } else {
            value.to_owned()
        };
        let name = match letter {
            "l" => "User",
            "p" => "Port",
            "J" => "ProxyJump",
            "o" => value.split(['=', ' ', '\t']).find(|word| !word.is_empty()).unwrap_or_default(),
            _ => "",
        };
        let is = |known: &&str| known.eq_ignore_ascii_case(name);
        if WAYS.iter().any(is) {
            bail!(
                "{} cannot be heeded: cvmd ssh itself says where {name} leads. `cvmd ssh-config` prints an include for an ssh of \
                 your own making",
                plain_words::value(word)
            );
        }
        self.names_user |= is(&"User");
        if TRUST.iter().any(is) {
            self.unheeded.push(name.to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn read(words: &str) -> anyhow::Result<SshLine> {
        SshLine::read(&words.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_instance_is_found_among_the_options_of_ssh() {
        for (words, options, behind, command) in [
            ("ins-1 uptime -p", "", "", "uptime -p"),
            ("-v ins-1", "-v", "", ""),
            ("-L 8080:localhost:80 ins-1 -v", "-L 8080:localhost:80", "-v", ""),
            ("-o LogLevel=DEBUG -vvN ins-1", "-o LogLevel=DEBUG -vvN", "", ""),
            ("-oLogLevel=DEBUG -i22 ins-1", "-oLogLevel=DEBUG -i22", "", ""),
            ("-vi key ins-1", "-vi key", "", ""),
            ("-- ins-1 -v", "--", "", "-v"),
            ("ins-1 -t -- ls -l", "", "-t --", "ls -l"),
            ("-l other ins-1 -o ConnectTimeout=5 true", "-l other", "-o ConnectTimeout=5", "true"),
        ] {
            let line = read(words).unwrap();
            assert_eq!(line.destination, "ins-1", "{words}");
            let parsed = [&line.options, &line.behind, &line.command].map(|words| words.join(" "));
            assert_eq!(parsed, [options, behind, command].map(str::to_owned), "{words}");
        }
        for words in ["-v", "-i key", "--relay"] {
            assert!(read(words).unwrap_err().to_string().contains("an instance id is missing"), "{words}");
        }
        assert!(read("ins-1 -i").unwrap_err().to_string().contains("-i needs a value"));
    }

    #[test]
    fn options_of_cvmd_are_heeded_wherever_they_stand_before_the_command() {
        for words in ["--relay --data /d ins-1 id", "ins-1 --relay --data /d id", "-v ins-1 --data=/d --relay id"] {
            let line = read(words).unwrap();
            assert_eq!((line.relay, line.data), (true, Some("/d".into())), "{words}");
            assert_eq!(line.command, ["id"], "{words}");
        }
        let line = read("ins-1 run --relay").unwrap();
        assert!(!line.relay && line.command == ["run", "--relay"], "that is the command's own");
        assert!(read("ins-1 --realy").unwrap_err().to_string().contains("no option --realy"));
    }

    #[test]
    fn ignored_options_are_reported_and_a_named_user_is_used() {
        for words in [
            "-p 22 ins-1",
            "ins-1 -p22",
            "-vp 22 ins-1",
            "-o Port=22 ins-1",
            "-oport=22 ins-1",
            "-J h ins-1",
            "-o proxycommand=x ins-1",
        ] {
            assert!(read(words).unwrap_err().to_string().contains("cannot be heeded"), "{words}");
        }
        for words in ["-l me ins-1", "-o User=me ins-1", "ins-1 -ouser=me", "-lme ins-1"] {
            assert!(read(words).unwrap().names_user, "{words}");
        }
        let line = read("-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null ins-1").unwrap();
        assert_eq!(line.unheeded, ["StrictHostKeyChecking", "UserKnownHostsFile"]);
        assert!(!line.names_user);
    }
}
