//! Which protected resources something is good for: RFC 8707.

use std::ops::Deref;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Resource;

/// The protected resources that a grant or a token is good for, or that a client may ask tokens for.
///
/// In records it is a list that is left out for [`Audience::Any`]. No list of nothing stands for "unrestricted".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// Not restricted to any.
    #[default]
    Any,
    /// These, and no others.
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

    /// Which of them an indicator names, however it is written.
    fn position(&self, indicator: &str) -> Option<usize> {
        // Mostly it is written as here, and need not be parsed.
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
    /// Restricts to these resources; `None` if there are none, since that would be good for nothing.
    #[must_use]
    pub fn only(resources: impl IntoIterator<Item = Resource>) -> Option<Self> {
        Resources::new(resources).map(Self::Only)
    }

    /// Returns whether there is no restriction.
    #[must_use]
    pub fn is_any(&self) -> bool {
        *self == Self::Any
    }

    /// Returns the resources by name: none of them for [`Audience::Any`], which has no names.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        match self {
            Self::Any => &[],
            Self::Only(resources) => resources,
        }
    }

    /// Returns whether something with this audience is good for a resource.
    #[must_use]
    pub fn includes(&self, resource: &Resource) -> bool {
        match self {
            Self::Any => true,
            Self::Only(resources) => resources.contains(resource),
        }
    }

    /// Narrows to the resources of a request, all of them if it names none; `None` if it names another
    /// (`invalid_target`, RFC 8707 §2). [`Audience::Any`] has no resources to narrow to and stays as it is: where
    /// resource indicators are not in use, they are ignored, as any unknown parameter is (RFC 6749 §3.1). There is no
    /// other way to narrow an audience. The resources stay written as they are here, however the request wrote them.
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
