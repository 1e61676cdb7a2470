//! The server that a command uses, and its questions about machines: over the operator's socket where the data
//! directory is reachable, else by HTTP at the server's endpoint, as from another computer.

use crate::{
    cli::{
        arguments::{Data, ServerArguments, variable},
        ask::ask,
        http_client::{self, ANSWERED_WITHIN, Refused, Tunnel},
    },
    data, misuse,
    operator::{
        question::Question,
        standing::{MACHINE_PAGE, Sshd, Standing},
    },
    plain_words,
};
use anyhow::{Context, bail};
use bytes::Bytes;
use cvmd_model::InstanceId;
use http_body_util::Full;
use hyper::{
    Request, StatusCode,
    header::{CONNECTION, HOST},
};
use serde_json::Value;
use std::{
    net::{IpAddr, TcpStream},
    path::PathBuf,
};

#[derive(Debug, Clone)]
pub(crate) enum Server {
    At { directory: PathBuf, data: Data },
    Far { endpoint: String },
}

impl Server {
    /// An option of the command overrides what `cvmd env` has set in the shell, which overrides the default data
    /// directory. Of the two variables that `cvmd env` sets, the directory is preferred if it exists on this computer,
    /// even if no server runs on it now: the endpoint may be of another computer, or old.
    pub(crate) fn of(arguments: &ServerArguments) -> anyhow::Result<Server> {
        if let Some(endpoint) = &arguments.endpoint {
            return misuse::checked(Server::far(endpoint));
        }
        let directory = arguments.data.directory()?;
        let is_there = arguments.data.is_given() && data::is_there(&directory);
        if !arguments.data.is_flag()
            && !is_there
            && let Some(endpoint) = variable("CVMD_ENDPOINT")
        {
            return misuse::checked(Server::far(&endpoint.to_string_lossy()));
        }
        let directory = std::path::absolute(directory)?;
        Ok(Server::At { directory, data: arguments.data.clone() })
    }

    /// The server for a file that is used for a long time. A server that a shell's `CVMD_ENDPOINT` names must be
    /// running.
    pub(crate) fn lasting(arguments: &ServerArguments) -> anyhow::Result<Server> {
        let server = Server::of(arguments)?;
        if arguments.endpoint.is_none() && matches!(server, Server::Far { .. }) {
            server.get("/_cvmd/health")?;
        }
        Ok(server)
    }

    /// The server of this data directory.
    pub(crate) fn in_directory(directory: PathBuf) -> Server {
        let data = Data::at(directory.clone());
        Server::At { directory, data }
    }

