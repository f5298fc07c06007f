//! The protected resources that a grant or token is limited to: [RFC 8707].
//!
//! [RFC 8707]: https://www.rfc-editor.org/rfc/rfc8707

use std::ops::Deref;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Resource;

/// The protected resources that a grant or a token is good for, or that a client may ask tokens for.
///
/// In a record it is a list, which is left out for [`Audience::Any`]. An empty list never means "unrestricted".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// Not restricted to any resource.
    #[default]
    Any,
    /// These resources, and no others.
    Only(Resources),
}

/// At least one protected resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources(Vec<Resource>);

impl Resources {
    /// Collects resources, each once; `None` if there are none.
    #[must_use]
    pub fn new(resources: impl IntoIterator<Item = Resource>) -> Option<Self> {
        let mut kept = Vec::new();
        for resource in resources {
            if !kept.contains(&resource) {
                kept.push(resource);
            }
        }
        Some(Self(kept)).filter(|resources| !resources.0.is_empty())
    }

    /// Returns the position of the resource that an indicator names, in whatever equivalent spelling.
    fn position(&self, indicator: &str) -> Option<usize> {
        // Most indicators are spelled as here, and need not be parsed.
        let same = self.0.iter().position(|resource| resource.as_str() == indicator);
        let equivalent = || {
            let indicated = Resource::parse(indicator).ok()?;
            self.0.iter().position(|resource| *resource == indicated)
        };
        same.or_else(equivalent)
    }
}

impl Deref for Resources {
    type Target = [Resource];

    fn deref(&self) -> &[Resource] {
        &self.0
    }
}

impl Audience {
    /// Restricts to these resources. `None` if there are none: such an audience would be good for nothing.
    #[must_use]
    pub fn only(resources: impl IntoIterator<Item = Resource>) -> Option<Self> {
        Resources::new(resources).map(Self::Only)
    }

    /// True if there is no restriction.
    #[must_use]
    pub fn is_any(&self) -> bool {
        *self == Self::Any
    }

    /// Returns the resources by name; empty for [`Audience::Any`], which names none.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        match self {
            Self::Any => &[],
            Self::Only(resources) => resources,
        }
    }

    /// True if a token with this audience is good for the resource.
    #[must_use]
    pub fn includes(&self, resource: &Resource) -> bool {
        match self {
            Self::Any => true,
            Self::Only(resources) => resources.contains(resource),
        }
    }

    /// True if a token with this audience is good wherever one with the other is.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Only(_), Self::Any) => false,
            (Self::Only(_), Self::Only(others)) => others.iter().all(|resource| self.includes(resource)),
        }
    }

    /// Narrows to the resources of a request, or to all of them if the request names none. Returns `None` if the
    /// request names another (`invalid_target`, [RFC 8707 §2]).
    ///
    /// [`Audience::Any`] has no resources to narrow to and stays as it is: where resource indicators are not in use,
    /// they are ignored like any unknown parameter ([RFC 6749 §3.1]). The resources keep the spelling that they have
    /// here, whatever spelling the request used.
    ///
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    /// [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
    #[must_use]
    pub fn narrowed(&self, requested: &[impl AsRef<str>]) -> Option<Self> {
        let Self::Only(resources) = self else { return Some(Self::Any) };
        if requested.is_empty() {
            return Some(self.clone());
        }
        let mut is_requested = vec![false; resources.len()];
        for indicator in requested {
            *is_requested.get_mut(resources.position(indicator.as_ref())?)? = true;
        }
        let requested = resources.iter().zip(is_requested).filter(|(_, is_requested)| *is_requested);
        Self::only(requested.map(|(resource, _)| resource.clone()))
    }
}

impl From<Resource> for Audience {
    fn from(resource: Resource) -> Self {
        Self::Only(Resources(vec![resource]))
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_none(),
            Self::Only(resources) => resources.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<Vec<Resource>>::deserialize(deserializer)? {
            None => Ok(Self::Any),
            Some(resources) => Self::only(resources).ok_or_else(|| D::Error::custom("an audience of no resource")),
        }
    }
}
