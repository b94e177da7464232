//! Written forms and bounds: what is at a limit is taken, what is one beyond is refused; and every form reads back.

use cases::{
    CentreCode, Instant,
    calendar::{CalendarVersion, MAX_WORKING_DAYS, OfficeHours, WorkCalendar, YearCalendar},
    people::{Actor, Office, Role},
    story::{Story, cast},
};
use serde_json::{Value, json};

#[test]
fn offices_read_back_as_they_are_written() {
    for text in
        ["centre", "department:scj", "government", "discipline", "parent", "hotline", "public", "unit:市供水公司"]
    {
        let office: Office = text.parse().expect(text);
        assert_eq!(office.to_string(), text);
    }
    let longest = format!("unit:{}", "水".repeat(100));
    assert!(longest.parse::<Office>().is_ok());
    for text in ["", "center", "unit:", "unit: ", "centre:", &format!("{longest}水")] {
        assert!(text.parse::<Office>().is_err(), "{text}");
    }
}

#[test]
fn people_are_shown_by_id_and_role() {
    let actor: Actor = serde_json::from_value(cast("clerk")).expect("an actor");
    assert_eq!((actor.to_string().as_str(), actor.role), ("clerk（窗口工作人员）", Role::WindowClerk));
}

#[test]
fn instants_are_milliseconds_and_shanghai_time() {
    let at: Instant = "2026-03-02T09:00:00".parse().expect("a time");
    // `date -d 2026-03-02T09:00:00+08:00 +%s`
    assert_eq!(at.ms(), 1_772_413_200_000);
    assert_eq!(Instant::from_ms(1_772_413_200_000), Some(at));
    assert_eq!(
        (at.to_string(), format!("{at:?}")),
        ("2026-03-02T09:00:00+08:00".into(), "2026-03-02T09:00:00+08:00".into())
    );
    let later = Instant::from_ms(1_772_413_200_007).expect("in range");
    assert_eq!(later.to_string(), "2026-03-02T09:00:00.007+08:00");
}

/// As chrono writes it, from 1969 to 2100 and at both ends of the years that RFC 3339 has.
#[test]
fn instants_are_written_as_rfc_3339() {
    const STEP_MS: usize = 86_399_987 * 3;
    for ms in (-86_400_000_i64..4_102_444_800_000).step_by(STEP_MS).chain([-62_167_248_000_000, 253_402_271_999_999]) {
        let at = Instant::from_ms(ms).expect("in range");
        let format = if ms.rem_euclid(1_000) == 0 { "%Y-%m-%dT%H:%M:%S%:z" } else { "%Y-%m-%dT%H:%M:%S%.3f%:z" };
        assert_eq!(at.to_string(), at.format(format).to_string());
        assert_eq!(at.to_string().parse(), Ok(at));
    }
    let leap: Instant = "2016-12-31T23:59:60Z".parse().expect("there was one");
    assert_eq!(leap.to_string().parse(), Ok(leap));
}

/// `python3 -c "import uuid; print(uuid.uuid5(uuid.NAMESPACE_URL, 'yousu:centre:410404'))"`
#[test]
fn a_centres_stream_is_known_from_its_code() {
    let stream = CentreCode::new("410404").expect("six digits").stream();
    assert_eq!(stream.to_string(), "e91f928a-6dc4-50f2-8b9e-ff6f8bb9ef8e");
}

#[test]
fn office_hours_read_back_as_they_are_written() {
    for (text, shown) in [
        ("09:00-12:00,13:00-17:00", "09:00-12:00,13:00-17:00"),
        ("08:30-11:45，14:00-18:00", "08:30-11:45,14:00-18:00"),
        ("08:00-20:00", "08:00-20:00"),
    ] {
        let hours: OfficeHours = text.parse().expect(text);
        assert_eq!(hours.to_string(), shown);
        let stored = serde_json::to_value(&hours).expect("it is data");
        assert_eq!(serde_json::from_value::<OfficeHours>(stored).expect("it reads back"), hours);
    }
    let many =
        |sessions: u32| (0..sessions).map(|n| format!("{:02}:00-{:02}:30", n + 8, n + 8)).collect::<Vec<_>>().join(",");
    assert!(many(8).parse::<OfficeHours>().is_ok());
    for text in ["", "9:00-12:00", "09:00-25:00", "12:00-09:00", "09:00-12:00,11:00-13:00", &many(9)] {
        assert!(text.parse::<OfficeHours>().is_err(), "{text}");
    }
}

