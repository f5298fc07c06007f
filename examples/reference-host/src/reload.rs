//! Reloading of the configuration while the program runs.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use grantor::Server;
use grantor::model::Subject;
use grantor::server::Config;
use playground::Playground;

use crate::config::Settings;
use crate::web::App;

/// Returns the settings that the program begins with, and the playground if they have one.
///
/// # Errors
/// See [`complete`] and [`Playground::new`].
pub fn begin(
    settings: &mut Settings,
    config: &mut Config,
) -> Result<Option<Arc<Playground>>, Box<dyn Error + Send + Sync>> {
    let playground = if settings.playground() { Some(Playground::new(config)?) } else { None };
    complete(settings, config, playground.as_ref())?;
    Ok(playground.map(Arc::new))
}

/// Adds to the settings of a file the program's own, and the playground's clients and user.
///
/// # Errors
/// A client or a user of the settings has the name of a client of the playground.
pub fn complete(
    settings: &mut Settings,
    config: &mut Config,
    playground: Option<&Playground>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    config.consult_issuance = false; // This host's policy has no last word, so that nothing need pause for one.
    if let Some(playground) = playground {
        playground.configure(config);
        for client in playground.clients()? {
            let client_id = client.client_id.clone();
            settings.add(client).map_err(|taken| format!("the playground's client {client_id}: {taken}"))?;
        }
    }
    Ok(())
}

/// Replaces the settings of the running program: clients, users and sentences each as a whole, and the server's table,
/// for requests that begin afterwards. Issued tokens stay valid. Returns the users whose sessions must end, because
/// they are gone or have another password.
///
/// # Errors
/// The settings cannot be used, and nothing has changed.
pub fn reload(app: &App, mut settings: Settings) -> Result<Vec<Subject>, Box<dyn Error + Send + Sync>> {
    if settings.playground() != app.playground.is_some() {
        return Err("server.playground: the playground comes and goes by a restart".into());
    }
    // An editor or a full disk may have left the file empty.
    if settings.clients.is_empty() && settings.users.is_empty() {
        return Err("there is neither a client nor a user in it".into());
    }
    let mut config = settings.server(app.server().config().issuer.clone());
    complete(&mut settings, &mut config, app.playground.as_deref())?;
    let server = Server::new(config)?;
    app.unused_client_lifetime.store(settings.unused_client_lifetime(), Ordering::Relaxed);
    app.remembered_consent.store(settings.remembered_consent(), Ordering::Relaxed);
    app.host.store.replace(settings.clients);
    let changed = app.host.policy.replace(settings.users);
    app.sentences.store(settings.sentences.into());
    app.server.store(server.into());
    Ok(changed)
}
