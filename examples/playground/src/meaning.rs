//! The purposes of OAuth's parameters, each in a phrase.

/// The place of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A request, or a redirect that becomes one.
    Request,
    /// A form that a person fills in.
    Form,
    /// A redirect that answers an authorization request.
    Redirect,
    /// The body of a response.
    Response,
    /// The `WWW-Authenticate` header of a response.
    Challenge,
}

/// Returns the purpose of a parameter, a member or a header; empty if the name is plain enough.
pub(crate) fn meaning(place: Place, name: &str) -> &'static str {
    let is_response = matches!(place, Place::Redirect | Place::Response);
    let is_typed = place == Place::Form;
    match name {
        "response_type" => "what shall come back: a code, or a token",
        "client_id" if is_response => "whose token it is",
        "client_id" => "which application asks",
        "request_uri" if is_response => "the request token: stands for the request, once",
        "request_uri" => "the pushed request that it stands for",
        "response_mode" => "how the answer comes: posted, say",
        "prompt" => "which pages to show, or none",
        "authorization_details" if is_response => "what you granted of it",
        "authorization_details" if is_typed => "which of them you let it have",
        "authorization_details" => "the transaction: its type, and what it is about",
        "client_name" => "what people are told; nobody has checked it",
        "client_secret" => "proves that it is this client: told once",
        "registration_access_token" => "for the client's own registration",
        "registration_client_uri" => "where the registration is read and changed",
        "redirect_uris" => "where people may be sent back to",
        "device_code" => "what the device asks with; you never see it",
        "user_code" if is_typed => "ties your browser to the device",
        "user_code" => "what the device shows you",
        "verification_uri" => "where you type it",
        "verification_uri_complete" => "the same, for a QR code",
        "interval" => "seconds to wait before asking again",
        "redirect_uri" => "where the answer goes: exactly as registered",
        "scope" if place == Place::Challenge => "what it takes",
        "scope" if is_response => "what the token is good for",
        "scope" if is_typed => "what you let it have",
        "scope" => "what is asked for",
        "state" => "ties the answer to this browser",
        "code_challenge" => "SHA-256 of a verifier that only the client knows",
        "code_challenge_method" => "how the challenge was made",
        "code_verifier" => "proves that this client made the challenge",
        "code" => "good once, soon, and with the verifier",
        "iss" if place == Place::Response => "who issued it",
        "iss" => "who answers: against mix-up of servers (RFC 9207)",
        "grant_type" => "what the client has to show for a token",
        "access_token" => "whoever has it may use it",
        "refresh_token" if is_response => "brings the next access token",
        "refresh_token" => "good once: the next comes with the answer",
        "token_type" => "how the token is shown: RFC 6750",
        "expires_in" => "seconds",
        "username" | "password" if is_typed => "typed into the server's own page",
        "username" => "typed into the client, not into the server's page",
        "password" => "the client sees it, and could keep it",
        "token" => "the one that this is about",
        "token_type_hint" => "where to look first; never trusted",
        "active" => "whether the token is good now",
        "sub" => "who authorized it",
        "exp" => "when it ends, in seconds since 1970",
        "iat" => "when it was issued",
        "aud" => "for which API it is",
        "resource" if is_response => "must be the one that was asked about: RFC 9728 §3.3",
        "resource" => "for which API: RFC 8707",
        "error" => "the code that a program reads",
        "error_description" => "the words that a developer reads",
        "authorization" => "how the sender proves itself",
        "www-authenticate" => "how to do better: RFC 6750 §3",
        "resource_metadata" => "where the API's document is",
        "decision" => "what you said",
        "csrf" => "this form comes from the site's own page",
        "fragment" => "what stood after the #",
        "request" => "which request you decide",
        "authorization_servers" => "whose tokens the API takes",
        "issuer" => "must be the one that was asked: RFC 8414 §3.3",
        _ => "",
    }
}
