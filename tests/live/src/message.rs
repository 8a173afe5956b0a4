//! Reads one HTTP/1.1 message off a connection: as it was on the wire, to pass it on, and its content.

use std::io::{self, BufRead, Read as _};

const HEAD_LIMIT: u64 = 64 * 1024;

/// One message.
#[derive(Default)]
pub(crate) struct Message {
    /// The first line, without its end.
    pub(crate) first_line: String,
    /// Names and values, in order.
    pub(crate) headers: Vec<(String, String)>,
    /// Every byte of it.
    pub(crate) wire: Vec<u8>,
    /// The body without its chunks.
    pub(crate) content: Vec<u8>,
    /// The end of the connection ended the body.
    pub(crate) until_close: bool,
}

/// How a body ends where no header says so.
#[derive(Clone, Copy)]
enum Unframed {
    Empty,
    UntilClose,
}

impl Message {
    /// A request; `None` where the connection ended before one.
    pub(crate) fn request(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(mut message) = Self::head(from)? else { return Ok(None) };
        message.body(from, Unframed::Empty)?;
        Ok(Some(message))
    }

    /// The answer to a request with this method. Interim answers before it are dropped.
    pub(crate) fn response(from: &mut impl BufRead, method: &str) -> io::Result<Self> {
        loop {
            let mut message = Self::head(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            match message.status() {
                100..=199 => continue,
                204 | 304 => {}
                _ if method == "HEAD" => {}
                _ => message.body(from, Unframed::UntilClose)?,
            }
            return Ok(message);
        }
    }

    /// The first and second word of a request.
    pub(crate) fn method_and_target(&self) -> (&str, &str) {
        let mut words = self.first_line.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// The status of an answer; 0 where there is none.
    pub(crate) fn status(&self) -> u16 {
        self.first_line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// All values of a header, in order.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn head(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut message = Self::default();
        loop {
            let line = message.line(from)?;
            match line.as_str() {
                // The end between two messages is none; the end in the middle of one is.
                "" if message.wire.is_empty() => return Ok(None),
                "" => return Err(io::ErrorKind::UnexpectedEof.into()),
                "\r\n" | "\n" if message.first_line.is_empty() => message.wire.clear(),
                "\r\n" | "\n" => return Ok(Some(message)),
                _ if message.first_line.is_empty() => line.trim_end().clone_into(&mut message.first_line),
                _ => {
                    let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
                    message.headers.push((name.to_owned(), value.trim().to_owned()));
                }
            }
        }
    }

    fn body(&mut self, from: &mut impl BufRead, unframed: Unframed) -> io::Result<()> {
        let chunked =
            self.values("transfer-encoding").any(|value| value.to_ascii_lowercase().ends_with("chunked"));
        let length = self.values("content-length").next().map(str::parse::<u64>);
        match (chunked, length, unframed) {
            (true, ..) => self.chunks(from),
            (false, Some(length), _) => {
                let at = self.wire.len();
                self.take(from, length.map_err(|_| io::ErrorKind::InvalidData)?)?;
                self.content = self.wire.split_off(at);
                self.wire.extend_from_slice(&self.content);
                Ok(())
            }
            (false, None, Unframed::Empty) => Ok(()),
            (false, None, Unframed::UntilClose) => {
                self.until_close = true;
                from.read_to_end(&mut self.content)?;
                self.wire.extend_from_slice(&self.content);
                Ok(())
            }
        }
    }

    fn chunks(&mut self, from: &mut impl BufRead) -> io::Result<()> {
        loop {
            let line = self.line(from)?;
            let size = line.trim_end().split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            if size == 0 {
                // Trailers, up to an empty line.
                while !matches!(self.line(from)?.as_str(), "" | "\r\n" | "\n") {}
                return Ok(());
            }
            let at = self.wire.len();
            self.take(from, size)?;
            self.content.extend_from_slice(self.wire.get(at..).unwrap_or_default());
            self.line(from)?;
        }
    }

    /// One line with its end, which is also kept; empty at the end of the connection.
    fn line(&mut self, from: &mut impl BufRead) -> io::Result<String> {
        let mut line = Vec::new();
        from.take(HEAD_LIMIT).read_until(b'\n', &mut line)?;
        self.wire.extend_from_slice(&line);
        String::from_utf8(line).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    fn take(&mut self, from: &mut impl BufRead, length: u64) -> io::Result<()> {
        let read = from.take(length).read_to_end(&mut self.wire)?;
        if u64::try_from(read) == Ok(length) { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}
