#!/usr/bin/env python3
"""Seals and opens a text as crates/transparency/src/seal.rs lays it down: HMAC-SM3 and SM4 by openssl, the Galois/counter mode written out.

Run, it prints what is sealed for the place and the text of that file's test. It shares no code with the program.
"""
import hashlib
import hmac
import struct
import subprocess
import uuid


def sm3(data):
    done = subprocess.run(["openssl", "dgst", "-sm3", "-binary"], input=data, capture_output=True, check=True)
    return done.stdout


def hmac_sm3(key, data):
    key = key.ljust(64, b"\0")
    inner = sm3(bytes(byte ^ 0x36 for byte in key) + data)
    return sm3(bytes(byte ^ 0x5C for byte in key) + inner)


def sm4(key, blocks):
    command = ["openssl", "enc", "-sm4-ecb", "-nopad", "-K", key.hex()]
    return subprocess.run(command, input=blocks, capture_output=True, check=True).stdout


def times(x, y):
    """Multiplication in the field of NIST SP 800-38D."""
    product = 0
    for bit in range(127, -1, -1):
        if y >> bit & 1:
            product ^= x
        x = x >> 1 ^ (0xE1 << 120 if x & 1 else 0)
    return product


def counted(key, nonce, text):
    """The counter mode, which is its own reverse."""
    count = (len(text) + 15) // 16
    stream = sm4(key, b"".join(nonce + struct.pack(">I", n + 2) for n in range(count))) if count else b""
    return (int.from_bytes(text, "big") ^ int.from_bytes(stream[: len(text)], "big")).to_bytes(len(text), "big")


def table_of(h):
    """What each byte, at each of sixteen places, comes to when it is multiplied by this: many blocks are faster by it than one by one."""
    table = []
    for at in range(16):
        row = [0] * 256
        for bit in range(8):
            row[1 << bit] = times(1 << (8 * (15 - at) + bit), h)
        for byte in range(256):
            low = byte & -byte
            row[byte] = row[low] ^ row[byte ^ low] if byte ^ low else row[byte]
        table.append(row)
    return table


def tag_of(key, nonce, sealed, aad):
    h = int.from_bytes(sm4(key, bytes(16)), "big")
    pad = lambda data: data + bytes(-len(data) % 16)
    blocks = pad(aad) + pad(sealed) + struct.pack(">QQ", len(aad) * 8, len(sealed) * 8)
    tag, table = 0, table_of(h) if len(blocks) > 16 * 256 else None
    for at in range(0, len(blocks), 16):
        tag ^= int.from_bytes(blocks[at : at + 16], "big")
        if table is None:
            tag = times(tag, h)
        else:
            value = 0
            for row, byte in zip(table, tag.to_bytes(16, "big")):
                value ^= row[byte]
            tag = value
    first = int.from_bytes(sm4(key, nonce + struct.pack(">I", 1)), "big")
    return (tag ^ first).to_bytes(16, "big")


def gcm(key, nonce, text, aad):
    sealed = counted(key, nonce, text)
    return sealed + tag_of(key, nonce, sealed, aad)


def place(centre, stream, version, person, field):
    text = b"".join(struct.pack(">Q", len(part.encode())) + part.encode() for part in (centre, field))
    return text + stream.bytes + struct.pack(">Q", version) + person.bytes


def seal(person_key, at, nonce, text):
    secret = hmac_sm3(person_key, b"yousu/field/v1" + at)
    key = hmac_sm3(secret, b"seal")[:16]
    return hmac_sm3(secret, b"commit") + nonce + gcm(key, nonce, text, at)


def opened(secret, at, sealed):
    """The text that was sealed for this place; ValueError if there is none."""
    if len(sealed) < 32 + 12 + 16:
        raise ValueError("it is too short to be something sealed")
    commitment, nonce, text, tag = sealed[:32], sealed[32:44], sealed[44:-16], sealed[-16:]
    if commitment != hmac_sm3(secret, b"commit"):
        raise ValueError("it was sealed with another secret, or for another place")
    key = hmac_sm3(secret, b"seal")[:16]
    if tag != tag_of(key, nonce, text, at):
        raise ValueError("its bytes were altered")
    return counted(key, nonce, text)


def main():
    # RFC 8998, appendix A.1: this file's own mode first.
    assert gcm(
        bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"),
        bytes.fromhex("00001234567800000000ABCD"),
        bytes.fromhex("AA" * 8 + "BB" * 8 + "CC" * 8 + "DD" * 8 + "EE" * 8 + "FF" * 8 + "EE" * 8 + "AA" * 8),
        bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2"),
    ).hex().upper().endswith("83DE3541E4C2B58177E065A9BF7B62EC")
    at = place("410404", uuid.UUID(int=1), 3, uuid.UUID(int=2), "/narrative")
    sealed = seal(b"\x09" * 32, at, b"\x04" * 12, b"abc")
    assert opened(hmac_sm3(b"\x09" * 32, b"yousu/field/v1" + at), at, sealed) == b"abc"
    print(sealed.hex())


if __name__ == "__main__":
    main()