    fn far(endpoint: &str) -> anyhow::Result<Server> {
        let (is_tls, address) = match endpoint.split_once("://") {
            Some(("http", address)) => (false, address),
            Some(("https", address)) => (true, address),
            _ => (false, ""),
        };
        let address = address.trim_end_matches('/');
        // It becomes part of a line of an ssh configuration.
        let is_address = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte);
        if address.is_empty() || !address.bytes().all(is_address) {
            bail!(
                "the endpoint is http://ADDR:PORT, such as http://127.0.0.1:8312; not \"{}\"",
                plain_words::value(endpoint)
            );
        }
        // The host key is read over this connection: an https endpoint must not be asked in clear text, except on this
        // host.
        if is_tls && !is_this_host(address) {
            bail!(
                "this command does not speak TLS, so {} cannot be asked for host keys. Where the server's data directory \
                 is at hand, say --data DIR; over a network that you trust, --endpoint http://{address}: the port takes both",
                plain_words::value(endpoint)
            );
        }
        Ok(Server::Far { endpoint: format!("http://{address}") })
    }

    /// The options with which a command finds this server again, anywhere on this computer.
    pub(crate) fn options(&self) -> [String; 2] {
        match self {
            Server::At { directory, .. } => ["--data".into(), directory.display().to_string()],
            Server::Far { endpoint } => ["--endpoint".into(), endpoint.clone()],
        }
    }

    pub(crate) fn sshd(&self, id: InstanceId) -> anyhow::Result<Sshd> {
        self.standing(id)?.sshd.map_err(anyhow::Error::msg)
    }

    /// The same, with the instance's state.
    pub(crate) fn standing(&self, id: InstanceId) -> anyhow::Result<Standing> {
        let answer = match self {
            Server::At { data, .. } => ask(data, &Question::Endpoint { instance: id })?,
            Server::Far { .. } => {
                let (status, body) = self.get(&format!("{MACHINE_PAGE}{id}"))?;
                if status != StatusCode::OK {
                    bail!(Refused::of(&body));
                }
                serde_json::from_slice(&body).context("the server's answer cannot be read")?
            }
        };
        Ok(Standing::of(&answer))
    }

    /// The machines with an sshd, newest first. Only the data directory gives access to such a list.
    pub(crate) fn machines(&self) -> anyhow::Result<Vec<(String, Sshd)>> {
        let Server::At { data, .. } = self else { return Ok(Vec::new()) };
        let answer = ask(data, &Question::Machines)?;
        let machine = |row: &Value| Some((row["InstanceId"].as_str()?.to_owned(), Sshd::of(row)?));
        Ok(answer.as_array().into_iter().flatten().filter_map(machine).collect())
    }

    pub(crate) fn tunnel(&self, id: InstanceId) -> anyhow::Result<Tunnel> {
        let (address, stream) = self.connect()?;
        http_client::tunnel(stream, &address, &format!("{id}:22"))
    }

    /// `ADDR:PORT`. The port accepts plain HTTP too, whatever scheme the server announces.
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

    fn cannot_reach(&self, address: &str) -> String {
        let advice = match self {
            Server::Far { .. } => {
                ", which --endpoint or CVMD_ENDPOINT names; `eval \"$(cvmd env)\"` names the server that runs now"
            }
            Server::At { .. } => "",
        };
        format!("cannot reach {address}{advice}")
    }

    fn connect(&self) -> anyhow::Result<(String, TcpStream)> {
        let address = self.address()?;
        let stream = http_client::connect(&address).with_context(|| self.cannot_reach(&address))?;
        Ok((address, stream))
    }

    fn get(&self, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        let (address, stream) = self.connect()?;
        let request = Request::get(path).header(HOST, &address).header(CONNECTION, "close").body(Full::default())?;
        http_client::exchange(stream, &address, request, ANSWERED_WITHIN)
    }
}

fn is_this_host(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|host: IpAddr| host.is_loopback())
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn an_endpoint_is_an_address_and_nothing_that_a_shell_or_ssh_would_read() {
        let far = |endpoint: &str| match Server::far(endpoint) {
            Ok(Server::Far { endpoint }) => Ok(endpoint),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        };
        for (given, meant) in [
            ("http://127.0.0.1:8312", "http://127.0.0.1:8312"),
            ("http://cvmd.example.com:80/", "http://cvmd.example.com:80"),
            ("http://[::1]:8312", "http://[::1]:8312"),
            // On this host TLS is not needed.
            ("https://127.0.0.1:8312", "http://127.0.0.1:8312"),
            ("https://127.5.5.5:1/", "http://127.5.5.5:1"),
            ("https://localhost:8312", "http://localhost:8312"),
            ("https://[::1]:8312", "http://[::1]:8312"),
        ] {
            assert_eq!(far(given).as_deref(), Ok(meant), "{given}");
        }
        for wrong in [
            "",
            "127.0.0.1:8312",
            "ftp://h:1",
            "http://",
            "http://h:1/path",
            "http://h:1 -oProxyCommand=x",
            "http://h:1\n",
            "http://$(id):1",
            "http://h:1;id",
            "http://h'1",
            "http://user@h:1",
            "http://h%h:1",
            "HTTP://h:1",
        ] {
            assert!(far(wrong).unwrap_err().contains("such as http://127.0.0.1:8312"), "{wrong:?}");
        }
        let message = far("https://192.0.2.1:8312").unwrap_err();
        assert!(message.contains("--data DIR") && message.contains("--endpoint http://192.0.2.1:8312"), "{message}");
        assert!(far("https://localhost.example.com:1").is_err(), "a name of another host");
    }
}
