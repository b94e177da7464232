#!/usr/bin/env python3
"""The due date of every day of 2011-2026, made without any of this project's code.

    tests/outside/due_table.py [CALENDARS] > TABLE          make the table
    tests/outside/due_table.py [CALENDARS] --check TABLE    compare: exit 1 and name the first rows that differ

CALENDARS is a directory of calendar files (default: crates/cases/calendars). Python standard library only.

The way is another one than the program's. It lists every working day once, in order; the day of receipt is not
counted, so the due date stands N places after the last working day that is not later than the receipt. And as no due
date before the last published year's 25 December can be provisional, and every one from then on is, one comparison
decides that. (It holds for receipts from 2011 on: the unpublished years before 2011 are out of the table.)
"""

import argparse
import bisect
import datetime
import json
import pathlib
import sys

FIRST, LAST = datetime.date(2011, 1, 1), datetime.date(2026, 12, 31)
LIMITS = (1, 2, 3, 5)
ONE_DAY = datetime.timedelta(days=1)


def newest(directory):
    """The newest version of each year's calendar, by year."""
    calendars = {}
    for path in sorted(pathlib.Path(directory).glob("*.json")):
        calendar = json.loads(path.read_text(encoding="utf-8"))
        known = calendars.get(calendar["year"])
        if known is None or known["version"] < calendar["version"]:
            calendars[calendar["year"]] = calendar
    missing = sorted(set(range(FIRST.year, LAST.year + 1)) - set(calendars))
    if missing:
        sys.exit(f"{directory}: no calendar for {missing}")
    return calendars


def working_days(calendars):
    """Every working day of the table's years and the year after, in order."""
    def named(key):
        return {datetime.date.fromisoformat(day["date"]) for c in calendars.values() for day in c[key]}

    off, worked = named("holidays"), named("makeup_workdays")
    if off & worked:
        sys.exit(f"off and worked at once: {sorted(map(str, off & worked))}")
    span = range((datetime.date(LAST.year + 1, 12, 31) - FIRST).days + 1)
    weekdays = {day for n in span if (day := FIRST + n * ONE_DAY).isoweekday() <= 5}
    return sorted((weekdays - off) | worked)


def rows(directory):
    calendars = newest(directory)
    days = working_days(calendars)
    published = max(year for year, calendar in calendars.items() if calendar["status"] == "published")
    provisional_from = datetime.date(published, 12, 25)
    yield "# made by tests/outside/due_table.py (Python, none of this project's code): see README.md"
    yield ",".join(["received", *(f"n{n}" for n in LIMITS), *(f"p{n}" for n in LIMITS)])
    received = FIRST
    while received <= LAST:
        past = bisect.bisect_right(days, received)
        due = [days[past + n - 1] for n in LIMITS]
        yield ",".join([str(received), *map(str, due), *("1" if day >= provisional_from else "0" for day in due)])
        received += ONE_DAY


def main():
    parser = argparse.ArgumentParser(description="the due date of every day of 2011-2026")
    parser.add_argument("calendars", nargs="?", default="crates/cases/calendars")
    parser.add_argument("--check", metavar="TABLE")
    arguments = parser.parse_args()
    made = list(rows(arguments.calendars))
    if arguments.check is None:
        print("\n".join(made))
        return
    kept = pathlib.Path(arguments.check).read_text(encoding="utf-8").splitlines()
    differing = [(a, b) for a, b in zip(made, kept) if a != b]
    for ours, theirs in differing[:10]:
        print(f"made {ours}\nkept {theirs}", file=sys.stderr)
    if differing or len(made) != len(kept):
        sys.exit(f"{arguments.check}: {len(differing)} rows differ; {len(made)} made, {len(kept)} kept")
    print(f"{arguments.check}: all {len(made)} lines agree")


if __name__ == "__main__":
    main()
