//! How a simulated guest behaves: the value of its instance's tag `cvmd:guest`, words separated by commas or spaces.

/// The key of the tag. Real hypervisors ignore it.
pub const GUEST_TAG: &str = "cvmd:guest";
/// The maximum of each time, in milliseconds: nobody waits longer than this for one guest.
pub const GUEST_MS_MAX: u64 = 60_000;

/// The behaviour of a simulated guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behaviour {
    /// The guest ignores the request to shut down.
    pub ignores_shutdown: bool,
    /// It starts but never gets ready.
    pub fails_to_boot: bool,
    /// Writes to its disk are lost.
    pub keeps_keys: bool,
    /// Writes are lost only after its first boot, so that its launch succeeds.
    pub keeps_keys_after_launch: bool,
    /// What is written to its disk is there until it boots; then it puts every key back that was taken off.
    pub restores_keys: bool,
    /// It runs, but no connection reaches its sshd.
    pub unreachable: bool,
    /// Its sshd shows its banner, and then says nothing.
    pub mute_sshd: bool,
    pub boot_ms: u64,
    pub shutdown_ms: u64,
    /// How long a write of the login takes until it is durable, in milliseconds.
    pub write_ms: u64,
}

impl Default for Behaviour {
    fn default() -> Behaviour {
        Behaviour {
            ignores_shutdown: false,
            fails_to_boot: false,
            keeps_keys: false,
            keeps_keys_after_launch: false,
            restores_keys: false,
            unreachable: false,
            mute_sshd: false,
            boot_ms: 500,
            shutdown_ms: 300,
            write_ms: 0,
        }
    }
}

impl Behaviour {
    /// Reads the words, and passes each unknown word, or one with a number that is too large, to `unknown`. A time that
    /// is too long becomes the maximum: machines' rows of earlier versions may hold such.
    pub fn read(words: &str, mut unknown: impl FnMut(&str)) -> Behaviour {
        let mut behaviour = Behaviour::default();
        for word in words.split([',', ' ']).filter(|word| !word.is_empty()) {
            let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            let time = |unknown: &mut dyn FnMut(&str)| {
                let ms = value.filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty());
                // Digits that do not parse are a number that is too large.
                let ms = ms.map(|digits| digits.parse().unwrap_or(u64::MAX));
                if ms.is_none_or(|ms| ms > GUEST_MS_MAX) {
                    unknown(word);
                }
                ms.map(|ms| ms.min(GUEST_MS_MAX))
            };
            match (name, value) {
                ("ignores-shutdown", None) => behaviour.ignores_shutdown = true,
                ("fails-to-boot", None) => behaviour.fails_to_boot = true,
                ("keeps-keys", None) => behaviour.keeps_keys = true,
                ("keeps-keys-after", Some("launch")) => behaviour.keeps_keys_after_launch = true,
                ("restores-keys", None) => behaviour.restores_keys = true,
                ("unreachable", None) => behaviour.unreachable = true,
                ("mute-sshd", None) => behaviour.mute_sshd = true,
                ("boot-ms", _) => behaviour.boot_ms = time(&mut unknown).unwrap_or(behaviour.boot_ms),
                ("shutdown-ms", _) => behaviour.shutdown_ms = time(&mut unknown).unwrap_or(behaviour.shutdown_ms),
                ("write-ms", _) => behaviour.write_ms = time(&mut unknown).unwrap_or(behaviour.write_ms),
                _ => unknown(word),
            }
        }
        behaviour
    }

    /// The first word that is unknown, or has a number that is too large.
    #[must_use]
    pub fn misunderstood(words: &str) -> Option<Box<str>> {
        let mut first = None;
        Behaviour::read(words, |word| {
            first.get_or_insert_with(|| word.into());
        });
        first
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn words_are_read_and_unknown_ones_are_handed_back() {
        let mut unknown = Vec::new();
        let behaviour = Behaviour::read("unreachable, boot-ms=7 keeps-keys-after=launch,dances,write-ms=x,,", |word| {
            unknown.push(word.to_owned());
        });
        let expected =
            Behaviour { unreachable: true, keeps_keys_after_launch: true, boot_ms: 7, ..Behaviour::default() };
        assert_eq!(behaviour, expected);
        assert_eq!(unknown, ["dances", "write-ms=x"]);
    }

    #[test]
    fn no_time_is_longer_than_a_minute() {
        for (words, refused) in [
            ("write-ms=60000", None),
            ("write-ms=60001", Some("write-ms=60001")),
            ("boot-ms=99999999999999999999999", Some("boot-ms=99999999999999999999999")),
            ("shutdown-ms=-1", Some("shutdown-ms=-1")),
            ("shutdown-ms", Some("shutdown-ms")),
            ("keeps-keys=launch", Some("keeps-keys=launch")),
        ] {
            assert_eq!(Behaviour::misunderstood(words).as_deref(), refused, "{words}");
            let read = Behaviour::read(words, |_| {});
            assert!(read.boot_ms.max(read.shutdown_ms).max(read.write_ms) <= GUEST_MS_MAX, "{words}");
        }
        assert_eq!(Behaviour::read("write-ms=600000", |_| {}).write_ms, GUEST_MS_MAX);
    }
}
