//! A `cvmd serve` for one folder of clients, on a directory and a port of its own.

use crate::shell;
use cvmd_testkit::{first_line, listening_address, within};
use std::{
    fs,
    io::{self, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

pub const SECRET_ID: &str = "AKIDclientsofcvmd000000000000000001";
pub const SECRET_KEY: &str = "clientsofcvmd0000000000000000key";
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A `cvmd serve` of ours. Dropped without `stop`, it is killed.
pub struct Server {
    child: Child,
    pub endpoint: String,
    pub data: PathBuf,
}

impl Server {
    /// Returns when health answers 200.
    pub fn start(work: &Path, binary: &Path) -> Result<Server, String> {
        let data = work.join("data");
        let log = fs::File::create(work.join("server.log")).map_err(|error| error.to_string())?;
        let mut serve = Command::new(binary);
        // The developer's own settings must not decide a test.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CVMD_")) {
            serve.env_remove(name);
        }
        let mut child = serve
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .env("CVMD_SECRET_ID", SECRET_ID)
            .env("CVMD_SECRET_KEY", SECRET_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("cvmd could not be started: {error}"))?;
        let stdout = child.stdout.take();
        let mut server = Server { child, endpoint: String::new(), data };
        let first = stdout.and_then(|stdout| first_line(stdout, READY_WITHIN).ok());
        let address = first.as_ref().and_then(|(line, _)| listening_address(line));
        let (Some(address), Some((_, mut rest))) = (address, first) else {
            return Err(format!(
                "cvmd did not print `listening on http://ADDR:PORT`; its log is in {}",
                work.display()
            ));
        };
        // Read to the end: a full pipe would stop the server.
        thread::spawn(move || io::copy(&mut rest, &mut io::sink()));
        server.endpoint = format!("http://{address}");
        let ready = within(READY_WITHIN, || is_healthy(&server.endpoint).then_some(()));
        ready.map(|()| server).ok_or_else(|| "/_cvmd/health did not answer 200 in time".to_owned())
    }

    pub fn stop(mut self) -> Result<(), String> {
        shell::read(Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]))?;
        match within(READY_WITHIN, || self.child.try_wait().ok().flatten()) {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("cvmd ended with {status} after SIGTERM")),
            None => Err("cvmd did not end after SIGTERM".to_owned()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_healthy(endpoint: &str) -> bool {
    let address = endpoint.trim_start_matches("http://");
    let answer = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /_cvmd/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 16];
        stream.read_exact(&mut head)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    };
    answer().is_ok_and(|head| head.starts_with("HTTP/1.1 200"))
}
