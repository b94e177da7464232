//! Against openssl's SM2 and Ed25519, C2SP's own example, and every single altered character.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use super::*;

const TEXT: &str = "yousu/410404\n7747\nZsfw9GLu7dnR8tRr3BDk4kFnxIdc8veiKX2gK49LqOA=\n";
const NOW: u64 = 1_795_000_000;
const SCHEMES: [Scheme; 4] = [Scheme::Ed25519, Scheme::Ed25519Timed, Scheme::Sm2, Scheme::Sm2Timed];

fn key(name: &str, scheme: Scheme, seed: u8) -> SigningKey {
    SigningKey::new(name, scheme, &[seed; 32]).unwrap()
}

fn signed(keys: &[&SigningKey]) -> Note {
    let mut note = Note::new(TEXT.to_owned()).unwrap();
    keys.iter().for_each(|key| note.add(key.sign(TEXT, NOW)));
    note
}

#[test]
fn a_note_is_read_as_it_was_written_and_names_who_signed() {
    let keys = SCHEMES.map(|scheme| key("区纪委监委", scheme, 7));
    let note = signed(&keys.each_ref());
    let read = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(read, note);
    let verifiers = keys.each_ref().map(SigningKey::verifier);
    let verified = read.verified_by(0, &verifiers).unwrap();
    let times: Vec<Option<u64>> = verified.iter().map(|(_, time)| *time).collect();
    assert_eq!(times, [None, Some(NOW), None, Some(NOW)]);
    for verifier in &verifiers {
        assert_eq!(VerifierKey::parse(&verifier.to_string()).as_ref(), Ok(verifier));
    }
    for (key, verifier) in keys.iter().zip(&verifiers) {
        let secret = key.secret_text();
        assert_eq!(&SigningKey::parse_secret(&secret).unwrap().verifier(), verifier);
        let altered = secret.replacen("+KEY+区", "+KEY+县", 1);
        for bad in [&secret[1..], &secret[..secret.len() - 4], &altered, &verifier.to_string()] {
            assert!(SigningKey::parse_secret(bad).is_err());
        }
    }
    // Another key of the same name has signed nothing, and a line of an unknown key says nothing.
    let other = key("区纪委监委", Scheme::Sm2, 8).verifier();
    assert_eq!(read.verified_by(0, [&other]), Ok(Vec::new()));
}

/// <https://c2sp.org/signed-note>, as it stands there.
#[test]
fn c2sps_own_example_holds() {
    let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key = VerifierKey::parse(key).unwrap();
    assert_eq!(Note::parse(note.as_bytes()).unwrap().verified_by(0, [&key]).unwrap().len(), 1);
}

