#!/usr/bin/env python3
"""Counts, from the replied messages alone, which replies came after their limit; compares with `yousu overdue --ended`.

Python standard library only; nothing of the project is imported. The calendars are the project's data, the counting is
not: an ordered list of working days and a bisection. Usage:

    overdue_ended.py MESSAGES_WITH_REPLIES.csv YOUSU.jsonl [--centre CODE] [--source NAME] [--days N]

YOUSU.jsonl is the output of `yousu overdue --ended --from 2011-01-01 --to 2020-12-31 --format json`. Prints both numbers
and the first differing ids; exits 1 where they differ.
"""

import argparse
import bisect
import csv
import datetime as dt
import json
import pathlib
import sys
import uuid

CALENDARS = pathlib.Path(__file__).resolve().parents[2] / "crates" / "cases" / "calendars"
CLOSING = dt.time(17, 0)


def working_days():
    newest = {}
    for path in sorted(CALENDARS.glob("*.json")):
        year = json.loads(path.read_text(encoding="utf-8"))
        if year["year"] not in newest or newest[year["year"]]["version"] < year["version"]:
            newest[year["year"]] = year
    off = {day["date"] for year in newest.values() for day in year["holidays"]}
    on = {day["date"] for year in newest.values() for day in year.get("makeup_workdays", [])}
    date, days = dt.date(2010, 1, 1), []
    while date < dt.date(2023, 1, 1):
        text = date.isoformat()
        if text in on or (date.weekday() < 5 and text not in off):
            days.append(date)
        date += dt.timedelta(days=1)
    return days


def moment(text):
    if " " in text:
        return dt.datetime.strptime(text, "%Y/%m/%d %H:%M:%S")
    # A reply with a date and no time counts as made at closing time.
    return dt.datetime.combine(dt.datetime.strptime(text, "%Y/%m/%d").date(), CLOSING)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("messages")
    parser.add_argument("yousu")
    parser.add_argument("--centre", default="410404")
    parser.add_argument("--source", required=True)
    parser.add_argument("--days", type=int, default=5)
    args = parser.parse_args()

    days = working_days()
    ours = {}
    with open(args.messages, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            raised, replied = moment(row["留言时间"]), moment(row["答复时间"])
            last = days[bisect.bisect_right(days, raised.date()) + args.days - 1]
            if max(replied, raised) > dt.datetime.combine(last, CLOSING):
                name = f"yousu:case:{args.centre}:{args.source}:{row['留言编号']}"
                ours[str(uuid.uuid5(uuid.NAMESPACE_URL, name))] = row["留言编号"]
    with open(args.yousu, encoding="utf-8") as file:
        theirs = {json.loads(line)["case"] for line in file if line.strip()}

    print(f"outside: {len(ours)} late replies; yousu: {len(theirs)}")
    missing = sorted(ours[case] for case in ours.keys() - theirs)
    surplus = sorted(theirs - ours.keys())
    print("late outside, not in yousu:", " ".join(missing[:10]) or "none")
    print("late in yousu, not outside:", " ".join(surplus[:10]) or "none")
    sys.exit(0 if not missing and not surplus else 1)


if __name__ == "__main__":
    main()
