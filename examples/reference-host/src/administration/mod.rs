//! The commands that administer clients of the store: `reference-host client … --store sqlite:PATH`.
//!
//! They work on the file beside a server that runs on it, which sees a change with its next lookup. Two simultaneous
//! changes of a record are made one after the other, each to the current record.
//!
//! A secret is drawn here and shown once. The store has its digest, and no log contains it.

mod ending;
mod metadata;
mod show;

use std::error::Error;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use grantor::model::{ClientId, Digest, Secret};
use grantor::record::{Client, RegisteredAuthentication};
use grantor::store::{Change, Commit, Lookup, Outcome, Store as _};
use grantor_sqlite::SqliteStore;

use crate::arguments::StoreChoice;

use self::metadata::Add;

/// The number of times that a change is repeated when the record is changed by somebody else at the same time.
const ATTEMPTS: usize = 16;

type Done<T = ()> = Result<T, Box<dyn Error>>;

/// `reference-host client`
#[derive(Debug, Args)]
pub struct ClientCommand {
    /// The store, `sqlite:PATH`
    #[arg(long, global = true)]
    store: Option<StoreChoice>,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Registers a client, and prints its secret if it has one: it is shown this once
    Add(Box<Add>),
    /// Lists the clients
    List,
    /// Shows a client's record, without its secrets' digests
    Show {
        /// Its client_id
        client_id: ClientId,
    },
    /// Draws a new secret. The one before stays good until `rotate --finish`
    Rotate {
        /// Its client_id
        client_id: ClientId,
        /// Wait for so long, and then end the secret before. 0: it ends at once
        #[arg(long, value_name = "SECONDS")]
        keep_old: Option<u64>,
        /// Draw nothing; end the secret before the current one
        #[arg(long, conflicts_with = "keep_old")]
        finish: bool,
    },
    /// Switches a client off: every endpoint refuses it, and introspection calls its tokens inactive
    Disable {
        /// Its client_id
        client_id: ClientId,
        /// Revoke all of its grants too, for those who read tokens in the store and no clients
        #[arg(long)]
        end_tokens: bool,
    },
    /// Switches a client on again. What was revoked stays revoked
    Enable {
        /// Its client_id
        client_id: ClientId,
    },
    /// Removes a client's record. Whoever is registered with its id later is taken for it: `disable` keeps the id
    Remove {
        /// Its client_id
        client_id: ClientId,
        /// Revoke all of its grants first
        #[arg(long)]
        end_tokens: bool,
    },
}

/// Runs the command of the command line.
#[must_use]
pub fn run(command: ClientCommand) -> ExitCode {
    match act(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is gone, there is no place for the error.
            let _ = writeln!(stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn act(ClientCommand { store, act }: ClientCommand) -> Done {
    let path = match store {
        Some(StoreChoice::Sqlite(path)) => path,
        Some(StoreChoice::Memory) => {
            return Err("a store in memory is another process's own: --store sqlite:PATH".into());
        }
        Some(StoreChoice::Postgres(_)) => {
            return Err(
                "clients on PostgreSQL are in the configuration, or register themselves; --store sqlite:PATH".into()
            );
        }
        None => return Err("which store? --store sqlite:PATH".into()),
    };
    if !path.exists() && !matches!(act, Act::Add(_)) {
        return Err(format!("there is no file {}", path.display()).into());
    }
    let store = SqliteStore::open(&path)?;
    match act {
        Act::Add(add) => add.run(&store),
        Act::List => show::list(&store),
        Act::Show { client_id } => find(&store, &client_id).and_then(|client| show::record(&client)),
        Act::Rotate { client_id, finish: true, .. } => finish(&store, &client_id),
        Act::Rotate { client_id, keep_old, finish: false } => rotate(&store, &client_id, keep_old),
        Act::Disable { client_id, end_tokens } => ending::disable(&store, &client_id, end_tokens),
        Act::Enable { client_id } => {
            change(&store, &client_id, |client| client.disabled.then(|| client.enable()))?;
            say(format_args!("{} is on.", client_id.as_str()))
        }
        Act::Remove { client_id, end_tokens } => ending::remove(&store, &client_id, end_tokens),
    }
}

fn rotate(store: &SqliteStore, client_id: &ClientId, keep_old: Option<u64>) -> Done {
    let secret = Secret::generate(&mut getrandom::SysRng)?;
    if matches!(find(store, client_id)?.authentication, RegisteredAuthentication::None) {
        return Err("it is a public client: it has no secret to rotate".into());
    }
    let rotated = |client: Client| Some(client.rotate_secret(secret.expose()));
    if keep_old == Some(0) {
        // This is one change, so that there is no gap in between.
        let replaced = |client: Client| {
            let revision = client.revision.saturating_add(1);
            rotated(client).map(Client::retire_secret).map(|mut client| {
                client.revision = revision;
                client
            })
        };
        change(store, client_id, replaced)?;
    } else {
        change(store, client_id, rotated)?;
    }
    show::secret(client_id, &secret)?;
    match keep_old {
        Some(0) => say("The secret before is no longer good."),
        Some(seconds) => {
            say(format_args!(
                "The secret before is good for {seconds} seconds more. If this command is ended first: rotate {} --finish",
                client_id.as_str()
            ))?;
            std::thread::sleep(Duration::from_secs(seconds));
            // Somebody may have rotated again meanwhile: then the previous secret is this one.
            let is_ours = |client: &Client| {
                matches!(&client.authentication, RegisteredAuthentication::Secret { digest, .. }
                    if *digest == Digest::of(secret.expose()))
            };
            change(store, client_id, |client| is_ours(&client).then(|| client.retire_secret()))?;
            say("The secret before is no longer good.")
        }
        None => say(format_args!(
            "The secret before stays good until: rotate {} --finish. One before that is not good any more.",
            client_id.as_str()
        )),
    }
}

fn finish(store: &SqliteStore, client_id: &ClientId) -> Done {
    let is_rotating =
        |client: &Client| matches!(client.authentication, RegisteredAuthentication::Secret { previous: Some(_), .. });
    let changed = change(store, client_id, |client| is_rotating(&client).then(|| client.retire_secret()))?;
    say(if changed { "The secret before is no longer good." } else { "There is one secret: nothing is to be done." })
}

/// Finds the client with this id.
fn find(store: &SqliteStore, client_id: &ClientId) -> Done<Arc<Client>> {
    let found = store.lookup(&Lookup::of_client(client_id.clone()))?;
    let client = found.client().cloned();
    client.ok_or_else(|| format!("the store has no client {:?}", client_id.as_str()).into())
}

/// Changes a client's record, also if somebody else is changing it; `None` leaves it. Returns true if it was changed.
fn change(store: &SqliteStore, client_id: &ClientId, change: impl Fn(Client) -> Option<Client>) -> Done<bool> {
    for _ in 0..ATTEMPTS {
        let client = Arc::unwrap_or_clone(find(store, client_id)?);
        let Some(changed) = change(client) else { return Ok(false) };
        match store.commit(&Commit::of(Change::PutClient(Arc::new(changed))))? {
            Outcome::Applied => return Ok(true),
            Outcome::Conflict(_) => {}
        }
    }
    Err("somebody else keeps changing this client: nothing was done".into())
}

fn say(text: impl std::fmt::Display) -> Done {
    writeln!(stdout(), "{text}")?;
    Ok(())
}
