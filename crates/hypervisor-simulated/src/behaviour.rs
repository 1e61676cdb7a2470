//! How a guest behaves, as the instance tag `cvmd:guest` asks: a comma list.

/// A simulated guest's manners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behaviour {
    /// The guest does not hear that it is asked to shut down.
    pub ignores_shutdown: bool,
    /// It starts and starts and never runs.
    pub fails_to_boot: bool,
    /// Writes to its disk are lost.
    pub keeps_keys: bool,
    /// It runs, but no connection reaches its sshd.
    pub unreachable: bool,
    pub boot_ms: u64,
    pub shutdown_ms: u64,
    /// How long a write of the login takes before it is durable.
    pub write_ms: u64,
}

impl Default for Behaviour {
    fn default() -> Behaviour {
        Behaviour {
            ignores_shutdown: false,
            fails_to_boot: false,
            keeps_keys: false,
            unreachable: false,
            boot_ms: 500,
            shutdown_ms: 300,
            write_ms: 0,
        }
    }
}

impl Behaviour {
    /// Reads the list and hands every word that means nothing to `unknown`.
    pub fn read(words: &str, mut unknown: impl FnMut(&str)) -> Behaviour {
        let mut behaviour = Behaviour::default();
        for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (name, number) =
                word.split_once('=').map_or((word, None), |(name, number)| (name, number.parse().ok()));
            match (name, number) {
                ("ignores-shutdown", None) => behaviour.ignores_shutdown = true,
                ("fails-to-boot", None) => behaviour.fails_to_boot = true,
                ("keeps-keys", None) => behaviour.keeps_keys = true,
                ("unreachable", None) => behaviour.unreachable = true,
                ("boot-ms", Some(ms)) => behaviour.boot_ms = ms,
                ("shutdown-ms", Some(ms)) => behaviour.shutdown_ms = ms,
                ("write-ms", Some(ms)) => behaviour.write_ms = ms,
                _ => unknown(word),
            }
        }
        behaviour
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn words_are_read_and_unknown_ones_are_handed_back() {
        let mut unknown = Vec::new();
        let behaviour =
            Behaviour::read("unreachable, boot-ms=7,dances,write-ms=x,,", |word| unknown.push(word.to_owned()));
        assert_eq!(behaviour, Behaviour { unreachable: true, boot_ms: 7, ..Behaviour::default() });
        assert_eq!(unknown, ["dances", "write-ms=x"]);
    }
}
