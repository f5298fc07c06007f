//! The questions that only the host can answer. [`Policy`](crate::Policy) answers them.
//!
//! The default answer to each is the safe one: a secret that grantor cannot check is wrong, a password is wrong, an
//! extension grant is refused, tokens that have passed every check are issued unchanged, and nobody registers itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::effect::{Answer, Effect};
use crate::model::{
    Audience, AuthenticationEvent, AuthorizationDetails, Claims, ErrorCode, GrantType, Scope, Secret, Subject,
};
use crate::record::{Client, Grant};

pub use crate::registration::{Registration, RegistrationRefusal, RegistrationVerdict};

/// Asks if this is the client's secret. Only for clients whose secret was chosen by a human and is kept under a slow
/// hash ([`RegisteredAuthentication::Host`](crate::record::RegisteredAuthentication::Host)); grantor checks generated
/// secrets itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientSecret {
    /// The client that presents the secret.
    pub client: Arc<Client>,
    /// The secret as [RFC 6749 §2.3.1] reads it: form-encoded in the `Authorization` header, plain in the body.
    ///
    /// [RFC 6749 §2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
    pub client_secret: Secret<'static>,
    /// The secret as it stands in the header, undecoded, if that is another text: that of a client that does not
    /// encode. Either may be the right one. Always check both: stopping at the first match would reveal by its timing
    /// which one matched.
    pub client_secret_as_written: Option<Secret<'static>>,
}

/// The answer to a question of authenticity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticity {
    /// The secret is the client's.
    Genuine,
    /// The secret is not the client's.
    Refused,
}

impl Effect for ClientSecret {
    type Answer = Authenticity;
    const NAME: &'static str = "client secret";
}

impl ClientSecret {
    /// The one or two readings of the presented secret: the client is genuine if one of them is its secret.
    pub fn readings(&self) -> impl Iterator<Item = &Secret<'static>> {
        std::iter::once(&self.client_secret).chain(&self.client_secret_as_written)
    }

    pub(crate) fn unanswered(&self) -> Answer<Self> {
        Ok(Authenticity::Refused)
    }
}

/// Asks whose password this is. For the password grant ([RFC 6749 §4.3]), which [RFC 9700 §2.4] forbids: off by
/// default.
///
/// [RFC 6749 §4.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.3
/// [RFC 9700 §2.4]: https://www.rfc-editor.org/rfc/rfc9700#section-2.4
#[derive(Clone)]
#[non_exhaustive]
pub struct Password {
    /// The client that asks on the resource owner's behalf.
    pub client: Arc<Client>,
    /// The resource owner's name, as typed.
    pub username: String,
    /// The resource owner's password, as typed.
    pub password: Secret<'static>,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").field("client_id", &self.client.client_id).finish_non_exhaustive()
    }
}

/// The answer to a [`Password`]: its owner, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The resource owner whose password it is.
    Subject(Subject),
    /// Nobody: the credentials are wrong, or the owner may not use this grant. Becomes `invalid_grant`.
    Refused,
}

impl Effect for Password {
    type Answer = Owner;
    const NAME: &'static str = "password";
}

impl Password {
    pub(crate) fn unanswered(&self) -> Answer<Self> {
        Ok(Owner::Refused)
    }
}

/// Asks if this extension grant ([RFC 6749 §4.5]) is good, and for which resource owner. The client is authenticated
/// and registered for the grant type; grantor decides on the scope and issues the tokens.
///
/// [RFC 6749 §4.5]: https://www.rfc-editor.org/rfc/rfc6749#section-4.5
#[derive(Clone)]
#[non_exhaustive]
pub struct Extension {
    /// The client that presents the grant.
    pub client: Arc<Client>,
    /// The absolute URI in `grant_type`.
    pub grant_type: GrantType,
    /// The parameters of the request, without `client_id` and `client_secret`. No name repeats, except `resource` and
    /// `audience`.
    pub parameters: Vec<(String, Secret<'static>)>,
}

impl Extension {
    /// Returns the first parameter of this name, or `None`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.expose())
    }

    pub(crate) fn unanswered(&self) -> Answer<Self> {
        Ok(ExtensionVerdict::Refuse(ExtensionRefusal::default()))
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| name).collect();
        f.debug_struct("Extension")
            .field("client_id", &self.client.client_id)
            .field("grant_type", &self.grant_type)
            .field("parameters", &names)
            .finish()
    }
}

impl Effect for Extension {
    type Answer = ExtensionVerdict;
    const NAME: &'static str = "extension";
}

/// The answer to an [`Extension`].
#[derive(Clone, Debug, PartialEq)]
pub enum ExtensionVerdict {
    /// The grant is good.
    Grant(ExtensionGrant),
    /// The grant is refused.
    Refuse(ExtensionRefusal),
}

