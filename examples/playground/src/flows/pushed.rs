//! A pushed authorization request, walked in twelve steps: a one-time token and a secret that belong to one
//! transaction; and one with the details of two.

use super::{Advice, Flow, need};
use crate::acts;
use crate::trace::Lane::{Browser, Client, Resource, Server, Store};
use crate::walk::{Arrow, Named};

pub(super) static PUSHED: Flow = Flow {
    slug: "pushed",
    title: "Pushed request",
    text: "The application sends its request to the server by itself, and gets a request token for it, good once. Your browser \
           carries this token and nothing else, so nobody at the browser can read the request or change it. The token belongs \
           to one transaction between these parties, and so does a secret that the application keeps, the code verifier. A \
           later transaction for the same needs no page: you have allowed it before.",
    when: "When a request is worth protecting: payments, health, anything that you would sign. Or when it is too long for an \
           address. An application with a secret proves who it is before anybody is asked anything.",
    advice: Advice::Use,
    says: "RFC 9126 §4: the client MUST use a request_uri only once, and §7.3: the server SHOULD make it good once only.",
    specs: &[
        ("RFC 9126", "https://www.rfc-editor.org/rfc/rfc9126"),
        ("RFC 7636", "https://www.rfc-editor.org/rfc/rfc7636"),
        ("OpenID Connect Core §3.1.2.1", "https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest"),
    ],
    needs: need::PUSHED,
    walk: &WALK,
    start: &acts::ASK_PUSHED,
    script: &[&acts::READ_PHOTOS, &acts::REPLAY_REQUEST, &acts::ASK_SILENTLY, &acts::READ_PHOTOS],
};

pub(super) static RICH: Flow = Flow {
    slug: "rich",
    title: "Rich request",
    text: "A scope is a word: it cannot say how much is paid to whom. The application describes each transaction by an object \
           with a type and its members. The server knows the type and refuses an object that does not conform. It shows you \
           each one, you untick what you do not want, and the token is good for the rest, to the cent.",
    when: "When you agree to something in particular: a payment, the access to one account, a document to be signed. For \
           anything that a word can say, a scope is enough.",
    advice: Advice::Use,
    says: "RFC 9396 §5: the server MUST refuse an unknown type and an object that does not conform to its type. §12: a client \
           that fears changes on the way MUST protect the request, for example by pushing it.",
    specs: &[
        ("RFC 9396", "https://www.rfc-editor.org/rfc/rfc9396"),
        ("RFC 9396 §12", "https://www.rfc-editor.org/rfc/rfc9396#section-12"),
    ],
    needs: need::RICH,
    walk: &[],
    start: &acts::ASK_RICH,
    script: &[&acts::INTROSPECT, &acts::REFRESH],
};

static WALK: [Named; 12] = [
    Named {
        name: "The client draws a secret",
        text: "A code verifier, for this transaction alone. It stays with the client. What the client sends is its hash, the \
               code challenge.",
        begins_chapter: true,
        at: &[Arrow(Client, Client, "Draws")],
    },
    Named {
        name: "It pushes its request to the server",
        text: "Straight to the authorization server, past your browser, and with the client's own secret in the header. The \
               request says what kind of transaction this is: its type and details (authorization_details), the scope, and \
               the API that it is for.",
        begins_chapter: false,
        at: &[Arrow(Client, Server, "/par")],
    },
    Named {
        name: "It gets a one-time request token",
        text: "The request_uri. It stands for this request of this client, once, for a minute, and opens nothing by itself.",
        begins_chapter: false,
        at: &[Arrow(Server, Client, "201")],
    },
    Named {
        name: "Your browser carries the token",
        text: "It is sent to the authorization server with the client's name and the request_uri. There is nothing else in the \
               address to read or to change.",
        begins_chapter: false,
        at: &[Arrow(Client, Browser, "/authorize")],
    },
    Named {
        name: "The server finds the request",
        text: "It must be this client's, in time, and not spent. This server knows you and the client. It is apart from the API, \
               which has your photos and sees neither of these secrets.",
        begins_chapter: false,
        at: &[Arrow(Server, Store, "Authorize: Lookup")],
    },
    Named {
        name: "You log in",
        text: "On a page of the server, so that the client never sees your password. If you are logged in, there is no such \
               step.",
        begins_chapter: false,
        at: &[Arrow(Browser, Server, "/login")],
    },
    Named {
        name: "You approve, or have before",
        text: "You say what the client may do. If it asks for no page at all (prompt=none), the server looks whether you have \
               allowed all of it before, and approves in silence. If not, it refuses.",
        begins_chapter: false,
        at: &[Arrow(Browser, Server, "/consent"), Arrow(Server, Store, "Decide: Lookup")],
    },
    Named {
        name: "The request token is spent",
        text: "By the same commit that opens the grant and issues a code: all of it or nothing. So one request is decided once, \
               even if two decisions come at the same time.",
        begins_chapter: false,
        at: &[Arrow(Server, Store, "Decide: Commit")],
    },
    Named {
        name: "Your browser brings back a code",
        text: "With the state that ties it to this browser, and the name of the server that answers. A code is worth nothing \
               without the client's secrets.",
        begins_chapter: false,
        at: &[Arrow(Server, Browser, "/playground/callback")],
    },
    Named {
        name: "Code and secret buy a token",
        text: "The client shows the code, the code verifier and its own secret. The server hashes the verifier, and compares the \
               hash with the challenge that was pushed.",
        begins_chapter: false,
        at: &[Arrow(Client, Server, "/token")],
    },
    Named {
        name: "The API takes the token",
        text: "The access token is for this API and this scope. None of what came before it can be used here.",
        begins_chapter: true,
        at: &[Arrow(Client, Resource, "/api/photos")],
    },
    Named {
        name: "The request token is none any more",
        text: "Whoever saw the request_uri, in a history or a log, may present it again. The server finds it spent, and refuses \
               before it shows any page but that.",
        begins_chapter: true,
        at: &[Arrow(Client, Server, "/authorize")],
    },
];
