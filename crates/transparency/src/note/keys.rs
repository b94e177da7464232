//! Keys that sign notes, and what each kind of them signs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use sm2::dsa::signature::{Signer as _, Verifier as _};

use super::Signature;
use crate::tree::SIZE_LIMIT;

/// The identity that GB/T 32918.2 mixes into every SM2 signature; this one stands in the standard and in everybody's tools.
const SM2_IDENTITY: &str = "1234567812345678";
/// What stands between the type 0xff and an SM2 key, as C2SP has it for types of one's own.
const SM2_NAME: &[u8] = b"yousu/sm2-sm3/v1:";
/// The same for signatures that say when.
const SM2_TIMED_NAME: &[u8] = b"yousu/sm2-sm3-cosignature/v1:";

const OWN_TYPE: u8 = 0xff;
const ED25519_TYPE: u8 = 0x01;
const ED25519_TIMED_TYPE: u8 = 0x04;
const TIME_BYTES: usize = 8;

/// What stands between a public key's text and the size that it counts up to.
const UNTIL: &str = " until ";

/// What a secret key's text begins with.
const SECRET: &str = "PRIVATE+KEY+";

/// The kind of a key: what it signs, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// Ed25519 of the text (C2SP type 0x01): for stock tools.
    Ed25519,
    /// Ed25519 of the text and the time of signing (C2SP tlog-cosignature, type 0x04): a witness's.
    Ed25519Timed,
    /// SM2 with SM3 (GB/T 32918.2, GB/T 32905) of the text: r ‖ s, 64 bytes. Type 0xff and the name `yousu/sm2-sm3/v1:`.
    Sm2,
    /// SM2 with SM3 of the text and the time of signing, put together as for Ed25519. Type 0xff and
    /// `yousu/sm2-sm3-cosignature/v1:`.
    Sm2Timed,
}

/// Why a key or a signature is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No name, or one with `+` or blanks in it.
    #[error("`{0}` is no name of a key: something without blanks and `+` is wanted")]
    Name(String),
    /// Not the text form of a public key.
    #[error(
        "this is no key: NAME+ID+BASE64 is wanted, of a kind that this program knows, and behind it at most ` until SIZE`"
    )]
    Form,
    /// The ID in the text form is not that of name and key.
    #[error("the ID in the key of `{0}` is not that of its name and bytes: the line was altered or cut")]
    Id(String),
    /// The bytes are no key of their kind.
    #[error("the bytes are no {0:?} key")]
    Bytes(Scheme),
    /// A signature that does not hold.
    #[error("the signature of `{0}` does not hold: the text or the signature was altered")]
    DoesNotHold(String),
}

impl Scheme {
    const ALL: [Self; 4] = [Self::Ed25519, Self::Ed25519Timed, Self::Sm2, Self::Sm2Timed];

    /// What stands before the bytes of a public key.
    fn prefix(self) -> Vec<u8> {
        match self {
            Self::Ed25519 => vec![ED25519_TYPE],
            Self::Ed25519Timed => vec![ED25519_TIMED_TYPE],
            Self::Sm2 => [&[OWN_TYPE], SM2_NAME].concat(),
            Self::Sm2Timed => [&[OWN_TYPE], SM2_TIMED_NAME].concat(),
        }
    }

    fn is_timed(self) -> bool {
        matches!(self, Self::Ed25519Timed | Self::Sm2Timed)
    }

    fn id(self, name: &str, public: &[u8]) -> [u8; 4] {
        let digest =
            Sha256::new().chain_update(name).chain_update(b"\n").chain_update(self.prefix()).chain_update(public);
        let digest: [u8; 32] = digest.finalize().into();
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

/// A key that signs. Its bytes are never shown.
pub struct SigningKey {
    name: String,
    scheme: Scheme,
    secret: Secret,
}

enum Secret {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    Sm2(Box<sm2::dsa::SigningKey>),
}

impl SigningKey {
    /// A key of this name from 32 secret bytes, which somebody drew at random.
    ///
    /// # Errors
    /// [`KeyError::Name`], [`KeyError::Bytes`]: of SM2, one number in 2³² is none.
    pub fn new(name: &str, scheme: Scheme, secret: &[u8; 32]) -> Result<Self, KeyError> {
        let name = named(name)?;
        let secret = match scheme {
            Scheme::Ed25519 | Scheme::Ed25519Timed => {
                Secret::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(secret)))
            }
            Scheme::Sm2 | Scheme::Sm2Timed => {
                let key = sm2::dsa::SigningKey::from_slice(SM2_IDENTITY, secret);
                Secret::Sm2(Box::new(key.map_err(|_| KeyError::Bytes(scheme))?))
            }
        };
        Ok(Self { name, scheme, secret })
    }