/// A good extension grant: its resource owner, and the terms for the tokens.
///
/// ```
/// use grantor::consult::{ExtensionGrant, ExtensionVerdict};
/// use grantor::model::Subject;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Token exchange (RFC 8693 §2.2.1 requires `issued_token_type`), for an app that stays signed in.
/// let grant = ExtensionGrant::of(Subject::parse("johndoe")?)
///     .with_refresh_token()
///     .with_response_member("issued_token_type", "urn:ietf:params:oauth:token-type:access_token");
/// let verdict = ExtensionVerdict::Grant(grant);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ExtensionGrant {
    /// The resource owner; `None` for a grant to the client itself.
    pub subject: Option<Subject>,
    /// True to issue a refresh token too, if server and client are configured for them. [RFC 7521 §4.1] advises against
    /// it where the client can present a fresh assertion; [RFC 8693 §2.2.1] leaves it to the server.
    ///
    /// [RFC 7521 §4.1]: https://www.rfc-editor.org/rfc/rfc7521#section-4.1
    /// [RFC 8693 §2.2.1]: https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1
    pub refresh_token: bool,
    /// The authentication of the resource owner, as far as the assertion tells.
    pub authentication: AuthenticationEvent,
    /// The host's data to keep with the grant, as with [`Approval::with_data`](crate::server::Approval::with_data).
    pub data: Claims,
    /// Claims of the access token that is issued now.
    pub claims: Claims,
    /// Further members of the token response.
    pub response_members: Vec<(String, serde_json::Value)>,
}

impl ExtensionGrant {
    /// Creates a grant by this resource owner.
    #[must_use]
    pub fn of(subject: Subject) -> Self {
        Self { subject: Some(subject), ..Self::default() }
    }

    /// Creates a grant to the client itself.
    #[must_use]
    pub fn of_client() -> Self {
        Self::default()
    }

    /// Issues a refresh token too: see [`refresh_token`](Self::refresh_token).
    #[must_use]
    pub fn with_refresh_token(self) -> Self {
        Self { refresh_token: true, ..self }
    }

    /// Records how and when the resource owner was authenticated.
    #[must_use]
    pub fn authenticated(self, authentication: AuthenticationEvent) -> Self {
        Self { authentication, ..self }
    }

    /// Keeps this data with the grant.
    #[must_use]
    pub fn with_data(self, data: Claims) -> Self {
        Self { data, ..self }
    }

    /// Adds claims to the access token.
    #[must_use]
    pub fn with_claims(self, claims: Claims) -> Self {
        Self { claims, ..self }
    }

    /// Adds a member to the token response. A name that grantor itself writes is ignored.
    #[must_use]
    pub fn with_response_member(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.response_members.push((name.to_owned(), value.into()));
        self
    }
}

/// The refusal of an extension grant: `invalid_grant` unless another error code is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtensionRefusal {
    /// The `error` of [RFC 6749 §5.2]; `None` means `invalid_grant`.
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    pub error: Option<ErrorCode>,
    /// The `error_description`, for the client's developer.
    pub description: Option<String>,
}

impl ExtensionRefusal {
    /// Refuses with this error code, say `invalid_request` where a parameter is missing.
    #[must_use]
    pub fn with_error(self, error: ErrorCode) -> Self {
        Self { error: Some(error), ..self }
    }

    /// Adds an explanation for the client's developer. Characters that [RFC 6749 §5.2] does not allow are left out.
    ///
    /// [RFC 6749 §5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    #[must_use]
    pub fn with_description(self, description: &str) -> Self {
        Self { description: Some(description.to_owned()), ..self }
    }
}

/// Asks if these tokens may be issued. The last question before tokens are made, asked unless
/// [`consult_issuance`](crate::server::Config::consult_issuance) is off.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Issuance {
    /// The client that will receive the tokens.
    pub client: Arc<Client>,
    /// The grant that the tokens stand for: its id, age and resource owner, the owner's authentication, and the host's
    /// own data.
    pub grant: Arc<Grant>,
    /// The grant type by which the client asks.
    pub grant_type: GrantType,
    /// The scope of the access token.
    pub scope: Scope,
    /// The protected resources that the access token is for.
    pub audience: Audience,
    /// The authorization details of the access token; those of the whole grant are in [`grant`](Self::grant).
    pub authorization_details: AuthorizationDetails,
    /// The lifetime that the access token would have.
    pub access_token_lifetime: Duration,
}

/// The answer to an [`Issuance`].
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Issue the tokens, under these terms.
    Issue(Terms),
    /// Issue nothing: `invalid_grant` at the token endpoint, `access_denied` in an implicit response.
    Refuse,
}

/// A host's limits on the tokens that are issued. Terms only ever narrow: a scope that was not granted, or a longer
/// life, is ignored. Set the fields you need and use `..Terms::default()` for the rest, as more fields may follow.
///
/// ```
/// use grantor::consult::{Terms, Verdict};
/// use std::time::Duration;
///
/// let briefly = Verdict::Issue(Terms { access_token_lifetime: Some(Duration::from_secs(60)), ..Terms::default() });
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// Keeps only these scope tokens in the access token.
    pub scope: Option<Scope>,
    /// An upper bound for the lifetime, in whole seconds. A duration below one second refuses the request.
    pub access_token_lifetime: Option<Duration>,
    /// Claims for the access token's record, shown to resource servers. Names that grantor itself fills in
    /// ([RFC 7662 §2.2]: `sub`, `exp`, …) are not shown.
    ///
    /// [RFC 7662 §2.2]: https://www.rfc-editor.org/rfc/rfc7662#section-2.2
    pub claims: Claims,
}

impl Effect for Issuance {
    type Answer = Verdict;
    const NAME: &'static str = "issuance";
}

impl Issuance {
    pub(crate) fn unanswered(&self) -> Answer<Self> {
        Ok(Verdict::Issue(Terms::default()))
    }
}
