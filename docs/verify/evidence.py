#!/usr/bin/env python3
"""Checks an evidence file, with the standard library and openssl alone: what docs/verify/README.md lays down, written a second time.

    evidence.py FILE KEYS [CHECKPOINT]
    evidence.py --batch KEYS < LIST

KEYS are the pinned public keys; CHECKPOINT is one that you kept: the evidence must go on from it. `--batch` reads names of evidence
files, one a line, and prints `holds` or `fails` for each. Exit status: 0 it holds, 3 not, 2 wrong usage. It shares no code with the program.
"""
import base64
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import uuid

FIRST_LINE = "yousu-evidence/v1"
ORIGIN = "yousu/"
OWN_STREAM = uuid.UUID("79737501-0000-8000-8000-000000000000")
IDENTITY = "1234567812345678"
SIZE_LIMIT = 1 << 62

# Kinds of keys: what stands before the key's bytes; whether a signature says when; SubjectPublicKeyInfo; whether it is SM2.
ED25519_INFO = bytes.fromhex("302a300506032b6570032100")
SM2_INFO = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
KINDS = [
    (b"\xffyousu/sm2-sm3-cosignature/v1:", True, SM2_INFO, True),
    (b"\xffyousu/sm2-sm3/v1:", False, SM2_INFO, True),
    (b"\x04", True, ED25519_INFO, False),
    (b"\x01", False, ED25519_INFO, False),
]


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


def number(text, low=0, high=1 << 63):
    need(re.fullmatch(r"-?[0-9]{1,19}", text) is not None and str(int(text)) == text, f"{text!r} is no number")
    need(low <= int(text) < high, f"{text} is out of range")
    return int(text)


# Trees: RFC 9162, 2.1.3.2 and 2.1.4.2, with SM3.


def node(left, right):
    return sm3(b"\x01" + left + right)


def check_inclusion(index, leaf, size, root, proof, what):
    need(0 <= index < size <= SIZE_LIMIT, f"{what}: there is no such place in the tree")
    here, last, value = index, size - 1, leaf
    for beside in proof:
        need(last > 0, f"{what}: its proof is too long")
        if here & 1 or here == last:
            value = node(beside, value)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            value = node(value, beside)
        here, last = here >> 1, last >> 1
    need(last == 0 and value == root, f"{what}: the proof does not lead to the root that was signed")


def check_consistency(old, old_root, new, new_root, proof):
    why = "the checkpoint does not go on from the earlier one"
    need(0 <= old <= new <= SIZE_LIMIT, why)
    if old == 0 or old == new:
        need(not proof and old_root == (sm3(b"") if old == 0 else new_root), why)
        return
    if old & (old - 1) == 0:
        proof = [old_root] + proof
    need(bool(proof), why)
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    earlier = later = proof[0]
    for beside in proof[1:]:
        need(last > 0, why)
        if here & 1 or here == last:
            earlier, later = node(beside, earlier), node(beside, later)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            later = node(later, beside)
        here, last = here >> 1, last >> 1
    need(last == 0 and earlier == old_root and later == new_root, why)


# Keys and notes: https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-cosignature.


def read_keys(path):
    keys = {}
    for line in open(path, encoding="utf-8").read().split("\n"):
        if not line or line.startswith("#"):
            continue
        name, identity, text = line.split("+", 2)
        typed = decode64(text)
        digest = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
        need(digest.hex() == identity, f"{name}: the ID is not that of name and key")
        for prefix, timed, info, is_sm2 in KINDS:
            if typed.startswith(prefix):
                keys[name, digest] = (info + typed[len(prefix):], timed, is_sm2)
                break
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


