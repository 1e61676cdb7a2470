//! OpenSSH at the machines: `cvmd ssh`, the include that `cvmd ssh-config` prints, and the small commands that such an
//! include calls. No host key is ever taken on trust: OpenSSH asks the server for it, by KnownHostsCommand (since 8.5).

use crate::{
    arguments::SshCommand,
    env::quoted,
    place::{Server, Sshd},
    print,
};
use anyhow::{Context, bail};
use cvmd_model::InstanceId;
use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

/// What ssh is told of every machine: the server knows its key, and nobody else does.
const STRICT: [(&str, &str); 5] = [
    ("StrictHostKeyChecking", "yes"),
    ("UserKnownHostsFile", "/dev/null"),
    ("GlobalKnownHostsFile", "/dev/null"),
    ("UpdateHostKeys", "no"),
    ("CheckHostIP", "no"),
];

/// Runs one of these commands.
pub(crate) fn run(command: SshCommand) -> anyhow::Result<ExitCode> {
    match command {
        SshCommand::Ssh { place, identity, relay, words } => {
            return ssh(&place.server()?, identity, relay, &words);
        }
        SshCommand::SshConfig { place, relay } => print::result(&include(&place.server()?, relay)?)?,
        SshCommand::Relay { place, instance } => pipe(place.server()?.tunnel(id(&instance)?)?)?,
        SshCommand::HostKey { place, instance } => {
            let id = id(&instance)?;
            // Under the second name a client looks that was told a port.
            print::result(&format!("{id},[{id}]:* {}\n", place.server()?.sshd(id)?.host_key.trim()))?;
        }
        SshCommand::LoginUser { place, is, instance } => {
            let user = place.server()?.sshd(id(&instance)?)?.user;
            match is {
                Some(is) if is != user => return Ok(ExitCode::FAILURE),
                Some(_) => {}
                None => print::result(&format!("{user}\n"))?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn id(text: &str) -> anyhow::Result<InstanceId> {
    text.parse().with_context(|| format!("{text} is no instance id"))
}

/// OpenSSH's options that take a value, as its getopt string has them.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOopQRSWw";

/// Where the destination stands among the words of an ssh command: the first that is neither an option nor an option's value.
fn destination(words: &[String]) -> Option<usize> {
    let mut index = 0;
    while let Some(letters) = words.get(index)?.strip_prefix('-').filter(|letters| !letters.is_empty()) {
        // Letters without a value can stand before one with its value: -vp 22.
        let valued = letters.find(|letter| WITH_VALUE.contains(letter));
        let value_follows = valued.is_some_and(|place| place + 1 == letters.len());
        index += if value_follows { 2 } else { 1 };
        if letters == "-" {
            break;
        }
    }
    (index < words.len()).then_some(index)
}

/// Becomes OpenSSH's `ssh`.
fn ssh(
    server: &Server,
    identity: Option<std::path::PathBuf>,
    relay: bool,
    words: &[String],
) -> anyhow::Result<ExitCode> {
    let place = destination(words).context("an instance id is missing: cvmd ssh ins-xxxxxxxx")?;
    let (options, command) = (&words[..place], &words[place + 1..]);
    let id = &id(&words[place])?;
    let sshd = server.sshd(*id)?;
    if let Some(state) = sshd.state.as_deref().filter(|state| !["RUNNING", "RESCUE_MODE"].contains(state)) {
        let what = if state == "STOPPED" { "StartInstances starts it" } else { "it can be entered when it is RUNNING" };
        bail!("{id} is {state}: {what}");
    }
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
            // Else an include of the user's own has made an address of it.
            option("HostName", &id.to_string());
            option("ProxyCommand", &ours.proxy());
        }
    }
    if let Some(identity) = identity {
        // An agent full of other keys would use up the attempts.
        option("IdentitiesOnly", "yes");
        ssh.arg("-i").arg(identity);
    }
    // Whoever names another user means it.
    let names_user = options.iter().any(|option| option.starts_with("-l"));
    ssh.args(options).arg(if names_user { id.to_string() } else { format!("{}@{id}", sshd.user) }).args(command);
    // Returns only when there is no ssh to become.
    let error = ssh.exec();
    bail!("cannot run ssh: {error}")
}

/// This program, as OpenSSH is to call it.
struct Ours {
    words: String,
    relay: String,
    host_key: String,
    login_user: String,
}

impl Ours {
    fn of(server: &Server) -> anyhow::Result<Ours> {
        let program = std::env::current_exe().context("where am I?")?;
        let program = program.to_str().context("this program's path is no UTF-8")?;
        let [option, value] = server.options();
        let with = |command: &str| {
            // `%` is OpenSSH's sign.
            let words = [program, command, &option, &value].map(|word| quoted(word).replace('%', "%%"));
            words.join(" ")
        };
        Ok(Ours {
            words: format!("{option} {value}"),
            relay: with("relay"),
            host_key: with("host-key"),
            login_user: with("login-user"),
        })
    }

    /// The name is quoted: a shell runs this.
    fn proxy(&self) -> String {
        format!("{} '%h'", self.relay)
    }

    /// `%k` is the name under which a host's key is known: our id, whatever the address.
    fn known_hosts(&self) -> String {
        format!("{} %k", self.host_key)
    }
}

/// The include. Machines that are there now stand in it by name, so that ssh goes to them without asking anybody but for
/// the host key; all others, those made later among them, are found by the block for everybody.
fn include(server: &Server, relay: bool) -> anyhow::Result<String> {
    let ours = Ours::of(server)?;
    let mut text = format!(
        "# Written by `cvmd ssh-config`. In ~/.ssh/config, before all Host lines: Include FILE; or: ssh -F FILE ins-...\n\
         # Machines that are made later are found too. The server: {}\n",
        ours.words
    );
    for (id, sshd) in server.machines()? {
        block(&mut text, &id, &sshd, relay);
    }
    // A machine with an address in a block of its own has another host name by now, and is not asked about.
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

/// Carries bytes between the tunnel and our own input and output, as OpenSSH's ProxyCommand must.
fn pipe(tunnel: TcpStream) -> anyhow::Result<()> {
    let mut up = tunnel.try_clone()?;
    // Never joined: when the machine has ended, what this client might still type is nobody's.
    std::thread::spawn(move || {
        // A broken tunnel is told by the other direction's end.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut up);
        let _ = up.shutdown(Shutdown::Write);
    });
    let (mut down, mut out) = (tunnel, std::io::stdout().lock());
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = down.read(&mut bytes).context("the way to the machine broke")?;
        if read == 0 {
            return Ok(());
        }
        // Standard output waits for the end of a line otherwise.
        match out.write_all(&bytes[..read]).and_then(|()| out.flush()) {
            // An ssh that has ended reads no more, which is no trouble.
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
    fn the_instance_is_found_among_the_options_of_ssh() {
        for (words, place) in [
            ("ins-1 uptime", Some(0)),
            ("-v ins-1", Some(1)),
            ("-L 8080:localhost:80 ins-1 -v", Some(2)),
            ("-o LogLevel=DEBUG -vvN ins-1", Some(3)),
            ("-oLogLevel=DEBUG -p22 ins-1", Some(2)),
            ("-vp 22 ins-1", Some(2)),
            ("-- ins-1", Some(1)),
            ("-v", None),
            ("-p 22", None),
        ] {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            assert_eq!(destination(&words), place, "{words:?}");
        }
    }

    #[test]
    fn an_include_from_afar_trusts_no_key_and_names_its_server() {
        let text = include(&far(), true).unwrap();
        for line in ["    StrictHostKeyChecking yes", "    UserKnownHostsFile /dev/null", "Host ins-????????"] {
            assert!(text.lines().any(|told| told == line), "{line}: {text}");
        }
        assert!(text.contains("host-key --endpoint http://192.0.2.1:8312 %k"), "{text}");
    }
}
