use chrono::NaiveDate;
use expect_test::{Expect, expect};
use schemars::schema_for;

use super::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn calendar() -> &'static WorkCalendar {
    WorkCalendar::shipped()
}

fn hours() -> OfficeHours {
    OfficeHours::default()
}

fn versions(from: &str, to: &str) -> String {
    let touched = calendar().versions_touched(date(from), date(to));
    touched.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_shipped_file_is_sound_listed_and_in_its_schema() {
    let schema = serde_json::to_value(schema_for!(YearCalendar)).unwrap();
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("calendars");
    let mut files = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            jsonschema::validate(&schema, &file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let read: YearCalendar = serde_json::from_value(file.clone()).unwrap();
            assert!(shipped().contains(&read), "{} is not listed in shipped.rs", path.display());
            assert_eq!(serde_json::to_value(&read).unwrap(), file, "{}", path.display());
            files += 1;
        }
    }
    assert_eq!(shipped().len(), files);
    for calendar in shipped() {
        calendar.validate().unwrap_or_else(|error| panic!("{}: {error}", calendar.id()));
    }
    let ids = shipped().iter().map(|calendar| calendar.id().to_string()).collect::<Vec<_>>();
    assert!(ids.is_sorted());
    expect!["2011v1 2012v1 2013v1 2014v1 2015v1 2016v1 2017v1 2018v1 2019v1 2019v2 2020v1 2020v2 2021v1 2022v1 2023v1 2024v1 2025v1 2026v1 2027v0"]
        .assert_eq(&ids.join(" "));
}

#[test]
fn a_day_says_what_it_is() {
    let day = |text| calendar().day(date(text));
    assert_eq!(day("2026-02-13"), DayKind::Working);
    assert_eq!(day("2026-02-14"), DayKind::Makeup("春节"));
    assert_eq!(day("2026-02-15"), DayKind::Holiday("春节"));
    assert_eq!(day("2026-02-08"), DayKind::Weekend);
    assert_eq!(day("2022-12-31"), DayKind::Holiday("元旦"), "from the notice of 2023");
    assert_eq!(day("2011-12-31"), DayKind::Makeup("元旦"), "from the notice of 2012");
    assert_eq!(day("2027-02-05"), DayKind::Holiday("农历除夕"), "statutory");
    assert_eq!(day("2028-10-02"), DayKind::Working, "nothing is known of 2028 but its weekends");
    assert_eq!(day("2010-10-01"), DayKind::Working, "nor of 2010");
    let worked =
        ["2026-02-13", "2026-02-14", "2026-02-15", "2026-02-08"].map(|text| calendar().is_working_day(date(text)));
    assert_eq!(worked, [true, true, false, false]);
}

#[test]
fn provisional_is_what_a_coming_notice_may_move() {
    for (day, expected) in [
        ("2010-12-31", true),
        ("2011-01-01", false),
        ("2025-12-31", false),
        ("2026-12-24", false),
        ("2026-12-25", true),
        ("2026-12-31", true),
        ("2027-06-01", true),
        ("2028-06-01", true),
    ] {
        assert_eq!(calendar().is_provisional_on(date(day)), expected, "{day}");
    }
    assert_eq!(versions("2026-12-20", "2026-12-24"), "2026v1");
    assert_eq!(versions("2026-12-20", "2026-12-25"), "2026v1 2027v0");
    assert_eq!(versions("2026-12-20", "2028-01-01"), "2026v1 2027v0 2028-");
    assert_eq!(versions("2026-12-20", "2026-12-19"), "");
    assert_eq!(versions("2009-05-01", "2009-05-01"), "2009-");
    assert_eq!(calendar().versions_touched(NaiveDate::MIN, NaiveDate::MAX).len(), 212);
}

#[test]
fn the_same_day_ends_at_closing_or_on_the_next_working_day() {
    for (act, due) in [
        ("2026-02-13T07:00", "2026-02-13T17:00"),
        ("2026-02-13T12:30", "2026-02-13T17:00"),
        ("2026-02-13T17:00", "2026-02-13T17:00"),
        ("2026-02-13T17:00:00.001", "2026-02-14T17:00"),
        ("2026-02-14T17:01", "2026-02-24T17:00"),
        ("2026-02-20T10:00", "2026-02-24T17:00"),
    ] {
        assert_eq!(calendar().same_day(at(act), &hours()).unwrap().due, at(due), "{act}");
    }
    assert!(calendar().same_day(at("2026-12-25T10:00"), &hours()).unwrap().provisional);
    assert!(!calendar().same_day(at("2026-12-24T10:00"), &hours()).unwrap().provisional);
}

