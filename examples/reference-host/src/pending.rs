//! A request that waits for a login or a decision. It waits sealed, in the browser's page.

use grantor::Timestamp;
use grantor::model::{AuthenticationEvent, Subject};
use grantor::record::Asked;
use grantor::server::{DevicePrompt, Interaction, Prompt, Refusal};
use serde::{Deserialize, Serialize};

use crate::pages;
use crate::seal::{Purpose, Seal};
use crate::session::{Login, Visit};

/// The time for which a page may stay open, in seconds.
const LIFETIME: u64 = 30 * 60;

/// The most bytes of a sealed request. There is room for the longest value of every parameter that grantor accepts, all
/// at once.
const MAX_LEN: usize = 48 * 1024;

/// The result of the authorization endpoint, or of entering a user code, waiting until somebody has logged in.
#[derive(Debug, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "it is opened, looked at and moved once")]
pub enum Waiting {
    /// The person is asked.
    Prompt(Prompt),
    /// The client is told an error: by RFC 9700 §4.11.2, nobody is redirected before the login.
    Refusal(Refusal),
    /// A device is asked about, by the person who entered its user code at the browser of this name.
    Device(DevicePrompt, String),
}

impl Waiting {
    /// The client's name for people.
    #[must_use]
    pub fn client_name(&self) -> &str {
        match self {
            Self::Prompt(prompt) => pages::client_name(prompt),
            Self::Refusal(refusal) => refusal.recipient.client_id.as_str(),
            Self::Device(prompt, _) => prompt.client_name.as_deref().unwrap_or(prompt.client_id.as_str()),
        }
    }

    /// The terms to decide on; `None` if there is nothing to decide.
    #[must_use]
    pub fn asked(&self) -> Option<&Asked> {
        match self {
            Self::Prompt(prompt) => Some(&prompt.asked),
            Self::Device(prompt, _) => Some(&prompt.asked),
            Self::Refusal(_) => None,
        }
    }

    /// The name by which the client says that the person may log in.
    #[must_use]
    pub fn login_hint(&self) -> &str {
        match self {
            Self::Prompt(prompt) => prompt.asked.login_hint.as_deref().unwrap_or_default(),
            Self::Refusal(_) | Self::Device(..) => "",
        }
    }
}

/// A request that waits.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pending {
    /// The prompt or refusal that waits.
    pub waiting: Waiting,
    expires_at: Timestamp,
}

/// The reason why a request cannot wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitError {
    /// The request is longer than a page can carry.
    TooLong,
    /// The operating system has no randomness.
    Unavailable,
}

impl Pending {
    /// Creates a request that came now.
    #[must_use]
    pub fn new(waiting: Waiting, now: Timestamp) -> Self {
        Self { waiting, expires_at: now }
    }

    /// Tells if the request takes this login: it may ask for a recent one (`max_age`, RFC 9470 §4), or for one that
    /// comes after it (`prompt=login`). A choice of account is a login, since there is one account for each browser.
    #[must_use]
    pub fn takes(&self, login: &Login) -> bool {
        match &self.waiting {
            Waiting::Prompt(prompt) => {
                let open = prompt.needs(Some(&AuthenticationEvent::at(login.at)), []);
                !matches!(open, Some(Interaction::Login | Interaction::AccountSelection))
            }
            Waiting::Refusal(_) | Waiting::Device(..) => true,
        }
    }

    /// Tells if the request may wait at a browser. A device's is bound to the one at which its user code was entered,
    /// so that nobody else's session can be made to approve it (RFC 8628 §5.4).
    #[must_use]
    pub fn is_of(&self, visit: &Visit) -> bool {
        match &self.waiting {
            Waiting::Device(_, browser) => visit.browser.as_deref() == Some(browser),
            Waiting::Prompt(_) | Waiting::Refusal(_) => true,
        }
    }

    /// Seals the request to wait for a login.
    ///
    /// # Errors
    /// See [`WaitError`].
    pub fn for_login(&mut self, seal: &Seal, now: Timestamp) -> Result<String, WaitError> {
        self.seal(seal, Purpose::Login, &[], now)
    }

    /// Seals the request to wait for this person's decision.
    ///
    /// # Errors
    /// See [`WaitError`].
    pub fn for_decision(&mut self, seal: &Seal, of: &Subject, now: Timestamp) -> Result<String, WaitError> {
        self.seal(seal, Purpose::Consent, &[of.as_str()], now)
    }

    /// Opens a request that waits for a login; `None` if this is not one, or has waited too long.
    #[must_use]
    pub fn of_login(seal: &Seal, sealed: &str, now: Timestamp) -> Option<Self> {
        Self::open(seal, Purpose::Login, &[], sealed, now)
    }

    /// Opens a request that waits for this person's decision.
    #[must_use]
    pub fn of_decision(seal: &Seal, of: &Subject, sealed: &str, now: Timestamp) -> Option<Self> {
        Self::open(seal, Purpose::Consent, &[of.as_str()], sealed, now)
    }

    fn seal(&mut self, seal: &Seal, purpose: Purpose, bound_to: &[&str], now: Timestamp) -> Result<String, WaitError> {
        self.expires_at = Timestamp(now.0.saturating_add(LIFETIME));
        let value = serde_json::to_vec(self).map_err(|_| WaitError::Unavailable)?;
        let sealed = seal.seal(purpose, bound_to, &value).map_err(|_| WaitError::Unavailable)?;
        if sealed.len() > MAX_LEN { Err(WaitError::TooLong) } else { Ok(sealed) }
    }

