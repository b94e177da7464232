"""Values, keys and signed notes, as docs/verify/README.md lays them down; for the programs beside it.

https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-cosignature.
"""
import base64
import hashlib
import os
import re
import struct
import subprocess
import tempfile

IDENTITY = "1234567812345678"
SIZE_LIMIT = 1 << 62
NOTE_LIMIT_BYTES = 64 << 10
SIGNATURE_LIMIT = 100

# No `+`, no control character, nothing that Unicode calls white space.
NAME = re.compile("[^+\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")

# Kinds of keys: what stands before the key's bytes; whether a signature says when; SubjectPublicKeyInfo; whether it is SM2.
ED25519_INFO = bytes.fromhex("302a300506032b6570032100")
SM2_INFO = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
KINDS = [
    (b"\xffyousu/sm2-sm3-cosignature/v1:", True, SM2_INFO, True),
    (b"\xffyousu/sm2-sm3/v1:", False, SM2_INFO, True),
    (b"\x04", True, ED25519_INFO, False),
    (b"\x01", False, ED25519_INFO, False),
]
KEY_BYTES = {ED25519_INFO: 32, SM2_INFO: 65}

# Points of Ed25519 of order 8 or less: with one as R or as key, a signature can be made that holds for many texts. openssl takes them.
WEAK = {
    bytes.fromhex(point + last)
    for point, lasts in [
        ("01" + "00" * 30, ["00"]),
        ("ec" + "ff" * 30, ["7f"]),
        ("00" * 31, ["00", "80"]),
        ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc", ["05", "85"]),
        ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03", ["7a", "fa"]),
    ]
    for last in lasts
}


SM2_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
SM2_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
ED25519_P = (1 << 255) - 19


def is_sm2_point(key):
    """0x04 ‖ x ‖ y on y² = x³ − 3x + b."""
    x, y = int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big")
    return key[0] == 4 and max(x, y) < SM2_P and (y * y - x ** 3 + 3 * x - SM2_B) % SM2_P == 0


