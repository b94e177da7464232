//! What a case remembers of what was said, and what the same thing said twice comes to.

use cases::{CaseEvent, case::escalation::RecipientKind, story::Story};

use crate::common::{H, HARD, ORDINARY, Play, S, WITHHELD, dispatched, log_of, submitted};

#[test]
fn of_its_intake() {
    let mut play = Play::still(H);
    play.play(
        "03-02 09:30 clerk accept
         03-02 09:31 clerk request_amendment
         03-02 09:40 clerk amend text=身份证号已补 => amended
         03-02 09:41 clerk request_amendment !! amendment-already-requested
         03-02 09:50 clerk add_attachment => attachment_added
         03-02 09:51 clerk add_attachment => nothing
         03-02 10:00 clerk @3 accept
         03-02 10:01 clerk note_suspected_repeat of=@3 basis=same_text
         03-02 10:02 clerk note_suspected_repeat of=@3 basis=same_text => nothing
         03-02 10:10 clerk split => split accepted",
    );
    let intake = play.case(1).intake.as_ref().expect("accepted");
    assert_eq!(intake.amendments.iter().map(cases::sealed::Sealed::text).collect::<Vec<_>>(), ["身份证号已补"]);
    assert_eq!((intake.attachments.len(), intake.amendment_awaited), (1, false));
    assert_eq!(intake.suspected_repeats, [Story::id(3)]);
    assert_eq!(intake.split_into, [Story::id(2)]);
}

#[test]
fn a_matter_raised_is_raised_by_now() {
    let mut play = Play::still(H);
    play.play(
        "03-02 09:30 clerk accept raised_at=2026-03-02T09:31 !! occurred-in-future
         03-02 09:30 clerk accept raised_at=2026-03-02T09:30 => accepted
         03-02 09:30 clerk @2 accept raised_at=2026-02-27T15:00 => accepted",
    );
}

#[test]
fn submitted_twice_is_submitted_once() {
    let mut play = Play::still(H);
    play.play(&submitted(ORDINARY)).play("03-02 10:00 clerk submit => nothing");
}

/// 不给办 stays found: the centre may go on by itself even after the kind was changed.
#[test]
fn a_finding_outlasts_the_kind() {
    let withheld = dispatched(H, WITHHELD, "limit_working_days=5");
    let changed = "03-02 11:00 manager reclassify kind=ordinary\n03-02 12:00 complainant withdraw\n";
    let mut play = Play::still(H);
    play.play(&withheld).play(changed).play("03-02 13:00 manager continue_ex_officio => continued_ex_officio");
    let mut found_later = Play::still(H);
    found_later
        .play(&dispatched(H, ORDINARY, ""))
        .play("03-02 10:30 manager reclassify kind=withheld ground=delayed limit_working_days=5")
        .play(changed)
        .play("03-02 13:00 manager continue_ex_officio => continued_ex_officio");
    let mut never = Play::still(H);
    never.play(&dispatched(H, ORDINARY, "")).play("03-02 12:00 complainant withdraw");
    never.play("03-02 13:00 manager continue_ex_officio !! not-withheld");
}

/// A person decides, or the rule does where nobody did: the event says which.
#[test]
fn who_decided_an_extension_and_a_paper() {
    let asked = "03-03 10:00 head:scj request_extension to=2026-03-12";
    let last = |play: &Play| log_of(&play.story, Story::id(1)).last().map(|entry| entry.event.clone());
    let mut play = Play::swept(H);
    play.play(&dispatched(H, ORDINARY, "")).play("03-02 11:00 head:scj sign_for").play(asked);
    let mut by_person = play.clone();
    by_person.play("03-03 11:00 manager refuse_extension");
    assert!(matches!(last(&by_person), Some(CaseEvent::ExtensionRefused(event)) if !event.by_rule));
    assert_eq!(play.story.run_until("2026-03-05 08:00"), ["extension_refused"]);
    assert!(matches!(last(&play), Some(CaseEvent::ExtensionRefused(event)) if event.by_rule));
}

