//! Where the machines' sshd is to be met: flags, environment and the file's section `ssh`.

use crate::{
    cli::arguments::{Mode, SshArguments, Whom},
    config::said::Said,
};
use anyhow::{Context, bail};
use cvmd_hypervisor_simulated::{OwnPorts, Penalties};
use serde::Deserialize;
use std::net::Ipv4Addr;

/// The file's section `ssh`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SshFile {
    mode: Option<Mode>,
    ports: Option<Vec<u16>>,
    address: Option<Ipv4Addr>,
    port_range: Option<String>,
    penalties: Option<Whom>,
}

/// All that `serve` needs to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ssh {
    pub(crate) ports: Vec<u16>,
    pub(crate) own_ports: Option<OwnPorts>,
    /// Whether the ports were said, and are not the usual ones.
    ports_said: bool,
    pub(crate) penalties: Penalties,
}

impl Ssh {
    /// Puts flags, environment and file together.
    ///
    /// # Errors
    /// When a value makes no sense, or other machines could reach these without `expose`.
    pub(crate) fn read(said: &Said<'_>, arguments: SshArguments, file: SshFile, expose: bool) -> anyhow::Result<Ssh> {
        // Elsewhere one listener cannot be met at all loopback addresses.
        let usual = if cfg!(target_os = "linux") { Mode::Address } else { Mode::Port };
        let mode = arguments.ssh_mode.or(file.mode).unwrap_or(usual);
        let in_port_mode = mode == Mode::Port;
        let address = said.read("ssh-address", arguments.ssh_address, file.address, |address| {
            let address = of_port_mode(in_port_mode, "ssh.address", address)?;
            checked(address, expose)
        })?;
        let range = said.read("ssh-port-range", arguments.ssh_port_range, file.port_range, |range| {
            let range = of_port_mode(in_port_mode, "ssh.port_range", range)?;
            range.map(|text| parse_range(&text)).transpose()
        })?;
        let ports = arguments.ssh_ports.or(file.ports);
        let ports_said = ports.is_some();
        let ports = ports.unwrap_or_else(|| vec![22, 2222, 0]);
        let penalties = match arguments.ssh_penalties.or(file.penalties) {
            None | Some(Whom::Outside) => Penalties::Outside,
            Some(Whom::On) => Penalties::Everybody,
            Some(Whom::Off) => Penalties::Nobody,
        };
        let own_ports = in_port_mode.then_some(OwnPorts { address, range });
        Ok(Ssh { ports, own_ports, ports_said, penalties })
    }

    /// Whether other machines can reach the machines' ports.
    pub(crate) fn reaches_others(&self) -> bool {
        self.own_ports.as_ref().is_some_and(|own_ports| !own_ports.address.is_loopback())
    }

    /// Whether the port of the last start stays: clients know it. It does not when other ports are said now, and any port would
    /// do only after those.
    pub(crate) fn keeps(&self, kept: u16) -> bool {
        let keeps = !self.ports_said || self.ports.contains(&kept) || self.ports.contains(&0);
        if self.own_ports.is_none() && self.ports_said && self.ports.first() != Some(&kept) {
            let ports = &self.ports;
            if !keeps {
                tracing::info!(
                    was = kept,
                    ?ports,
                    "the machines' SSH port is chosen anew, as the ports that are said do not hold the last one"
                );
            } else if self.ports != [0] {
                tracing::info!(
                    port = kept,
                    ?ports,
                    "the machines' SSH port stays as clients know it; to choose anew, leave 0 out of the ports"
                );
            }
        }
        keeps
    }
}

fn of_port_mode<T>(in_port_mode: bool, name: &str, value: Option<T>) -> anyhow::Result<Option<T>> {
    if value.is_some() && !in_port_mode {
        bail!("{name} means something only when ssh.mode is \"port\"");
    }
    Ok(value)
}

fn checked(address: Option<Ipv4Addr>, expose: bool) -> anyhow::Result<Ipv4Addr> {
    let address = address.unwrap_or(Ipv4Addr::LOCALHOST);
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
    range.with_context(|| format!("ssh.port_range is FIRST-LAST, such as 40000-40999, not \"{text}\""))
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::cli::arguments::Sources;

    const NONE: SshArguments =
        SshArguments { ssh_mode: None, ssh_ports: None, ssh_address: None, ssh_port_range: None, ssh_penalties: None };

    fn read(arguments: SshArguments, file: SshFile, expose: bool) -> anyhow::Result<Ssh> {
        Ssh::read(&Said { sources: &Sources::default(), file: None }, arguments, file, expose)
    }

    fn file(text: &str) -> SshFile {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn flags_beat_the_file() {
        let port = SshArguments { ssh_mode: Some(Mode::Port), ssh_port_range: Some("1-2".into()), ..NONE };
        let read = read(port, file("mode = \"address\"\nport_range = \"3-4\"\nports = [0]"), false).unwrap();
        let own_ports = Some(OwnPorts { address: Ipv4Addr::LOCALHOST, range: Some((1, 2)) });
        assert_eq!(read, Ssh { ports: vec![0], own_ports, ports_said: true, penalties: Penalties::Outside });
        let off = SshArguments { ssh_penalties: Some(Whom::Off), ..NONE };
        let read = |arguments, text| self::read(arguments, file(text), false).unwrap().penalties;
        assert_eq!(read(off, "penalties = \"on\""), Penalties::Nobody);
        assert_eq!(read(NONE, "penalties = \"on\""), Penalties::Everybody);
    }

    #[test]
    fn a_port_that_others_can_reach_needs_a_word() {
        let everywhere = || file("mode = \"port\"\naddress = \"0.0.0.0\"");
        let said = format!("{:#}", read(NONE, everywhere(), false).unwrap_err());
        assert!(said.starts_with("--ssh-address: ") && said.contains("--expose"), "{said}");
        assert!(read(NONE, everywhere(), true).is_ok());
    }

    #[test]
    fn what_means_nothing_is_refused() {
        assert!(read(NONE, file("mode = \"address\"\nport_range = \"1-2\""), false).is_err());
        for range in ["", "5", "5-", "0-3", "7-3", "1-70000", "a-b"] {
            let port = SshArguments { ssh_mode: Some(Mode::Port), ssh_port_range: Some(range.into()), ..NONE };
            let said = format!("{:#}", read(port, SshFile::default(), false).unwrap_err());
            assert!(said.starts_with("--ssh-port-range: ssh.port_range is FIRST-LAST"), "{range}: {said}");
        }
    }
}
