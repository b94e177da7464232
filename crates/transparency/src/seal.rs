//! Sealing: what belongs to a person is encrypted under a key of that person's before it is hashed and kept. Who destroys the key
//! destroys the text, and every hash, proof and signature stays as it was.
//!
//! ```text
//! person's key ── place ──► field's secret ──► SM4 key ──► nonce ‖ ciphertext ‖ tag
//!                                        └───► commitment                     sealed = commitment ‖ nonce ‖ ciphertext ‖ tag
//! ```
//!
//! - **place** is log, stream, version, person and field, each with its length where that varies: the same text elsewhere has another
//!   key, and the secret of one field, handed to an outsider, opens nothing else.
//! - `secret = HMAC-SM3(person's key, "yousu/field/v1" ‖ place)`; the SM4 key is the first 16 bytes of `HMAC-SM3(secret, "seal")`, the commitment
//!   `HMAC-SM3(secret, "commit")`.
//! - SM4 in Galois/counter mode (GB/T 32907, GB/T 17964, RFC 8998), the place as associated data. The nonce is drawn, because a
//!   write that failed may be done again with another text at the same place.
//! - The **commitment** is there because this mode does not commit to its key: two keys can be made that open one ciphertext to two
//!   texts, both with a valid tag. With it, what was sealed has one secret and one text.
//!
//! A text's length shows. That is the price of not padding narratives to one size.

use aes_gcm::AesGcm;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use hmac::{Hmac, Mac as _};
use sm3::Sm3;
use sm4::Sm4;
use uuid::Uuid;
use zeroize::Zeroizing;

const FIELD: &[u8] = b"yousu/field/v1";
const BLIND: &[u8] = b"yousu/blind/v1";
const SEAL: &[u8] = b"seal";
const COMMIT: &[u8] = b"commit";

const COMMITMENT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// Bytes of the nonce that [`FieldSecret::seal`] wants.
pub const NONCE_BYTES: usize = 12;
/// What sealing adds to a text's bytes.
pub const OVERHEAD_BYTES: usize = COMMITMENT_BYTES + NONCE_BYTES + TAG_BYTES;

/// A person's key: whoever has it can open all that is sealed for that person.
#[derive(Clone)]
pub struct PersonKey(Zeroizing<[u8; 32]>);

/// The secret of one field: whoever has it can open that one, and see that it is the one that was sealed.
#[derive(Clone)]
pub struct FieldSecret(Zeroizing<[u8; 32]>);

/// Where a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Whose log.
    pub centre: &'a str,
    /// The event's stream.
    pub stream: Uuid,
    /// Its version in it.
    pub version: u64,
    /// Whose text it is.
    pub person: Uuid,
    /// Where in the public part it belongs.
    pub field: &'a str,
}

/// What stands for a field's name where an attachment is sealed, in version 0 of its case's stream: its own nonce, so that each has a secret
/// of its own.
pub fn attachment_field(nonce: [u8; NONCE_BYTES]) -> String {
    nonce.iter().fold("attachment:".to_owned(), |name, byte| format!("{name}{byte:02x}"))
}

/// Why something sealed does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Too short to have been sealed.
    #[error("it is too short to be something sealed")]
    Short,
    /// The secret is not the one that it was sealed with, or the place is another one.
    #[error("it was sealed with another secret, or for another place")]
    OtherSecret,
    /// The bytes were altered.
    #[error("its bytes were altered")]
    Altered,
}

impl PersonKey {
    /// A key of these bytes, which somebody drew at random.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes, to be wrapped.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The secret of a field.
    pub fn field(&self, place: &Place<'_>) -> FieldSecret {
        FieldSecret(mac(&self.0[..], &[FIELD, &place.encode()]))
    }

    /// What stands for a text where it must be found again and nobody without the key may guess it: a telephone number has so few
    /// digits that its plain hash could be found by trying all. `what` keeps uses apart.
    pub fn blind(&self, what: &str, text: &[u8]) -> [u8; 32] {
        let length = (what.len() as u64).to_be_bytes();
        *mac(&self.0[..], &[BLIND, &length, what.as_bytes(), text])
    }
}

impl FieldSecret {
    /// A secret that was disclosed.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes, to be disclosed.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The nonce in something sealed.
    pub fn nonce(sealed: &[u8]) -> Option<[u8; NONCE_BYTES]> {
        sealed.get(COMMITMENT_BYTES..COMMITMENT_BYTES + NONCE_BYTES)?.try_into().ok()
    }

    /// Seals a text. The nonce is drawn at random, for each text anew.
    pub fn seal(&self, place: &Place<'_>, nonce: [u8; NONCE_BYTES], text: &[u8]) -> Vec<u8> {
        let (commitment, cipher) = self.derived();
        let payload = Payload { msg: text, aad: &place.encode() };
        let sealed = cipher.encrypt(&nonce.into(), payload).expect("a text is far below 64 GiB");
        [commitment.as_slice(), &nonce, &sealed].concat()
    }

