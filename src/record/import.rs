//! The import of clients: reads client metadata of [RFC 7591 §2] as records, and reports the parts that were not taken.
//!
//! [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::client::{Client, RegisteredAuthentication, SecretPresentation};
use crate::model::{ClientId, GrantType, RedirectUri, ResponseType, Scope, is_vschar, only};

/// A reader of client metadata. The default is strict.
///
/// ```
/// use grantor::record::ClientImport;
/// use serde_json::json;
///
/// let list = [json!({
///     "client_id": "photos-app",
///     "client_name": "Photos",
///     "redirect_uris": ["https://photos.example/cb", "https://*.photos.example/cb"],
///     "token_endpoint_auth_method": "none",
///     "scope": "read write",
///     "logo_uri": "https://photos.example/logo.png"
/// })];
/// for imported in ClientImport::default().read_all(&list) {
///     assert!(imported.client.is_some());
///     for remark in &imported.remarks {
///         // redirect_uris "https://*.photos.example/cb": a redirect URI must name its host: …
///         // logo_uri: there is no place for it
///         println!("{remark}");
///     }
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClientImport {
    /// True to accept private-use schemes without a period in `redirect_uris`, and the out-of-band URI:
    /// [`RedirectUri::parse_private_use`]. Default: false.
    pub private_use_schemes: bool,
    /// The scope of a client whose metadata has no `scope`. [RFC 7591 §2]: "If omitted, an authorization server MAY
    /// register a client with a default set of scopes." Default: the empty scope.
    ///
    /// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
    pub default_scope: Scope,
}

/// The result of reading one client's metadata.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ImportedClient {
    /// The client's `client_id` as written, if there is one.
    pub client_id: Option<String>,
    /// The record, of revision 0; `None` if the client is refused.
    pub client: Option<Client>,
    /// The parts that were not taken, and the reasons why the client is refused.
    pub remarks: Vec<ImportRemark>,
}

/// A part of a client's metadata that was not taken. Never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportRemark {
    /// The name of the member.
    pub member: String,
    /// The value in question, if the member has several.
    pub value: Option<String>,
    /// The reason why it was not taken.
    pub reason: Cow<'static, str>,
    /// True if the client is refused for it.
    pub is_refusal: bool,
}

impl fmt::Display for ImportRemark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_refusal { "refused: " } else { "" })?;
        f.write_str(&self.member)?;
        self.value.iter().try_for_each(|value| write!(f, " {value:?}"))?;
        write!(f, ": {}", self.reason)
    }
}

impl ClientImport {
    /// Reads a list of clients. An entry is refused if it is not a JSON object, or has the `client_id` of an earlier
    /// one.
    #[must_use]
    pub fn read_all(&self, list: &[Value]) -> Vec<ImportedClient> {
        let mut seen = BTreeSet::new();
        let read = |metadata: &Value| {
            let mut imported = match metadata {
                Value::Object(metadata) => self.read(metadata),
                _ => ImportedClient { client_id: None, client: None, remarks: vec![no_object()] },
            };
            let is_new = imported.client.as_ref().is_none_or(|client| seen.insert(client.client_id.clone()));
            if !is_new {
                imported.client = None;
                imported.remarks.push(refusal("client_id", "another client of the list has it"));
            }
            imported
        };
        list.iter().map(read).collect()
    }

    /// Reads the metadata of one client, with its `client_id` and `client_secret` ([RFC 7591 §3.2.1]).
    ///
    /// [RFC 7591 §3.2.1]: https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1
    #[must_use]
    pub fn read(&self, metadata: &Map<String, Value>) -> ImportedClient {
        let mut members = Members { metadata, remarks: Vec::new() };
        let client = self.client(&mut members);
        for name in metadata.keys().filter(|name| !TAKEN.contains(&name.as_str())) {
            members.remark(name, None, "there is no place for it");
        }
        let client_id = metadata.get("client_id").and_then(Value::as_str).map(str::to_owned);
        let is_refused = members.remarks.iter().any(|remark| remark.is_refusal);
        ImportedClient { client_id, client: client.filter(|_| !is_refused), remarks: members.remarks }
    }

    /// Returns the record; `None` if there is not even an identifier for it. Other reasons to refuse the client are in
    /// the remarks.
    fn client(&self, members: &mut Members<'_>) -> Option<Client> {
        let client_id = members.text("client_id").and_then(|text| ClientId::parse(text).ok());
        let Some(client_id) = client_id else {
            members.remarks.push(refusal("client_id", "there is none, or it is not of its syntax"));
            return None;
        };
        let mut client = Client::public(client_id);
        client.client_name = members.text("client_name").map(str::to_owned);
        client.authentication = authentication(members);
        let parse_uri = if self.private_use_schemes { RedirectUri::parse_private_use } else { RedirectUri::parse };
        client.redirect_uris = members.all("redirect_uris", &[], parse_uri);
        client.grant_types = members.all("grant_types", &["authorization_code"], GrantType::parse);
        let parse_response_type = |text: &str| ResponseType::parse(text).ok_or("it is not known");
        client.response_types = members.all("response_types", &["code"], parse_response_type);
        client.scope = match members.text("scope").map(Scope::parse_with_white_space) {
            Some(Ok(scope)) => scope,
            Some(Err(error)) => {
                members.remarks.push(refusal("scope", error.to_string()));
                return None;
            }
            None => self.default_scope.clone(),
        };
        client.require_pushed_authorization_requests = members.flag("require_pushed_authorization_requests");
        let as_written = |text: &str| Ok::<_, fmt::Error>(text.to_owned());
        client.authorization_details_types = members.all("authorization_details_types", &[], as_written);
        // RFC 7591 §2: "clients using flows with redirection MUST register their redirection URI values."
        let redirects = !client.response_types.is_empty()
            && (client.grant_types.contains(&GrantType::AuthorizationCode)
                || client.grant_types.contains(&GrantType::Implicit));
        if redirects && client.redirect_uris.is_empty() {
            members.remarks.push(refusal("redirect_uris", "none is left, and the client needs one"));
        }
        // RFC 7591 §3.2.1: "or 0 if it will not expire".
        if members.metadata.get("client_secret_expires_at").is_some_and(|end| end.as_u64() != Some(0)) {
            members.remark("client_secret_expires_at", None, "secrets do not expire here");
        }
        Some(client)
    }
}

