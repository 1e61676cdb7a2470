//! Launch templates: parameters of RunInstances, stored under a name in numbered versions.
//! <https://cloud.tencent.com/document/api/213/66323>
//!
//! A version is a row of its own, which is written once; a template's row holds only the numbers of its versions.

use crate::{AccountNumber, LaunchTemplateId, Refusal, RegionId, RowKey, Tag, TemplateRefusal, resource::resource};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The maximum of versions of one template: the vendor's limit.
pub const TEMPLATE_VERSIONS_MAX: usize = 30;

/// A template, which lists its versions by their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplate {
    pub id: LaunchTemplateId,
    pub sequence: u64,
    pub account: AccountNumber,
    pub region: RegionId,
    pub name: Box<str>,
    pub default_version: u32,
    /// The latest number given. A number is never given twice, even when its version is deleted.
    pub latest_version: u32,
    /// The numbers of the existing versions, in the order of their creation.
    pub versions: Vec<u32>,
    pub created_seconds: u64,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
}

/// One version of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplateVersion {
    pub template: LaunchTemplateId,
    pub number: u32,
    pub sequence: u64,
    pub account: AccountNumber,
    pub region: RegionId,
    pub data: TemplateData,
}

/// Which version of which template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaunchTemplateVersionId {
    pub template: LaunchTemplateId,
    pub number: u32,
}

impl From<LaunchTemplateVersionId> for RowKey {
    fn from(id: LaunchTemplateVersionId) -> RowKey {
        RowKey(id.template.to_u64(), id.number)
    }
}

impl fmt::Display for LaunchTemplateVersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.template, self.number)
    }
}

/// The content of a version.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateData {
    pub description: Box<str>,
    /// Parameters of RunInstances as JSON, without the password.
    pub parameters: Box<str>,
    /// `LoginSettings.Password`, as SHA-512 crypt; never returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<Box<str>>,
    pub created_seconds: u64,
}

impl fmt::Debug for TemplateData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateData")
            .field("description", &self.description)
            .field("parameters", &self.parameters)
            .field("password_set", &self.password_hash.is_some())
            .finish_non_exhaustive()
    }
}

impl LaunchTemplate {
    /// The id of the version of that number, or of the default one.
    ///
    /// # Errors
    /// [`TemplateRefusal::VersionNotFound`].
    pub fn version(&self, number: Option<u32>) -> Result<LaunchTemplateVersionId, Refusal> {
        let number = number.unwrap_or(self.default_version);
        if !self.versions.contains(&number) {
            return Err(Refusal::Template(TemplateRefusal::VersionNotFound { template: self.id, version: number }));
        }
        Ok(self.id_of(number))
    }

    /// The ids of all versions, newest last.
    pub fn version_ids(&self) -> impl DoubleEndedIterator<Item = LaunchTemplateVersionId> {
        self.versions.iter().map(|number| self.id_of(*number))
    }

    fn id_of(&self, number: u32) -> LaunchTemplateVersionId {
        LaunchTemplateVersionId { template: self.id, number }
    }

    /// Adds a version with the next number and that content, and returns it.
    ///
    /// # Errors
    /// [`TemplateRefusal::VersionQuota`].
    pub fn add(&mut self, data: TemplateData, sequence: u64) -> Result<LaunchTemplateVersion, Refusal> {
        if self.versions.len() >= TEMPLATE_VERSIONS_MAX {
            return Err(Refusal::Template(TemplateRefusal::VersionQuota { limit: TEMPLATE_VERSIONS_MAX }));
        }
        self.latest_version += 1;
        self.versions.push(self.latest_version);
        Ok(LaunchTemplateVersion {
            template: self.id,
            number: self.latest_version,
            sequence,
            account: self.account,
            region: self.region,
            data,
        })
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

    /// Removes those numbers, and returns the ids of the removed versions, each once.
    ///
    /// # Errors
    /// [`TemplateRefusal::VersionNotFound`]; [`TemplateRefusal::IsNeeded`] for the default one.
    pub fn remove(&mut self, numbers: &[u32]) -> Result<Vec<LaunchTemplateVersionId>, Refusal> {
        for number in numbers {
            self.version(Some(*number))?;
            if *number == self.default_version {
                return Err(Refusal::Template(TemplateRefusal::IsNeeded { template: self.id, version: *number }));
            }
        }
        let gone = self.version_ids().filter(|id| numbers.contains(&id.number)).collect();
        self.versions.retain(|number| !numbers.contains(number));
        Ok(gone)
    }
}

resource!(LaunchTemplate, LaunchTemplateId, region: |template| Some(template.region));

resource!(
    LaunchTemplateVersion,
    LaunchTemplateVersionId,
    id: |version| LaunchTemplateVersionId { template: version.template, number: version.number },
    region: |version| Some(version.region)
);

#[cfg(test)]
mod test {
    use super::*;
    use crate::Resource;

    fn data() -> TemplateData {
        TemplateData {
            description: "".into(),
            parameters: "{}".into(),
            password_hash: Some("$6$hash".into()),
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
            versions: vec![1],
            created_seconds: 0,
            tags: [].into(),
        }
    }

    fn add(template: &mut LaunchTemplate) -> Result<u32, Refusal> {
        template.add(data(), 2).map(|version| version.number)
    }

    #[test]
    fn a_number_is_never_given_twice_and_the_default_version_stays() {
        let mut template = template();
        assert_eq!((add(&mut template), add(&mut template)), (Ok(2), Ok(3)));
        let id = template.id;
        let needed = Refusal::Template(TemplateRefusal::IsNeeded { template: id, version: 1 });
        assert_eq!(template.remove(&[3, 1]), Err(needed), "and nothing has changed");
        assert_eq!(template.versions, [1, 2, 3]);
        assert_eq!(template.remove(&[3, 3]), Ok(vec![LaunchTemplateVersionId { template: id, number: 3 }]));
        assert_eq!(add(&mut template), Ok(4));
        assert_eq!(
            template.set_default(3),
            Err(Refusal::Template(TemplateRefusal::VersionNotFound { template: id, version: 3 }))
        );
        template.set_default(4).unwrap();
        assert_eq!(template.version(None).unwrap().number, 4);
        assert!(template.set_default(4).is_err());
    }

    #[test]
    fn a_version_stands_beside_its_template() {
        let mut template = template();
        let version = template.add(data(), 7).unwrap();
        assert_eq!(template.version(Some(2)), Ok(version.id()));
        assert_eq!(version.id().to_string(), "lt-11112222/2");
        assert_eq!(
            (version.sequence(), version.account(), version.region()),
            (7, template.account(), template.region())
        );
    }

    #[test]
    fn thirty_versions_are_enough() {
        let mut template = template();
        (2..=30).for_each(|number| assert_eq!(add(&mut template), Ok(number)));
        assert_eq!(add(&mut template), Err(Refusal::Template(TemplateRefusal::VersionQuota { limit: 30 })));
    }

    #[test]
    fn a_password_is_not_printed() {
        assert!(!format!("{:?}", template().add(data(), 2)).contains("$6$"));
    }
}
