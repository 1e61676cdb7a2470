//! The options before a key, as sshd's `sshauthopt_parse` reads them: one that it does not understand makes the line void.

use super::{
    conditions::{Admission, Conditions},
    patterns, times,
};
use cvmd_hypervisor::authorized_keys::is_space;

/// The parsed options of a line.
///
/// Options about forwarding, tunnels and the environment have no effect here, but must be well-formed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    command: Option<String>,
    no_pty: bool,
    /// The key signs certificates, and does not admit by itself.
    cert_authority: bool,
    principals: Option<String>,
    from: Option<String>,
    /// Unix seconds.
    expires: Option<u64>,
}

/// Flags, in sshd's order: a name that begins another one is tried first there too. Whether `no-` may stand before it.
const FLAGS: [(&str, bool); 9] = [
    ("restrict", false),
    ("cert-authority", false),
    ("port-forwarding", true),
    ("agent-forwarding", true),
    ("x11-forwarding", true),
    ("touch-required", true),
    ("verify-required", true),
    ("pty", true),
    ("user-rc", true),
];

/// Options with a value in quotes.
const VALUES: [&str; 8] =
    ["command", "principals", "from", "expiry-time", "environment", "permitopen", "permitlisten", "tunnel"];

/// The largest number of a tunnel's device.
const TUNNEL_MAX: i64 = 0x7fff_fffd;
/// The maximum bytes of a host's name, with its terminator.
const HOST_BYTES_MAX: usize = 1025;
/// Ports by the names that every system's `/etc/services` has.
const SERVICES: [&str; 14] = [
    "ftp", "ssh", "telnet", "smtp", "domain", "http", "pop3", "ntp", "imap2", "snmp", "ldap", "https", "imaps", "pop3s",
];

impl Options {
    /// `None` when sshd does not accept them.
    pub(crate) fn parse(text: &str) -> Option<Options> {
        let mut options = Options::default();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some((name, on, behind)) = flag(rest) {
                options.set(name, on);
                rest = behind;
            } else if let Some((name, behind)) = value_of(rest) {
                let (value, behind) = dequote(behind)?;
                options.put(name, value)?;
                rest = behind;
            }
            match rest.strip_prefix(',') {
                Some(behind) => rest = behind,
                None if rest.is_empty() => {}
                None => return None,
            }
        }
        Some(options)
    }

    fn set(&mut self, name: &str, on: bool) {
        match name {
            "restrict" => self.no_pty = true,
            "pty" => self.no_pty = !on,
            "cert-authority" => self.cert_authority = true,
            _ => {}
        }
    }

    fn put(&mut self, name: &str, value: String) -> Option<()> {
        let once = |place: &mut Option<String>, value| place.replace(value).is_none().then_some(());
        match name {
            "command" => once(&mut self.command, value),
            "principals" => once(&mut self.principals, value),
            "from" => once(&mut self.from, value),
            "expiry-time" => {
                let expires = times::seconds(&value)?;
                self.expires = Some(self.expires.map_or(expires, |earlier| earlier.min(expires)));
                Some(())
            }
            "environment" => {
                let (variable, _) = value.split_once('=')?;
                let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                (!variable.is_empty() && is_name(variable)).then_some(())
            }
            "permitopen" => is_host_and_port(&value).then_some(()),
            // A port alone means that port at every address.
            "permitlisten" if !value.contains(':') => is_host_and_port(&format!("*:{value}")).then_some(()),
            "permitlisten" => is_host_and_port(&value).then_some(()),
            "tunnel" => (value.eq_ignore_ascii_case("any") || number(&value, TUNNEL_MAX).is_some()).then_some(()),
            _ => None,
        }
    }

    /// What the line's key allows under these conditions; `None` if it does not admit.
    pub(crate) fn admit(self, conditions: &Conditions) -> Option<Admission> {
        let expired = self.expires.is_some_and(|expires| expires < conditions.now_seconds);
        let from = self.from.as_deref();
        let fits = from.is_none_or(|list| conditions.address.is_some_and(|address| patterns::admits(list, address)));
        (!expired && fits && !self.cert_authority && self.principals.is_none())
            .then(|| Admission { command: self.command.map(Into::into), no_pty: self.no_pty })
    }

    /// Whether the line's key admits at all times and from everywhere.
    pub(crate) fn admits_always(&self) -> bool {
        let bounded = self.from.is_some() || self.expires.is_some();
        !bounded && !self.cert_authority && self.principals.is_none()
    }
}

/// The text after a prefix, which may be in upper or lower case.
fn behind<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// A flag, whether it is set, and what follows its name.
fn flag(text: &str) -> Option<(&'static str, bool, &str)> {
    FLAGS.iter().find_map(|(name, negates)| {
        let negated = behind(text, "no-").filter(|_| *negates);
        behind(negated.unwrap_or(text), name).map(|rest| (*name, negated.is_none(), rest))
    })
}

/// An option's name, and what follows its equals sign.
fn value_of(text: &str) -> Option<(&'static str, &str)> {
    VALUES.iter().find_map(|name| Some((*name, behind(text, name)?.strip_prefix('=')?)))
}

/// A quoted value, in which only the quote can be escaped, and the rest.
fn dequote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text.strip_prefix('"')?;
    loop {
        let at = rest.find(['"', '\\'])?;
        value.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(behind) = rest.strip_prefix("\\\"") {
            value.push('"');
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix('\\') {
            value.push('\\');
            rest = behind;
        } else {
            return Some((value, &rest[1..]));
        }
    }
}

/// `host:port`, `[address]:port`, `host/port`; the port may be `*`.
fn is_host_and_port(text: &str) -> bool {
    let end = if text.starts_with('[') { text.find(']').map(|end| end + 1) } else { text.find([':', '/']) };
    let Some((host, rest)) = end.map(|end| text.split_at(end)) else { return false };
    let Some(port) = rest.strip_prefix([':', '/']) else { return false };
    let is_port = port == "*" || number(port, 65535).map_or(SERVICES.contains(&port), |port| port > 0);
    host.len() < HOST_BYTES_MAX && is_port
}

/// C's `strtonum` with a minimum of zero.
fn number(text: &str, most: i64) -> Option<i64> {
    let text = text.trim_start_matches(|character| u8::try_from(character).is_ok_and(is_space));
    let number: i64 = text.parse().ok()?;
    (0..=most).contains(&number).then_some(number)
}