#[test]
fn calendar_versions_read_back_as_they_are_written() {
    for text in ["2026v1", "2026v12", "2027-"] {
        let version: CalendarVersion = text.parse().expect(text);
        assert_eq!(version.to_string(), text);
    }
    for text in ["", "2026", "2026v", "2026vx", "26v1", "2026x", "2026--", "20 6v1"] {
        assert!(text.parse::<CalendarVersion>().is_err(), "{text}");
    }
}

fn published(holidays: &[(&str, &str)], makeup: &[(&str, &str)]) -> YearCalendar {
    let days =
        |days: &[(&str, &str)]| days.iter().map(|(date, name)| json!({"date": date, "name": name})).collect::<Vec<_>>();
    serde_json::from_value(json!({"year": 2026, "version": 2, "status": "published",
        "notices": [{"number": "甲〔2026〕1号"}], "holidays": days(holidays), "makeup_workdays": days(makeup)}))
    .expect("a calendar")
}

#[test]
fn a_year_names_days_of_its_own_and_of_its_neighbours() {
    for day in ["2026-01-01", "2026-12-31", "2025-12-31", "2027-01-01"] {
        published(&[(day, "元旦")], &[]).validate().expect(day);
    }
    for day in ["2025-11-30", "2027-02-01", "2024-12-31", "2028-01-01"] {
        assert!(published(&[(day, "元旦")], &[]).validate().is_err(), "{day}");
    }
    published(&[("2026-01-01", &"元".repeat(40))], &[]).validate().expect("forty characters");
    for name in ["", " ", &"元".repeat(41)] {
        assert!(published(&[("2026-01-01", name)], &[]).validate().is_err(), "{name}");
    }
    assert!(published(&[("2026-01-01", "元旦"), ("2026-01-01", "元旦")], &[]).validate().is_err(), "twice");
    published(&[], &[("2026-01-04", "元旦")]).validate().expect("a Sunday is worked");
    assert!(published(&[], &[("2026-01-05", "元旦")]).validate().is_err(), "a Monday is worked anyway");
}

#[test]
fn a_year_has_no_more_days_and_notices_than_a_notice_could_say() {
    let first: chrono::NaiveDate = "2026-01-01".parse().expect("a date");
    let days = |count: i64| (0..count).map(|n| (first + chrono::TimeDelta::days(n)).to_string()).collect::<Vec<_>>();
    let off = |count: i64| {
        let days = days(count);
        published(&days.iter().map(|day| (day.as_str(), "假")).collect::<Vec<_>>(), &[])
    };
    off(120).validate().expect("120 days");
    assert!(off(121).validate().is_err());
    let weekends: Vec<_> = days(420).into_iter().filter(|day| is_weekend(day)).collect();
    let worked =
        |count: usize| published(&[], &weekends[..count].iter().map(|day| (day.as_str(), "班")).collect::<Vec<_>>());
    worked(100).validate().expect("a hundred weekend days");
    let notices = |count: usize, chars: usize| {
        let mut calendar = published(&[], &[]);
        let notice = serde_json::from_value(json!({"number": "号".repeat(chars)})).expect("a notice");
        calendar.notices = vec![notice; count];
        calendar
    };
    notices(12, 400).validate().expect("twelve notices");
    assert!(notices(13, 1).validate().is_err() && notices(1, 401).validate().is_err());
}

fn is_weekend(day: &str) -> bool {
    use chrono::Datelike as _;
    day.parse::<chrono::NaiveDate>().expect("a date").weekday().num_days_from_monday() > 4
}

#[test]
fn a_limit_has_a_most() {
    let calendar = WorkCalendar::shipped();
    let due = |days| calendar.due_after("2026-03-02T10:00:00".parse().expect("a time"), days, &OfficeHours::default());
    assert_eq!(due(MAX_WORKING_DAYS).expect("the most").days.len(), 3660);
    assert!(due(MAX_WORKING_DAYS + 1).is_err());
}

/// 20 000 characters are taken in any text, a longer one and one with U+0000 are refused by field, in lists too.
#[test]
fn texts_are_bounded_wherever_they_stand() {
    let accept = |narrative: &str| {
        json!({"command": "accept", "case": Story::id(1), "channel": "window", "category": "complaint",
            "complainant": {"name": "张三", "telephone": "13800000000"}, "summary": "办证被拖", "narrative": narrative})
    };
    let told = |fields: Value| Story::under("henan-2022-43", "2026-03-02T09:00:00").tell("clerk", fields);
    assert!(told(accept(&"慢".repeat(20_000))).is_ok());
    assert_eq!(told(accept(&"慢".repeat(20_001))).expect_err("too long").code(), "text-too-long");
    let classify = |department: &str| json!({"command": "classify", "case": Story::id(1), "kind": "ordinary", "departments": [department]});
    assert_eq!(told(classify("甲\u{0}")).expect_err("no text").code(), "text-unreadable");
}
