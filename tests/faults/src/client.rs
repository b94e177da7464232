//! Just enough HTTP for one caller that keeps its connection.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

/// Beyond it a server that neither answers nor ends is a fault of its own.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// One caller and its connection.
#[derive(Debug)]
pub struct Client {
    address: String,
    stream: BufReader<TcpStream>,
}

/// What the server said.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Where the last event of the command stands; of a read, what it rests on at least.
    pub position: Option<u64>,
    /// Seconds, where the server asks for a pause.
    pub retry_after: Option<u64>,
    pub body: String,
}

impl Client {
    /// # Errors
    /// If nobody listens there.
    pub fn new(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        stream.set_nodelay(true)?;
        Ok(Self { address: address.to_owned(), stream: BufReader::new(stream) })
    }

    /// Sends a command and waits for the answer.
    ///
    /// # Errors
    /// If none comes: whether the command was done is not known then.
    pub fn command(&mut self, command: &Value) -> io::Result<Answer> {
        let body = command.to_string();
        let head = format!(
            "POST /api/v1/commands HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all((head + &body).as_bytes())?;
        self.answer()
    }

    /// Asks for what stands at a path, for an answer that has seen these positions (`410404@128`) where any are named.
    ///
    /// # Errors
    /// If no answer comes.
    pub fn get(&mut self, path: &str, seen: Option<&str>) -> io::Result<Answer> {
        let seen = seen.map_or_else(String::new, |seen| format!("yousu-position: {seen}\r\n"));
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{seen}\r\n", self.address);
        self.stream.get_mut().write_all(head.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let (mut status, mut length, mut position, mut retry_after) = (None, 0, None, None);
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            match (&status, line.split_once(": ")) {
                (None, _) => status = line.split(' ').nth(1).and_then(|status| status.parse().ok()),
                (_, Some((name, value))) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().map_err(|_| io::ErrorKind::InvalidData)?;
                }
                (_, Some((name, value))) if name.eq_ignore_ascii_case("yousu-position") => {
                    position = value.split('@').nth(1).and_then(|position| position.parse().ok());
                }
                (_, Some((name, value))) if name.eq_ignore_ascii_case("retry-after") => {
                    retry_after = value.parse().ok();
                }
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let body = String::from_utf8(body).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(Answer { status: status.ok_or(io::ErrorKind::InvalidData)?, position, retry_after, body })
    }
}
