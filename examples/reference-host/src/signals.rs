//! The signals of the operating system: to stop, or to read files again.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::spawn_blocking;

/// The signals to stop: SIGINT and SIGTERM.
#[derive(Debug)]
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Begins to listen for them.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn new() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next signal.
    pub async fn requested(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

type Read = dyn Fn() -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync;

/// The readers that run again at SIGHUP.
#[derive(Default)]
pub struct Reload(Vec<(&'static str, Arc<Read>)>);

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(what, _)| what)).finish()
    }
}

impl Reload {
    /// Adds a reader that can run again. If it fails, it must keep the values that were read before.
    pub fn add(
        &mut self,
        what: &'static str,
        read: impl Fn() -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) {
        self.0.push((what, Arc::new(read)));
    }

    /// Runs all readers again at each SIGHUP.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn at_hangup(self) -> io::Result<impl Future<Output = ()>> {
        let mut hangup = signal(SignalKind::hangup())?;
        Ok(async move {
            while hangup.recv().await.is_some() {
                for (what, read) in &self.0 {
                    let read = Arc::clone(read);
                    match spawn_blocking(move || read()).await {
                        Ok(Ok(())) => tracing::info!(event = "reloaded", what),
                        Ok(Err(error)) => tracing::error!(event = "reload_failed", what, error = error.to_string()),
                        // The panic has its own line in the log.
                        Err(_) => {}
                    }
                }
            }
        })
    }
}