/// The members that have a place in a record, or that need not be kept.
const TAKEN: [&str; 12] = [
    "authorization_details_types",
    "client_id",
    "client_id_issued_at",
    "client_name",
    "client_secret",
    "client_secret_expires_at",
    "grant_types",
    "redirect_uris",
    "require_pushed_authorization_requests",
    "response_types",
    "scope",
    "token_endpoint_auth_method",
];

/// The length of 128 bits in base64: a shorter secret can be guessed. [RFC 6749 §10.10]: "The probability of an
/// attacker guessing generated tokens [...] MUST be less than or equal to 2^(-128)".
///
/// [RFC 6749 §10.10]: https://www.rfc-editor.org/rfc/rfc6749#section-10.10
const SHORT_SECRET: usize = 22;

/// Reads the authentication. [RFC 7591 §2], `token_endpoint_auth_method`: "If unspecified or omitted, the default is
/// "client_secret_basic"".
///
/// [RFC 7591 §2]: https://www.rfc-editor.org/rfc/rfc7591#section-2
fn authentication(members: &mut Members<'_>) -> RegisteredAuthentication {
    const METHOD: &str = "token_endpoint_auth_method";
    let secret = members.text("client_secret").filter(|secret| !secret.is_empty());
    let presented = match members.text(METHOD) {
        Some("none") => {
            if secret.is_some() {
                members.remark("client_secret", None, "the client authenticates by none");
            }
            return RegisteredAuthentication::None;
        }
        None | Some("client_secret_basic") => SecretPresentation::Basic,
        Some("client_secret_post") => SecretPresentation::Post,
        Some(other) => {
            let value = Some(other.to_owned());
            let reason = "no client authenticates by it here".into();
            members.remarks.push(ImportRemark { member: METHOD.to_owned(), value, reason, is_refusal: true });
            return RegisteredAuthentication::None;
        }
    };
    match secret {
        // RFC 6749 appendix A.2: `client-secret = *VSCHAR`
        Some(secret) if !only(secret, is_vschar) => {
            members.remarks.push(refusal("client_secret", "it has characters that no secret can have"));
            RegisteredAuthentication::None
        }
        Some(secret) => {
            if secret.len() < SHORT_SECRET {
                members.remark("client_secret", None, "it is taken, but so short that it may be guessed: rotate it");
            }
            RegisteredAuthentication::secret(secret, presented)
        }
        // The other server may have kept only a slow hash of the secret.
        None => {
            members.remark("client_secret", None, "there is none: the host is asked about it");
            RegisteredAuthentication::Host { presented }
        }
    }
}

fn refusal(member: &str, reason: impl Into<Cow<'static, str>>) -> ImportRemark {
    ImportRemark { member: member.to_owned(), value: None, reason: reason.into(), is_refusal: true }
}

fn no_object() -> ImportRemark {
    refusal("", "it is no JSON object")
}

/// A client's metadata while it is read.
struct Members<'a> {
    metadata: &'a Map<String, Value>,
    remarks: Vec<ImportRemark>,
}

impl<'a> Members<'a> {
    fn remark(&mut self, member: &str, value: Option<&str>, reason: impl Into<Cow<'static, str>>) {
        let (member, value) = (member.to_owned(), value.map(str::to_owned));
        self.remarks.push(ImportRemark { member, value, reason: reason.into(), is_refusal: false });
    }

    /// Takes a member that is a text. A null member counts as missing.
    fn text(&mut self, name: &str) -> Option<&'a str> {
        match self.metadata.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.remarks.push(refusal(name, "it is no text"));
                None
            }
        }
    }

    /// Takes a member that is a boolean; false if it is missing.
    fn flag(&mut self, name: &str) -> bool {
        match self.metadata.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.remarks.push(refusal(name, "it is no boolean"));
                false
            }
        }
    }

    /// Returns the values of a member that is a list of texts, or these if the member is missing.
    fn all<T, E: fmt::Display>(
        &mut self,
        name: &str,
        default: &[&'a str],
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let texts: Vec<&'a str> = match self.metadata.get(name) {
            None | Some(Value::Null) => default.to_vec(),
            Some(Value::Array(values)) if values.iter().all(Value::is_string) => {
                values.iter().filter_map(Value::as_str).collect()
            }
            Some(_) => {
                self.remarks.push(refusal(name, "it is no list of texts"));
                Vec::new()
            }
        };
        let mut parsed = Vec::new();
        for text in texts {
            match parse(text) {
                Ok(value) => parsed.push(value),
                Err(error) => self.remark(name, Some(text), error.to_string()),
            }
        }
        parsed
    }
}
