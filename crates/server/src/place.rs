//! Which server a command means, and how it asks about machines: over the operator's socket where the data directory is
//! at hand, else by HTTP at the server's endpoint, as from another computer.

use crate::{
    arguments::{Data, variable},
    commands::ask,
    data,
    operator::Question,
    relay::MACHINE_PAGE,
};
use anyhow::{Context, bail};
use clap::Args;
use cvmd_model::InstanceId;
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    time::Duration,
};

/// How long a server may take to answer; what comes after that, in a tunnel, may be silent for hours.
const PATIENCE: Duration = Duration::from_secs(30);
const HEAD_BYTES_MAX: usize = 16 * 1024;
const BODY_BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    #[command(flatten)]
    data: Data,
    /// The server, http://ADDR:PORT, where its data directory is not at hand [env: CVMD_ENDPOINT].
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
}

/// A server that can be asked.
#[derive(Debug, Clone)]
pub(crate) enum Server {
    At { directory: PathBuf, data: Data },
    Far { endpoint: String },
}

/// Where and how to log in.
#[derive(Debug, Clone)]
pub(crate) struct Sshd {
    pub(crate) user: String,
    pub(crate) host_key: String,
    /// As the server's own directory tells it.
    pub(crate) state: Option<String>,
    /// Address and port; `None` when only the server leads there.
    pub(crate) address: Option<(String, u16)>,
}

impl Place {
    /// What is said with the command beats what `cvmd env` has left in a shell, and that beats the usual data directory. Of
    /// the two that `cvmd env` leaves, the directory is the better one where a server runs on it: the endpoint may be another
    /// computer's.
    pub(crate) fn server(&self) -> anyhow::Result<Server> {
        if let Some(endpoint) = &self.endpoint {
            return Server::far(endpoint);
        }
        let directory = self.data.directory()?;
        let is_there = self.data.is_said() && data::socket(&directory).exists();
        if !self.data.is_flag()
            && !is_there
            && let Some(endpoint) = variable("CVMD_ENDPOINT")
        {
            return Server::far(&endpoint);
        }
        let directory = std::path::absolute(directory)?;
        Ok(Server::At { directory, data: self.data.clone() })
    }
}

impl Server {
    /// The server that runs on this data directory.
    pub(crate) fn in_directory(directory: PathBuf) -> Server {
        let data = Data::at(directory.clone());
        Server::At { directory, data }
    }

    fn far(endpoint: &str) -> anyhow::Result<Server> {
        // The host key comes along this way: a promise of TLS must not end in clear.
        if !endpoint.starts_with("http://") {
            bail!("the endpoint is http://ADDR:PORT, which the same port takes beside https; not {endpoint}");
        }
        // It becomes a line of an ssh configuration.
        let is_address = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte);
        let address = endpoint["http://".len()..].trim_end_matches('/');
        if address.is_empty() || !address.bytes().all(is_address) {
            bail!("the endpoint is http://ADDR:PORT, such as http://127.0.0.1:8312; not {endpoint:?}");
        }
        Ok(Server::Far { endpoint: endpoint.trim_end_matches('/').to_owned() })
    }

    /// The options with which a command finds this server again, wherever it is run on this computer.
    pub(crate) fn options(&self) -> [String; 2] {
        match self {
            Server::At { directory, .. } => ["--data".into(), directory.display().to_string()],
            Server::Far { endpoint } => ["--endpoint".into(), endpoint.clone()],
        }
    }

    /// Asks the server about a machine's sshd.
    pub(crate) fn sshd(&self, id: InstanceId) -> anyhow::Result<Sshd> {
        let answer = match self {
            Server::At { data, .. } => ask(data, &Question::Endpoint { instance: id })?,
            Server::Far { .. } => {
                let (status, mut stream) = self.request("GET", &format!("{MACHINE_PAGE}{id}"))?;
                let mut body = String::new();
                Read::take(&mut stream, BODY_BYTES_MAX).read_to_string(&mut body)?;
                if status != 200 {
                    bail!("{}", body.trim());
                }
                serde_json::from_str(&body).context("the server's answer cannot be read")?
            }
        };
        Sshd::of(&answer).context("the server's answer lacks the machine's user or host key")
    }

    /// The machines that have an sshd, newest first; only the server's own directory leads to such a list.
    pub(crate) fn machines(&self) -> anyhow::Result<Vec<(String, Sshd)>> {
        let Server::At { data, .. } = self else { return Ok(Vec::new()) };
        let answer = ask(data, &Question::Machines)?;
        let machine = |row: &Value| Some((row["InstanceId"].as_str()?.to_owned(), Sshd::of(row)?));
        Ok(answer.as_array().into_iter().flatten().filter_map(machine).collect())
    }

    /// Opens a tunnel to a machine's sshd.
    pub(crate) fn tunnel(&self, id: InstanceId) -> anyhow::Result<TcpStream> {
        let (status, mut stream) = self.request("CONNECT", &format!("{id}:22"))?;
        if status != 200 {
            let mut why = String::new();
            Read::take(&mut stream, BODY_BYTES_MAX).read_to_string(&mut why)?;
            bail!("{}", why.trim());
        }
        stream.set_read_timeout(None)?;
        Ok(stream)
    }

    /// `ADDR:PORT`. Whatever scheme the server announces: its port takes plain HTTP too.
    fn address(&self) -> anyhow::Result<String> {
        let endpoint = match self {
            Server::Far { endpoint } => endpoint.clone(),
            Server::At { directory, .. } => {
                let path = directory.join("endpoint");
                std::fs::read_to_string(&path)
                    .with_context(|| format!("no cvmd is running there ({}): start `cvmd serve`", path.display()))?
            }
        };
        let (_, address) = endpoint.trim().split_once("://").context("the endpoint is no URL")?;
        Ok(address.to_owned())
    }

    /// Sends a request without a body; the answer's status, and the connection where the rest of the answer stands.
    fn request(&self, method: &str, target: &str) -> anyhow::Result<(u16, TcpStream)> {
        let address = self.address()?;
        let mut stream = TcpStream::connect(&address).with_context(|| format!("cannot reach {address}"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let host = if method == "CONNECT" { target } else { &address };
        let close = if method == "CONNECT" { "" } else { "Connection: close\r\n" };
        write!(stream, "{method} {target} HTTP/1.1\r\nHost: {host}\r\n{close}\r\n")?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            // One by one: what follows the head belongs to whoever reads the rest.
            let mut byte = [0];
            stream.read_exact(&mut byte).with_context(|| format!("{address} hung up; is it a cvmd?"))?;
            head.push(byte[0]);
            if head.len() > HEAD_BYTES_MAX {
                bail!("{address} does not answer as cvmd does");
            }
        }
        let status = String::from_utf8_lossy(&head).split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok((status.with_context(|| format!("{address} does not answer as cvmd does"))?, stream))
    }
}

impl Sshd {
    fn of(answer: &Value) -> Option<Sshd> {
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        let port = answer["Port"].as_u64().and_then(|port| u16::try_from(port).ok());
        let state = text("State");
        Some(Sshd { user: text("User")?, host_key: text("HostKey")?, state, address: text("Address").zip(port) })
    }
}
