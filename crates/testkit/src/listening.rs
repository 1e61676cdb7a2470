//! The first line of a started server: the only place that parses `listening on http://ADDRESS`.

use std::{
    io::{self, BufRead, BufReader, Read},
    net::SocketAddr,
    sync::mpsc,
    thread,
    time::Duration,
};

/// The address in `listening on http://ADDRESS`, or `https`; none if the line is another one.
#[must_use]
pub fn listening_address(line: &str) -> Option<SocketAddr> {
    let (scheme, address) = line.trim_end().strip_prefix("listening on ")?.split_once("://")?;
    ["http", "https"].contains(&scheme).then(|| address.parse().ok())?
}

/// Reads the first line of a process's output, without its newline. The rest of the output is returned too: dropping it
/// breaks the process's pipe.
///
/// # Errors
/// `TimedOut` after `limit`, `UnexpectedEof` when the output ends without a line, or an error of the pipe.
pub fn first_line<R: Read + Send + 'static>(output: R, limit: Duration) -> io::Result<(String, BufReader<R>)> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut output, mut line) = (BufReader::new(output), String::new());
        let read = output.read_line(&mut line);
        // After the limit nobody receives it.
        let _ = sender.send(read.map(|_| (line, output)));
    });
    let (line, output) = receiver.recv_timeout(limit).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((line.trim_end().to_owned(), output))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_address_is_read_off_the_first_line_and_off_no_other() {
        let address = Some("127.0.0.1:8312".parse().unwrap());
        assert_eq!(listening_address("listening on http://127.0.0.1:8312\n"), address);
        assert_eq!(listening_address("listening on https://127.0.0.1:8312"), address);
        for other in ["", "Listening", "listening on ftp://127.0.0.1:1", "listening on http://nowhere", "listening on"]
        {
            assert_eq!(listening_address(other), None, "{other}");
        }
    }

    #[test]
    fn the_first_line_is_read_and_the_rest_is_left() {
        let (line, mut rest) = first_line(&b"one\ntwo\n"[..], Duration::from_secs(10)).unwrap();
        let mut text = String::new();
        rest.read_to_string(&mut text).unwrap();
        assert_eq!((line.as_str(), text.as_str()), ("one", "two\n"));
    }

    #[test]
    fn output_that_ends_or_never_comes_is_an_error() {
        let ended = first_line(io::empty(), Duration::from_secs(10)).unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::UnexpectedEof);
        let (silent, _writer) = io::pipe().unwrap();
        assert_eq!(first_line(silent, Duration::ZERO).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
