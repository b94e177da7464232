#!/usr/bin/env python3
"""Checks an evidence file, with the standard library and openssl alone: what docs/verify/README.md lays down, written a second time.

    evidence.py [--quorum N] FILE KEYS [CHECKPOINT]
    evidence.py [--quorum N] --batch KEYS < LIST

KEYS are the pinned public keys; CHECKPOINT is one that you kept: the evidence must go on from it. N witnesses at least must have
cosigned [default: 0]. `--batch` reads names of evidence files, one a line, each with a tab and a checkpoint that you kept behind it if there is
one, and prints `holds` or `fails` for each; behind one that holds a tab and the position up to which nothing was withheld, if that is
shown. Exit status: 0 it holds, or all of them do; 3 not; 2 wrong usage. It shares no code with the program.
"""
import struct
import sys
import uuid

from bodies import heads_of, parts_of
from notes import SIZE_LIMIT, Fault, decode64, need, number, parse_checkpoint, parse_note, read_keys, read_note, sm3, text_of
from seal import opened, place

FIRST_LINE = "yousu-evidence/v1"
LIMIT_BYTES = 256 << 20
ORIGIN = "yousu/"
OWN_STREAM = uuid.UUID("79737501-0000-8000-8000-000000000000")

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
        recorded, kind_version = number(fields[3], -(1 << 63), 1 << 63), number(fields[4], 0, 1 << 16)
        return {
            "position": position, "ordinal": ordinal, "version": version, "recorded": recorded,
            "kind_version": kind_version, "kind": fields[5], "body": decode64(fields[6]), "proof": self.hashes("proof"),
        }


    def disclosed(self, rest):
        fields = rest.split(" ")
        need(len(fields) == 4, "what is disclosed has four values")
        person = uuid.UUID(fields[1])
        need(str(person) == fields[1], "a person's ID is not in its one spelling")
        return number(fields[0]), person, decode64(fields[2]).decode(), decode64(fields[3], 32)


    def attachment(self, rest):
        fields = rest.split(" ")
        need(len(fields) == 4, "an attachment has four values")
        person = uuid.UUID(fields[1])
        need(str(person) == fields[1], "a person's ID is not in its one spelling")
        return number(fields[0]), person, decode64(fields[2], 32), decode64(fields[3])


def read(data):
    need(len(data) <= LIMIT_BYTES, f"the file takes more than {LIMIT_BYTES} bytes")
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
        disclosed.append(reader.disclosed(rest))
    attachments = []
    while (rest := reader.taken("attachment")) is not None:
        attachments.append(reader.attachment(rest))
    need(reader.at == len(reader.lines), f"line {reader.at + 2} is not what should stand there")
    return stream, checkpoint, earlier, events, head, disclosed, attachments


def leaf(centre, stream, event, previous):
    start = struct.pack(">HQQ16sQ", 1, event["position"], event["version"], stream.bytes, event["ordinal"])
    fixed = start + struct.pack(">qH32s", event["recorded"], event["kind_version"], previous)
    names = b""
    for name in (centre.encode(), event["kind"].encode()):
        need(len(name) < 256, "a name is too long")
        names += bytes([len(name)]) + name
    return sm3(b"\x00" + fixed + names + sm3(event["body"]))


def shown(disclosed, centre, stream, events):
    """Version, person, field and bytes of a text that was disclosed."""
    version, person, field, secret = disclosed
    what = f"the text disclosed at {field!r} of event {version}"
    need(1 <= version <= len(events), f"{what}: there is no such event")
    there = [sealed for whose, where, sealed in parts_of(events[version - 1]["body"])[1] if (whose, where) == (person, field)]
    need(len(there) == 1, f"{what}: {len(there)} texts of this person are sealed there")
    need(there[0] is not None, f"{what}: nothing is sealed there")
    try:
        return version, person, field, opened(secret, place(centre, stream, version, person, field), there[0])
    except ValueError as error:
        raise Fault(f"{what}: {error}") from None


def file_of(attachment, centre, stream, events):
    """Version and bytes of an attachment that was shown."""
    version, person, secret, sealed = attachment
    what = f"the attachment of event {version}"
    need(1 <= version <= len(events), f"{what}: there is no such event")
    event = events[version - 1]
    need((event["kind"], event["kind_version"]) == ("attachment_added", 1), f"{what}: that event names none")
    public, member = parts_of(event["body"])[0], '"sm3":"'
    at, wanted = public.find(member), member + sm3(sealed).hex() + '"'
    is_named = public.count(member) == 1 and public[at - 1] in "{," and public.startswith(wanted, at)
    need(is_named, f"{what}: that event names other bytes")
    try:
        return version, opened(secret, place(centre, stream, 0, person, "attachment:" + sealed[32:44].hex()), sealed)
    except ValueError as error:
        raise Fault(f"{what}: {error}") from None


def verify(data, keys, quorum=0):
    try:
        verified = judge(data, keys)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Fault(f"a value is none ({error})") from None
    witnesses = {name for name, _ in verified["signers"]} - {ORIGIN + verified["centre"]}
    need(len(witnesses) >= quorum, f"{quorum} witnesses are wanted, and {len(witnesses)} cosigned")
    return verified


