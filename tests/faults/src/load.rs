//! Commands by many callers at once, and what the callers were told.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    client::Client,
    program::{CENTRE, OPENED_AT},
};

/// What the callers know at the end.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Command and position.
    pub(crate) acknowledged: Vec<(u64, u64)>,
    pub(crate) unanswered: Vec<u64>,
}

/// Sends the commands of these numbers, one in flight for each caller, until there are no more or the server is gone.
pub(crate) fn send(address: &str, callers: usize, next: impl Fn() -> Option<u64> + Sync) -> Answers {
    let answers = Mutex::new(Answers::default());
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                let Ok(mut client) = Client::new(address) else { return };
                while let Some(n) = next() {
                    let answer = client.command(&accept(n));
                    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                    match answer {
                        Ok(answer) if answer.status == 200 => {
                            answers.acknowledged.push((n, answer.position.unwrap_or_default()));
                        }
                        Ok(answer) => panic!("command {n}: {} {}", answer.status, answer.body),
                        Err(_) => return answers.unanswered.push(n),
                    }
                }
            });
        }
    });
    answers.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A command's id.
pub(crate) fn id(n: u64) -> Uuid {
    Uuid::from_u128(u128::from(n))
}

/// The case that a command begins.
pub(crate) fn case(n: u64) -> Uuid {
    Uuid::from_u128((1 << 80) + u128::from(n))
}

/// An appeal is received.
pub(crate) fn accept(n: u64) -> Value {
    json!({
        "command": "accept", "id": id(n), "centre": CENTRE, "case": case(n),
        "by": {"id": "clerk", "role": "window_clerk", "office": "centre"}, "recorded_at": OPENED_AT,
        "channel": "window", "category": "complaint", "complainant": {"name": "张三", "telephone": "13800000000"},
        "summary": "办证被拖", "narrative": "材料齐全，一个月未办。",
    })
}