#[test]
fn openings_and_closings() {
    let opening = |text| calendar().next_opening(at(text), &hours()).unwrap();
    assert_eq!(opening("2026-02-13T08:59"), at("2026-02-13T09:00"));
    assert_eq!(opening("2026-02-13T09:00"), at("2026-02-13T09:00"));
    assert_eq!(opening("2026-02-13T09:01"), at("2026-02-14T09:00"), "the end of the noon break is no opening");
    let closing = |text| calendar().next_closing(at(text), &hours()).unwrap();
    assert_eq!(closing("2026-02-14T12:00"), at("2026-02-14T17:00"));
    assert_eq!(closing("2026-02-14T17:01"), at("2026-02-24T17:00"));
    for (moment, open) in [
        ("2026-02-13T08:59:59.999", false),
        ("2026-02-13T09:00", true),
        ("2026-02-13T12:00", false),
        ("2026-02-13T13:00", true),
        ("2026-02-13T17:00", false),
        ("2026-02-15T10:00", false),
    ] {
        assert_eq!(calendar().is_open(at(moment), &hours()), open, "{moment}");
    }
}

#[test]
fn lateness_is_shown_in_working_days_and_hours_rounded_down() {
    for (from, to, shown) in [
        ("2026-02-13T17:00", "2026-02-24T12:30", "1个工作日3小时"),
        ("2026-02-12T17:00", "2026-02-24T13:59:59.999", "2个工作日3小时"),
        ("2026-02-12T17:00", "2026-02-13T17:00", "1个工作日"),
        ("2026-02-12T17:00", "2026-02-13T16:59", "6小时"),
        ("2026-02-12T17:00", "2026-02-13T09:59", "不足1小时"),
        ("2026-02-13T17:00", "2026-02-12T17:00", "不足1小时"),
    ] {
        assert_eq!(calendar().working_time(at(from), at(to), &hours()).unwrap().to_string(), shown, "{from} {to}");
    }
    assert_eq!(hours().split(479), WorkingTime { days: 1, hours: 0, minutes: 59 });
    let short: OfficeHours = "08:30-12:00".parse().unwrap();
    assert_eq!(short.split(479), WorkingTime { days: 2, hours: 0, minutes: 59 });
}

#[test]
fn whole_days_and_shifts() {
    let whole = |from, to| calendar().whole_working_days_within(at(from), at(to), &hours()).unwrap();
    assert_eq!(whole("2026-02-12T09:00", "2026-02-24T17:00"), 4);
    assert_eq!(whole("2026-02-12T09:01", "2026-02-24T16:59"), 2);
    assert_eq!(whole("2026-02-12T10:00", "2026-02-12T16:00"), 0);
    assert_eq!(whole("2026-02-24T17:00", "2026-02-12T09:00"), 0);

    let moved = calendar().shift(at("2026-12-22T17:00"), 2, &hours()).unwrap();
    assert_eq!((moved.due, moved.provisional), (at("2026-12-24T17:00"), false));
    assert_eq!(moved.days, [date("2026-12-23"), date("2026-12-24")]);
    let unmoved = calendar().shift(at("2026-12-25T10:11:12.013"), 0, &hours()).unwrap();
    assert_eq!((unmoved.due, unmoved.provisional), (at("2026-12-25T10:11:12.013"), true));
    assert_eq!(unmoved.calendars.len(), 2);
}

#[test]
fn what_cannot_be_counted_is_an_error() {
    let due = |received, n| calendar().due_after(at(received), n, &hours()).map(|counted| counted.due.date());
    assert_eq!(due("2026-02-13T10:00", 0), Err(CalendarError::Limit(0)));
    assert_eq!(due("2026-02-13T10:00", 3661), Err(CalendarError::Limit(3661)));
    assert_eq!(due("2026-02-13T10:00", 3660).map(|day| day.year()), Ok(2040));
    assert_eq!(due("1989-12-31T23:59", 1), Err(CalendarError::OutOfRange(date("1989-12-31"))));
    assert_eq!(due("1990-01-01T00:00", 1), Ok(date("1990-01-02")));
    assert_eq!(due("2200-12-31T10:00", 1), Err(CalendarError::OutOfRange(date("2201-01-01"))));
    assert_eq!(due("2200-12-30T10:00", 1), Ok(date("2200-12-31")));
    assert!(hours().opening(NaiveDate::MIN).is_err() && hours().closing(NaiveDate::MAX).is_err());
    assert!(calendar().working_day_before(date("1990-01-01")).is_err());
    let text = CalendarError::Limit(0).to_string();
    expect!["时限应为 1 至 3660 个工作日，而不是 0 个"].assert_eq(&text);
}

