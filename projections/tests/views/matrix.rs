//! Events × views: what each view reads, so that an event that nobody projects shows up in review.

use cases::{CaseEvent, CentreEvent};
use expect_test::expect_file;
use projections::{
    Use,
    registry::{UNPROJECTED, VIEWS},
    timeline,
};

fn matrix() -> String {
    let line = |kind: &str, cells: Vec<&str>, rest: &str| {
        let cells: String = cells.iter().map(|cell| format!("{cell:9}")).collect();
        format!("{kind:28}{cells}{rest}").trim_end().to_owned() + "\n"
    };
    let names = VIEWS.iter().map(|view| view.name).chain(["timeline"]);
    let mut text = "● its own fields   ◷ only what it did to the clocks   · nothing\n\n".to_owned();
    text += &line("event", names.collect(), "");
    for kind in CaseEvent::TYPES.iter().chain(CentreEvent::TYPES) {
        let uses = VIEWS.iter().map(|view| sign((view.uses)(kind))).chain([sign(timeline::uses(kind))]);
        let reason = UNPROJECTED.iter().find(|(unread, _)| unread == kind);
        let reason = reason.map_or_else(String::new, |(_, reason)| format!("unprojected: {reason}"));
        text += &line(kind, uses.collect(), &reason);
    }
    text
}

fn sign(of: Use) -> &'static str {
    match of {
        Use::Fields => "●",
        Use::Clocks => "◷",
        Use::Nothing => "·",
        Use::Unknown => "?",
    }
}

#[test]
fn every_event_is_read_or_said_to_be_unread() {
    expect_file!["matrix.txt"].assert_eq(&matrix());
    let nobody_reads = |kind: &&&str| VIEWS.iter().all(|view| (view.uses)(kind) == Use::Nothing);
    let unread: Vec<_> = CentreEvent::TYPES.iter().filter(nobody_reads).copied().collect();
    assert_eq!(unread, UNPROJECTED.map(|(kind, _)| kind), "a reason for each, and no reason for others");
    for view in &VIEWS {
        assert_eq!((view.uses)("not_an_event"), Use::Unknown, "{}", view.name);
    }
}
