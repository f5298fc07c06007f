//! What only the host knows: the four questions that a machine may put to it, and [`Policy`], which answers them.
//!
//! The default answer to each is the safe one: a secret that grantor cannot check is wrong, a password is wrong, an
//! extension grant is refused, and so is what is about to be issued, which is only put to the host when
//! [`Config::consult_issuance`](crate::server::Config::consult_issuance) says so.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Claims, Client, GrantType, Resources, Scope, Secret, Subject};
use crate::step::{Answer, Effect, Unavailable};

/// Is this the client's secret? Asked for clients whose secret was chosen by a human and is kept under a slow hash
/// ([`ClientAuthentication::Host`](crate::model::ClientAuthentication::Host)); generated secrets never come here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientSecret {
    /// The client that presents it.
    pub client: Arc<Client>,
    /// What it presents.
    pub client_secret: Secret<'static>,
}

/// The answer to a question of authenticity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticity {
    /// It is genuine.
    Genuine,
    /// It is not.
    Refused,
}

impl Effect for ClientSecret {
    type Answer = Authenticity;
}

/// Whose password is this? The password grant (RFC 6749 §4.3), which RFC 9700 §2.4 forbids: off by default.
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

/// Who authorized a grant that the host judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This resource owner.
    Subject(Subject),
    /// Nobody: the credentials are wrong, or the owner may not use this grant. Becomes `invalid_grant`.
    Refused,
}

impl Effect for Password {
    type Answer = Owner;
}

/// Is this extension grant (RFC 6749 §4.5) good, and whose is it? The client is authenticated and registered for the
/// grant type; scope and issuing are grantor's.
#[derive(Clone)]
#[non_exhaustive]
pub struct Extension {
    /// The client.
    pub client: Arc<Client>,
    /// The absolute URI in `grant_type`.
    pub grant_type: GrantType,
    /// The parameters of the request, but for `client_id` and `client_secret`. None repeats, save `resource` and `audience`.
    pub parameters: Vec<(String, Secret<'static>)>,
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
    type Answer = Owner;
}

/// May this be issued? The last word before tokens are made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Issuance {
    /// The client that will receive the tokens.
    pub client: Arc<Client>,
    /// The grant type by which it asks.
    pub grant_type: GrantType,
    /// The resource owner; none when the client acts for itself.
    pub subject: Option<Subject>,
    /// The scope of the access token.
    pub scope: Scope,
    /// The protected resources that the access token is for; empty: not restricted.
    pub resource: Resources,
    /// How long the access token would live.
    pub access_token_lifetime: Duration,
}

/// The host's word on an [`Issuance`].
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Issue, under these terms.
    Issue(Terms),
    /// Do not issue: `invalid_grant` at the token endpoint, `access_denied` in an implicit response.
    Refuse,
}

/// How a host narrows what is issued. Terms only ever narrow: a scope that was not granted, or a longer life, is
/// ignored. Name what you mean and let `..Terms::default()` stand for the rest: there may be more terms one day.
///
/// ```
/// use grantor::consult::{Terms, Verdict};
/// use std::time::Duration;
///
/// let briefly = Verdict::Issue(Terms { access_token_lifetime: Some(Duration::from_secs(60)), ..Terms::default() });
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// Keep only these scope tokens in the access token.
    pub scope: Option<Scope>,
    /// Live no longer than this; whole seconds. None of them is a refusal.
    pub access_token_lifetime: Option<Duration>,
    /// Carried by the access token's record and shown to resource servers.
    pub claims: Claims,
}

impl Effect for Issuance {
    type Answer = Verdict;
}

/// The host's answers. Every method has a default, the safe one.
pub trait Policy {
    /// Checks a client secret that only the host can check. By default it is wrong.
    fn client_secret(&self, question: &ClientSecret) -> Answer<ClientSecret> {
        let _ = question;
        Ok(Authenticity::Refused)
    }

    /// Checks a resource owner's password. By default it is wrong.
    fn password(&self, question: &Password) -> Answer<Password> {
        let _ = question;
        Ok(Owner::Refused)
    }

    /// Judges an extension grant. By default it is refused.
    fn extension(&self, question: &Extension) -> Answer<Extension> {
        let _ = question;
        Ok(Owner::Refused)
    }

    /// Has the last word on what is issued. It is asked only if [`Config::consult_issuance`](crate::server::Config::consult_issuance) says
    /// so; by default it refuses then, for a host that wants to be asked has an answer.
    fn issuance(&self, question: &Issuance) -> Answer<Issuance> {
        let _ = question;
        Ok(Verdict::Refuse)
    }
}

/// The same answers from an async host.
pub trait AsyncPolicy {
    /// See [`Policy::client_secret`].
    fn client_secret(&self, question: &ClientSecret) -> impl Future<Output = Result<Authenticity, Unavailable>> + Send {
        let _ = question;
        std::future::ready(Ok(Authenticity::Refused))
    }

    /// See [`Policy::password`].
    fn password(&self, question: &Password) -> impl Future<Output = Result<Owner, Unavailable>> + Send {
        let _ = question;
        std::future::ready(Ok(Owner::Refused))
    }

    /// See [`Policy::extension`].
    fn extension(&self, question: &Extension) -> impl Future<Output = Result<Owner, Unavailable>> + Send {
        let _ = question;
        std::future::ready(Ok(Owner::Refused))
    }

    /// See [`Policy::issuance`].
    fn issuance(&self, question: &Issuance) -> impl Future<Output = Result<Verdict, Unavailable>> + Send {
        let _ = question;
        std::future::ready(Ok(Verdict::Refuse))
    }
}

/// A pointer to a policy is a policy.
macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<P: Policy + ?Sized> Policy for $pointer {
            fn client_secret(&self, question: &ClientSecret) -> Answer<ClientSecret> {
                (**self).client_secret(question)
            }
            fn password(&self, question: &Password) -> Answer<Password> {
                (**self).password(question)
            }
            fn extension(&self, question: &Extension) -> Answer<Extension> {
                (**self).extension(question)
            }
            fn issuance(&self, question: &Issuance) -> Answer<Issuance> {
                (**self).issuance(question)
            }
        }

        impl<P: AsyncPolicy + ?Sized> AsyncPolicy for $pointer {
            fn client_secret(
                &self,
                question: &ClientSecret,
            ) -> impl Future<Output = Result<Authenticity, Unavailable>> + Send {
                (**self).client_secret(question)
            }
            fn password(&self, question: &Password) -> impl Future<Output = Result<Owner, Unavailable>> + Send {
                (**self).password(question)
            }
            fn extension(&self, question: &Extension) -> impl Future<Output = Result<Owner, Unavailable>> + Send {
                (**self).extension(question)
            }
            fn issuance(&self, question: &Issuance) -> impl Future<Output = Result<Verdict, Unavailable>> + Send {
                (**self).issuance(question)
            }
        }
    )*};
}
forward!(&P, Arc<P>, Box<P>);

/// The policy of a host that adds nothing: every default answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultPolicy;

impl Policy for DefaultPolicy {}
impl AsyncPolicy for DefaultPolicy {}
