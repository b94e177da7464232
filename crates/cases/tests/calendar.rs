//! Due times against a table that another program made, against answers kept by hand, and as laws over random days.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use cases::{
    calendar::{
        CalendarStatus, Counted, MAX_WORKING_DAYS, NamedDay, OfficeHours, Session, WorkCalendar, YearCalendar, shipped,
    },
    time::Instant,
};
use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Weekday};
use proptest::prelude::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(day: NaiveDate, time: &str) -> Instant {
    format!("{day}T{time}").parse().unwrap()
}

fn due(received: Instant, working_days: u32) -> Counted {
    WorkCalendar::shipped().due_after(received, working_days, &OfficeHours::default()).unwrap()
}

/// `domain.md` §5, "Known answers".
#[test]
fn the_known_answers() {
    for (received, working_days, expected) in [
        ("2026-02-13", 3, "2026-02-25"),
        ("2025-12-30", 5, "2026-01-07"),
        ("2026-09-18", 3, "2026-09-22"),
        ("2026-04-30", 5, "2026-05-11"),
        ("2022-09-29", 5, "2022-10-11"),
        ("2024-02-09", 3, "2024-02-20"),
        ("2018-12-28", 3, "2019-01-03"),
    ] {
        let counted = due(at(date(received), "10:00"), working_days);
        assert_eq!(counted.due, at(date(expected), "17:00"), "{received} + {working_days}");
        assert!(!counted.provisional, "{received} + {working_days}");
    }
}

/// Every day of 2011–2026 against `tests/outside/due_table.py`, at hours before, in and after opening.
#[test]
fn every_day_agrees_with_the_outside_table() {
    const COLUMNS: &str = "received,n1,n2,n3,n5,p1,p2,p3,p5";
    const LIMITS: [u32; 4] = [1, 2, 3, 5];
    let mut lines = include_str!("data/due_2011_2026.csv").lines().skip_while(|line| line.starts_with('#'));
    assert_eq!(lines.next(), Some(COLUMNS));

    let mut expected_day = date("2011-01-01");
    for line in lines {
        let cells: Vec<_> = line.split(',').collect();
        let received = date(cells[0]);
        assert_eq!(received, expected_day, "the table has every day once");
        expected_day = received.succ_opt().unwrap();
        for (n, working_days) in LIMITS.into_iter().enumerate() {
            let expected = (at(date(cells[1 + n]), "17:00"), cells[5 + n] == "1");
            for hour in ["08:00", "12:30", "17:00", "17:01", "23:59"] {
                let counted = due(at(received, hour), working_days);
                assert_eq!((counted.due, counted.provisional), expected, "{received} {hour} + {working_days}");
                assert_eq!(counted.days.len(), LIMITS[n] as usize);
            }
        }
    }
    assert_eq!(expected_day, date("2027-01-01"), "the table reaches to the end of 2026");
}

#[test]
fn a_version_changes_the_answer_and_the_newest_serves() {
    let received = at(date("2019-04-26"), "10:00");
    let as_first_published = WorkCalendar::new(shipped().iter().filter(|c| c.id().to_string() != "2019v2").cloned());
    let first = as_first_published.due_after(received, 3, &OfficeHours::default()).unwrap();
    assert_eq!(first.due, at(date("2019-05-02"), "17:00"));
    assert_eq!(first.calendars[0].to_string(), "2019v1");

    let newest_given_first = WorkCalendar::new(shipped().iter().rev().cloned());
    assert_eq!(&newest_given_first, WorkCalendar::shipped());
    assert_eq!(due(received, 3).due, at(date("2019-04-30"), "17:00"));
    assert_eq!(due(received, 3).calendars[0].to_string(), "2019v2");
}

#[test]
fn publication_makes_a_due_time_certain() {
    let received = at(date("2026-12-24"), "10:00");
    let before = due(received, 5);
    assert!(before.provisional);
    assert_eq!(before.calendars.iter().map(ToString::to_string).collect::<Vec<_>>(), ["2026v1", "2027v0"]);

    let named = |day: &str| NamedDay { date: date(day), name: "元旦".into() };
    let notice = YearCalendar {
        year: 2027,
        version: 1,
        status: CalendarStatus::Published,
        notices: Vec::new(),
        holidays: vec![named("2026-12-31"), named("2027-01-01")],
        makeup_workdays: vec![named("2026-12-27")],
    };
    let shipped_only = WorkCalendar::shipped();
    shipped_only.check_publication(&notice).unwrap();
    let calendar = WorkCalendar::new(shipped().iter().cloned().chain([notice.clone()]));
    let after = calendar.due_after(received, 5, &OfficeHours::default()).unwrap();
    assert_eq!((after.due, after.provisional), (at(date("2026-12-30"), "17:00"), false));
    assert_eq!(after.calendars.iter().map(ToString::to_string).collect::<Vec<_>>(), ["2026v1", "2027v1"]);
    assert!(calendar.check_publication(&notice).is_err(), "the same version again");
}

