#!/usr/bin/env python3
"""Checks the signatures of a checkpoint, with the standard library and openssl alone.

    checkpoint.py CHECKPOINT KEYS

CHECKPOINT is a note as `yousu checkpoint` writes it, KEYS the public keys as `yousu keys` wrote them once. Says what the checkpoint is of and
who signed it. Exit status: 0 it is signed by the log itself and every line of a known key holds, 3 not, 2 wrong usage.
"""
import sys

from notes import Fault, read_keys, read_note, text_of


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        sys.exit(2)
    try:
        origin, size, root, signers = read_note(text_of(sys.argv[1]), read_keys(sys.argv[2]))
    except Fault as fault:
        print(f"it does not hold: {fault}")
        sys.exit(3)
    print(f"{origin}: {size} events, root {root.hex()}")
    for name, when in signers:
        print(f"signed by {name}" + (f" at {when}" if when is not None else ""))


main()
