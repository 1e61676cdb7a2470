//! The closest emulator, moto's server: how many key-pair calls it answers in a second.

use crate::{client::Connection, parallel, process::Process};
use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

/// Calls at the same time, each on a new connection: the server keeps none open.
const PARALLEL: usize = 8;
const READY_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Moto {
    address: SocketAddr,
    imported: usize,
    _process: Process,
}

impl Moto {
    /// # Errors
    /// Why moto cannot be measured here.
    pub(crate) async fn start(program: &Path) -> anyhow::Result<Moto> {
        let address = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::start("moto_server", command)?;
        let begun = Instant::now();
        while call(address, "Action=DescribeKeyPairs").await.is_err() {
            if begun.elapsed() > READY_WITHIN {
                bail!("moto_server does not answer");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(Moto { address, imported: 0, _process: process })
    }

    /// Imports and deletes that many key pairs, and returns the calls per second.
    pub(crate) async fn calls_per_second(&mut self, pairs: usize, public_key: &str) -> anyhow::Result<f64> {
        let material = STANDARD.encode(public_key).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let (first, address, material) = (self.imported, self.address, Arc::<str>::from(material));
        self.imported += pairs;
        let rate = parallel::per_second(pairs, PARALLEL, move |number| {
            let (pair, material) = (first + number, Arc::clone(&material));
            async move {
                call(address, &format!("Action=ImportKeyPair&KeyName=k{pair}&PublicKeyMaterial={material}")).await?;
                call(address, &format!("Action=DeleteKeyPair&KeyName=k{pair}")).await
            }
        });
        Ok(2.0 * rate.await.context("moto's calls")?)
    }
}

async fn call(address: SocketAddr, form: &str) -> anyhow::Result<()> {
    let body = format!("{form}&Version=2016-11-15");
    // moto reads the service from the credential's scope, and checks nothing else of the signature.
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261101/us-east-1/ec2/aws4_request, \
         SignedHeaders=host, Signature=0\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut connection = Connection::open(address).await?;
    let reply = connection.exchange(request.as_bytes()).await?;
    if reply.status != 200 {
        bail!("moto answered {reply:?}");
    }
    Ok(())
}
