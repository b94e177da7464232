#!/usr/bin/env python3
"""Follows a statement by which the keys of a log change, with the standard library and openssl alone.

    keys.py [--quorum N] [--by-hand] STATEMENT KEYS

STATEMENT is a note as `yousu keys change` writes it, KEYS the pinned public keys. Prints the keys that are to be pinned from now on. N
witnesses at least must have cosigned it [default: 0]. `--by-hand`: the old keys did not sign it, and you asked the centre by another way whether it
is its own. Exit status: 0 it is followed, 3 not, 2 wrong usage. It shares no code with the program.
"""
import sys

from notes import SIZE_LIMIT, Fault, key_lines, keys_of, need, number, parse_note, signed_by, text_of

ORIGIN = "yousu/"
REASONS = ("rotated", "lost", "revoked", "succeeded")
SIGNED_BY_OLD = ("rotated", "succeeded")
KEYS_LIMIT = 16


def parse(text):
    """Origin, size, reason, and the texts of new and old keys."""
    lines = text.split("\n")
    need(len(lines) > 5 and lines[0] == "yousu-keys/v1" and lines[-1] == "", "this is no statement of the first version")
    origin, after, why = lines[1], lines[2], lines[3]
    need(origin.startswith(ORIGIN) and after.startswith("after ") and why.startswith("why "), "a line is not what should stand there")
    size, why = number(after.removeprefix("after "), 0, SIZE_LIMIT + 1), why.removeprefix("why ")
    need(why in REASONS, "the reason is not known")
    kinds = [line[:4] for line in lines[4:-1]]
    news = kinds.count("new ")
    need(kinds == ["new "] * news + ["old "] * (len(kinds) - news), "new keys stand first, then old ones")
    texts = [line[4:] for line in lines[4:-1]]
    need(0 < news < len(texts) <= KEYS_LIMIT, "one new key and one old one are wanted at least")
    for key in texts:
        keys_of([(key, "the statement")])
    need(len(set(texts)) == len(texts), "a key stands there twice")
    need(all(key.startswith(origin + "+") and " " not in key for key in texts), "a key is another's, or has ended")
    return origin, size, why, texts[:news], texts[news:]


def ended_at(line):
    """Where a pinned key ends; None if it counts."""
    _, ends, size = line.partition(" until ")
    return int(size) if ends else None


def follow(note, pinned, quorum, by_hand):
    """The lines to be pinned, from those that are."""
    text, signatures = parse_note(note)
    origin, size, why, new, old = parse(text)
    for key in new + (old if why in SIGNED_BY_OLD else []):
        one = keys_of([(key, "the statement")])
        need(bool(signed_by(text, signatures, one, size)), f"the key {key} has to sign it, and did not")
    need(why in SIGNED_BY_OLD or by_hand, "the old keys did not sign it: ask the centre by another way, then take it over with --by-hand")
    keys_of((line, "the pinned keys") for line in pinned)
    own = [line for line in pinned if line.startswith(origin + "+")]
    others = [line for line in pinned if line not in own]
    witnesses = keys_of((line, "the pinned keys") for line in others if ended_at(line) is None)
    names = {name for name, _ in signed_by(text, signatures, witnesses, size)}
    need(len(names) >= quorum, f"{quorum} cosignatures of witnesses are wanted, and it has {len(names)}")
    bare = [line.partition(" until ")[0] for line in own]
    ends = [SIZE_LIMIT + 1 if ended_at(line) is None else ended_at(line) for line, key in zip(own, bare) if key in old]
    has_ended = not ends if why == "revoked" else bool(ends) and max(ends) == size
    if has_ended and all(key in own for key in new):
        return pinned
    today = [line for line in own if ended_at(line) is None]
    need(bool(today) and all(key in old for key in today), "it does not end the keys that are pinned")
    need(not any(key in bare for key in new), "it names a new key that was there before")
    need(all(ended_at(line) <= size for line in own if line not in today), "the log was smaller than it was before")
    kept = []
    for line, key in zip(own, bare):
        if key not in old:
            kept.append(line)
        elif why != "revoked":
            end = ended_at(line)
            kept.append(f"{key} until {size if end is None else min(end, size)}")
    return new + kept + others


def main():
    args, quorum, by_hand = sys.argv[1:], 0, False
    while len(args) > 2:
        if args[0] == "--by-hand":
            by_hand, args = True, args[1:]
        elif args[0] == "--quorum" and args[1].isascii() and args[1].isdigit():
            quorum, args = int(args[1]), args[2:]
        else:
            break
    if len(args) != 2:
        print(__doc__)
        sys.exit(2)
    try:
        pinned = [line for line, _ in key_lines(args[1])]
        print("".join(line + "\n" for line in follow(text_of(args[0]), pinned, quorum, by_hand)), end="")
    except Fault as fault:
        print(f"it is not followed: {fault}")
        sys.exit(3)


main()
