//! Flows that are no longer recommended.

use super::{Advice, Flow, need};
use crate::acts;

pub(super) static IMPLICIT: Flow = Flow {
    slug: "implicit",
    title: "Implicit",
    text: "The server puts the access token itself into the address to which you return, after the “#”. A script on that \
           page reads it there. It was made for pages that could not send a request to the token endpoint. They can now.",
    when: "Not any more. Use the authorization code with PKCE, also for a page without a server of its own.",
    advice: Advice::Avoid,
    says: "RFC 9700 §2.1.2: clients SHOULD NOT use it. A token in an address leaks into histories, logs and scripts, and \
           nothing shows whom it was meant for.",
    specs: &[
        ("RFC 6749 §4.2", "https://www.rfc-editor.org/rfc/rfc6749#section-4.2"),
        ("RFC 9700 §2.1.2", "https://www.rfc-editor.org/rfc/rfc9700#section-2.1.2"),
    ],
    needs: need::IMPLICIT,
    walk: &[],
    start: &acts::ASK_IMPLICIT,
    script: &[&acts::READ_PHOTOS],
};

pub(super) static PASSWORD: Flow = Flow {
    slug: "password",
    title: "Password",
    text: "You type your password into the application, and it exchanges it for a token. So the application has your \
           password, you learn to type it anywhere, and a second factor has no place.",
    when: "Not for anything new. It exists for programs that had people's passwords before, until they are moved.",
    advice: Advice::Never,
    says: "RFC 9700 §2.4: the resource owner password credentials grant MUST NOT be used.",
    specs: &[
        ("RFC 6749 §4.3", "https://www.rfc-editor.org/rfc/rfc6749#section-4.3"),
        ("RFC 9700 §2.4", "https://www.rfc-editor.org/rfc/rfc9700#section-2.4"),
    ],
    needs: need::PASSWORD,
    walk: &[],
    start: &acts::PASSWORD,
    script: &[&acts::READ_PHOTOS],
};
