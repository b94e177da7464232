"""Counts the rows and the repeated bodies of the messages, with Python's own CSV reader.

    python3 tests/outside/count_messages.py ../shared/data/messages/messages.csv

prints one line of JSON: rows; repeats (rows whose body, less white space and `_x000D_`, stood in an earlier row); replied
(rows with a reply); dateonly (replies with a date and no time); first and last number. No text of a message is printed.
"""

import csv
import json
import re
import sys

BODY, REPLIED_AT = "留言详情", "答复时间"


def count(path):
    csv.field_size_limit(10**8)
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    seen, repeats = set(), 0
    for row in rows:
        body = re.sub(r"\s|_x000D_", "", row[BODY])
        repeats += body in seen
        seen.add(body)
    replied = [row[REPLIED_AT].strip() for row in rows if row.get(REPLIED_AT, "").strip()]
    return {
        "rows": len(rows),
        "repeats": repeats,
        "replied": len(replied),
        "dateonly": sum(":" not in at for at in replied),
        "first": rows[0]["留言编号"],
        "last": rows[-1]["留言编号"],
    }


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(json.dumps(count(path)))
