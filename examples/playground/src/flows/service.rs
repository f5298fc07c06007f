//! Flows without a person.

use super::{Advice, Flow, need};
use crate::acts;

pub(super) static CLIENT_CREDENTIALS: Flow = Flow {
    slug: "client-credentials",
    title: "Client credentials",
    text: "No person is in it. The application shows its own secret and gets a token for itself. There is no refresh token: \
           it simply asks again.",
    when: "When a service acts for itself: a nightly backup, one service calling another.",
    advice: Advice::Use,
    says: "RFC 6749 §4.4: it MUST only be used by confidential clients, that is, by those that can keep a secret.",
    specs: &[("RFC 6749 §4.4", "https://www.rfc-editor.org/rfc/rfc6749#section-4.4")],
    needs: need::CLIENT_CREDENTIALS,
    walk: &[],
    start: &acts::CLIENT_CREDENTIALS,
    script: &[&acts::READ_PHOTOS, &acts::ADD_PHOTO],
};

pub(super) static INTROSPECTION: Flow = Flow {
    slug: "introspection",
    title: "Introspection",
    text: "An access token means nothing to those who see it. An API that does not share the server's store asks the server \
           what the token is good for. Of a token that is not good the server says so, and nothing more.",
    when: "When an API belongs to somebody else than the authorization server, or runs elsewhere.",
    advice: Advice::Use,
    says: "RFC 7662 §2.1: the endpoint MUST require some form of authorization, so that nobody can try out tokens at it.",
    specs: &[("RFC 7662", "https://www.rfc-editor.org/rfc/rfc7662")],
    needs: need::CLIENT_CREDENTIALS,
    walk: &[],
    start: &acts::CLIENT_CREDENTIALS,
    script: &[&acts::INTROSPECT, &acts::REVOKE_ACCESS, &acts::INTROSPECT],
};

pub(super) static METADATA: Flow = Flow {
    slug: "metadata",
    title: "Metadata",
    text: "How does an application know where the endpoints are? It may know nothing but the API that it wants to call. \
           The API's document names the server, and the server's document names the endpoints. Each stands at an address \
           that follows from the name, and must bear that name.",
    when: "Always: it spares the application a page of settings. Clients of the Model Context Protocol begin like this.",
    advice: Advice::Use,
    says: "RFC 9700 §2.6: it is RECOMMENDED that servers publish their metadata and that clients use it.",
    specs: &[
        ("RFC 9728", "https://www.rfc-editor.org/rfc/rfc9728"),
        ("RFC 8414", "https://www.rfc-editor.org/rfc/rfc8414"),
    ],
    needs: need::NOTHING,
    walk: &[],
    start: &acts::DISCOVER,
    script: &[],
};
