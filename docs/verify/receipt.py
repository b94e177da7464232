#!/usr/bin/env python3
"""Checks a receipt (受理回执), alone or beside what else the log signed, with the standard library and openssl alone.

    receipt.py RECEIPT KEYS [--evidence FILE] [--checkpoint FILE]

RECEIPT is what was handed out when the appeal was accepted, KEYS the pinned public keys. Evidence has to hold and to agree with it; a
checkpoint must not contradict it. Exit status: 0 it holds, and nothing contradicts it; 3 not; 2 wrong usage.
"""
import re
import sys
import uuid

from evidence import ORIGIN, leaf, plain, verify
from notes import SIZE_LIMIT, Fault, decode64, need, number, parse_note, read_keys, read_note, signed_by, text_of

LINES = ["yousu-receipt/v1", "yousu/", "case ", "number ", "position ", "recorded ", "leaf "]


def parse(text):
    lines = text.split("\n")
    need(len(lines) == len(LINES) + 1 and lines[-1] == "", "a receipt has seven lines")
    values = []
    for at, (line, word) in enumerate(zip(lines, LINES), 1):
        need(line.startswith(word), f"line {at}: `{word}` is wanted")
        values.append(line[len(word):])
    need(values[0] == "", "this is no receipt of the first version")
    need(re.fullmatch("[0-9a-f-]{36}", values[2]) is not None, "the case's ID is not in its one spelling")
    case = uuid.UUID(values[2])
    need(str(case) == values[2], "the case's ID is not in its one spelling")
    position, recorded = number(values[4], 1, SIZE_LIMIT + 1), number(values[5], -(1 << 63), 1 << 63)
    return {"origin": ORIGIN + values[1], "case": case, "number": values[3], "position": position, "recorded": recorded,
            "leaf": decode64(values[6], 32)}


def signed(note, keys):
    text, signatures = parse_note(note)
    receipt = parse(text)
    own = {known: key for known, key in keys.items() if known[0] == receipt["origin"]}
    signers = signed_by(text, signatures, own, receipt["position"])
    need(len(signers) == len(signatures), "it bears a signature that is by none of the pinned keys of its log")
    return receipt


def beside_tree(receipt, size, signers):
    if size >= receipt["position"]:
        return "what was given does not speak of this case"
    seen = [when for name, when in signers if name != receipt["origin"] and when is not None]
    gone = [when for when in seen if when * 1000 > receipt["recorded"]]
    need(not gone, f"CONFLICT: a witness saw the log end before, at {max(gone, default=0)}, after it was recorded")
    return "what was given is older than the receipt"


def beside_evidence(receipt, verified):
    centre = verified["centre"]
    need(ORIGIN + centre == receipt["origin"], "the evidence is of another log")
    previous = bytes(32)
    for event in verified["events"]:
        previous = leaf(centre, verified["stream"], event, previous)
        if event["position"] == receipt["position"]:
            need(previous == receipt["leaf"], "CONFLICT: another event stands at that position")
            return "the evidence agrees with it"
    first = verified["events"][0]["position"]
    need(verified["stream"] != receipt["case"], f"CONFLICT: the case begins at position {first}")
    return beside_tree(receipt, verified["size"], verified["signers"])


def main():
    args, given = sys.argv[1:], {}
    while len(args) > 3 and args[-2] in ("--evidence", "--checkpoint") and args[-2] not in given:
        given[args[-2]] = args[-1]
        args = args[:-2]
    if len(args) != 2:
        print(__doc__)
        sys.exit(2)
    said = []
    try:
        keys = read_keys(args[1])
        receipt = signed(text_of(args[0]), keys)
        if "--evidence" in given:
            with open(given["--evidence"], "rb") as file:
                said.append(beside_evidence(receipt, verify(file.read(), keys)))
        if "--checkpoint" in given:
            origin, size, _, signers = read_note(text_of(given["--checkpoint"]), keys)
            need(origin == receipt["origin"], "the checkpoint is of another log")
            said.append(beside_tree(receipt, size, signers))
    except Fault as fault:
        print(f"it does not hold: {plain(str(fault))}")
        sys.exit(3)
    number_said, position, recorded = plain(receipt["number"]), receipt["position"], receipt["recorded"]
    print(f"it holds: {receipt['origin']} accepted {number_said} (case {receipt['case']}) at position {position}, {recorded} ms")
    print("".join(line + "\n" for line in said), end="")


main()