#[test]
fn office_hours_are_checked_and_written_to_the_minute() {
    let json = r#"[{"opens":"09:00","closes":"12:00"},{"opens":"13:00","closes":"17:00"}]"#;
    assert_eq!(serde_json::to_string(&hours()).unwrap(), json);
    assert_eq!(serde_json::from_str::<OfficeHours>(json).unwrap(), hours());
    let morning = r#"[{"opens":"08:30","closes":"12:00"}]"#;
    assert_eq!(serde_json::from_str::<OfficeHours>(morning).unwrap(), "08:30-12:00".parse().unwrap());
    assert!(serde_json::from_str::<OfficeHours>("[]").is_err());
    assert_eq!("09:00–12:00， 13:00—17:00".parse(), Ok(hours()));
    assert_eq!(hours().to_string(), "09:00-12:00,13:00-17:00");
    let schema = serde_json::to_value(schema_for!(OfficeHours)).unwrap();
    assert!(jsonschema::is_valid(&schema, &serde_json::to_value(hours()).unwrap()));
    assert!(!jsonschema::is_valid(&schema, &serde_json::json!([{"opens": "9:00", "closes": "12:00"}])));
    assert!(!jsonschema::is_valid(&schema, &serde_json::json!([])));
    assert!(serde_json::from_str::<OfficeHours>(r#"[{"opens":"9:00","closes":"12:00"}]"#).is_err());
    assert!("08:00-12:00,12:00-17:00".parse::<OfficeHours>().is_ok(), "sessions may touch");

    let fault = |text: &str| text.parse::<OfficeHours>().unwrap_err();
    assert_eq!(fault(" , "), CalendarError::NoSession);
    assert_eq!(fault("09:00-09:00"), CalendarError::SessionOrder("09:00-09:00".into()));
    assert_eq!(fault("12:00-09:00"), CalendarError::SessionOrder("12:00-09:00".into()));
    assert_eq!(fault("13:00-17:00,09:00-12:00"), CalendarError::SessionOrder("09:00-12:00".into()));
    assert_eq!(fault("09:00-12:00,11:59-17:00"), CalendarError::SessionOrder("11:59-17:00".into()));
    assert_eq!(fault("09:00-24:00"), CalendarError::SessionText("09:00-24:00".into()));
    let many: String = (0..20).map(|hour| format!("{hour:02}:00-{hour:02}:30,")).collect();
    assert_eq!(fault(&many), CalendarError::TooManySessions(9));
    assert!(many.split_inclusive(',').take(8).collect::<String>().parse::<OfficeHours>().is_ok());
    let seconds = Session { opens: NaiveTime::MIN, closes: NaiveTime::from_hms_opt(9, 0, 30).unwrap() };
    assert_eq!(OfficeHours::new([seconds]), Err(CalendarError::SessionText("00:00:00-09:00:30".into())));
}

/// A calendar of 2030, changed by `change`, and what is then said of it.
fn check_fault(change: impl FnOnce(&mut YearCalendar), expected: &Expect) {
    let named = |text| NamedDay { date: date(text), name: "国庆节".into() };
    let mut calendar = YearCalendar {
        year: 2030,
        version: 1,
        status: CalendarStatus::Published,
        notices: vec![Notice { number: Some("国办发明电〔2029〕1号".into()), url: None, published: None }],
        holidays: vec![named("2029-12-31"), named("2030-10-01"), named("2031-01-01")],
        makeup_workdays: vec![named("2030-09-29")],
    };
    assert_eq!(calendar.validate(), Ok(()));
    change(&mut calendar);
    let said = calendar.validate().map_or_else(|error| error.to_string(), |()| "sound".to_owned());
    expected.assert_eq(&said);
}

#[test]
fn a_calendar_that_no_notice_can_be_is_refused() {
    let named = |text: &str| NamedDay { date: date(text), name: "国庆节".into() };
    let many =
        |n: i64| (0..n).map(|n| NamedDay { date: date("2030-01-01") + chrono::TimeDelta::days(n), name: "节".into() });
    check_fault(|c| c.year = 2201, &expect!["日历的年份 2201 不在 1990 至 2200 之间，请核对年份"]);
    check_fault(|c| c.version = 0, &expect!["2030v0 的版本号有误：已公布的从 1 起编，仅列法定节日的为 0"]);
    check_fault(
        |c| c.status = CalendarStatus::StatutoryOnly,
        &expect!["2030v1 的版本号有误：已公布的从 1 起编，仅列法定节日的为 0"],
    );
    check_fault(
        |c| (c.status, c.version) = (CalendarStatus::StatutoryOnly, 0),
        &expect!["2030-09-29 列为调休上班日，但 2030 年的通知尚未公布：未公布的年份只列法定节日"],
    );
    check_fault(
        |c| c.holidays.push(named("2029-11-30")),
        &expect!["2029-11-30 不属于 2030 年的通知：只可列当年、上年 12 月和次年 1 月的日期"],
    );
    check_fault(
        |c| c.makeup_workdays.push(named("2031-02-01")),
        &expect!["2031-02-01 不属于 2030 年的通知：只可列当年、上年 12 月和次年 1 月的日期"],
    );
    check_fault(
        |c| c.holidays.push(named("2035-12-31")),
        &expect!["2035-12-31 不属于 2030 年的通知：只可列当年、上年 12 月和次年 1 月的日期"],
    );
    check_fault(|c| c.holidays.push(named("2030-10-01")), &expect!["2030-10-01 重复出现，请删去一处"]);
    check_fault(|c| c.holidays.push(named("2030-09-29")), &expect!["2030-09-29 既列为放假又列为调休上班，请保留一处"]);
    check_fault(
        |c| c.makeup_workdays.push(named("2030-09-30")),
        &expect!["2030-09-30 不是周六或周日，本来就上班，不应列为调休上班日"],
    );
    check_fault(|c| c.holidays[0].name = " ".into(), &expect!["2029-12-31 没有写明节日名称，或名称过长"]);
    check_fault(|c| c.holidays[0].name = "节".repeat(41), &expect!["2029-12-31 没有写明节日名称，或名称过长"]);
    check_fault(|c| c.holidays[0].name = "节".repeat(40), &expect!["sound"]);
    check_fault(|c| c.holidays = many(121).collect(), &expect!["日历内容过长：放假日过多"]);
    check_fault(|c| c.holidays = many(120).collect(), &expect!["sound"]);
    check_fault(|c| c.makeup_workdays = many(121).collect(), &expect!["日历内容过长：调休上班日过多"]);
    check_fault(
        |c| c.makeup_workdays = many(120).collect(),
        &expect!["2030-01-01 不是周六或周日，本来就上班，不应列为调休上班日"],
    );
    check_fault(|c| c.notices[0].number = Some("x".repeat(401)), &expect!["日历内容过长：文号或网址过长"]);
    check_fault(|c| c.notices[0].url = Some("x".repeat(401)), &expect!["日历内容过长：文号或网址过长"]);
    check_fault(|c| c.notices[0].number = Some("x".repeat(400)), &expect!["sound"]);
    check_fault(|c| c.notices = vec![c.notices[0].clone(); 12], &expect!["sound"]);
    check_fault(|c| c.notices = vec![c.notices[0].clone(); 13], &expect!["日历内容过长：通知过多"]);
}

#[test]
fn only_something_newer_may_be_published() {
    let v1 = shipped().iter().find(|calendar| calendar.id().to_string() == "2020v1").unwrap();
    let v2 = calendar().year(2020).unwrap();
    let older = WorkCalendar::new([v1.clone()]);
    assert_eq!(older.check_publication(v2), Ok(()));
    assert_eq!(calendar().check_publication(v1), Err(CalendarError::NotNewer { offered: v1.id(), current: v2.id() }));
    assert!(calendar().check_publication(v2).is_err());
    assert_eq!(
        calendar().check_publication(&YearCalendar { version: 0, ..v2.clone() }),
        Err(CalendarError::Version(CalendarVersion { year: 2020, version: Some(0) }))
    );

    // 2030 moves a day of 2029 off which 2029 had called worked.
    let named = |text| vec![NamedDay { date: date(text), name: "元旦".into() }];
    let (holidays, makeup_workdays) = (named("2029-12-29"), named("2029-12-29"));
    let of_2029 = YearCalendar { year: 2029, holidays: Vec::new(), makeup_workdays, ..v1.clone() };
    let of_2030 = YearCalendar { year: 2030, holidays, makeup_workdays: Vec::new(), ..v1.clone() };
    let both = WorkCalendar::new([of_2030, of_2029]);
    assert_eq!(both.day(date("2029-12-29")), DayKind::Holiday("元旦"), "the later year's notice is the later word");

    assert_eq!(WorkCalendar::new([]).day(date("2020-01-24")), DayKind::Working);
    assert!(WorkCalendar::new([]).is_provisional_on(date("2020-01-24")));
}

#[test]
fn a_version_is_cited_in_one_way() {
    for text in ["2026v1", "2027v0", "2028-"] {
        assert_eq!(text.parse::<CalendarVersion>().unwrap().to_string(), text);
    }
    for text in ["", "2026", "2026v", "2026v+1", "2026vx", "2026-1", "+026v1", "26v1", "二零二六v1", "2026v99999999999"]
    {
        assert!(text.parse::<CalendarVersion>().is_err(), "{text}");
    }
    let due = calendar().due_after(at("2026-12-23T10:00"), 2, &hours()).unwrap();
    let json = serde_json::to_string(&due).unwrap();
    expect![[r#"{"due":"2026-12-25T17:00:00+08:00","days":["2026-12-24","2026-12-25"],"provisional":true,"calendars":["2026v1","2027v0"]}"#]].assert_eq(&json);
    assert_eq!(serde_json::from_str::<Counted>(&json).unwrap(), due);
}
