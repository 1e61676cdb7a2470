//! Launch templates: parameters of RunInstances, kept under a name in numbered versions.

use crate::{AccountNumber, Kept, LaunchTemplateId, Refusal, RegionId, Tag, TemplateRefusal};
use serde::{Deserialize, Serialize};

/// Versions of one template, at most: the vendor's limit.
pub const TEMPLATE_VERSIONS_MAX: usize = 30;

/// A template and all its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplate {
    pub id: LaunchTemplateId,
    pub sequence: u64,
    pub account: AccountNumber,
    pub region: RegionId,
    pub name: Box<str>,
    pub default_version: u32,
    /// The number given last. None is given twice, also when its version is gone.
    pub latest_version: u32,
    pub versions: Vec<TemplateVersion>,
    pub created_seconds: u64,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
}

/// What one version holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateVersion {
    pub number: u32,
    pub description: Box<str>,
    /// Parameters of RunInstances as JSON, without the password.
    pub parameters: Box<str>,
    /// `LoginSettings.Password`, as SHA-512 crypt; never answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<Box<str>>,
    pub created_seconds: u64,
}

impl std::fmt::Debug for TemplateVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TemplateVersion")
            .field("number", &self.number)
            .field("description", &self.description)
            .field("parameters", &self.parameters)
            .field("password_set", &self.password_hash.is_some())
            .finish_non_exhaustive()
    }
}

impl LaunchTemplate {
    /// The version of that number, or the default one.
    ///
    /// # Errors
    /// [`TemplateRefusal::VersionNotFound`].
    pub fn version(&self, number: Option<u32>) -> Result<&TemplateVersion, Refusal> {
        let number = number.unwrap_or(self.default_version);
        let found = self.versions.iter().find(|version| version.number == number);
        found.ok_or(Refusal::Template(TemplateRefusal::VersionNotFound { template: self.id, version: number }))
    }

    /// Adds a version and answers its number.
    ///
    /// # Errors
    /// [`TemplateRefusal::VersionQuota`].
    pub fn add(&mut self, version: TemplateVersion) -> Result<u32, Refusal> {
        if self.versions.len() >= TEMPLATE_VERSIONS_MAX {
            return Err(Refusal::Template(TemplateRefusal::VersionQuota { limit: TEMPLATE_VERSIONS_MAX }));
        }
        self.latest_version += 1;
        self.versions.push(TemplateVersion { number: self.latest_version, ..version });
        Ok(self.latest_version)
    }

    /// # Errors
    /// [`TemplateRefusal::VersionNotFound`]; [`TemplateRefusal::IsDefault`] when it is the default already.
    pub fn set_default(&mut self, number: u32) -> Result<(), Refusal> {
        self.version(Some(number))?;
        if self.default_version == number {
            return Err(Refusal::Template(TemplateRefusal::IsDefault { template: self.id, version: number }));
        }
        self.default_version = number;
        Ok(())
    }

    /// # Errors
    /// [`TemplateRefusal::VersionNotFound`]; [`TemplateRefusal::IsNeeded`] for the default one.
    pub fn remove(&mut self, numbers: &[u32]) -> Result<(), Refusal> {
        for number in numbers {
            self.version(Some(*number))?;
            if *number == self.default_version {
                return Err(Refusal::Template(TemplateRefusal::IsNeeded { template: self.id, version: *number }));
            }
        }
        self.versions.retain(|version| !numbers.contains(&version.number));
        Ok(())
    }
}

impl Kept for LaunchTemplate {
    type Id = LaunchTemplateId;

    fn id(&self) -> LaunchTemplateId {
        self.id
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn account(&self) -> AccountNumber {
        self.account
    }

    fn region(&self) -> Option<RegionId> {
        Some(self.region)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn version(number: u32) -> TemplateVersion {
        let hash = Some("$6$hash".into());
        TemplateVersion {
            number,
            description: "".into(),
            parameters: "{}".into(),
            password_hash: hash,
            created_seconds: 0,
        }
    }

    fn template() -> LaunchTemplate {
        LaunchTemplate {
            id: "lt-11112222".parse().unwrap(),
            sequence: 1,
            account: AccountNumber(1),
            region: RegionId::find("ap-guangzhou").unwrap(),
            name: "web".into(),
            default_version: 1,
            latest_version: 1,
            versions: vec![version(1)],
            created_seconds: 0,
            tags: [].into(),
        }
    }

    #[test]
    fn a_number_is_never_given_twice_and_the_default_version_stays() {
        let mut template = template();
        assert_eq!((template.add(version(0)), template.add(version(0))), (Ok(2), Ok(3)));
        let id = template.id;
        let needed = Refusal::Template(TemplateRefusal::IsNeeded { template: id, version: 1 });
        assert_eq!(template.remove(&[3, 1]), Err(needed), "and nothing has changed");
        assert_eq!(template.versions.len(), 3);
        template.remove(&[3]).unwrap();
        assert_eq!(template.add(version(0)), Ok(4));
        assert_eq!(
            template.set_default(3),
            Err(Refusal::Template(TemplateRefusal::VersionNotFound { template: id, version: 3 }))
        );
        template.set_default(4).unwrap();
        assert_eq!(template.version(None).unwrap().number, 4);
        assert!(template.set_default(4).is_err());
    }

    #[test]
    fn thirty_versions_are_enough() {
        let mut template = template();
        (2..=30).for_each(|number| assert_eq!(template.add(version(0)), Ok(number)));
        assert_eq!(template.add(version(0)), Err(Refusal::Template(TemplateRefusal::VersionQuota { limit: 30 })));
    }

    #[test]
    fn a_password_is_not_printed() {
        assert!(!format!("{:?}", template()).contains("$6$"));
    }
}
