//! The playground's applications: their records at the server, and their clients.
//!
//! Each has only what its flow needs, as RFC 9700 recommends.

use std::sync::Arc;

use grantor::client::{Authentication, Client, Registration};
use grantor::model::{
    Audience, ClientId, Endpoint, GrantType, Issuer, Metadata, RedirectUri, ResponseType, Scope, Secret,
};
use grantor::resource::Introspector;

/// The type of authorization details that the playground asks for, an example of RFC 9396 §2.
pub(crate) const PAYMENT: &str = "payment_initiation";

/// One of the applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A public app on a person's device.
    Printer,
    /// A confidential web site, which pushes its requests.
    Studio,
    /// A public device without a browser.
    Frame,
    /// A public page from the time before PKCE, whose token comes in the address.
    Gallery,
    /// A confidential service that acts for itself.
    Backup,
    /// A confidential program from the time before OAuth, which asks people for their password until it is migrated.
    Desktop,
    /// The resource server that introspects.
    Api,
    /// A confidential web site that registers itself, so that it is not among those that the host registers.
    Poster,
}

impl Who {
    const ALL: [Self; 7] =
        [Self::Printer, Self::Studio, Self::Frame, Self::Gallery, Self::Backup, Self::Desktop, Self::Api];

    fn client_id(self) -> &'static str {
        match self {
            Self::Printer => "playground",
            Self::Studio => "playground-studio",
            Self::Frame => "playground-frame",
            Self::Gallery => "playground-implicit",
            Self::Backup => "playground-service",
            Self::Desktop => "playground-password",
            Self::Api => "playground-api",
            // The server draws it.
            Self::Poster => "",
        }
    }

    /// The application's name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Printer => "Photo Printer",
            Self::Studio => "Photo Studio",
            Self::Frame => "Photo Frame",
            Self::Gallery => "Old Photo Gallery",
            Self::Backup => "Photo Backup",
            Self::Desktop => "Old Photo Desktop",
            Self::Api => "Photo API",
            Self::Poster => "Poster Shop",
        }
    }

    fn is_confidential(self) -> bool {
        !matches!(self, Self::Printer | Self::Frame | Self::Gallery)
    }
}

/// The applications, each with its secret.
#[derive(Debug)]
pub(crate) struct Clients {
    secrets: Vec<(Who, Secret<'static>)>,
    /// The redirect URI with which each is registered.
    pub(crate) callback: RedirectUri,
    pub(crate) callback_implicit: RedirectUri,
    pub(crate) read: Scope,
    pub(crate) read_write: Scope,
}

impl Clients {
    /// Creates the applications with new secrets. `origin` is the playground's origin in the browser.
    ///
    /// # Errors
    /// The operating system has no randomness, or the origin cannot be a redirect URI.
    pub(crate) fn new(origin: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut secrets = Vec::new();
        for who in Who::ALL.into_iter().filter(|who| who.is_confidential()) {
            secrets.push((who, Secret::generate(&mut getrandom::SysRng)?));
        }
        Ok(Self {
            secrets,
            callback: RedirectUri::parse(&format!("{origin}{}", crate::CALLBACK))?,
            callback_implicit: RedirectUri::parse(&format!("{origin}{}", crate::CALLBACK_IMPLICIT))?,
            read: Scope::parse("photos.read")?,
            read_write: Scope::parse("photos.read photos.write")?,
        })
    }

    /// Returns the applications' records at the authorization server. Their tokens are for this API.
    ///
    /// # Errors
    /// None in practice: the ids are constants.
    pub(crate) fn records(
        &self,
        api: &Audience,
    ) -> Result<Vec<Arc<grantor::record::Client>>, Box<dyn std::error::Error + Send + Sync>> {
        Who::ALL.into_iter().map(|who| self.record(who, api).map(Arc::new)).collect()
    }

    fn record(
        &self,
        who: Who,
        api: &Audience,
    ) -> Result<grantor::record::Client, Box<dyn std::error::Error + Send + Sync>> {
        let client_id = ClientId::parse(who.client_id())?;
        let mut client = match self.secret(who) {
            Some(secret) => grantor::record::Client::confidential(client_id, secret.expose()),
            None => grantor::record::Client::public(client_id),
        };
        client.client_name = Some(who.name().to_owned());
        (client.grant_types, client.response_types) = match who {
            Who::Printer | Who::Studio => {
                (vec![GrantType::AuthorizationCode, GrantType::RefreshToken], vec![ResponseType::Code])
            }
            Who::Frame => (vec![GrantType::DeviceCode, GrantType::RefreshToken], Vec::new()),
            Who::Gallery => (vec![GrantType::Implicit], vec![ResponseType::Token]),
            Who::Backup => (vec![GrantType::ClientCredentials], Vec::new()),
            Who::Desktop => (vec![GrantType::Password], Vec::new()),
            Who::Api | Who::Poster => (Vec::new(), Vec::new()),
        };
        client.redirect_uris = match who {
            Who::Printer | Who::Studio => vec![self.callback.clone()],
            Who::Gallery => vec![self.callback_implicit.clone()],
            Who::Frame | Who::Backup | Who::Desktop | Who::Api | Who::Poster => Vec::new(),
        };
        client.scope = match who {
            Who::Printer | Who::Studio => self.read_write.clone(),
            Who::Frame | Who::Gallery | Who::Backup | Who::Desktop => self.read.clone(),
            Who::Api | Who::Poster => Scope::default(),
        };
        if who == Who::Studio {
            client.authorization_details_types = vec![PAYMENT.to_owned()];
        }
        client.audience = api.clone();
        client.resource_server = (who == Who::Api).then(|| api.resources().to_vec());
        Ok(client)
    }

    /// Returns an application's client, registered at this issuer, with its server's metadata.
    ///
    /// # Errors
    /// The metadata is another server's.
    pub(crate) fn client(&self, who: Who, issuer: Issuer, server: Metadata) -> Result<Client, String> {
        let client_id = ClientId::parse(who.client_id()).map_err(|error| error.to_string())?;
        let registration = match self.secret(who) {
            Some(secret) => Registration::confidential(issuer, client_id, secret.clone()),
            None => Registration::public(issuer, client_id),
        };
        registration.at(server).map_err(|error| error.to_string())
    }

    /// Returns the connection by which the API introspects.
    ///
    /// # Errors
    /// None in practice: the id is a constant.
    pub(crate) fn introspector(
        &self,
        endpoint: Endpoint,
    ) -> Result<Introspector, Box<dyn std::error::Error + Send + Sync>> {
        let authentication =
            self.secret(Who::Api).map_or(Authentication::None, |secret| Authentication::Basic(secret.clone()));
        Ok(Introspector::new(endpoint, ClientId::parse(Who::Api.client_id())?, authentication))
    }

    fn secret(&self, who: Who) -> Option<&Secret<'static>> {
        self.secrets.iter().find(|(other, _)| *other == who).map(|(_, secret)| secret)
    }
}
