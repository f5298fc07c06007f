//! The authorization code, and what comes of it.

use super::{Advice, Flow, need};
use crate::acts;

pub(super) static CODE: Flow = Flow {
    slug: "code",
    title: "Authorization code with PKCE",
    text: "The application sends you to the server. You log in there and decide. The server sends you back with a code, \
           which the application exchanges for an access token on a line of its own. The token never passes through the \
           browser, and a stolen code is of no use: only the application that began has the code_verifier.",
    when: "Whenever a person lets an application act for them: web sites, apps on phones and computers, pages in a \
           browser. This is the flow to begin with.",
    advice: Advice::Use,
    says: "RFC 9700 §2.1.1: public clients MUST use PKCE, and it is RECOMMENDED for all others.",
    specs: &[
        ("RFC 6749 §4.1", "https://www.rfc-editor.org/rfc/rfc6749#section-4.1"),
        ("RFC 7636", "https://www.rfc-editor.org/rfc/rfc7636"),
        ("RFC 9207", "https://www.rfc-editor.org/rfc/rfc9207"),
    ],
    needs: need::CODE,
    walk: &[],
    start: &acts::ASK,
    script: &[&acts::READ_PHOTOS, &acts::ADD_PHOTO],
};

pub(super) static REFRESH: Flow = Flow {
    slug: "refresh",
    title: "Refresh, and its rotation",
    text: "Access tokens live for minutes. With a refresh token the application gets the next one without asking you. Each \
           refresh token is good once and brings its successor. If an old one turns up later, somebody has a copy, and \
           the server ends the whole grant: thief and application both have to ask you again.",
    when: "Whenever an application needs access for longer than an access token lives.",
    advice: Advice::Use,
    says: "RFC 9700 §2.2.2: refresh tokens of public clients MUST be sender-constrained or rotate.",
    specs: &[
        ("RFC 6749 §6", "https://www.rfc-editor.org/rfc/rfc6749#section-6"),
        ("RFC 9700 §4.14", "https://www.rfc-editor.org/rfc/rfc9700#section-4.14"),
    ],
    needs: need::ROTATION,
    walk: &[],
    start: &acts::ASK,
    script: &[&acts::REFRESH, &acts::READ_PHOTOS, &acts::REPLAY_REFRESH, &acts::READ_PHOTOS],
};

pub(super) static REPLAY: Flow = Flow {
    slug: "replay",
    title: "A code is replayed",
    text: "A code is good once. Here the application, against all rules, presents it a second time. The server cannot know \
           which of the two was the thief. So it refuses the second and revokes what the first one got.",
    when: "Nobody should. See what the server does when somebody does.",
    advice: Advice::Attack,
    says: "RFC 6749 §4.1.2: the server MUST deny the second request and SHOULD revoke all tokens that the code brought.",
    specs: &[
        ("RFC 6749 §4.1.2", "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2"),
        ("RFC 9700 §4.5", "https://www.rfc-editor.org/rfc/rfc9700#section-4.5"),
    ],
    needs: need::CODE,
    walk: &[],
    start: &acts::ASK,
    script: &[&acts::READ_PHOTOS, &acts::REPLAY_CODE, &acts::READ_PHOTOS],
};

pub(super) static REVOCATION: Flow = Flow {
    slug: "revocation",
    title: "Revocation",
    text: "You log out, or remove the application. It gives its refresh token back, and with it go all tokens of the \
           grant.",
    when: "At logout, when an application is uninstalled, when an account is closed.",
    advice: Advice::Use,
    says: "RFC 7009 §2.1: with a refresh token, the access tokens of the same grant SHOULD go too.",
    specs: &[("RFC 7009", "https://www.rfc-editor.org/rfc/rfc7009")],
    needs: need::ROTATION,
    walk: &[],
    start: &acts::ASK,
    script: &[&acts::READ_PHOTOS, &acts::REVOKE_REFRESH, &acts::READ_PHOTOS],
};

pub(super) static FORM_POST: Flow = Flow {
    slug: "form-post",
    title: "Form post",
    text: "As in the first flow the server sends you back with a code. But it does not put the code into the address: its \
           page has a form that your browser posts to the application. With a script that happens by itself, without one \
           you press a button.",
    when: "When a code should stand in no history, no log and no Referer header, or when the answer is longer than an \
           address may be. The application needs a server of its own to receive the form. On another site than the \
           authorization server's, its cookie with SameSite=Lax does not come with the form, so it has to find the \
           request by its state.",
    advice: Advice::Use,
    says: "RFC 9700 §4.3.1: against codes that leak by the browser's history, use the form post response mode.",
    specs: &[
        ("Form Post Response Mode", "https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html"),
        ("RFC 9700 §4.3.1", "https://www.rfc-editor.org/rfc/rfc9700#section-4.3.1"),
    ],
    needs: need::FORM_POST,
    walk: &[],
    start: &acts::ASK_FORM_POST,
    script: &[&acts::READ_PHOTOS],
};
