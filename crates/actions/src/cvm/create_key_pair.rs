//! CreateKeyPair: makes an RSA-2048 key pair; its private key is in the reply and nowhere else.
//!
//! <https://cloud.tencent.com/document/api/213/15702>.

use super::{
    declared,
    new_key_pair::{NewKey, QUOTA},
};
use crate::{Action, Apply, Body, Context, Pace, Parameters, Product, Reason, reply};
use base64::{Engine, engine::general_purpose::STANDARD};
use cvmd_model::PublicKey;
use rsa::{BoxedUint, RsaPrivateKey, pkcs1::EncodeRsaPrivateKey, pkcs8::LineEnding, traits::PublicKeyParts};

const BITS: usize = 2048;

pub(crate) const ACTION: Action =
    Action::command(Product::Cvm, "CreateKeyPair", prepare).paced(Pace::Long).errors_of(&[declared::NEW_KEY_PAIR]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let new = NewKey::read(parameters)?;
    let (public_key, private_key) = generate(context).ok_or(Reason::OurFault)?;
    Ok(Box::new(move |tx, context| {
        // Invariant: the quota is checked before the name, so a full account gets that refusal first.
        let key = new.put(tx, context, public_key)?;
        Ok(Body::of(object! { KeyPair: reply::new_key_pair(&key, &private_key) }))
    }))
}

/// A new key's public half in OpenSSH's form, and its private half as PKCS#1 PEM.
fn generate(context: &Context) -> Option<(PublicKey, rsa::pkcs8::der::zeroize::Zeroizing<String>)> {
    let private = RsaPrivateKey::new(&mut context.random(b'k'), BITS).ok()?;
    let pem = private.to_pkcs1_pem(LineEnding::LF).ok()?;
    let mut blob = Vec::with_capacity(300);
    field(&mut blob, b"ssh-rsa");
    field(&mut blob, &mpint(private.e()));
    field(&mut blob, &mpint(private.n()));
    let public = PublicKey::parse(&format!("ssh-rsa {}", STANDARD.encode(blob))).ok()?;
    Some((public, pem))
}

/// RFC 4251 section 5: four bytes of length, then the bytes.
fn field(blob: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or_default();
    blob.extend_from_slice(&length.to_be_bytes());
    blob.extend_from_slice(bytes);
}

/// RFC 4251 section 5: big-endian without leading zeros, except one before a set first bit.
fn mpint(number: &BoxedUint) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let digits = bytes.iter().position(|byte| *byte != 0).map_or(&[][..], |first| &bytes[first..]);
    let mut mpint = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_some_and(|first| first & 0x80 != 0) {
        mpint.push(0);
    }
    mpint.extend_from_slice(digits);
    mpint
}

const _: () = assert!(QUOTA == 100, "the vendor's quota of key pairs");

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateKeyPair {"KeyName":"my_key","ProjectId":0,"TagSpecification":[{"ResourceType":"keypair","Tags":[{"Key":"team","Value":"red"}]}]}
< {"KeyPair":{"KeyId":"skey-...","KeyName":"my_key","ProjectId":0,"Description":"","PublicKey":"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ... skey-...","AssociatedInstanceIds":[],"CreatedTime":"2026-11-24T00:00:00Z","Tags":[{"Key":"team","Value":"red"}],"PrivateKey":"-----BEGIN RSA PRIVATE KEY-----\n...-----END RSA PRIVATE KEY-----\n"}}
> DescribeKeyPairs {"Filters":[{"Name":"key-name","Values":["my_key"]}]}
< {"TotalCount":1,"KeyPairSet":[{"KeyId":"skey-...","KeyName":"my_key","ProjectId":0,"Description":"","PublicKey":"ssh-rsa ...","AssociatedInstanceIds":[],"CreatedTime":"2026-11-24T00:00:00Z","Tags":[{"Key":"team","Value":"red"}],"PrivateKey":null}]}

> CreateKeyPair {"KeyName":"","ProjectId":0}
< InvalidKeyPairNameEmpty The key pair name is empty.
> CreateKeyPair {"KeyName":"abcdefghijklmnopqrstuvwxyz","ProjectId":0}
< InvalidKeyPairNameTooLong The key pair name has more than 25 characters.
> CreateKeyPair {"KeyName":"my-key","ProjectId":0}
< InvalidKeyPairNameIncludeIllegalChar ...
> CreateKeyPair {"KeyName":"bound","ProjectId":0}
< InvalidKeyPairName.Duplicate A key pair named `bound` exists already.
> CreateKeyPair {"KeyName":"my_key"}
< MissingParameter The request is missing a required parameter `ProjectId`.
> CreateKeyPair {"KeyName":"my_key","ProjectId":-1}
< InvalidParameterValue The value `-1` specified in the parameter `ProjectId` is not valid: 0 to 4294967295.
> CreateKeyPair {"KeyName":"my_key","ProjectId":0,"TagSpecification":[{"ResourceType":"instance","Tags":[{"Key":"a","Value":"b"}]}]}
< InvalidParameterValue The value `instance` specified in the parameter `TagSpecification.0.ResourceType` is not valid: it is one of `keypair`.
full account
> CreateKeyPair {"KeyName":"one_more","ProjectId":0}
< InvalidKeyPair.LimitExceeded The account has 100 key pairs, which is the limit.
"#;