    /// The secret, to be kept where nobody else reads: `PRIVATE+KEY+NAME+ID+BASE64`.
    pub fn secret_text(&self) -> String {
        let secret: [u8; 32] = match &self.secret {
            Secret::Ed25519(key) => key.to_bytes(),
            Secret::Sm2(key) => key.to_bytes().into(),
        };
        let key = STANDARD.encode([self.scheme.prefix(), secret.to_vec()].concat());
        format!("{SECRET}{}+{}+{key}", self.name, hexadecimal(self.verifier().id()))
    }

    /// Reads what [`secret_text`](Self::secret_text) wrote.
    ///
    /// # Errors
    /// [`KeyError`], none of which holds anything of the secret.
    pub fn parse_secret(text: &str) -> Result<Self, KeyError> {
        let (name, id, scheme, secret) = parts(text.strip_prefix(SECRET).ok_or(KeyError::Form)?)?;
        let secret = secret.as_slice().try_into().map_err(|_| KeyError::Bytes(scheme))?;
        let key = Self::new(&name, scheme, secret)?;
        if id == hexadecimal(key.verifier().id()) { Ok(key) } else { Err(KeyError::Id(key.name)) }
    }

    /// The key that others check its signatures with.
    pub fn verifier(&self) -> VerifierKey {
        let public = match &self.secret {
            Secret::Ed25519(key) => Public::Ed25519(Box::new(key.verifying_key())),
            Secret::Sm2(key) => Public::Sm2(Box::new(key.verifying_key().clone())),
        };
        VerifierKey { name: self.name.clone(), scheme: self.scheme, public, until: None }
    }

    /// Signs a note's text. `now` is the time in seconds since 1970, for the kinds that say when.
    pub fn sign(&self, text: &str, now: u64) -> Signature {
        let message = message(self.scheme, text, now);
        let signature = match &self.secret {
            Secret::Ed25519(key) => key.sign(&message).to_bytes().to_vec(),
            Secret::Sm2(key) => {
                let signature: sm2::dsa::Signature = key.sign(&message);
                signature.to_bytes().to_vec()
            }
        };
        let time = if self.scheme.is_timed() { now.to_be_bytes().to_vec() } else { Vec::new() };
        let key_id = self.verifier().id();
        Signature { name: self.name.clone(), key_id, bytes: [time, signature].concat() }
    }
}

/// A key that signatures are checked with. Its text form is `NAME+ID+BASE64`, or `NAME+ID+BASE64 until SIZE`: one that was replaced
/// counts for what its log had by then, and for nothing later ([`crate::key_change`]).
#[derive(Debug, Clone)]
pub struct VerifierKey {
    name: String,
    scheme: Scheme,
    public: Public,
    until: Option<u64>,
}

#[derive(Debug, Clone)]
enum Public {
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    Sm2(Box<sm2::dsa::VerifyingKey>),
}

impl PartialEq for VerifierKey {
    fn eq(&self, other: &Self) -> bool {
        self.is_same_key(other) && self.until == other.until
    }
}

impl Eq for VerifierKey {}

impl VerifierKey {
    /// Whose it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its kind.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The size of the log up to which it counts, where it was replaced since.
    pub fn until(&self) -> Option<u64> {
        self.until
    }

    /// The same key, which counts up to this size of its log and no further.
    #[must_use]
    pub fn ended(self, until: u64) -> Self {
        Self { until: Some(self.until.map_or(until, |earlier| earlier.min(until))), ..self }
    }

    /// The same key without an end.
    #[must_use]
    pub fn endless(self) -> Self {
        Self { until: None, ..self }
    }

    /// Whether it counts for what says something of a log of this size.
    pub fn counts_at(&self, size: u64) -> bool {
        self.until.is_none_or(|until| size <= until)
    }

    /// Whether both are one key, however long they count.
    pub fn is_same_key(&self, other: &Self) -> bool {
        (&self.name, self.scheme, self.bytes()) == (&other.name, other.scheme, other.bytes())
    }

