#!/usr/bin/env python3
"""Prints the leaves of the sample in tampering.rs and the root over them: the header as crates/transparency lays it down, the tree as
RFC 6962 does, and openssl's SM3."""
import struct, subprocess, uuid


def sm3(data: bytes) -> bytes:
    done = subprocess.run(["openssl", "dgst", "-sm3", "-binary"], input=data, capture_output=True, check=True)
    return done.stdout


# Stream, version, seconds after the new year: in the order of positions.
SAMPLE = [(1, 1, 0), (2, 1, 0), (1, 2, 1), (1, 3, 2), (2, 2, 3), (1, 4, 4)]
last, begun, leaves = {}, [], []
for position, (stream, version, seconds) in enumerate(SAMPLE, 1):
    body = '{"public":{"stream":%d,"after":%d},"sealed":[]}' % (stream, version - 1)
    recorded_ms = 1767225600000 + 1000 * seconds
    previous = last.get(stream, bytes(32))
    if stream not in begun:
        begun.append(stream)
    start = struct.pack(">HQQ16sQ", 1, position, version, uuid.UUID(int=stream).bytes, begun.index(stream))
    fixed = start + struct.pack(">qH32s", recorded_ms, 1, previous)
    last[stream] = sm3(b"\x00" + fixed + b"\x06410404" + b"\x05noted" + sm3(body.encode()))
    leaves.append(last[stream])
    print(last[stream].hex())


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sm3(b"\x01" + root(leaves[:split]) + root(leaves[split:]))


print(root(leaves).hex())