    /// Whether this secret sealed it, by how it begins.
    pub fn made(&self, start: &[u8]) -> bool {
        start.first_chunk::<COMMITMENT_BYTES>() == Some(&*self.derived().0)
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (expected, cipher) = self.derived();
        let (commitment, rest) = sealed.split_first_chunk::<COMMITMENT_BYTES>().ok_or(OpenError::Short)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::Short)?;
        if sealed.len() < TAG_BYTES {
            return Err(OpenError::Short);
        }
        // Both are known to whoever has the bytes: how long it takes to compare them tells nothing.
        if commitment != &*expected {
            return Err(OpenError::OtherSecret);
        }
        let payload = Payload { msg: sealed, aad: &place.encode() };
        cipher.decrypt(&(*nonce).into(), payload).map_err(|_| OpenError::Altered)
    }

    /// The commitment, and the cipher with its key.
    fn derived(&self) -> (Zeroizing<[u8; 32]>, AesGcm<Sm4, U12>) {
        // What an HMAC makes of its key alone is half the work of one so short.
        let keyed = keyed(&self.0[..]);
        let key = finish(keyed.clone(), &[SEAL]);
        let cipher = AesGcm::new_from_slice(&key[..16]).expect("SM4 has keys of 16 bytes");
        (finish(keyed, &[COMMIT]), cipher)
    }
}

impl Place<'_> {
    fn encode(&self) -> Vec<u8> {
        let Self { centre, stream, version, person, field } = self;
        let mut bytes = Vec::with_capacity(64 + field.len());
        for text in [centre, field] {
            bytes.extend((text.len() as u64).to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes.extend(stream.as_bytes());
        bytes.extend(version.to_be_bytes());
        bytes.extend(person.as_bytes());
        bytes
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    finish(keyed(key), parts)
}

fn keyed(key: &[u8]) -> Hmac<Sm3> {
    Hmac::new_from_slice(key).expect("it takes keys of any length")
}

fn finish(mut mac: Hmac<Sm3>, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place {
        centre: "410404",
        stream: Uuid::from_u128(1),
        version: 3,
        person: Uuid::from_u128(2),
        field: "/narrative",
    };

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// RFC 8998, appendix A.1.
    #[test]
    fn the_cipher_is_that_of_rfc_8998() {
        let cipher = AesGcm::<Sm4, U12>::new_from_slice(&hex("0123456789ABCDEFFEDCBA9876543210")).unwrap();
        let nonce: [u8; 12] = hex("00001234567800000000ABCD").try_into().unwrap();
        let text = hex(
            "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDDEEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA",
        );
        let sealed = hex(
            "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D83DE3541E4C2B58177E065A9BF7B62EC",
        );
        let aad = hex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2");
        assert_eq!(cipher.encrypt(&nonce.into(), Payload { msg: &text, aad: &aad }).unwrap(), sealed);
    }

    #[test]
    fn only_the_same_secret_at_the_same_place_opens_the_same_bytes() {
        let key = PersonKey::new([9; 32]);
        let secret = key.field(&PLACE);
        let sealed = secret.seal(&PLACE, [4; 12], "张三 13812345678".as_bytes());
        assert_eq!(sealed.len(), "张三 13812345678".len() + OVERHEAD_BYTES);
        assert_eq!(secret.open(&PLACE, &sealed).unwrap(), "张三 13812345678".as_bytes());
        assert!(secret.made(&sealed[..COMMITMENT_BYTES]) && !secret.made(&sealed[..COMMITMENT_BYTES - 1]));
        assert!(!key.field(&Place { version: 4, ..PLACE }).made(&sealed));
        assert_eq!(FieldSecret::new(*secret.bytes()).open(&PLACE, &sealed).unwrap(), "张三 13812345678".as_bytes());
        for other in [
            Place { centre: "410405", ..PLACE },
            Place { stream: Uuid::from_u128(7), ..PLACE },
            Place { version: 4, ..PLACE },
            Place { person: Uuid::from_u128(3), ..PLACE },
            Place { field: "/name", ..PLACE },
        ] {
            assert_eq!(key.field(&other).open(&other, &sealed), Err(OpenError::OtherSecret), "{other:?}");
            // Also with the secret at hand, another place is not the one it was sealed for.
            assert_eq!(secret.open(&other, &sealed), Err(OpenError::Altered), "{other:?}");
        }
        assert_eq!(PersonKey::new([8; 32]).field(&PLACE).open(&PLACE, &sealed), Err(OpenError::OtherSecret));
        for bit in 0..sealed.len() * 8 {
            let mut bad = sealed.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(secret.open(&PLACE, &bad).is_err(), "bit {bit}");
        }
        for short in 0..OVERHEAD_BYTES {
            assert_eq!(secret.open(&PLACE, &sealed[..short]), Err(OpenError::Short));
        }
    }

    /// Made by `docs/verify/seal.py`, which shares no code with this.
    #[test]
    fn an_outsider_seals_the_same_bytes() {
        let sealed = PersonKey::new([9; 32]).field(&PLACE).seal(&PLACE, [4; 12], b"abc");
        let text: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            text,
            "047ca3f27d2ab8cfe2163b842fb19e0c7bd35391a4e64386f7d6e35fd1aae113040404040404040404040404f2715ce6fe93892c1ecc5ff86febfa2a94e2ff"
        );
    }
}