/// Days before, in and after the years with a notice.
fn days() -> impl Strategy<Value = NaiveDate> {
    (0..7_700i64).prop_map(|n| date("2008-12-01") + TimeDelta::days(n))
}

fn instants() -> impl Strategy<Value = Instant> {
    (days(), 0..24 * 60i64).prop_map(|(day, minute)| at(day, "00:00").plus(TimeDelta::minutes(minute)))
}

prop_compose! {
    fn any_hours()(mut minutes in proptest::collection::btree_set(0..24 * 60u32, 2..9)) -> OfficeHours {
        if minutes.len() % 2 == 1 {
            minutes.pop_last();
        }
        let time = |minute: u32| NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap();
        let ends: Vec<_> = minutes.into_iter().map(time).collect();
        OfficeHours::new(ends.chunks(2).map(|pair| Session { opens: pair[0], closes: pair[1] })).unwrap()
    }
}

prop_compose! {
    /// The shipped calendar with a year that nobody wrote laid over it.
    fn any_calendar()(off in proptest::collection::btree_set(0..365i64, 0..40), year in 2010..2030i32) -> WorkCalendar {
        let day = |n| NaiveDate::from_ymd_opt(year, 1, 1).unwrap() + TimeDelta::days(n);
        let named = |date| NamedDay { date, name: "假日".into() };
        let (makeup, holidays): (Vec<_>, Vec<_>) = off.into_iter().map(day)
            .partition(|day| day.weekday() == Weekday::Sun);
        WorkCalendar::new(shipped().iter().cloned().chain([YearCalendar {
            year,
            version: 9,
            status: CalendarStatus::Published,
            notices: Vec::new(),
            holidays: holidays.into_iter().map(named).collect(),
            makeup_workdays: makeup.into_iter().map(named).collect(),
        }]))
    }
}

