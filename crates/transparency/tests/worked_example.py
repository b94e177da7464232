#!/usr/bin/env python3
"""Makes the constants of worked_example.rs: the table in src/lib.rs, written down a second time, and openssl's SM3."""
import base64, struct, subprocess, uuid


def sm3(data: bytes) -> bytes:
    done = subprocess.run(["openssl", "dgst", "-sm3", "-binary"], input=data, capture_output=True, check=True)
    return done.stdout


def header(centre, position, stream, ordinal, version, recorded_ms, kind, kind_version, previous):
    start = struct.pack(">HQQ16sQ", 1, position, version, uuid.UUID(stream).bytes, ordinal)
    fixed = start + struct.pack(">qH32s", recorded_ms, kind_version, previous)
    names = b"".join(bytes([len(name.encode())]) + name.encode() for name in (centre, kind))
    return fixed + names


STREAM = "0190163d-8694-739b-aea5-966c26f8ad90"
PERSON = "0190163d-8694-739b-aea5-966c26f8ad91"
NAME = base64.b64encode("张三".encode()).decode()

first_body = (
    '{"public":{"channel":"窗口","who":{"$sealed":0}},'
    f'"sealed":[{{"person":"{PERSON}","field":"/who","bytes":"{NAME}"}}]}}'
).encode()
first_header = header("410404", 17, STREAM, 5, 1, 1767225600123, "accepted", 1, bytes(32))
first_leaf = sm3(b"\x00" + first_header + sm3(first_body))

second_body = b'{"public":{"kind":"ordinary"},"sealed":[]}'
second_header = header("410404", 19, STREAM, 5, 2, 1767225600124, "classified", 2, first_leaf)
second_leaf = sm3(b"\x00" + second_header + sm3(second_body))

for name in ("first_body", "first_header", "first_leaf", "second_body", "second_header", "second_leaf"):
    value = globals()[name]
    print(name, value.decode() if name.endswith("body") else value.hex())
