//! One turn: who looks at a case does what, and when somebody looks again.

use chrono::TimeDelta;

use super::{
    after, before, beside,
    dice::Dice,
    scene::{Act, Line, Scene},
};
use crate::case::{Case, Stage, escalation::DraftState};

/// What somebody does who looks at this case now.
pub(super) fn choose(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if dice.percent(3) {
        return if dice.percent(60) { beside::nonsense(scene, dice) } else { anything(scene, dice) };
    }
    if dice.percent(40)
        && let Some(line) = draw(beside::BESIDE, 4, scene, dice)
    {
        return Some(line);
    }
    let tries = if scene.case.is_ended() { 1 } else { 8 };
    draw(by_stage(&scene.case.stage), tries, scene, dice)
}

fn by_stage(stage: &Stage) -> &'static [(u64, Act)] {
    match stage {
        Stage::Unknown | Stage::Accepted => before::ACCEPTED,
        Stage::InReview { .. } => before::IN_REVIEW,
        Stage::Referred(_) => before::REFERRED,
        Stage::InHand => after::IN_HAND,
        Stage::Reported => after::REPORTED,
        Stage::Answered | Stage::Settled => after::ANSWERED,
        Stage::Ended(_) => after::ENDED,
    }
}

fn draw(acts: &'static [(u64, Act)], tries: u32, scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    (0..tries).find_map(|_| dice.weighted(acts)(scene, dice))
}

/// An act that belongs to some other stage.
fn anything(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let tables =
        [before::ACCEPTED, before::IN_REVIEW, before::REFERRED, after::IN_HAND, after::REPORTED, after::ANSWERED];
    draw(dice.pick(&tables), 4, scene, dice)
}

/// How long until somebody looks again. Departments let things lie; what ended is seldom looked at.
pub(super) fn pace(case: &Case, done: bool, dice: &mut Dice) -> TimeDelta {
    let undecided = case.extensions.iter().any(|request| request.granted.is_none())
        || case.drafts.iter().any(|draft| draft.state == DraftState::Waiting);
    let minutes = match &case.stage {
        _ if undecided && dice.percent(50) => dice.between(20, 500),
        Stage::Ended(_) => dice.between(2, 30) * 24 * 60,
        Stage::InHand | Stage::Referred(_) if dice.percent(22) => dice.between(2, 9) * 24 * 60,
        _ if !done => dice.between(10, 400),
        _ => match dice.below(20) {
            0..12 => dice.between(3, 180),
            12..19 => dice.between(180, 1_500),
            _ => dice.between(1_500, 6_000),
        },
    };
    TimeDelta::minutes(i64::try_from(minutes).unwrap_or(0))
}