proptest! {
    #[test]
    fn a_due_time_is_the_closing_of_the_nth_working_day_after_receipt(
        calendar in any_calendar(), hours in any_hours(), received in instants(), n in 1..=60u32,
    ) {
        let counted = calendar.due_after(received, n, &hours).unwrap();
        let last = counted.due.date();
        prop_assert!(calendar.is_working_day(last));
        prop_assert_eq!(counted.due, hours.closing(last).unwrap());
        prop_assert_eq!(counted.days.last(), Some(&last));

        let after_receipt: Vec<_> = received.date().iter_days().skip(1).take_while(|day| *day <= last).collect();
        let worked: Vec<_> = after_receipt.iter().copied().filter(|day| calendar.is_working_day(*day)).collect();
        prop_assert_eq!(worked.len(), n as usize);
        prop_assert_eq!(&counted.days, &worked);
        prop_assert_eq!(counted.provisional, after_receipt.iter().any(|day| calendar.is_provisional_on(*day)));
    }

    #[test]
    fn later_receipt_or_a_longer_limit_never_ends_earlier(
        calendar in any_calendar(), hours in any_hours(), a in instants(), b in instants(), n in 1..=60u32, m in 1..=60u32,
    ) {
        let due = |at, n| calendar.due_after(at, n, &hours).unwrap().due;
        prop_assert!(due(a.min(b), n) <= due(a.max(b), n));
        prop_assert_eq!(due(a, n).cmp(&due(a, m)), n.cmp(&m));
        prop_assert!(a < due(a, n));
    }

    #[test]
    fn a_shift_adds_up(
        calendar in any_calendar(), hours in any_hours(), start in instants(), n in 1..=40u32, a in 0..40u32, b in 0..40u32,
    ) {
        let due = calendar.due_after(start, n, &hours).unwrap().due;
        let shift = |at, by| calendar.shift(at, by, &hours).unwrap().due;
        prop_assert_eq!(shift(start, 0), start);
        prop_assert_eq!(shift(due, a), calendar.due_after(start, n + a, &hours).unwrap().due);
        prop_assert_eq!(shift(shift(due, a), b), shift(due, a + b));
    }

    #[test]
    fn working_time_is_the_open_minutes_and_adds_up(
        calendar in any_calendar(), hours in any_hours(), a in instants(), first in 0..3000i64, second in 0..3000i64,
    ) {
        let (b, c) = (a.plus(TimeDelta::minutes(first)), a.plus(TimeDelta::minutes(first + second)));
        let minutes = |from, to| calendar.working_minutes(from, to, &hours).unwrap();
        let open = (0..first).filter(|n| calendar.is_open(a.plus(TimeDelta::minutes(*n)), &hours)).count();
        prop_assert_eq!(minutes(a, b), open as u64);
        prop_assert_eq!(minutes(a, b) + minutes(b, c), minutes(a, c));
        prop_assert_eq!(minutes(c, a), 0);

        let split = calendar.working_time(a, c, &hours).unwrap();
        prop_assert_eq!(split.days * hours.minutes_per_day() + split.hours * 60 + split.minutes, minutes(a, c));
        prop_assert!(split.minutes < 60 && split.hours * 60 + split.minutes < hours.minutes_per_day());
    }

    #[test]
    fn a_pause_gives_back_the_days_that_lie_in_it_whole(
        calendar in any_calendar(), hours in any_hours(), a in instants(), length in 0..30_000i64,
    ) {
        let b = a.plus(TimeDelta::minutes(length));
        let whole = a.date().iter_days().take_while(|day| *day <= b.date())
            .filter(|day| calendar.is_working_day(*day))
            .filter(|day| a <= hours.opening(*day).unwrap() && hours.closing(*day).unwrap() <= b)
            .count();
        prop_assert_eq!(calendar.whole_working_days_within(a, b, &hours).unwrap() as usize, whole);
        prop_assert!(whole as u64 * hours.minutes_per_day() <= calendar.working_minutes(a, b, &hours).unwrap());
    }

    #[test]
    fn the_next_opening_and_closing_are_the_first(calendar in any_calendar(), hours in any_hours(), a in instants()) {
        let first = |moment: &dyn Fn(NaiveDate) -> Instant| {
            a.date().iter_days().filter(|day| calendar.is_working_day(*day)).map(moment).find(|moment| *moment >= a).unwrap()
        };
        prop_assert_eq!(calendar.next_opening(a, &hours).unwrap(), first(&|day| hours.opening(day).unwrap()));
        prop_assert_eq!(calendar.next_closing(a, &hours).unwrap(), first(&|day| hours.closing(day).unwrap()));
        let same_day = calendar.same_day(a, &hours).unwrap();
        prop_assert_eq!(same_day.due, calendar.next_closing(a, &hours).unwrap());
        prop_assert_eq!(same_day.days, vec![same_day.due.date()]);
        prop_assert!(calendar.is_open(calendar.next_opening(a, &hours).unwrap(), &hours));
        prop_assert!(!calendar.is_open(calendar.next_closing(a, &hours).unwrap(), &hours));
    }

    #[test]
    fn before_and_after_are_neighbours(calendar in any_calendar(), day in days()) {
        let (before, after) = (calendar.working_day_before(day).unwrap(), calendar.working_day_after(day).unwrap());
        prop_assert!(before < day && day < after);
        prop_assert!(before.iter_days().skip(1).take_while(|d| *d < after).all(|d| d == day || !calendar.is_working_day(d)));
        prop_assert_eq!(calendar.working_day_after(before).unwrap(), if calendar.is_working_day(day) { day } else { after });
    }

    #[test]
    fn a_span_is_provisional_where_one_of_its_days_is(calendar in any_calendar(), from in days(), length in -3..900i64) {
        let to = from + TimeDelta::days(length);
        let any = from.iter_days().take_while(|day| *day <= to).any(|day| calendar.is_provisional_on(day));
        prop_assert_eq!(calendar.is_provisional_within(from, to), any);
        let touched = calendar.versions_touched(from, to);
        prop_assert_eq!(touched.is_empty(), length < 0);
        prop_assert!(from.iter_days().take_while(|day| *day <= to).all(|day| touched.iter().any(|v| v.year == day.year())));
    }

    /// Whatever the date and the limit, an answer or a typed error: never a panic.
    #[test]
    fn no_date_panics(
        ms in prop_oneof![any::<i64>(), Just(i64::MAX), -8_334_601_228_800_000..8_210_266_876_799_999i64],
        n in prop_oneof![any::<u32>(), 0..=MAX_WORKING_DAYS],
    ) {
        let (calendar, hours) = (WorkCalendar::shipped(), OfficeHours::default());
        if let Some(at) = Instant::from_ms(ms) {
            if let Ok(counted) = calendar.due_after(at, n, &hours) {
                prop_assert!(counted.due > at && counted.due.hour() == 17);
            }
            let _ = (calendar.same_day(at, &hours), calendar.shift(at, n, &hours), calendar.is_open(at, &hours));
            let _ = (calendar.next_opening(at, &hours), calendar.next_closing(at, &hours));
            let _ = (calendar.working_time(at, at, &hours), calendar.whole_working_days_within(at, at, &hours));
        }
    }
}
