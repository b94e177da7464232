//! 五个一样 (H2): who complains changes no clock, no order and no escalation.

use proptest::prelude::*;
use serde_json::json;

use crate::common::{CANNOT, H, HARD, ORDINARY, Play, S, WITHHELD, dispatched, log_of};

#[derive(Debug, Clone)]
struct Person {
    name: Option<String>,
    is_unit: bool,
    contact_person: Option<String>,
    telephone: Option<&'static str>,
    address: Option<String>,
    channel: &'static str,
    category: &'static str,
}

fn person() -> impl Strategy<Value = Person> {
    let text = || proptest::option::of("[张王李赵国有外资民营大小]{2,6}");
    let telephone = proptest::option::of(prop_oneof![Just("13800000000"), Just("0375-2610000"), Just("95598")]);
    let channel = prop_oneof![Just("window"), Just("hotline"), Just("online"), Just("letter")];
    let category = prop_oneof![Just("complaint"), Just("help"), Just("praise"), Just("consultation")];
    ("[甲乙丙丁国有外资]{2,8}", any::<bool>(), text(), telephone, text(), channel, category).prop_map(
        |(name, is_unit, contact_person, telephone, address, channel, category)| Person {
            name: Some(name),
            is_unit,
            contact_person,
            telephone,
            address,
            channel,
            category,
        },
    )
}

/// The whole of a case that nobody ever handles, for one complainant: every clock, and every step of every sweep.
fn told(person: &Person, policy: &str, classified: &str, dispatch: &str) -> (Vec<String>, Vec<String>) {
    let mut play = Play::still(policy);
    let Person { name, is_unit, contact_person, telephone, address, channel, category } = person;
    let complainant = json!({"name": name, "is_unit": is_unit, "contact_person": contact_person,
        "telephone": telephone, "address": address});
    let accept = format!("accept channel={channel} category={category} complainant={complainant}");
    play.play(&dispatched(policy, classified, dispatch).replacen("accept", &accept, 1));
    play.story.run_until("2026-03-25 17:00");
    play.play("03-25 17:00 head:scj report_result\n03-25 17:00 manager check_quality");
    play.story.run_until("2026-04-30 17:00");
    let log = log_of(&play.story, cases::story::Story::id(1));
    (
        play.clocks(),
        log.map(|entry| format!("{} {:?} {:?}", entry.note.decided_at, entry.note.by.role, entry.clocks)).collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn who_complains_changes_nothing(
        one in person(),
        other in person(),
        shilong in any::<bool>(),
        (classified, dispatch) in prop_oneof![
            Just((ORDINARY, "")), Just((CANNOT, "")), Just((HARD, "")), Just((WITHHELD, "limit_working_days=2")),
        ],
    ) {
        let policy = if shilong { S } else { H };
        prop_assert_eq!(told(&one, policy, classified, dispatch), told(&other, policy, classified, dispatch));
    }
}
