//! The demo, which runs without a configuration file: a client of each kind and a user, with secrets that are new at
//! every start.

use std::sync::Arc;

use grantor::model::{
    ClientId, CodeChallengeMethod, CodeVerifier, Digest, GrantType, RedirectUri, Resource, ResponseType, Scope, Subject,
};
use grantor::record::Client;

use crate::config::Settings;
use crate::moment;
use crate::sentences::Sentence;
use crate::users::User;

/// The path of the page that replaces the demo client's own.
pub const CALLBACK: &str = "/demo/callback";

/// The scope values of the demo's clients, and what they stand for. `profile` belongs to no resource.
const SENTENCES: [(&str, &str, &str); 3] = [
    ("profile", "Know your name", "Deinen Namen erfahren"),
    ("photos.read", "See your photos", "Deine Fotos ansehen"),
    ("photos.write", "Add photos, and delete some", "Fotos hinzufügen und löschen"),
];

/// The demo, with what a person needs to try it.
#[derive(Debug)]
pub struct Demo {
    /// The clients and the user.
    pub settings: Settings,
    /// The text to print.
    pub instructions: String,
    /// The first steps.
    pub guide: Guide,
}

/// The content of the demo's pages. A real client draws a verifier for every request; this one uses a single one, so
/// that it can print a link.
#[derive(Clone, Debug)]
pub struct Guide {
    base: String,
    code_verifier: String,
    /// An authorization request, ready to be opened.
    pub authorize_url: String,
}

impl Guide {
    /// Returns the command that redeems a code of the public client.
    #[must_use]
    pub fn exchange(&self, code: &str) -> String {
        let Self { base, code_verifier, .. } = self;
        // The code came in a query, so it is encoded: no part of it may leave the quotes.
        let code: String = form_urlencoded::byte_serialize(code.as_bytes()).collect();
        format!(
            "curl {base}/token -d grant_type=authorization_code -d client_id=demo-app -d 'code={code}' \
             -d redirect_uri={base}{CALLBACK} -d code_verifier={code_verifier}"
        )
    }
}

impl Demo {
    /// Creates a demo at this address.
    ///
    /// # Errors
    /// The operating system has no randomness, or the address cannot be a redirect URI.
    pub fn new(base: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let redirect_uri = RedirectUri::parse(&format!("{base}{CALLBACK}"))?;
        // RFC 8252 §7.3: a program on somebody's machine takes any port of the loopback address.
        let loopback = RedirectUri::parse("http://127.0.0.1/callback")?;
        let scope = Scope::parse("profile photos.read photos.write")?;
        let [password, web_secret, service_secret, code_verifier] =
            [moment::token()?, moment::token()?, moment::token()?, moment::token()?];

        let mut app = Client::public(ClientId::parse("demo-app")?);
        app.client_name = Some("Demo App".to_owned());
        app.redirect_uris = vec![redirect_uri.clone(), loopback];
        app.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
        app.response_types = vec![ResponseType::Code];
        app.scope = scope.clone();
        app.authorization_details_types = vec!["payment_initiation".to_owned()];

        let mut web = Client::confidential(ClientId::parse("demo-web")?, &web_secret);
        web.client_name = Some("Demo Web Site".to_owned());
        web.redirect_uris = vec![redirect_uri];
        web.grant_types.clone_from(&app.grant_types);
        web.response_types.clone_from(&app.response_types);
        web.scope.clone_from(&scope);
        web.authorization_details_types.clone_from(&app.authorization_details_types);

        let mut service = Client::confidential(ClientId::parse("demo-service")?, &service_secret);
        service.grant_types = vec![GrantType::ClientCredentials];
        service.scope = Scope::parse("photos.read")?;
        service.authorization_details_types.clone_from(&app.authorization_details_types);

        // It has no browser, and no secret that its owner could not read.
        let mut device = Client::public(ClientId::parse("demo-device")?);
        device.client_name = Some("Demo Picture Frame".to_owned());
        device.grant_types = vec![GrantType::DeviceCode, GrantType::RefreshToken];
        device.scope = Scope::parse("photos.read")?;

        let api = Resource::parse(&format!("{base}/api/photos"))?;
        let settings = Settings::for_all_flows(api, Scope::parse("photos.read photos.write")?);
        let mut settings = settings.with_open_registration(scope);
        for (name, text, german) in SENTENCES {
            let translations = vec![("de".to_owned(), german.to_owned())];
            settings.sentences.add(name, Sentence { text: text.to_owned(), translations });
        }
        settings.clients =
            [app, web, service, device].map(|client| (client.client_id.clone(), Arc::new(client))).into();
        // A person has to type this password.
        let password = password.chars().filter(char::is_ascii_alphanumeric).take(12).collect::<String>();
        let alice =
            User { subject: Subject::parse("user-1")?, name: "Alice".to_owned(), password: Digest::of(&password) };
        settings.users = [("alice".to_owned(), Arc::new(alice))].into();

        let challenge = CodeVerifier::parse(code_verifier.as_str())?.challenge(CodeChallengeMethod::S256).digest();
        let authorize_url = format!(
            "{base}/authorize?response_type=code&client_id=demo-app&scope=profile+photos.read+photos.write\
             &state=demo&code_challenge={challenge}&code_challenge_method=S256&redirect_uri={redirect_uri}",
            redirect_uri = form_urlencoded::byte_serialize(format!("{base}{CALLBACK}").as_bytes()).collect::<String>(),
        );
        let device_code = GrantType::DeviceCode;
        let instructions = format!(
            "demo (no --config): passwords and secrets are drawn anew at every start\n\
             \x20 user            alice, password {password}\n\
             \x20 public client   demo-app\n\
             \x20 web site        demo-web, secret {web_secret}\n\
             \x20 service         demo-service, secret {service_secret}\n\
             \x20 device          demo-device\n\
             learn OAuth in the playground:\n\
             \x20 {base}/playground\n\
             open this in a browser and log in:\n\
             \x20 {authorize_url}\n\
             or get a token for the service:\n\
             \x20 curl {base}/token -u demo-service:{service_secret} -d grant_type=client_credentials\n\
             or for the device: type the user code of the first answer in at {base}/device, then ask again:\n\
             \x20 curl {base}/device_authorization -d client_id=demo-device\n\
             \x20 curl {base}/token -d client_id=demo-device -d grant_type={device_code} -d device_code=DEVICE_CODE\n\
             a client of your own registers itself at (RFC 7591):\n\
             \x20 {base}/register\n\
             an API that takes the tokens, for photos.read:\n\
             \x20 {base}/api/photos\n\
             a program of your own is demo-app, and redirects to:\n\
             \x20 http://127.0.0.1:PORT/callback"
        );
        let guide = Guide { base: base.to_owned(), code_verifier, authorize_url };
        Ok(Self { settings, instructions, guide })
    }
}
