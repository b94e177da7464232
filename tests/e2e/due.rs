//! `due`: the known answers of the domain's §5, hand-kept.

use serde_json::Value;

use crate::program::Yousu;

fn due(args: &[&str]) -> Value {
    let out = Yousu::empty().run(["due", "--format", "json"].into_iter().chain(args.iter().copied())).ok();
    serde_json::from_str(&out).expect("one document")
}

#[test]
fn the_seven_known_answers() {
    for (received, days, expected) in [
        ("2026-02-13", "3", "2026-02-25"),
        ("2025-12-30", "5", "2026-01-07"),
        ("2026-09-18", "3", "2026-09-22"),
        ("2026-04-30", "5", "2026-05-11"),
        ("2022-09-29", "5", "2022-10-11"),
        ("2024-02-09", "3", "2024-02-20"),
        ("2018-12-28", "3", "2019-01-03"),
    ] {
        let kind = if days == "3" { "cannot_be_done" } else { "hard_to_do" };
        for extra in [&[][..], &["--working-days", days][..]] {
            let mut args = vec!["--policy", "henan-2022-43", "--kind", kind, "--received", received];
            args.extend(extra);
            let answer = due(&args);
            assert_eq!(answer["due"], format!("{expected}T17:00:00+08:00"), "{received} + {days}");
            assert_eq!(answer["provisional"], false);
            assert_eq!(answer["days"].as_array().map(Vec::len), days.parse().ok());
        }
    }
}

#[test]
fn each_kind_under_each_policy() {
    for (policy, kind, obligation, days) in [
        ("henan-2022-43", "cannot_be_done", "answer", 3),
        ("henan-2022-43", "hard_to_do", "plan", 5),
        ("henan-2022-43", "ordinary", "result", 5),
        ("henan-2022-43", "out_of_scope", "referral_answer", 5),
        ("shilong-2023-7", "cannot_be_done", "answer", 1),
        ("shilong-2023-7", "hard_to_do", "result", 5),
        ("shilong-2023-7", "withheld", "result", 2),
        ("shilong-2023-7", "ordinary", "result", 5),
        ("shilong-2023-7", "out_of_scope", "referral_answer", 5),
    ] {
        let answer = due(&["--policy", policy, "--kind", kind, "--received", "2026-03-02T10:00"]);
        assert_eq!(answer["obligation"], obligation, "{policy} {kind}");
        assert_eq!(answer["working_days"], days, "{policy} {kind}");
    }
}

#[test]
fn what_the_dispatch_must_name_is_refused_without_it() {
    let args = ["due", "--policy", "henan-2022-43", "--kind", "withheld", "--received", "2026-03-02"];
    Yousu::empty().run(args).failed(1, &["limit-missing", "H8"]);
    // With it, so many days are counted, with no cap.
    let answer =
        due(&["--policy", "henan-2022-43", "--kind", "withheld", "--received", "2026-03-02", "--working-days", "30"]);
    assert_eq!(answer["due"], "2026-04-14T17:00:00+08:00");
}

#[test]
fn what_touches_an_unpublished_year_is_provisional() {
    let at = |received| due(&["--policy", "henan-2022-43", "--kind", "hard_to_do", "--received", received]);
    assert_eq!(at("2026-12-17")["provisional"], false);
    assert_eq!(at("2026-12-18")["provisional"], true);
    assert_eq!(at("2026-12-30")["due"], "2027-01-07T17:00:00+08:00");
}
