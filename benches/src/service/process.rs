//! Starts servers, watches what they need, and ends them.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::service::http::HERE;

/// How long a server may take to start: one that purges first, or compiles JavaScript.
const START: Duration = Duration::from_secs(60);

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    log: Option<PathBuf>,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A port that nobody listens at.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((HERE, 0))?.local_addr()
}

/// A command that runs on that core alone, if there is one for it.
pub fn pinned(program: &Path, core: Option<usize>) -> Command {
    match core {
        None => Command::new(program),
        Some(core) => {
            let mut command = Command::new("taskset");
            command.args(["--cpu-list", &core.to_string()]).arg(program);
            command
        }
    }
}

impl Service {
    /// Starts a server, and waits until it listens. What it says goes to `log`, which goes with it; without one,
    /// nowhere.
    pub fn start(mut command: Command, address: SocketAddr, log: Option<&Path>) -> io::Result<Self> {
        let stderr = log.map_or(Ok(Stdio::null()), |path| File::create(path).map(Stdio::from))?;
        let mut service = Self::start_as_is(command.stdout(Stdio::null()).stderr(stderr), address)?;
        service.log = log.map(Path::to_owned);
        Ok(service)
    }

    /// Starts a server whose outputs the command already says.
    pub fn start_as_is(command: &mut Command, address: SocketAddr) -> io::Result<Self> {
        let mut service = Self { child: command.stdin(Stdio::piped()).spawn()?, log: None, address };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = service.child.try_wait()? {
                return Err(io::Error::other(format!("{command:?} ended at once: {status}")));
            }
            if start.elapsed() > START {
                return Err(io::Error::other(format!("{command:?} does not listen at {address}")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(service)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How much of a processor it has used so far.
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        // What precedes may have spaces in it; after it, the fields 14 and 15 of proc(5) are in ticks, of which a
        // second has 100.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        Duration::from_millis(10 * (ticks(11) + ticks(12)))
    }

    /// Waits until the process has nothing left to do, or for two seconds. A server may still work for clients that are
    /// gone.
    pub fn settle(&self) {
        let begin = Instant::now();
        let mut before = self.cpu();
        while begin.elapsed() < Duration::from_secs(2) {
            thread::sleep(Duration::from_millis(40));
            let now = self.cpu();
            if now == before {
                return;
            }
            before = now;
        }
    }

    /// Its memory, in MB.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
    }

    /// How many files and sockets it has open.
    pub fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).map_or(0, Iterator::count)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        kill_process(pid.ok_or(ErrorKind::InvalidInput)?, signal).map_err(io::Error::from)
    }

    /// Waits for the end, for so long.
    pub fn wait(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let start = Instant::now();
        loop {
            let ended = self.child.try_wait()?;
            if ended.is_some() || start.elapsed() > patience {
                return Ok(ended);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks it to end, and kills it if it does not within ten seconds.
    pub fn stop(&mut self) -> io::Result<()> {
        self.signal(Signal::TERM).ok();
        if self.wait(Duration::from_secs(10))?.is_none() {
            self.kill()?;
        }
        Ok(())
    }

    /// Ends it without a word of warning.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Its standard error, if that is a pipe.
    pub fn take_stderr(&mut self) -> Option<std::process::ChildStderr> {
        self.child.stderr.take()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.stop();
        let _ = self.log.take().map(fs::remove_file);
    }
}

/// How a process ended, in words.
pub fn ending(status: Option<ExitStatus>) -> String {
    match status {
        None => "still runs".to_owned(),
        Some(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "ended".to_owned(),
        },
    }
}

/// Runs a command that should refuse to go on: how it ended within `patience`, and what it said.
pub fn refusal(command: &mut Command, patience: Duration) -> io::Result<(Option<ExitStatus>, String)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let start = Instant::now();
    let status = loop {
        let ended = child.try_wait()?;
        if ended.is_some() || start.elapsed() > patience {
            break ended;
        }
        thread::sleep(Duration::from_millis(20));
    };
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said).ok();
    }
    Ok((status, said.trim().to_owned()))
}
