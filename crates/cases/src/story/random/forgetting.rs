//! Acts after the end about what is kept of a person.

use serde_json::json;

use super::{
    dice::Dice,
    scene::{Line, Scene, clerk, line},
};

pub(super) fn hold(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let until = dice.percent(60).then(|| scene.day(dice.between(1, 30)));
    line(
        "manager",
        json!({"command": "place_legal_hold", "ground": dice.pick(&["proceeding", "retention"]), "basis": "信访复查", "until": until}),
    )
}

pub(super) fn lift(scene: &Scene<'_>, _: &mut Dice) -> Option<Line> {
    scene.case.hold?;
    line("manager2", json!({"command": "lift_legal_hold", "reason": "复查已结束"}))
}

pub(super) fn request(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let person = scene.case.id.complainant();
    line(clerk(dice), json!({"command": "request_erasure", "person": person, "reason": "诉求人书面请求"}))
}

pub(super) fn agree(scene: &Scene<'_>, _: &mut Dice) -> Option<Line> {
    let erasure = scene.case.erasures.iter().find(|erasure| !erasure.agreed)?;
    line("manager", json!({"command": "agree_erasure", "request": erasure.request}))
}

pub(super) fn complete(scene: &Scene<'_>, _: &mut Dice) -> Option<Line> {
    let erasure = scene.case.erasures.iter().find(|erasure| erasure.agreed && !erasure.completed)?;
    line("system", json!({"command": "complete_erasure", "request": erasure.request}))
}