#[test]
fn every_altered_character_is_seen() {
    let keys = [key("yousu/410404", Scheme::Sm2, 3), key("审计", Scheme::Ed25519Timed, 4)];
    let verifiers = keys.each_ref().map(SigningKey::verifier);
    let whole = signed(&keys.each_ref()).to_string().into_bytes();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            let verified =
                Note::parse(&bytes).ok().and_then(|note| note.verified_by(0, &verifiers).ok().map(|all| all.len()));
            assert!(verified.is_none_or(|verified| verified < 2), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn what_is_no_note_and_no_key_is_refused() {
    let line = key("a", Scheme::Ed25519, 1).sign("x\n", 0).to_string();
    for bad in [
        "",
        "\n",
        "x\n",
        "x\n\n",
        "x\n\n\n",
        "x\ty\n\n",
        "x\n\n— a AAAA\n",
        "x\n\n- a AAAAAAA=\n",
        "x\n\n— a+b AAAAAAA=\n",
    ] {
        assert!(Note::parse(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert!(Note::parse(format!("x\n\n{line}").as_bytes()).is_err(), "the last line has no end");
    let many = format!("x\n\n{}", format!("{line}\n").repeat(SIGNATURE_LIMIT + 1));
    assert_eq!(Note::parse(many.as_bytes()), Err(NoteError::TooManySignatures));
    let good = key("a", Scheme::Sm2, 1).verifier().to_string();
    for bad in ["", "a", "a+b", &good[1..], &good.replacen('a', "b", 1), &good[..good.len() - 4], "a+00000000+AAAA"] {
        assert!(VerifierKey::parse(bad).is_err(), "{bad}");
    }
    assert!(SigningKey::new("a b", Scheme::Sm2, &[1; 32]).is_err());
    assert!(SigningKey::new("a", Scheme::Sm2, &[0; 32]).is_err());
}

/// Both ways: what we sign, openssl takes, and what openssl signs, we take.
#[test]
fn openssl_agrees() {
    let Ok(version) = Command::new("openssl").arg("version").output() else {
        assert!(std::env::var_os("YOUSU_REQUIRE_ALL").is_none(), "openssl is wanted");
        eprintln!("skipped: there is no openssl");
        return;
    };
    assert!(version.status.success());
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::write(at("text"), TEXT).unwrap();
    let sm2 = ["-pkeyopt", "distid:1234567812345678"];
    for (scheme, make) in [
        (Scheme::Sm2, vec!["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"]),
        (Scheme::Ed25519, vec!["genpkey", "-algorithm", "ED25519"]),
    ] {
        openssl(&make, &["-out", &path(&at("key"))]);
        openssl(&["pkey", "-pubout"], &["-in", &path(&at("key")), "-out", &path(&at("public"))]);
        let options: &[&str] = if scheme == Scheme::Sm2 { &["-digest", "sm3"] } else { &[] };
        let options = [options, if scheme == Scheme::Sm2 { &sm2 } else { &[] }].concat();
        let secret = secret(&at("key"));
        let key = SigningKey::new("operator", scheme, &secret).unwrap();
        let verifier = key.verifier();

        let mut sign = vec!["pkeyutl", "-sign", "-rawin"];
        sign.extend(&options);
        openssl(&sign, &["-inkey", &path(&at("key")), "-in", &path(&at("text")), "-out", &path(&at("theirs"))]);
        let theirs = std::fs::read(at("theirs")).unwrap();
        let theirs = if scheme == Scheme::Sm2 { raw(&theirs) } else { theirs };
        assert_eq!(verifier.verify(TEXT, &theirs), Ok(None), "{scheme:?}: openssl's signature");

        let ours = key.sign(TEXT, NOW).bytes;
        let ours = if scheme == Scheme::Sm2 { der(&ours) } else { ours };
        std::fs::File::create(at("ours")).unwrap().write_all(&ours).unwrap();
        let mut verify = vec!["pkeyutl", "-verify", "-pubin", "-rawin"];
        verify.extend(&options);
        let files = ["-inkey", &path(&at("public")), "-in", &path(&at("text")), "-sigfile", &path(&at("ours"))];
        openssl(&verify, &files);
    }
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn openssl(what: &[&str], files: &[&str]) -> String {
    let output = Command::new("openssl").args(what).args(files).output().unwrap();
    assert!(output.status.success(), "openssl {what:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The 32 secret bytes, out of openssl's print of a key.
fn secret(key: &Path) -> [u8; 32] {
    let text = openssl(&["pkey", "-text", "-noout"], &["-in", &path(key)]);
    let private = text.split("priv:").nth(1).unwrap().split("pub:").next().unwrap();
    let digits: String = private.chars().filter(char::is_ascii_hexdigit).collect();
    let bytes: Vec<u8> =
        (0..digits.len()).step_by(2).map(|n| u8::from_str_radix(&digits[n..n + 2], 16).unwrap()).collect();
    // A leading zero byte is shown where the first bit is set, and left out where the first byte is zero.
    let mut secret = [0; 32];
    let bytes = &bytes[bytes.len().saturating_sub(32)..];
    secret[32 - bytes.len()..].copy_from_slice(bytes);
    secret
}

/// r ‖ s, out of the DER of two integers.
fn raw(der: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    let mut rest = &der[2..];
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        raw.extend(vec![0; 32 - number.len()]);
        raw.extend(number);
        rest = &rest[2 + length..];
    }
    raw
}

/// The DER of two integers.
fn der(raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for number in raw.chunks(32) {
        let number: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = usize::from(number[0] >= 0x80);
        body.extend([2, u8::try_from(number.len() + sign).unwrap()]);
        body.extend(vec![0; sign]);
        body.extend(number);
    }
    [vec![0x30, u8::try_from(body.len()).unwrap()], body].concat()
}