    fn open(seal: &Seal, purpose: Purpose, bound_to: &[&str], sealed: &str, now: Timestamp) -> Option<Self> {
        let value = seal.open(purpose, bound_to, sealed)?;
        serde_json::from_slice(&value).ok().filter(|pending: &Self| !pending.expires_at.is_past(now))
    }
}

#[cfg(test)]
mod tests {
    use grantor::model::AuthorizationDetails;
    use grantor::record::Asked;

    use super::*;

    fn prompt(state: &str, acr_values: &str, scope: &str, max_age: Option<u64>) -> Waiting {
        let filler = "d".repeat(AuthorizationDetails::MAX_LEN - r#"[{"filler":"","type":"t"}]"#.len());
        let prompt = serde_json::json!({
            "version": 3,
            "asked_at": 1000,
            "client_id": "c".repeat(255),
            "redirect_uri": format!("https://app.example/{}", "x".repeat(2000)),
            "redirect_uri_sent": true,
            "response_type": "code",
            "state": state,
            "client_name": "A client",
            "scope": scope,
            "authorization_details": [{ "type": "t", "filler": filler }],
            "acr_values": acr_values.split(' ').collect::<Vec<_>>(),
            "max_age": max_age,
            "prompt": ["consent"],
            "login_hint": "\"".repeat(Asked::MAX_LOGIN_HINT_LEN),
            "ui_locales": vec!["abcdefgh-".repeat(6) + "abcdefgh"; 16],
        });
        Waiting::Prompt(serde_json::from_value(prompt).expect("a prompt"))
    }

    fn seal() -> Seal {
        Seal::new([7; 32])
    }

    #[test]
    fn whatever_grantor_takes_fits_and_not_much_more() {
        let acr_values = vec!["a".repeat(255); 16].join(" ");
        let scope = "s".repeat(4096);
        let mut largest = Pending::new(prompt(&"\"".repeat(4096), &acr_values, &scope, Some(1)), Timestamp(0));
        assert!(largest.for_login(&seal(), Timestamp(0)).is_ok());
        let mut more = Pending::new(prompt(&"x".repeat(48 * 1024), "a", "s", None), Timestamp(0));
        assert_eq!(more.for_login(&seal(), Timestamp(0)), Err(WaitError::TooLong));
    }

    #[test]
    fn a_request_waits_half_an_hour_for_its_purpose_and_person() {
        let (alice, bob) = (Subject::parse("alice").expect("a subject"), Subject::parse("bob").expect("a subject"));
        let mut pending = Pending::new(prompt("s", "a", "s", None), Timestamp(1000));
        let for_login = pending.for_login(&seal(), Timestamp(1000)).expect("it is short");
        let for_alice = pending.for_decision(&seal(), &alice, Timestamp(1000)).expect("it is short");
        for (now, waits) in [(1000, true), (1000 + LIFETIME - 1, true), (1000 + LIFETIME, false)] {
            assert_eq!(Pending::of_login(&seal(), &for_login, Timestamp(now)).is_some(), waits, "{now}");
            assert_eq!(Pending::of_decision(&seal(), &alice, &for_alice, Timestamp(now)).is_some(), waits, "{now}");
        }
        let now = Timestamp(1000);
        assert!(Pending::of_decision(&seal(), &bob, &for_alice, now).is_none());
        assert!(Pending::of_decision(&seal(), &alice, &for_login, now).is_none());
        assert!(Pending::of_login(&seal(), &for_alice, now).is_none());
    }

    #[test]
    fn a_device_waits_at_the_browser_where_its_code_was_entered() {
        let prompt = serde_json::json!({
            "version": 1,
            "client_id": "tv",
            "client_name": null,
            "user_code": "WDJB-MJHT",
            "scope": "read",
            "issued_at": 1000,
            "expires_at": 1600,
            "key": { "partition": 1, "digest": "A".repeat(43) },
        });
        let prompt = serde_json::from_value(prompt).expect("a prompt");
        let mut pending = Pending::new(Waiting::Device(prompt, "one".to_owned()), Timestamp(1000));
        let sealed = pending.for_login(&seal(), Timestamp(1000)).expect("it is short");
        let opened = Pending::of_login(&seal(), &sealed, Timestamp(1000)).expect("it waits");
        for (browser, is_theirs) in [(Some("one"), true), (Some("another"), false), (None, false)] {
            let visit = Visit { browser: browser.map(str::to_owned), login: None };
            assert_eq!(opened.is_of(&visit), is_theirs, "{browser:?}");
        }
    }

    #[test]
    fn max_age_counts_back_from_when_the_request_came() {
        let user = crate::users::User {
            subject: Subject::parse("alice").expect("a subject"),
            name: "Alice".to_owned(),
            password: grantor::model::Digest::of("x"),
        };
        let login = Login { user: std::sync::Arc::new(user), at: Timestamp(940) };
        for (max_age, takes) in [(None, true), (Some(60), true), (Some(59), false), (Some(0), false)] {
            let mut pending = Pending::new(prompt("s", "a", "s", max_age), Timestamp(1000));
            assert_eq!(pending.takes(&login), takes, "{max_age:?}");
            // The time for which the page was open does not matter.
            let sealed = pending.for_login(&seal(), Timestamp(2000)).expect("it is short");
            let opened = Pending::of_login(&seal(), &sealed, Timestamp(2500)).expect("it waits");
            assert_eq!(opened.takes(&login), takes, "{max_age:?}");
        }
    }
}