def read_note(note, keys):
    """Origin, size, root and the names that signed, the log's own among them."""
    text, found, lines = note.rpartition("\n\n")
    need(bool(found) and lines.endswith("\n"), "a checkpoint is no signed note")
    text += "\n"
    need(not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), "a checkpoint holds control characters")
    parts = text.split("\n")
    need(len(parts) >= 4 and all(parts[:-1]), "a checkpoint has three lines at least")
    origin, size, root = parts[0], number(parts[1], 0, SIZE_LIMIT + 1), decode64(parts[2], 32)
    signers = []
    for line in lines[:-1].split("\n"):
        fields = line.split(" ")
        need(len(fields) == 3 and fields[0] == "\u2014" and fields[1] and "+" not in fields[1], "a line is no signature")
        data = decode64(fields[2])
        need(len(data) > 4, "a signature is too short")
        known = keys.get((fields[1], data[:4]))
        if not known:
            continue
        info, timed, is_sm2 = known
        signature, message, when = data[4:], text.encode(), None
        if timed:
            need(len(signature) > 8, "a signature is too short")
            when = struct.unpack(">Q", signature[:8])[0]
            message, signature = f"cosignature/v1\ntime {when}\n".encode() + message, signature[8:]
        # The same signature is asked about once, however many files it stands in.
        asked = (info, signature, message)
        if asked not in KNOWN:
            KNOWN[asked] = holds(info, is_sm2, signature, message)
        need(KNOWN[asked], f"the signature of {fields[1]} does not hold")
        signers.append((fields[1], when))
    need(any(name == origin for name, _ in signers), f"none of the pinned keys of {origin} signed the checkpoint")
    return origin, size, root, signers


# The file.


class Reader:
    def __init__(self, lines):
        self.lines, self.at = lines, 0

    def taken(self, word):
        if self.at < len(self.lines) and self.lines[self.at].startswith(word + " "):
            self.at += 1
            return self.lines[self.at - 1][len(word) + 1:]
        return None

    def wanted(self, word):
        rest = self.taken(word)
        need(rest is not None, f"line {self.at + 1}: `{word}` is wanted")
        return rest

    def some(self, count):
        need(self.at + count <= len(self.lines), "the file is cut")
        self.at += count
        return self.lines[self.at - count:self.at]

    def note(self, count):
        return "".join(line + "\n" for line in self.some(number(count)))

    def hashes(self, word):
        return [decode64(line, 32) for line in self.some(number(self.wanted(word)))]

    def event(self, rest):
        fields = rest.split(" ")
        need(len(fields) == 7, "an event has seven values")
        position, ordinal, version = (number(field) for field in fields[:3])
        recorded, kind_version = number(fields[3], -(1 << 63)), number(fields[4], 0, 1 << 16)
        return {
            "position": position, "ordinal": ordinal, "version": version, "recorded": recorded,
            "kind_version": kind_version, "kind": fields[5], "body": decode64(fields[6]), "proof": self.hashes("proof"),
        }


def read(data):
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Fault("this is no evidence") from None
    need(text.startswith(FIRST_LINE + "\n") and text.endswith("\n"), "this is no evidence")
    at = text.rfind("\ndigest ") + 1
    need(at > 0 and text[at:] == f"digest {sm3(text[:at].encode()).hex()}\n", "the file was altered or cut")
    reader = Reader(text[:at - 1].split("\n")[1:])
    stream = uuid.UUID(reader.wanted("case"))
    need(f"case {stream}" == text.split("\n")[1], "the case's ID is not in its one spelling")
    checkpoint = reader.note(reader.wanted("checkpoint"))
    earlier, count = None, reader.taken("earlier")
    if count is not None:
        earlier = (reader.note(count), reader.hashes("proof"))
    events, head = [], None
    while (rest := reader.taken("event")) is not None:
        events.append(reader.event(rest))
    if (rest := reader.taken("heads")) is not None:
        event, previous = reader.event(rest), reader.hashes("previous")
        need(len(previous) == 1, "one hash is wanted")
        head = (event, previous[0], reader.hashes("head"))
    disclosed = []
    while (rest := reader.taken("disclose")) is not None:
        disclosed.append(rest)
    need(reader.at == len(reader.lines), f"line {reader.at + 2} is not what should stand there")
    return stream, checkpoint, earlier, events, head, disclosed


