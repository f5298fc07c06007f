//! A client that registers itself.

use super::{Advice, Flow, need};
use crate::acts;

pub(super) static REGISTRATION: Flow = Flow {
    slug: "registration",
    title: "Registration",
    text: "Usually somebody registers an application at the server before its first request. Here the application does so by \
           itself, with one request: it says what it is and what it may be sent back to. Later it changes its entry, and \
           leaves. Whoever registers may call themselves what they like, so the server trusts such a client less.",
    when: "When an application meets servers that its makers never heard of, as clients of the Model Context Protocol do. Otherwise \
           registration by hand is safer.",
    advice: Advice::Use,
    says: "RFC 7591 §5: the server should show people that nobody has checked such a client. RFC 9700 §4.11.2: it does not redirect \
           anybody to it with an error before they have logged in.",
    specs: &[
        ("RFC 7591", "https://www.rfc-editor.org/rfc/rfc7591"),
        ("RFC 7592", "https://www.rfc-editor.org/rfc/rfc7592"),
    ],
    needs: need::REGISTRATION,
    walk: &[],
    start: &acts::REGISTER,
    script: &[&acts::ASK_REGISTERED, &acts::READ_PHOTOS, &acts::RENAME, &acts::DEREGISTER, &acts::READ_PHOTOS],
};