def judge(data, keys):
    stream, note, earlier, events, head, disclosed, attachments = read(data)
    origin, size, root, signers = read_note(note, keys)
    need(origin.startswith(ORIGIN), "the checkpoint is of no centre's log")
    centre = origin[len(ORIGIN):]
    if earlier:
        old_origin, old_size, old_root, old_signers = read_note(earlier[0], keys)
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
        said_root, streams = heads_of(event["body"])
        own = b"\0yousu/head/v1" + stream.bytes + struct.pack(">Q", before["version"]) + previous
        check_inclusion(before["ordinal"], sm3(own), streams, said_root, proof, "that nothing was withheld")
        complete = event["position"]
    trees = [(origin, size, root)] + ([(old_origin, old_size, old_root)] if earlier else [])
    texts = [shown(one, centre, stream, events) for one in disclosed]
    files = [file_of(one, centre, stream, events) for one in attachments]
    return {
        "centre": centre, "size": size, "signers": signers, "complete": complete, "events": events, "trees": trees,
        "texts": texts, "files": files, "stream": stream, "earlier": (old_size, old_signers) if earlier else None,
    }


def plain(text):
    """In one line, with nothing in it that moves the cursor."""
    return "".join(" " if ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 else c for c in text)


def goes_on_from(verified, path, keys):
    # Kept by whoever runs this, so it need not be signed at all.
    kept = parse_checkpoint(parse_note(text_of(path))[0])
    need(kept in verified["trees"], "the evidence does not show that it goes on from the checkpoint that you kept")
    try:
        signers = read_note(text_of(path), keys)[3]
    except Fault:
        return
    # What witnesses said to the reader counts before what the centre chose to show of them.
    if any(when is not None for _, when in signers):
        verified["earlier"] = (kept[1], signers)


def batch(keys, quorum):
    all_hold = True
    for line in filter(None, sys.stdin.read().split("\n")):
        name, _, kept = line.partition("\t")
        try:
            with open(name, "rb") as file:
                verified = verify(file.read(), keys, quorum)
            if kept:
                goes_on_from(verified, kept, keys)
            complete = verified["complete"]
            print("holds", name if complete is None else f"{name}\t{complete}")
        except (Fault, OSError) as fault:
            all_hold = False
            print("fails", name, plain(str(fault)))
    sys.exit(0 if all_hold else 3)


TOLERANCE = 5 * 60  # seconds by which the clocks of a witness and of the log may differ


def seen_at(verified, signers):
    """When the witnesses among these say that they signed: the earliest and the latest."""
    times = [when for name, when in signers if when is not None and name != ORIGIN + verified["centre"]]
    return (min(times), max(times)) if times else None


def say_times(verified):
    """Between which times of witnesses the events lie. It is said and not judged: a simulated centre has a time of its own."""
    size, old_signers = verified["earlier"] or (0, [])
    old, new = seen_at(verified, old_signers), seen_at(verified, verified["signers"])
    if old:
        print(f"events up to {size} of the log were recorded by {old[1]}, later ones since {old[0]}, by the witnesses' clocks")
    for event in verified["events"]:
        what = f"note: #{event['version']} was recorded at {event['recorded']} ms, which is"
        is_old = old and event["position"] <= size
        by = old if is_old else new
        if old and not is_old and event["recorded"] < (old[0] - TOLERANCE) * 1000:
            print(f"{what} before {old[0]}, when a witness saw the log without it")
        elif by and event["recorded"] > (by[1] + TOLERANCE) * 1000:
            print(f"{what} after {by[1]}, when a witness saw the log with it")


def say(verified):
    print(f"it holds: {len(verified['events'])} events of a case of centre {verified['centre']}, in a log of {verified['size']}")
    complete = verified["complete"]
    print(f"nothing of the case was withheld up to {complete}" if complete else "later events may have been withheld")
    for name, when in verified["signers"]:
        print(f"signed by {name}" + (f" at {when}" if when is not None else ""))
    say_times(verified)
    for event in verified["events"]:
        print(f"#{event['version']} {plain(event['kind'])} at position {event['position']}, recorded {event['recorded']} ms")
        for _, person, field, text in [text for text in verified["texts"] if text[0] == event["version"]]:
            print(f"    {plain(field)} ({person}): {plain(text.decode(errors='replace'))}")
        for _, file in [file for file in verified["files"] if file[0] == event["version"]]:
            print(f"    the attachment is shown: {len(file)} bytes, SM3 {sm3(file).hex()}")


def main():
    args, quorum = sys.argv[1:], 0
    if len(args) > 1 and args[0] == "--quorum" and args[1].isascii() and args[1].isdigit():
        args, quorum = args[2:], int(args[1])
    is_batch = args[:1] == ["--batch"]
    if len(args) != 2 if is_batch else len(args) not in (2, 3):
        print(__doc__)
        sys.exit(2)
    try:
        keys = read_keys(args[1])
        if is_batch:
            batch(keys, quorum)
        with open(args[0], "rb") as file:
            verified = verify(file.read(), keys, quorum)
        if len(args) == 3:
            goes_on_from(verified, args[2], keys)
    except Fault as fault:
        print(f"it does not hold: {plain(str(fault))}")
        sys.exit(3)
    say(verified)


if __name__ == "__main__":
    main()
