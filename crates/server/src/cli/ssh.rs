//! OpenSSH to the machines: `cvmd ssh`, the include that `cvmd ssh-config` prints, and the small commands that the
//! include calls. No host key is trusted blindly: OpenSSH asks the server for it with KnownHostsCommand (since 8.5).

use crate::{
    cli::{
        arguments::{Machine, ServerArguments},
        command_line::SshCommand,
        env::quoted,
        http_client::{Refused, Tunnel},
        program,
        remote::Server,
        ssh_line::SshLine,
    },
    misuse,
    operator::standing::{Sshd, Standing},
    plain_words, print, waiting,
};
use anyhow::{Context, bail};
use cvmd_model::InstanceId;
use std::{
    fmt::Write as _,
    io::{Cursor, Read, Write},
    net::Shutdown,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
    time::Duration,
};

/// How long `cvmd ssh` waits for an instance that is starting.
const COMES_UP_WITHIN: Duration = Duration::from_secs(30);

/// Options for every machine: only the server knows its key.
const STRICT: [(&str, &str); 5] = [
    ("StrictHostKeyChecking", "yes"),
    ("UserKnownHostsFile", "/dev/null"),
    ("GlobalKnownHostsFile", "/dev/null"),
    ("UpdateHostKeys", "no"),
    ("CheckHostIP", "no"),
];

