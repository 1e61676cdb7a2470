//! Typed ids: the vendor's prefix and eight characters of `[0-9a-z]`, held inline in eight bytes.

use crate::{RowKey, text::as_text};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The text is not `<prefix>-` and eight characters of `[0-9a-z]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is `{prefix}-` and eight characters of 0-9 and a-z")]
pub struct MalformedId {
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name([u8; 8]);

            impl $name {
                pub const PREFIX: &'static str = $prefix;

                /// The smallest id.
                pub const MIN: Self = Self([0; 8]);

                /// An id made of random bits (40 or more are enough): each byte of `random` chooses one character.
                #[must_use]
                pub fn from_random(random: u64) -> Self {
                    Self(characters(random))
                }

                /// The id as a number, for tables with an integer key. Different ids have different numbers.
                #[must_use]
                pub fn to_u64(self) -> u64 {
                    u64::from_be_bytes(self.0)
                }
            }

            impl From<$name> for RowKey {
                fn from(id: $name) -> RowKey {
                    RowKey(id.to_u64(), 0)
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    // Invariant: the eight bytes are ASCII of [0-9a-z].
                    f.write_str(concat!($prefix, "-"))?;
                    f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
                }
            }

            impl FromStr for $name {
                type Err = MalformedId;
                fn from_str(text: &str) -> Result<Self, MalformedId> {
                    parse(text, concat!($prefix, "-")).map(Self).ok_or(MalformedId { prefix: $prefix })
                }
            }

            as_text!($name, |id: &$name, serializer| {
                const HEAD: &[u8] = concat!($prefix, "-").as_bytes();
                let mut text = [0; HEAD.len() + 8];
                let (head, rest) = text.split_at_mut(HEAD.len());
                head.copy_from_slice(HEAD);
                rest.copy_from_slice(&id.0);
                serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
            });
        )*

        const PREFIXES: &[&str] = &[$($prefix),*];
    };
}

ids! {
    /// A machine as the API names it, for example `ins-1e4r6y8i`.
    InstanceId = "ins";
    /// A key pair, for example `skey-4e5ty7i8`.
    KeyPairId = "skey";
    /// An image.
    ImageId = "img";
    /// A disk.
    DiskId = "disk";
    /// A snapshot of a disk.
    SnapshotId = "snap";
    /// A virtual private cloud.
    VpcId = "vpc";
    /// A subnet of a VPC.
    SubnetId = "subnet";
    /// A VPC's route table.
    RouteTableId = "rtb";
    /// A security group.
    SecurityGroupId = "sg";
    /// A launch template.
    LaunchTemplateId = "lt";
    /// A placement group, which the vendor's API calls a disaster recover group.
    DisasterRecoverGroupId = "ps";
}

/// The id of one request, printed in upper case in the legacy dialect and in lower case in API 3.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub uuid::Uuid);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Whether a text is a valid id of another kind than an instance's.
#[must_use]
pub fn is_id_of_other(text: &str) -> bool {
    let is_other = |prefix: &str| prefix != InstanceId::PREFIX && PREFIXES.contains(&prefix);
    text.split_once('-').is_some_and(|(prefix, id)| is_other(prefix) && parse(id, "").is_some())
}

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

fn characters(mut random: u64) -> [u8; 8] {
    // 36^8 is about 2^41: dividing one u64 eight times leaves no visible bias.
    let mut id = [0; 8];
    for byte in &mut id {
        *byte = ALPHABET[(random % 36) as usize];
        random /= 36;
    }
    id
}

fn parse(text: &str, prefix: &str) -> Option<[u8; 8]> {
    let id: [u8; 8] = text.strip_prefix(prefix)?.as_bytes().try_into().ok()?;
    id.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()).then_some(id)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn an_id_survives_printing_and_parsing() {
        let id: InstanceId = "ins-1e4r6y8i".parse().unwrap();
        assert_eq!(id.to_string(), "ins-1e4r6y8i");
        let random = KeyPairId::from_random(u64::MAX);
        assert_eq!(random.to_string().parse::<KeyPairId>().unwrap(), random);
    }

    #[test]
    fn wrong_length_prefix_or_case_is_malformed() {
        for text in ["ins-1122", "skey-1e4r6y8i", "ins-1E4R6Y8I", "ins-1e4r6y8i9", "", "ins-", "ins-1e4r6y8é"] {
            assert!(text.parse::<InstanceId>().is_err(), "{text}");
        }
    }
}