/// A letter, and the three papers of a circular.
fn circulated() -> Play {
    let mut play = Play::still(H);
    play.play(&dispatched(H, ORDINARY, "")).play(
        "03-02 11:00 head:scj sign_for
         03-10 10:00 manager issue_supervision obligation=4
         03-13 10:00 manager draft_circulation supervision=5
         03-13 11:00 manager circulate draft=1 => circulated reported_to_government copied_to_discipline",
    );
    play
}

#[test]
fn an_acknowledgement_is_of_one_paper() {
    let mut play = circulated();
    let copies = |play: &Play, to: RecipientKind| {
        let copies = play.case(1).copies.iter().filter(move |copy| copy.to == to);
        copies.map(|copy| copy.acknowledged.is_some()).collect::<Vec<_>>()
    };
    let copied = play.case(1).copies.iter().find(|copy| copy.to == RecipientKind::Discipline).expect("copied").version;
    let circulated = copied - 2;
    play.play(&format!("03-13 12:00 liaison acknowledge_copy copy={copied} => copy_acknowledged"));
    assert_eq!(copies(&play, RecipientKind::Discipline), [true]);
    assert_eq!(copies(&play, RecipientKind::Government), [false]);
    assert_eq!(copies(&play, RecipientKind::Department), [false, false], "the letter and the circular");

    // A correction goes to whoever was told, and each of them acknowledges it anew.
    play.play(&format!("03-13 13:00 leader correct_escalation corrects={circulated} => escalation_corrected"));
    assert_eq!(copies(&play, RecipientKind::Discipline), [true, false]);
    assert_eq!(copies(&play, RecipientKind::Government), [false, false]);
    assert_eq!(copies(&play, RecipientKind::Department), [false, false, false]);
}

/// A letter's correction goes to its department alone, whatever was sent later.
#[test]
fn a_letters_correction_goes_to_its_department() {
    let mut play = circulated();
    let before = play.case(1).copies.len();
    let letter = play.case(1).copies.first().expect("the letter").version;
    play.play(&format!("03-13 13:00 leader correct_escalation corrects={letter}"));
    let added: Vec<_> = play.case(1).copies[before..].iter().map(|copy| copy.to).collect();
    assert_eq!(added, [RecipientKind::Department]);
}

/// The lead that a conference named binds after its own dispute only: one that was upheld without a conference leaves the
/// centre free.
#[test]
fn an_earlier_conference_does_not_bind_after_a_first_dispute() {
    let mut play = Play::still(S);
    play.play("03-02 09:30 clerk accept")
        .play(&format!("03-02 09:40 clerk classify {HARD} departments=[\"scj\",\"zjj\"]"))
        .play(
            "03-02 09:50 clerk submit
             03-02 09:55 manager consult lead=scj departments=[\"scj\",\"zjj\"]
             03-02 09:56 officer sign
             03-02 09:57 leader sign
             03-02 10:00 manager dispatch lead=scj co_departments=[\"zjj\"] urged_by=officer
             03-02 11:00 head:scj dispute_assignment
             03-02 12:00 manager decide_dispute dispute=1 upheld=true
             03-02 13:00 manager reassign from=scj to=rsj => reassigned",
        );
}

#[test]
fn as_many_parts_as_a_split_may_have() {
    let parts = |count: u128| {
        let part = |n: u128| {
            let id = Story::id(10 + n);
            format!(r#"{{"case":"{id}","category":"help","summary":"另一件","narrative":"另一件事"}}"#)
        };
        format!("[{}]", (0..count).map(part).collect::<Vec<_>>().join(","))
    };
    let mut play = Play::still(H);
    play.play("03-02 09:30 clerk accept")
        .play(&format!("03-02 10:00 clerk split parts={} !! unreadable", parts(11)))
        .play(&format!("03-02 10:00 clerk split parts={}", parts(10)));
    assert_eq!(play.case(1).intake.as_ref().expect("accepted").split_into.len(), 10);
    play.play("03-02 10:01 clerk split parts=[] !! unreadable");
}
