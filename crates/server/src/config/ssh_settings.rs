//! Where the machines' sshd is to be met: flags, environment and the file's section `ssh`.

use crate::config::{
    given::{Given, Setting, setting},
    settings::{Mode, Whom},
};
use crate::plain_words;
use anyhow::{Context, bail};
use cvmd_hypervisor_simulated::{OwnPorts, Penalties};
use std::net::Ipv4Addr;

/// All that `serve` needs to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ssh {
    pub(crate) ports: Vec<u16>,
    pub(crate) own_ports: Option<OwnPorts>,
    /// Whether the ports were given, rather than left at the usual ones.
    ports_given: bool,
    pub(crate) penalties: Penalties,
}

impl Ssh {
    /// Puts flags, environment and file together.
    ///
    /// # Errors
    /// When a value makes no sense, or other machines could reach these without `expose`.
    pub(crate) fn read(given: &Given, expose: bool) -> anyhow::Result<Ssh> {
        // Elsewhere one listener cannot be met at all loopback addresses.
        let usual = if cfg!(target_os = "linux") { Mode::Address } else { Mode::Port };
        let in_port_mode = given.value(setting!(ssh.mode)).unwrap_or(usual) == Mode::Port;
        let address = given.read(setting!(ssh.address), |address| {
            of_port_mode(in_port_mode, given, setting!(ssh.address))?;
            checked(address, expose)
        })?;
        let range = given.read_any(setting!(ssh.port_range), |range| {
            of_port_mode(in_port_mode, given, setting!(ssh.port_range))?;
            range.map(|text| parse_range(&text)).transpose()
        })?;
        Ok(Ssh {
            ports: given.read(setting!(ssh.ports), Ok)?,
            own_ports: in_port_mode.then_some(OwnPorts { address, range }),
            ports_given: given.is_given(setting!(ssh.ports)),
            penalties: given.read(setting!(ssh.penalties), |whom| {
                Ok(match whom {
                    Whom::Outside => Penalties::Outside,
                    Whom::On => Penalties::Everybody,
                    Whom::Off => Penalties::Nobody,
                })
            })?,
        })
    }

    /// Whether other machines can reach the machines' ports.
    pub(crate) fn reaches_others(&self) -> bool {
        self.own_ports.as_ref().is_some_and(|own_ports| !own_ports.address.is_loopback())
    }

    /// Whether the last start's port, which clients know, stays. It does, unless ports are given now that hold neither it
    /// nor 0 (any free port).
    pub(crate) fn keeps(&self, last: u16) -> bool {
        let keeps = !self.ports_given || self.ports.contains(&last) || self.ports.contains(&0);
        if self.own_ports.is_none() && self.ports_given && self.ports.first() != Some(&last) {
            let ports = &self.ports;
            if !keeps {
                tracing::info!(
                    was = last,
                    ?ports,
                    "the machines' SSH port is chosen anew, as the ports that are said do not hold the last one"
                );
            } else if self.ports != [0] {
                tracing::info!(
                    port = last,
                    ?ports,
                    "the machines' SSH port stays as clients know it; to choose anew, leave 0 out of the ports"
                );
            }
        }
        keeps
    }
}

fn of_port_mode<T>(in_port_mode: bool, given: &Given, setting: Setting<T>) -> anyhow::Result<()> {
    if given.is_given(setting) && !in_port_mode {
        bail!("{} means something only when ssh.mode is \"port\"", setting.name);
    }
    Ok(())
}

fn checked(address: Ipv4Addr, expose: bool) -> anyhow::Result<Ipv4Addr> {
    if !address.is_loopback() && !expose {
        bail!(
            "the machines' ports at {address} can be reached by other machines; say --expose if that is wanted, and see what the \
             log then warns of"
        );
    }
    Ok(address)
}

fn parse_range(text: &str) -> anyhow::Result<(u16, u16)> {
    let range = text.split_once('-').and_then(|(first, last)| {
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (0 < first && first <= last).then_some((first, last))
    });
    range.with_context(|| {
        format!("ssh.port_range is FIRST-LAST, such as 40000-40999, not \"{}\"", plain_words::value(text))
    })
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::config::given::test::given;

    fn read(words: &[&str], file: &str, expose: bool) -> anyhow::Result<Ssh> {
        Ssh::read(&given(words, &format!("[ssh]\n{file}")), expose)
    }

    #[test]
    fn flags_beat_the_file() {
        let port = ["--ssh-mode=port", "--ssh-port-range=1-2"];
        let read = read(&port, "mode = \"address\"\nport_range = \"3-4\"\nports = [0]", false).unwrap();
        let own_ports = Some(OwnPorts { address: Ipv4Addr::LOCALHOST, range: Some((1, 2)) });
        assert_eq!(read, Ssh { ports: vec![0], own_ports, ports_given: true, penalties: Penalties::Outside });
        let read = |words: &[&str]| self::read(words, "penalties = \"on\"", false).unwrap().penalties;
        assert_eq!(read(&["--ssh-penalties=off"]), Penalties::Nobody);
        assert_eq!(read(&[]), Penalties::Everybody);
    }

    #[test]
    fn a_port_that_others_can_reach_needs_a_word() {
        let everywhere = "mode = \"port\"\naddress = \"0.0.0.0\"";
        let message = format!("{:#}", read(&[], everywhere, false).unwrap_err());
        assert!(message.starts_with("--ssh-address: ") && message.contains("--expose"), "{message}");
        assert!(read(&[], everywhere, true).is_ok());
    }

    #[test]
    fn what_means_nothing_is_refused() {
        assert!(read(&[], "mode = \"address\"\nport_range = \"1-2\"", false).is_err());
        assert!(read(&[], "mode = \"address\"\naddress = \"127.0.0.1\"", false).is_err(), "though it is the default");
        for range in ["", "5", "5-", "0-3", "7-3", "1-70000", "a-b"] {
            let port = ["--ssh-mode=port", &format!("--ssh-port-range={range}")];
            let message = format!("{:#}", read(&port, "", false).unwrap_err());
            assert!(message.starts_with("--ssh-port-range: ssh.port_range is FIRST-LAST"), "{range}: {message}");
        }
    }
}