def is_ed25519_point(key):
    """Whether there is an x for this y: x² = (y² − 1) / (dy² + 1), d = −121665/121666."""
    p, y = ED25519_P, int.from_bytes(key, "little") & ((1 << 255) - 1)
    d = -121665 * pow(121666, -1, p)
    square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
    return pow(square, (p - 1) // 2, p) in (0, 1)


class Fault(Exception):
    """It proves nothing."""


def need(holds, why):
    if not holds:
        raise Fault(why)


def sm3(data):
    try:
        return hashlib.new("sm3", data).digest()
    except ValueError:
        done = subprocess.run(["openssl", "dgst", "-sm3", "-binary"], input=data, capture_output=True, check=True)
        return done.stdout


def decode64(text, length=None):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Fault("a value is no base64") from None
    need(base64.b64encode(data).decode() == text, "a value is not in its one spelling")
    need(length is None or len(data) == length, "a value has another length than it should")
    return data


def number(text, low=0, high=1 << 64):
    need(re.fullmatch(r"-?[0-9]{1,20}", text) is not None and str(int(text)) == text, f"{text!r} is no number")
    need(low <= int(text) < high, f"{text} is out of range")
    return int(text)


def text_of(path):
    with open(path, "rb") as file:
        try:
            return file.read().decode()
        except UnicodeDecodeError:
            raise Fault(f"{path} is no text") from None


def key_lines(path):
    """Lines that hold a key, with what to say of one that is none."""
    lines = text_of(path).split("\n")
    for at, line in enumerate(lines, 1):
        line = line.removesuffix("\r") if at < len(lines) else line
        if line and not line.startswith("#"):
            yield line, f"{path}, line {at}"


def read_keys(path):
    return keys_of(key_lines(path))


def keys_of(lines):
    keys = {}
    for line, where in lines:
        why = f"{where}: this is no key"
        # A key that was replaced counts up to the size of its log that stands behind it.
        line, ends, until = line.partition(" until ")
        until = number(until, 0, SIZE_LIMIT + 1) if ends else SIZE_LIMIT
        parts = line.split("+", 2)
        need(len(parts) == 3 and NAME.fullmatch(parts[0]) is not None, why)
        name, identity, typed = parts[0], parts[1], decode64(parts[2])
        kind = next((kind for kind in KINDS if typed.startswith(kind[0])), None)
        need(kind is not None, why)
        prefix, timed, info, is_sm2 = kind
        key = typed[len(prefix):]
        need(len(key) == KEY_BYTES[info] and (is_sm2_point(key) if is_sm2 else is_ed25519_point(key)), why)
        digest = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
        need(digest.hex() == identity, f"{where}: the ID is not that of name and key")
        until = max(until, keys.get((name, digest), (None, None, None, 0))[3])
        keys[name, digest] = (info + key, timed, is_sm2, until)
    return keys


def integer(value):
    value = value.lstrip(b"\0") or b"\0"
    value = b"\0" + value if value[0] >= 0x80 else value
    return bytes([2, len(value)]) + value


def holds(info, is_sm2, signature, message):
    if len(signature) != 64:
        return False
    if is_sm2:
        body = integer(signature[:32]) + integer(signature[32:])
        signature = bytes([0x30, len(body)]) + body
    elif signature[:32] in WEAK or info[len(ED25519_INFO):] in WEAK:
        return False
    with tempfile.TemporaryDirectory() as directory:
        def file(name, content):
            path = os.path.join(directory, name)
            with open(path, "wb") as out:
                out.write(content)
            return path

        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin"]
        command += ["-digest", "sm3", "-pkeyopt", f"distid:{IDENTITY}"] if is_sm2 else []
        command += ["-inkey", file("k", info), "-in", file("m", message), "-sigfile", file("s", signature)]
        return subprocess.run(command, capture_output=True).returncode == 0


KNOWN = {}


def parse_note(note):
    """Text, and name, ID and bytes of each line beneath it."""
    need(len(note.encode()) <= NOTE_LIMIT_BYTES, f"a checkpoint takes more than {NOTE_LIMIT_BYTES} bytes")
    text, found, lines = note.rpartition("\n\n")
    need(bool(found) and lines.endswith("\n"), "a checkpoint is no signed note")
    text += "\n"
    need(not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), "a checkpoint holds control characters")
    lines, signatures = lines[:-1].split("\n"), []
    need(len(lines) <= SIGNATURE_LIMIT, f"a checkpoint has more than {SIGNATURE_LIMIT} signatures")
    for line in lines:
        fields = line.split(" ")
        need(len(fields) == 3 and fields[0] == "\u2014" and NAME.fullmatch(fields[1]), "a line is no signature")
        data = decode64(fields[2])
        need(len(data) > 4, "a signature is too short")
        signatures.append((fields[1], data[:4], data[4:]))
    return text, signatures


def parse_checkpoint(text):
    """Origin, size and root."""
    parts = text.split("\n")
    need(len(parts) >= 4 and all(parts[:-1]), "a checkpoint has three lines at least, and none of them is empty")
    return parts[0], number(parts[1], 0, SIZE_LIMIT + 1), decode64(parts[2], 32)


def signed_by(text, signatures, keys, size):
    """Names of these keys that signed, each with the time that it says. `size` is how large a log the text speaks of."""
    signers = []
    for name, identity, signature in signatures:
        known = keys.get((name, identity))
        if not known or size > known[3]:
            continue
        info, timed, is_sm2, _ = known
        message, when = text.encode(), None
        if timed:
            need(len(signature) > 8, "a signature is too short")
            when = struct.unpack(">Q", signature[:8])[0]
            message, signature = f"cosignature/v1\ntime {when}\n".encode() + message, signature[8:]
        # The same signature is asked about once, however many files it stands in.
        asked = (info, signature, message)
        if asked not in KNOWN:
            KNOWN[asked] = holds(info, is_sm2, signature, message)
        need(KNOWN[asked], f"the signature of {name} does not hold")
        signers.append((name, when))
    return signers


def read_note(note, keys):
    """Origin, size, root and the names that signed, the log's own among them."""
    text, signatures = parse_note(note)
    origin, size, root = parse_checkpoint(text)
    signers = signed_by(text, signatures, keys, size)
    need(any(name == origin for name, _ in signers), f"none of the pinned keys of {origin} signed the checkpoint")
    return origin, size, root, signers
