//! The flows, each an entry of one table.

mod code;
mod device;
mod need;
mod old;
mod pushed;
mod registration;
mod service;

use grantor::server::Config;

use self::need::Need;
use crate::acts::Act;
use crate::walk::Named;

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
    /// The steps that the flow is walked in, if they have names; otherwise none.
    pub(crate) walk: &'static [Named],
    /// The act that it begins with.
    pub(crate) start: &'static Act,
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

impl Flow {
    /// Finds the flow with this name.
    pub(crate) fn find(slug: &str) -> Option<&'static Self> {
        FLOWS.into_iter().find(|flow| flow.slug == slug)
    }

    /// Returns the reason why this server does not have the flow; `None` if it has.
    pub(crate) fn lacks(&self, config: &Config) -> Option<&'static str> {
        (!(self.needs.is_met)(config)).then_some(self.needs.lack)
    }

    /// Tells if the flow needs a script in the browser.
    pub(crate) fn needs_script(&self) -> bool {
        self.start.needs_script()
    }
}

/// All flows, in the order in which to learn them.
pub(crate) static FLOWS: [&Flow; 14] = [
    &code::CODE,
    &code::REFRESH,
    &code::REPLAY,
    &service::CLIENT_CREDENTIALS,
    &service::INTROSPECTION,
    &code::REVOCATION,
    &service::METADATA,
    &code::FORM_POST,
    &pushed::PUSHED,
    &pushed::RICH,
    &registration::REGISTRATION,
    &device::DEVICE,
    &old::IMPLICIT,
    &old::PASSWORD,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flow_has_a_name_of_its_own() {
        for flow in FLOWS {
            assert_eq!(FLOWS.iter().filter(|other| other.slug == flow.slug).count(), 1, "{}", flow.slug);
            assert!(Flow::find(flow.slug).is_some_and(|found| found.title == flow.title));
        }
    }
}
