//! 研判分类 (H6 S2).

pub mod classified;
pub mod reclassified;
pub mod settled_on_the_spot;
pub mod submitted;

use crate::{refusal::Refusal, terms::terms};

terms!(
    /// 诉求分类: it decides the limits. Not the category (诉求类别), which the form asks for.
    Kind {
        Ordinary = "一般性问题",
        CannotBeDone = "办不了",
        HardToDo = "很难办",
        Withheld = "不给办",
        OutOfScope = "非政务服务",
    }
);

terms!(
    /// 分类理由 (H6).
    Ground {
        BeyondPowers = "超出职权",
        AgainstLaw = "与规定不一致或违反法律法规",
        LegacyMatter = "历史遗留",
        HardToTrace = "溯源难",
        FaultyMaterial = "材料瑕疵",
        Refused = "符合政策且材料齐全而不给办",
        Delayed = "延迟或拖拉办理",
    }
);

impl Kind {
    /// The grounds that the notice names for this kind; none for kinds that need none.
    pub const fn grounds(self) -> &'static [Ground] {
        match self {
            Self::CannotBeDone => &[Ground::BeyondPowers, Ground::AgainstLaw],
            Self::HardToDo => &[Ground::LegacyMatter, Ground::HardToTrace, Ground::FaultyMaterial],
            Self::Withheld => &[Ground::Refused, Ground::Delayed],
            Self::Ordinary | Self::OutOfScope => &[],
        }
    }

    /// > H6 属于复杂事项，超出职权范围……“办不了”的，因历史遗留……“很难办”的，符合政策且材料齐全但窗口人员“不给办”……
    pub(crate) fn check_ground(self, ground: Option<Ground>) -> Result<(), Refusal> {
        match (ground, self.grounds()) {
            (None, []) => Ok(()),
            (None, _) => Err(Refusal::GroundMissing { kind: self.term() }),
            (Some(ground), allowed) if allowed.contains(&ground) => Ok(()),
            (Some(ground), _) => Err(Refusal::GroundDoesNotFit { ground: ground.term(), kind: self.term() }),
        }
    }
}
