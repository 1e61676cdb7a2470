//! A machine's host keys. Those of Ed25519 and ECDSA are derived from the machine's seed. An RSA key takes a second to
//! make: it is made when the first client comes that supports no other, and is stored in the machine's row.

use super::greeting::HostKey;
use crate::{bounds::Bound, machine::Machine, machines::Machines, verb::Verb};
use cvmd_hypervisor::Error;
use cvmd_model::InstanceId;
use p256::SecretKey;
use russh::keys::{
    PrivateKey,
    key::safe_rng,
    ssh_key::{
        LineEnding,
        private::{EcdsaKeypair, Ed25519Keypair, RsaKeypair},
    },
};
use sha2::{Digest, Sha256};
use std::time::Duration;

const RSA_BITS: usize = 2048;
/// How long a client waits for an RSA key that has not said whether it wants one.
const PATIENCE: Duration = Duration::from_secs(3);

/// The key by which every client that supports it knows a machine; it never changes.
pub(crate) fn ed25519(machine: &Machine) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&seed(machine)))
}

fn seed(machine: &Machine) -> [u8; 32] {
    let mut seed = [0; 32];
    for (half, number) in seed.chunks_exact_mut(16).zip(machine.host_seed) {
        half.copy_from_slice(&number.to_be_bytes());
    }
    seed
}

/// A key on the curve P-256.
fn ecdsa(machine: &Machine) -> Option<PrivateKey> {
    // One of 2^32 digests is not below the curve's order; then the next one is used.
    let secret = (0..=u8::MAX).find_map(|attempt| {
        let digest = Sha256::new().chain_update(b"ecdsa host key").chain_update([attempt]).chain_update(seed(machine));
        SecretKey::from_slice(&digest.finalize()).ok()
    })?;
    let public = secret.public_key().into();
    Some(EcdsaKeypair::NistP256 { public, private: secret.into() }.into())
}

impl Machines {
    /// The host keys to offer on a connection.
    pub(super) async fn host_keys(&self, machine: &Machine, wanted: HostKey) -> Vec<PrivateKey> {
        let mut keys = Vec::new();
        if matches!(wanted, HostKey::Ed25519 | HostKey::Any) {
            keys.push(ed25519(machine));
        }
        if matches!(wanted, HostKey::Ecdsa | HostKey::Any) {
            keys.extend(ecdsa(machine));
        }
        let rsa = match wanted {
            HostKey::Rsa => self.rsa_host_key(machine.id).await,
            // It probably supports one of the others.
            HostKey::Any => match tokio::time::timeout(PATIENCE, self.rsa_host_key(machine.id)).await {
                Ok(made) => made,
                Err(_) => return keys,
            },
            HostKey::Ed25519 | HostKey::Ecdsa => return keys,
        };
        match rsa {
            Ok(key) => keys.push(key),
            // The client is then refused because both sides have no common key.
            Err(error) => tracing::debug!(instance = %machine.id, %error, "there is no RSA host key"),
        }
        keys
    }

    /// A client that disconnects does not stop the computation, which the next client would start again.
    async fn rsa_host_key(&self, id: InstanceId) -> Result<PrivateKey, Error> {
        if let Some(key) = self.rsa_in_row(id) {
            return Ok(key);
        }
        let machines = self.shared()?;
        Verb::new(async move { machines.make_rsa_host_key(id).await }).await
    }

    async fn make_rsa_host_key(&self, id: InstanceId) -> Result<PrivateKey, Error> {
        let Ok(_turn) = self.computing.host_keys.take(self.sessions.holder_of(id)).await else {
            self.bounds().reached(Bound::HostKeys);
            return Err(Error::Other("too many machines wait for an RSA host key".into()));
        };
        if let Some(key) = self.rsa_in_row(id) {
            return Ok(key);
        }
        let made = tokio::task::spawn_blocking(|| {
            let key = PrivateKey::from(RsaKeypair::random(&mut safe_rng(), RSA_BITS).ok()?);
            let text: Box<str> = key.to_openssh(LineEnding::LF).ok()?.as_str().into();
            Some((key, text))
        });
        let made = made.await.ok().flatten();
        let (key, text) = made.ok_or_else(|| Error::Other("no RSA host key could be made".into()))?;
        self.change(id, move |machine, _| Ok(Some(Machine { rsa_host_key: Some(text), ..machine.clone() }))).await?;
        Ok(key)
    }

    fn rsa_in_row(&self, id: InstanceId) -> Option<PrivateKey> {
        PrivateKey::from_openssh(self.machine(id)?.rsa_host_key.as_deref()?).ok()
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::machine;

    #[test]
    fn a_seed_makes_the_same_keys_in_every_version() {
        let machine = machine::test::seeded("", [1, 2]);
        let fingerprint = |key: PrivateKey| key.public_key().fingerprint(russh::keys::HashAlg::Sha256).to_string();
        assert_eq!(fingerprint(ed25519(&machine)), "SHA256:ecfaPow4LAmrjPuyCGT3kFRKfaf4gh1E0oc7rwjRaG0");
        assert_eq!(fingerprint(ecdsa(&machine).unwrap()), "SHA256:/ka4Ot/xGM7L0AA1JSEizuXem0NVjXcJrEIvGAR35hk");
    }
}
