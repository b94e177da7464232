"""Event bodies, as docs/verify/README.md lays them down: what the log says of its streams, and what is sealed in an event.

Each is read in the one form in which the log writes it. `json` alone reads more than JSON has, so it is not asked what a body is.
"""
import json
import re
import uuid

from notes import Fault, decode64, need, number

HEADS = re.compile(rb'\{"public":\{"root":"([0-9a-f]{64})","streams":([0-9]{1,20})\},"sealed":\[\]\}')

STRING = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
SCALAR = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null"
TOKEN = re.compile(rf"[ \t\n\r]*(?:([\[\]{{}}:,])|({STRING})|({SCALAR}))")
FIELD = re.compile(rf'\{{"person":"([0-9a-f-]{{36}})","field":({STRING}),"bytes":(?:"([A-Za-z0-9+/=]*)"|null)\}}')


def heads_of(body):
    """Root and number of streams that a `heads_committed` says."""
    said = HEADS.fullmatch(body)
    need(said is not None, "the log's word about its streams is not in the one form that it has")
    return bytes.fromhex(said[1].decode()), number(said[2].decode())


def value_end(text, at):
    """Where the JSON value ends that begins there; without recursion, as it may be as deep as it likes."""
    closers, state = [], "value"
    while True:
        token = TOKEN.match(text, at)
        need(token is not None, "a body is no JSON")
        at, (mark, string, scalar) = token.end(), token.groups()
        if state in ("value", "first value"):
            if mark in ("{", "["):
                closers.append("}" if mark == "{" else "]")
                state = "first key" if mark == "{" else "first value"
                continue
            is_right = string or scalar or (mark == "]" and state == "first value")
        elif state in ("key", "first key"):
            if string:
                state = "colon"
                continue
            is_right = mark == "}" and state == "first key"
        elif state == "colon":
            need(mark == ":", "a body is no JSON")
            state = "value"
            continue
        else:
            if mark == ",":
                state = "key" if closers[-1] == "}" else "value"
                continue
            is_right = mark == closers[-1]
        need(is_right, "a body is no JSON")
        if mark:
            closers.pop()
        if not closers:
            return at
        state = "next"


def parts_of(body):
    """The public part's text; and person, field and bytes of everything that is sealed in an event, None for bytes that are not there."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Fault("a body is no text") from None
    begin = '{"public":'
    need(text.startswith(begin + "{"), "a body is not in the one form that it has")
    at = value_end(text, len(begin))
    public = text[len(begin):at]
    need(text.startswith(',"sealed":[', at) and text.endswith("]}"), "a body is not in the one form that it has")
    at, end, found = at + len(',"sealed":['), len(text) - len("]}"), []
    while at < end:
        at += 1 if found and text[at] == "," else 0
        field = FIELD.match(text, at)
        need(field is not None and (not found or text[at - 1] == ","), "a body is not in the one form that it has")
        person, where, at = uuid.UUID(field[1]), json.loads(field[2]), field.end()
        need((str(person), json.dumps(where, ensure_ascii=False)) == field.group(1, 2), "a body is not in the one form that it has")
        found.append((person, where, None if field[3] is None else decode64(field[3])))
    need(at == end, "a body is not in the one form that it has")
    return public, found
