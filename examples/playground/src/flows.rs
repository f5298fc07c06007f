//! The flows, each an entry of one table.

use grantor::model::{GrantType, ResponseType};
use grantor::server::{Config, RefreshPolicy};

use crate::acts::{self, Act};

/// A flow: a description, advice, and its steps.
#[derive(Debug)]
pub(crate) struct Flow {
    /// The flow's name in addresses.
    pub(crate) slug: &'static str,
    pub(crate) title: &'static str,
    /// A text on what happens.
    pub(crate) text: &'static str,
    /// A text on when to use the flow.
    pub(crate) when: &'static str,
    pub(crate) advice: Advice,
    /// A text on what RFC 9700, or the flow's own RFC, says about it.
    pub(crate) says: &'static str,
    /// Further reading: section and address.
    pub(crate) specs: &'static [(&'static str, &'static str)],
    needs: Need,
    pub(crate) start: Start,
    /// The acts that follow, one button after the other.
    pub(crate) script: &'static [&'static Act],
}

/// The advice for or against a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    Use,
    Attack,
    Avoid,
    Never,
}

impl Advice {
    /// The advice in a word or two.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Use => "Recommended",
            Self::Attack => "An attack",
            Self::Avoid => "Avoid",
            Self::Never => "Must not be used",
        }
    }

    /// The CSS class of the advice.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Use => "use",
            Self::Attack | Self::Avoid => "avoid",
            Self::Never => "never",
        }
    }
}

/// The beginning of a flow.
#[derive(Debug)]
pub(crate) enum Start {
    /// The browser goes to the authorization server and comes back with a code.
    Code,
    /// The browser goes to the authorization server and comes back with a token.
    Implicit,
    /// The client sends a request by itself.
    Act(&'static Act),
}

/// A configuration that the server needs for a flow.
#[derive(Clone, Copy, Debug)]
struct Need {
    is_met: fn(&Config) -> bool,
    /// The text that a person is shown if the server lacks it.
    lack: &'static str,
}

const NOTHING: Need = Need { is_met: |_| true, lack: "" };
const CODE: Need = Need {
    is_met: |config| has_grant(config, &GrantType::AuthorizationCode) && responds(config, ResponseType::Code),
    lack: "This server's configuration has no authorization code grant.",
};
const ROTATION: Need = Need {
    is_met: |config| {
        let rotates = !matches!(config.token.refresh, RefreshPolicy::Reuse);
        (CODE.is_met)(config) && rotates && has_grant(config, &GrantType::RefreshToken)
    },
    lack: "This server's configuration has no authorization code grant with refresh tokens that rotate.",
};
const IMPLICIT: Need = Need {
    is_met: |config| responds(config, ResponseType::Token),
    lack: "This server's configuration has no implicit grant.",
};
const CLIENT_CREDENTIALS: Need = Need {
    is_met: |config| has_grant(config, &GrantType::ClientCredentials),
    lack: "This server's configuration has no client credentials grant.",
};
const PASSWORD: Need = Need {
    is_met: |config| has_grant(config, &GrantType::Password),
    lack: "This server's configuration has no password grant.",
};

fn has_grant(config: &Config, grant_type: &GrantType) -> bool {
    config.token.grant_types.contains(grant_type)
}

fn responds(config: &Config, response_type: ResponseType) -> bool {
    config.authorization.response_types.contains(&response_type)
}

impl Flow {
    /// Finds the flow with this name.
    pub(crate) fn find(slug: &str) -> Option<&'static Self> {
        FLOWS.iter().find(|flow| flow.slug == slug)
    }

    /// Returns the reason why this server does not have the flow; `None` if it has.
    pub(crate) fn lacks(&self, config: &Config) -> Option<&'static str> {
        (!(self.needs.is_met)(config)).then_some(self.needs.lack)
    }

    /// Tells if the flow needs a script in the browser.
    pub(crate) fn needs_script(&self) -> bool {
        matches!(self.start, Start::Implicit)
    }
}

/// All flows, in the order in which to learn them.
pub(crate) static FLOWS: [Flow; 9] = [
    Flow {
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
        needs: CODE,
        start: Start::Code,
        script: &[&acts::READ_PHOTOS, &acts::ADD_PHOTO],
    },
    Flow {
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
        needs: ROTATION,
        start: Start::Code,
        script: &[&acts::REFRESH, &acts::READ_PHOTOS, &acts::REPLAY_REFRESH, &acts::READ_PHOTOS],
    },
    Flow {
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
        needs: CODE,
        start: Start::Code,
        script: &[&acts::READ_PHOTOS, &acts::REPLAY_CODE, &acts::READ_PHOTOS],
    },
    Flow {
        slug: "client-credentials",
        title: "Client credentials",
        text: "No person is in it. The application shows its own secret and gets a token for itself. There is no refresh token: \
               it simply asks again.",
        when: "When a service acts for itself: a nightly backup, one service calling another.",
        advice: Advice::Use,
        says: "RFC 6749 §4.4: it MUST only be used by confidential clients, that is, by those that can keep a secret.",
        specs: &[("RFC 6749 §4.4", "https://www.rfc-editor.org/rfc/rfc6749#section-4.4")],
        needs: CLIENT_CREDENTIALS,
        start: Start::Act(&acts::CLIENT_CREDENTIALS),
        script: &[&acts::READ_PHOTOS, &acts::ADD_PHOTO],
    },
    Flow {
        slug: "introspection",
        title: "Introspection",
        text: "An access token means nothing to those who see it. An API that does not share the server's store asks the server \
               what the token is good for. Of a token that is not good the server says so, and nothing more.",
        when: "When an API belongs to somebody else than the authorization server, or runs elsewhere.",
        advice: Advice::Use,
        says: "RFC 7662 §2.1: the endpoint MUST require some form of authorization, so that nobody can try out tokens at it.",
        specs: &[("RFC 7662", "https://www.rfc-editor.org/rfc/rfc7662")],
        needs: CLIENT_CREDENTIALS,
        start: Start::Act(&acts::CLIENT_CREDENTIALS),
        script: &[&acts::INTROSPECT, &acts::REVOKE_ACCESS, &acts::INTROSPECT],
    },
    Flow {
        slug: "revocation",
        title: "Revocation",
        text: "You log out, or remove the application. It gives its refresh token back, and with it go all tokens of the \
               grant.",
        when: "At logout, when an application is uninstalled, when an account is closed.",
        advice: Advice::Use,
        says: "RFC 7009 §2.1: with a refresh token, the access tokens of the same grant SHOULD go too.",
        specs: &[("RFC 7009", "https://www.rfc-editor.org/rfc/rfc7009")],
        needs: ROTATION,
        start: Start::Code,
        script: &[&acts::READ_PHOTOS, &acts::REVOKE_REFRESH, &acts::READ_PHOTOS],
    },
    Flow {
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
        needs: NOTHING,
        start: Start::Act(&acts::DISCOVER),
        script: &[],
    },
    Flow {
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
        needs: IMPLICIT,
        start: Start::Implicit,
        script: &[&acts::READ_PHOTOS],
    },
    Flow {
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
        needs: PASSWORD,
        start: Start::Act(&acts::PASSWORD),
        script: &[&acts::READ_PHOTOS],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flow_has_a_name_of_its_own() {
        for flow in &FLOWS {
            assert_eq!(FLOWS.iter().filter(|other| other.slug == flow.slug).count(), 1, "{}", flow.slug);
            assert!(Flow::find(flow.slug).is_some_and(|found| found.title == flow.title));
        }
    }
}