def leaf(centre, stream, event, previous):
    start = struct.pack(">HQQ16sQ", 1, event["position"], event["version"], stream.bytes, event["ordinal"])
    fixed = start + struct.pack(">qH32s", event["recorded"], event["kind_version"], previous)
    names = b""
    for name in (centre.encode(), event["kind"].encode()):
        need(len(name) < 256, "a name is too long")
        names += bytes([len(name)]) + name
    return sm3(b"\x00" + fixed + names + sm3(event["body"]))


def verify(data, keys):
    try:
        return judge(data, keys)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Fault(f"a value is none ({error})") from None


def judge(data, keys):
    stream, note, earlier, events, head, _ = read(data)
    origin, size, root, signers = read_note(note, keys)
    need(origin.startswith(ORIGIN), "the checkpoint is of no centre's log")
    centre = origin[len(ORIGIN):]
    if earlier:
        old_origin, old_size, old_root, _ = read_note(earlier[0], keys)
        need(old_origin == origin, "the earlier checkpoint is of another log")
        check_consistency(old_size, old_root, size, root, earlier[1])
    need(bool(events), "there is no event")
    previous, before = bytes(32), None
    for version, event in enumerate(events, 1):
        what = f"event {version}"
        need(event["version"] == version, f"{what} is not the next of the case")
        if before:
            need(event["position"] > before["position"], f"{what} stands before the one that it follows")
            need(event["ordinal"] == before["ordinal"], f"{what} is of another stream")
            need(event["recorded"] >= before["recorded"], f"{what} was recorded before the one that it follows")
        previous, before = leaf(centre, stream, event, previous), event
        check_inclusion(event["position"] - 1, previous, size, root, event["proof"], what)
    complete = None
    if head:
        event, own_previous, proof = head
        what = "the log's word about its streams"
        need((event["kind"], event["kind_version"]) == ("heads_committed", 1), f"{what} is another event")
        check_inclusion(event["position"] - 1, leaf(centre, OWN_STREAM, event, own_previous), size, root, event["proof"], what)
        need(event["position"] > before["position"], f"{what} is older than the case's last event")
        try:
            said = json.loads(event["body"])
            said_root, streams = bytes.fromhex(said["public"]["root"]), said["public"]["streams"]
            need(set(said) == {"public", "sealed"} and set(said["public"]) == {"root", "streams"}, f"{what} says something else")
        except (ValueError, KeyError, TypeError):
            raise Fault(f"{what} cannot be read") from None
        place = b"\0yousu/head/v1" + stream.bytes + struct.pack(">Q", before["version"]) + previous
        check_inclusion(before["ordinal"], sm3(place), streams, said_root, proof, "that nothing was withheld")
        complete = event["position"]
    trees = [(origin, size, root)] + ([read_note(earlier[0], keys)[:3]] if earlier else [])
    return centre, size, signers, complete, events, trees


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--batch":
        keys = read_keys(sys.argv[2])
        for name in sys.stdin.read().split("\n"):
            if name:
                try:
                    verify(open(name, "rb").read(), keys)
                    print("holds", name)
                except Fault as fault:
                    print("fails", name, fault)
        return
    if len(sys.argv) not in (3, 4):
        print(__doc__)
        sys.exit(2)
    try:
        keys = read_keys(sys.argv[2])
        centre, size, signers, complete, events, trees = verify(open(sys.argv[1], "rb").read(), keys)
        if len(sys.argv) == 4:
            # Kept by whoever runs this, so its signatures are not asked about again.
            origin, kept_size, kept_root = open(sys.argv[3], encoding="utf-8").read().split("\n")[:3]
            kept = (origin, number(kept_size), decode64(kept_root, 32))
            need(kept in trees, "the evidence does not show that it goes on from the checkpoint that you kept")
    except Fault as fault:
        print(f"it does not hold: {fault}")
        sys.exit(3)
    print(f"it holds: {len(events)} events of a case of centre {centre}, in a log of {size}")
    print(f"nothing of the case was withheld up to {complete}" if complete else "later events may have been withheld")
    for name, when in signers:
        print(f"signed by {name}" + (f" at {when}" if when is not None else ""))
    for event in events:
        print(f"#{event['version']} {event['kind']} at position {event['position']}, recorded {event['recorded']} ms")


if __name__ == "__main__":
    main()
