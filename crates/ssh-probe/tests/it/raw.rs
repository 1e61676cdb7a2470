//! A server that may say anything after a right key exchange: SSH from the cipher up, which no library's server allows.
//!
//! It knows one algorithm of each kind: curve25519-sha256, ssh-ed25519, aes256-gcm@openssh.com (RFC 4253, 8731, 5647).

use crate::peer::blob;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral},
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::Ed25519KeyPair,
};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

const GREETING: &str = "SSH-2.0-raw";
const HOST: u8 = 200;
const NONE: &str = "none";
const CIPHER: &str = "aes256-gcm@openssh.com";

/// One direction's cipher.
struct Cipher {
    key: LessSafeKey,
    fixed: [u8; 4],
    count: u64,
}

/// A connection whose keys are exchanged.
pub(crate) struct Raw {
    pub(crate) stream: DuplexStream,
    sends: Option<Cipher>,
    receives: Option<Cipher>,
}

/// SSH's `string`.
pub(crate) fn string(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn mpint(bytes: &[u8]) -> Vec<u8> {
    let digits = &bytes[bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len())..];
    let sign = digits.first().is_some_and(|byte| *byte >= 0x80);
    string([if sign { &[0][..] } else { &[] }, digits].concat())
}

impl Cipher {
    fn new(key: &[u8], iv: &[u8]) -> Cipher {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
        Cipher { key, fixed: iv[..4].try_into().unwrap(), count: u64::from_be_bytes(iv[4..12].try_into().unwrap()) }
    }

    fn nonce(&mut self) -> Nonce {
        let nonce = [self.fixed.as_slice(), &self.count.to_be_bytes()].concat();
        self.count = self.count.wrapping_add(1);
        Nonce::assume_unique_for_key(nonce.try_into().unwrap())
    }
}

impl Raw {
    /// Exchanges keys with a client.
    pub(crate) async fn exchange(stream: DuplexStream) -> io::Result<Raw> {
        let mut raw = Raw { stream, sends: None, receives: None };
        raw.stream.write_all(format!("{GREETING}\r\n").as_bytes()).await?;
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(raw.stream.read_u8().await?);
        }
        let lists =
            ["curve25519-sha256", "ssh-ed25519", CIPHER, CIPHER, "hmac-sha2-256", "hmac-sha2-256", NONE, NONE, "", ""];
        let wishes = [[20].as_slice(), &[7; 16], &lists.map(string).concat(), &[0; 5]].concat();
        raw.send(&wishes).await?;
        let their_wishes = raw.receive().await?;
        let theirs = raw.receive().await?[5..].to_vec();
        let secret = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).unwrap();
        let ours = secret.compute_public_key().unwrap();
        let shared = agree_ephemeral(secret, &UnparsedPublicKey::new(&X25519, &theirs), mpint).unwrap();
        let host = blob(HOST);
        let greeting = &line[..line.len() - 2];
        let said = [greeting, GREETING.as_bytes(), &their_wishes, &wishes, &host, &theirs, ours.as_ref()].map(string);
        let hash = digest(&SHA256, &[said.concat(), shared.clone()].concat());
        let signer = Ed25519KeyPair::from_seed_unchecked(&[HOST; 32]).unwrap();
        let signature = [string("ssh-ed25519"), string(signer.sign(hash.as_ref()))].concat();
        raw.send(&[vec![31], string(host), string(ours), string(signature)].concat()).await?;
        raw.send(&[21]).await?;
        raw.receive().await?;
        let derive = |letter| digest(&SHA256, &[&shared, hash.as_ref(), &[letter], hash.as_ref()].concat());
        raw.receives = Some(Cipher::new(derive(b'C').as_ref(), derive(b'A').as_ref()));
        raw.sends = Some(Cipher::new(derive(b'D').as_ref(), derive(b'B').as_ref()));
        Ok(raw)
    }

    pub(crate) async fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        // What the padding fills up to whole blocks includes the length only in the clear.
        let (block, counted) = if self.sends.is_some() { (16, 1) } else { (8, 5) };
        let padding = block - (payload.len() + counted) % block;
        let padding = if padding < 4 { padding + block } else { padding };
        let length = u32::try_from(1 + payload.len() + padding).unwrap().to_be_bytes();
        let mut packet = [&[padding as u8], payload, &vec![0; padding]].concat();
        if let Some(cipher) = &mut self.sends {
            let nonce = cipher.nonce();
            cipher.key.seal_in_place_append_tag(nonce, Aad::from(length), &mut packet).unwrap();
        }
        self.stream.write_all(&[length.as_slice(), &packet].concat()).await
    }

    pub(crate) async fn receive(&mut self) -> io::Result<Vec<u8>> {
        let length = self.stream.read_u32().await?;
        let mut packet = vec![0; length as usize + if self.receives.is_some() { 16 } else { 0 }];
        self.stream.read_exact(&mut packet).await?;
        if let Some(cipher) = &mut self.receives {
            let nonce = cipher.nonce();
            cipher.key.open_in_place(nonce, Aad::from(length.to_be_bytes()), &mut packet).unwrap();
        }
        let padding = usize::from(packet[0]);
        Ok(packet[1..length as usize - padding].to_vec())
    }
}
