//! Speaks as much HTTP/1.1 as it takes to drive a server: over one connection, from an address of one's choice.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::ops::Range;
use std::time::Duration;

use base64::Engine as _;
use socket2::{Domain, Socket, Type};

/// The address that the tests' strangers come from.
pub const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Another address that loopback has.
pub const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// `Authorization` of a client with a secret, both of which need no encoding (RFC 6749 §2.3.1).
pub fn basic((id, secret): (&str, &str)) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")))
}

/// A response that has arrived whole.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first field of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A member of the JSON body that is a string.
    pub fn member(&self, name: &str) -> Option<String> {
        member(&self.body, name)
    }

    /// Whether an introspection found the token active.
    pub fn is_active(&self) -> bool {
        self.status == 200 && self.text().replace(' ', "").contains("\"active\":true")
    }
}

/// A member of a JSON object that is a string without escapes, as tokens and error codes are.
pub fn member(json: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(json).ok()?;
    let (_, rest) = text.split_once(&format!("\"{name}\""))?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.split_once('"').map(|(value, _)| value.to_owned())
}

/// Where a whole response has what, in the bytes that arrived.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// Its status.
    pub status: u16,
    /// Where its body is; a chunked one with the chunks' sizes in it.
    pub body: Range<usize>,
    /// Whether the server closes the connection after it.
    pub closes: bool,
    chunked: bool,
}

impl Parsed {
    /// `None` while the response is not complete.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut fields);
        let start = match head.parse(bytes) {
            Ok(httparse::Status::Complete(start)) => start,
            _ => return None,
        };
        let field = |name: &str| {
            let field = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(field.value).ok()
        };
        let chunked = field("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        let length = field("content-length").and_then(|length| length.parse::<usize>().ok());
        let end = if chunked {
            memchr::memmem::find(bytes.get(start..)?, b"0\r\n\r\n").map(|at| start + at)?
        } else {
            start + length.unwrap_or(0)
        };
        let closes = field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let status = head.code?;
        (bytes.len() >= end).then_some(Self { status, body: start..end, closes, chunked })
    }
}

/// A connection that is opened when first needed, and again after it was closed.
#[derive(Debug)]
pub struct Client {
    to: SocketAddr,
    from: Ipv4Addr,
    timeout: Duration,
    stream: Option<TcpStream>,
}

impl Client {
    /// From 127.0.0.1.
    pub fn new(to: SocketAddr) -> Self {
        Self::from(HERE, to)
    }

    /// From an address of this machine's.
    pub fn from(from: Ipv4Addr, to: SocketAddr) -> Self {
        Self { to, from, timeout: Duration::from_secs(10), stream: None }
    }

    /// How long to wait for any answer.
    pub fn patient_for(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Gets a page.
    pub fn get(&mut self, path: &str, fields: &[(&str, &str)]) -> io::Result<Response> {
        self.send("GET", path, fields, None)
    }

    /// Posts a form.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)], form: &[(&str, &str)]) -> io::Result<Response> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send("POST", path, fields, Some(&body))
    }

    fn send(&mut self, method: &str, path: &str, fields: &[(&str, &str)], form: Option<&str>) -> io::Result<Response> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.to);
        for (name, value) in fields {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = form {
            let kind = "application/x-www-form-urlencoded";
            request.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        } else {
            request.push_str("\r\n");
        }
        let kept = self.stream.is_some();
        match self.exchange(request.as_bytes()) {
            // A server may close a connection that it has kept, at any time.
            Err(error) if kept && !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                self.stream = None;
                self.exchange(request.as_bytes())
            }
            result => result,
        }
    }

    fn exchange(&mut self, request: &[u8]) -> io::Result<Response> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.from, self.to, self.timeout)?,
        };
        stream.write_all(request)?;
        let (mut bytes, mut buffer) = (Vec::new(), [0; 16_384]);
        let parsed = loop {
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            bytes.extend_from_slice(buffer.get(..read).unwrap_or_default());
            if let Some(parsed) = Parsed::of(&bytes) {
                break parsed;
            }
        };
        if !parsed.closes {
            self.stream = Some(stream);
        }
        Ok(response(&bytes, &parsed))
    }
}

fn response(bytes: &[u8], parsed: &Parsed) -> Response {
    let head = String::from_utf8_lossy(bytes.get(..parsed.body.start).unwrap_or_default()).into_owned();
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let body = bytes.get(parsed.body.clone()).unwrap_or_default();
    let body = if parsed.chunked { unchunked(body) } else { body.to_vec() };
    Response { status: parsed.status, headers, body }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = memchr::memmem::find(rest, b"\r\n") {
        let size = rest.get(..end).and_then(|size| std::str::from_utf8(size).ok());
        let Some(size) = size.and_then(|size| usize::from_str_radix(size, 16).ok()) else { break };
        let start = end + 2;
        body.extend_from_slice(rest.get(start..start + size).unwrap_or_default());
        rest = rest.get(start + size + 2..).unwrap_or_default();
    }
    body
}

/// A connection from an address of one's choice, which gives up reading after `timeout`.
pub fn connect(from: Ipv4Addr, to: SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(IpAddr::V4(from), 0).into())?;
    socket.connect_timeout(&to.into(), timeout)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    Ok(stream)
}