pub(crate) fn run(command: SshCommand) -> anyhow::Result<ExitCode> {
    match command {
        SshCommand::Ssh { server, identity, relay, words } => {
            return ssh(&server, identity, relay, &words);
        }
        SshCommand::SshConfig { server, relay } => print::result(&include(&Server::lasting(&server)?, relay)?)?,
        SshCommand::Relay { machine } => {
            let (id, server) = found(&machine)?;
            // A server that says nothing is not asked again.
            let reason = |why: &anyhow::Error| why.is::<Refused>().then(|| reason(&server, id)).flatten();
            pipe(server.tunnel(id).map_err(|why| reason(&why).unwrap_or(why))?)?;
        }
        SshCommand::HostKey { machine } => {
            let (id, server) = found(&machine)?;
            // A client that was given a port looks for the second name.
            print::result(&format!("{id},[{id}]:* {}\n", server.sshd(id)?.host_key.trim()))?;
        }
        SshCommand::LoginUser { up: true, machine, .. } => {
            let standing = found(&machine).and_then(|(id, server)| server.standing(id));
            return Ok(if standing.is_ok_and(|standing| standing.can_be_entered()) {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        SshCommand::LoginUser { is, machine, .. } => {
            let user = found(&machine).and_then(|(id, server)| Ok(server.sshd(id)?.user));
            match (is, user) {
                (Some(is), Ok(user)) if is == user => {}
                // OpenSSH's next question, for the way to the machine, reports the error.
                (Some(_), _) => return Ok(ExitCode::FAILURE),
                (None, user) => print::result(&format!("{}\n", user?))?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn found(machine: &Machine) -> anyhow::Result<(InstanceId, Server)> {
    Ok((id(&machine.instance)?, Server::of(&machine.server)?))
}

fn id(text: &str) -> anyhow::Result<InstanceId> {
    let wrong = |_| anyhow::anyhow!("{} is no instance id: one looks like ins-1e4r6y8i", plain_words::value(text));
    misuse::checked(text.parse().map_err(wrong))
}

/// Replaces this process by OpenSSH's `ssh`.
fn ssh(
    given: &ServerArguments,
    identity: Option<std::path::PathBuf>,
    relay: bool,
    words: &[String],
) -> anyhow::Result<ExitCode> {
    let line = misuse::checked(SshLine::read(words))?;
    let server = &Server::of(&given.clone().or(line.data.clone(), line.endpoint.clone()))?;
    let (user, id_text) =
        line.destination.rsplit_once('@').map_or((None, &*line.destination), |(user, id)| (Some(user), id));
    let id = &id(id_text)?;
    if !line.unheeded.is_empty() {
        print::remark(&format!(
            "cvmd: {} means nothing here: the machine's host key is known",
            line.unheeded.join(", ")
        ));
    }
    let relay = relay || line.relay;
    let standing = enterable(server, *id)?;
    if standing.admits_nobody {
        print::remark(&format!(
            "cvmd: no key pair is bound to {id} and its password login is off: nobody enters but by a key that was written inside it. \
             AssociateInstancesKeyPairs or ResetInstancesPassword gives a way in"
        ));
    }
    let sshd = standing.sshd.map_err(anyhow::Error::msg)?;
    let ours = Ours::of(server)?;
    let mut ssh = Command::new("ssh");
    let mut option = |name: &str, value: &str| {
        ssh.arg("-o").arg(format!("{name}={value}"));
    };
    STRICT.iter().for_each(|(name, value)| option(name, value));
    option("HostKeyAlias", &id.to_string());
    option("KnownHostsCommand", &ours.known_hosts());
    match sshd.address.filter(|_| !relay) {
        Some((address, port)) => {
            option("HostName", &address);
            option("Port", &port.to_string());
            option("ProxyCommand", "none");
        }
        None => {
            // Otherwise an include of the user's could have replaced it by an address.
            option("HostName", &id.to_string());
            option("ProxyCommand", &ours.proxy());
        }
    }
    if let Some(identity) = identity {
        // An agent with many other keys would use up the attempts.
        option("IdentitiesOnly", "yes");
        ssh.arg("-i").arg(identity);
    }
    // A user that is named explicitly is used.
    let destination = match user {
        None if line.names_user => id.to_string(),
        user => format!("{}@{id}", user.unwrap_or(&sshd.user)),
    };
    ssh.args(line.options).arg(destination).args(line.behind).args(line.command);
    // Returns only when `ssh` could not be run.
    let error = ssh.exec();
    bail!("cannot run ssh: {error}")
}

/// Waits for an instance that is starting, and returns its state once it can be entered.
fn enterable(server: &Server, id: InstanceId) -> anyhow::Result<Standing> {
    let mut was_printed = false;
    let mut last = String::new();
    let found = waiting::within(COMES_UP_WITHIN, || {
        let standing = match server.standing(id) {
            Ok(standing) => standing,
            Err(error) => return Some(Err(error)),
        };
        if standing.can_be_entered() {
            return Some(Ok(standing));
        }
        last = standing.advice(id);
        if !standing.comes_up {
            return Some(Err(anyhow::anyhow!("{last}")));
        }
        if !std::mem::replace(&mut was_printed, true) {
            print::remark(&format!("cvmd: {last}: waiting up to {} s for it", COMES_UP_WITHIN.as_secs()));
        }
        None
    });
    found.unwrap_or_else(|| bail!("{last}: try again when it is RUNNING"))
}

/// Why an instance cannot be entered, if its own state is the reason.
fn reason(server: &Server, id: InstanceId) -> Option<anyhow::Error> {
    let standing = server.standing(id).ok().filter(|standing| !standing.can_be_entered())?;
    Some(anyhow::Error::msg(standing.advice(id)))
}

/// This program, as OpenSSH calls it.
struct Ours {
    words: String,
    relay: String,
    host_key: String,
    login_user: String,
}

impl Ours {
    fn of(server: &Server) -> anyhow::Result<Ours> {
        let program = program::path()?;
        let [option, value] = server.options();
        let with = |command: &str| {
            // `%` is special to OpenSSH.
            let words = [&program, command, &option, &value].map(|word| quoted(word).replace('%', "%%"));
            words.join(" ")
        };
        Ok(Ours {
            words: format!("{option} {value}"),
            relay: with("relay"),
            host_key: with("host-key"),
            login_user: with("login-user"),
        })
    }

    /// The name is quoted because a shell runs this.
    fn proxy(&self) -> String {
        format!("{} '%h'", self.relay)
    }

    /// The same for when `%h` is a machine's address: the name as the user typed it.
    fn proxy_by_name(&self) -> String {
        format!("{} '%n'", self.relay)
    }

    /// `%k` is the name under which a host's key is known: the instance's id, whatever its address.
    fn known_hosts(&self) -> String {
        format!("{} %k", self.host_key)
    }
}

/// The include. Existing machines are listed by name, so that ssh asks only for their host keys; all others, such as
/// later ones, match the last block.
fn include(server: &Server, relay: bool) -> anyhow::Result<String> {
    let ours = Ours::of(server)?;
    if let Some(sign) = ours.words.chars().find(|sign| *sign == '"' || sign.is_control()) {
        bail!(
            "{sign:?} stands in `{}`, and OpenSSH's configuration cannot hold that: use another path",
            ours.words.escape_debug()
        );
    }
    let mut text = format!(
        "# Written by `cvmd ssh-config`. In ~/.ssh/config, before all Host lines: Include FILE; or: ssh -F FILE ins-...\n\
         # Machines that are made later are found too. The server: {}\n",
        ours.words
    );
    let machines = server.machines()?;
    if !relay && machines.iter().any(|(_, sshd)| sshd.address.is_some()) {
        // For an address where nobody answers ssh has no useful message: the relay gives the reason.
        let _ = write!(text, "\nMatch host ins-???????? !exec \"{} --up '%h'\"\n", ours.login_user);
        let _ = writeln!(text, "    ProxyCommand {}", ours.proxy_by_name());
    }
    for (id, sshd) in machines {
        block(&mut text, &id, &sshd, relay);
    }
    // A machine with an address in the block of addresses has another HostName by now, and does not match here.
    let _ = write!(text, "\nMatch host ins-???????? exec \"{} --is ubuntu '%h'\"\n    User ubuntu\n", ours.login_user);
    let _ = write!(text, "\nHost ins-????????\n    User root\n    ProxyCommand {}\n", ours.proxy());
    let _ = writeln!(text, "    KnownHostsCommand {}", ours.known_hosts());
    for (name, value) in STRICT {
        let _ = writeln!(text, "    {name} {value}");
    }
    Ok(text)
}

fn block(text: &mut String, id: &str, sshd: &Sshd, relay: bool) {
    let _ = write!(text, "\nHost {id}\n    User {}\n", sshd.user);
    if let Some((address, port)) = sshd.address.as_ref().filter(|_| !relay) {
        let _ = write!(text, "    HostName {address}\n    Port {port}\n    HostKeyAlias {id}\n    ProxyCommand none\n");
    }
}

/// Copies bytes between the tunnel and our own input and output, as OpenSSH's ProxyCommand must.
fn pipe(tunnel: Tunnel) -> anyhow::Result<()> {
    let mut up = tunnel.stream.try_clone()?;
    // Never joined: once the machine has ended, further input is dropped.
    std::thread::spawn(move || {
        // A broken tunnel is noticed by the end of the other direction.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut up);
        let _ = up.shutdown(Shutdown::Write);
    });
    let (mut down, mut out) = (Cursor::new(tunnel.first).chain(tunnel.stream), std::io::stdout().lock());
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = down.read(&mut bytes).context("the way to the machine broke")?;
        if read == 0 {
            return Ok(());
        }
        // Otherwise standard output waits for the end of a line.
        match out.write_all(&bytes[..read]).and_then(|()| out.flush()) {
            // An ssh that has ended reads no more, which is not an error.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn far() -> Server {
        Server::Far { endpoint: "http://192.0.2.1:8312".into() }
    }

    #[test]
    fn a_percent_sign_and_a_blank_in_a_path_reach_the_command_whole() {
        let server = Server::Far { endpoint: "http://h:1/100% it's".into() };
        let proxy = Ours::of(&server).unwrap().proxy();
        assert!(proxy.ends_with("relay --endpoint 'http://h:1/100%% it'\\''s' '%h'"), "{proxy}");
    }

    #[test]
    fn an_include_from_afar_trusts_no_key_and_names_its_server() {
        let text = include(&far(), true).unwrap();
        for line in ["    StrictHostKeyChecking yes", "    UserKnownHostsFile /dev/null", "Host ins-????????"] {
            assert!(text.lines().any(|printed| printed == line), "{line}: {text}");
        }
        assert!(text.contains("host-key --endpoint http://192.0.2.1:8312 %k"), "{text}");
    }
}