    /// What tells it from others of its name: the first bytes of SHA-256(name ‖ LF ‖ type ‖ key).
    pub fn id(&self) -> [u8; 4] {
        self.scheme.id(&self.name, &self.bytes())
    }

    /// The key itself: of Ed25519 32 bytes, of SM2 the point as 0x04 ‖ x ‖ y.
    pub fn bytes(&self) -> Vec<u8> {
        match &self.public {
            Public::Ed25519(key) => key.to_bytes().to_vec(),
            Public::Sm2(key) => key.to_sec1_bytes().to_vec(),
        }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (text, until) = match text.split_once(UNTIL) {
            Some((text, size)) => {
                let number = size.parse().ok().filter(|n: &u64| *n <= SIZE_LIMIT && n.to_string() == size);
                (text, Some(number.ok_or(KeyError::Form)?))
            }
            None => (text, None),
        };
        let (name, id, scheme, bytes) = parts(text)?;
        let public = match scheme {
            Scheme::Ed25519 | Scheme::Ed25519Timed => {
                let bytes = bytes.as_slice().try_into().map_err(|_| KeyError::Bytes(scheme))?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Bytes(scheme))?;
                Public::Ed25519(Box::new(key))
            }
            Scheme::Sm2 | Scheme::Sm2Timed => {
                let key = sm2::dsa::VerifyingKey::from_sec1_bytes(SM2_IDENTITY, &bytes);
                Public::Sm2(Box::new(key.map_err(|_| KeyError::Bytes(scheme))?))
            }
        };
        let key = Self { name, scheme, public, until };
        // A point has several spellings, and a key only one.
        if key.bytes() != bytes {
            return Err(KeyError::Bytes(scheme));
        }
        if id != hexadecimal(key.id()) {
            return Err(KeyError::Id(key.name));
        }
        Ok(key)
    }

    /// Sees that a signature, without its key's ID, is this key's of this text; when it says that it was made, if its kind does.
    ///
    /// # Errors
    /// [`KeyError::DoesNotHold`].
    pub fn verify(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, KeyError> {
        let refuse = || KeyError::DoesNotHold(self.name.clone());
        let (time, signature) = if self.scheme.is_timed() {
            let (time, rest) = signature.split_first_chunk::<TIME_BYTES>().ok_or_else(refuse)?;
            (Some(u64::from_be_bytes(*time)), rest)
        } else {
            (None, signature)
        };
        let message = message(self.scheme, text, time.unwrap_or_default());
        let holds = match &self.public {
            Public::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                // Strict: of a weak key, a signature can be made that holds for many texts.
                .is_ok_and(|signature| key.verify_strict(&message, &signature).is_ok()),
            Public::Sm2(key) => sm2::dsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(&message, &signature).is_ok()),
        };
        if holds { Ok(time) } else { Err(refuse()) }
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = STANDARD.encode([self.scheme.prefix(), self.bytes()].concat());
        write!(f, "{}+{}+{key}", self.name, hexadecimal(self.id()))?;
        self.until.map_or(Ok(()), |until| write!(f, "{UNTIL}{until}"))
    }
}

/// Name, ID, kind and bytes out of `NAME+ID+BASE64`.
fn parts(text: &str) -> Result<(String, String, Scheme, Vec<u8>), KeyError> {
    // Base64 has a `+` of its own.
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Form);
    };
    let key = STANDARD.decode(key).map_err(|_| KeyError::Form)?;
    let of = |scheme: Scheme| Some((scheme, key.strip_prefix(scheme.prefix().as_slice())?.to_vec()));
    let (scheme, bytes) = Scheme::ALL.into_iter().find_map(of).ok_or(KeyError::Form)?;
    Ok((named(name)?, id.to_owned(), scheme, bytes))
}

/// What is signed: the text, and before it the time where the kind says one.
fn message(scheme: Scheme, text: &str, now: u64) -> Vec<u8> {
    if scheme.is_timed() {
        format!("cosignature/v1\ntime {now}\n{text}").into_bytes()
    } else {
        text.as_bytes().to_vec()
    }
}

fn hexadecimal(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

fn named(name: &str) -> Result<String, KeyError> {
    if is_name(name) { Ok(name.to_owned()) } else { Err(KeyError::Name(name.chars().take(80).collect())) }
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}
