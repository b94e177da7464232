//! 不予办理的理由: every refusal says what happened, by which article, and what the person can do next.

use crate::{
    ids::{CaseId, DepartmentId},
    obligation::ObligationKind,
    people::Role,
    time::Instant,
};

/// Declares the refusals: name, fields, stable code, article, and the Chinese text for the person.
macro_rules! refusals {
    ($( $(#[$meta:meta])* $name:ident { $($field:ident : $ty:ty),* $(,)? } $code:literal, $article:literal, $text:literal; )+) => {
        /// Why a command was refused. Displayed in Chinese: the fact, then the next step.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Refusal {
            $( $(#[$meta])* #[error($text)] $name { $($field: $ty),* } ),+
        }

        impl Refusal {
            /// A stable code for programs.
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$name { .. } => $code),+ }
            }

            /// The article of the notice (H…, S…), or `默认` where the notices are silent.
            pub const fn article(&self) -> &'static str {
                match self { $(Self::$name { .. } => $article),+ }
            }

            /// Every code with its article, for the documentation and for the test that provokes each once.
            pub const CODES: &'static [(&'static str, &'static str)] = &[$(($code, $article)),+];
        }
    };
}

refusals! {
    NoSuchCase { case: CaseId } "no-such-case", "H5",
        "没有编号为{case}的诉求。请核对编号，或先登记受理";
    AlreadyAccepted { case: CaseId } "already-accepted", "H5",
        "诉求{case}已经受理。请在原件上办理；新的事实另行登记";
    CommandIdReused {} "command-id-reused", "默认",
        "这个命令编号已用于另一内容。请换一个新编号再提交";
    VersionChanged { expected: u64, actual: u64 } "version-changed", "默认",
        "您填写期间本案有了新的记录（您看到第{expected}步，现在是第{actual}步）。请看过变化再决定";
    WrongRole { role: Role, may: String } "wrong-role", "H4",
        "{role}不能办这一步。请交由{may}办理";
    WrongOffice { needs: String } "wrong-office", "H7",
        "这一步应由{needs}办理。请核对所属机构";
    Recused {} "recused", "H2",
        "诉求涉及您本人，按回避规定不能办理。请交由其他人员";
    HandlerComplainedAbout {} "handler-complained-about", "H2",
        "该人员正是被反映的人，不能经办本案。请指定其他人员";
    OccurredInFuture { occurred_at: Instant, now: Instant } "occurred-in-future", "默认",
        "发生时间{occurred_at}晚于现在{now}。请核对时间";
    OccurredBeforeAcceptance { occurred_at: Instant, accepted_at: Instant } "occurred-before-acceptance", "H5",
        "发生时间{occurred_at}早于受理时间{accepted_at}。请核对时间，受理时间有误的先更正";
    WrongStage { stage: &'static str, needs: &'static str } "wrong-stage", "H6",
        "本案现在是“{stage}”，这一步要在“{needs}”时办理。请先看办理进度";
    CaseEnded { how: &'static str } "case-ended", "H10",
        "本案{how}，不再办理。确需再办的，由管理机构重开";
    NotEnded {} "not-ended", "H10",
        "本案还在办理，不用重开";
    NoSuchPerson {} "no-such-person", "默认",
        "本案没有这个人的信息。请核对人员编号";
    ErasureWhileOpen {} "erasure-while-open", "默认",
        "本案还在办理，或还有到点要发的文书，个人信息的处理目的尚未实现，不能删除。请待其办结、发出，或由诉求人撤回";
    NoErasureRequest { request: u64 } "no-erasure-request", "默认",
        "第{request}步不是删除请求。请核对请求编号";
    UnderLegalHold {} "under-legal-hold", "默认",
        "本案信息依法应当保留，现在不能删除。保留解除后再办";
    PersonErased {} "person-erased", "默认",
        "诉求人的信息已经删除，本案不再办理。新的事实请另行登记";
    ProcessingRestricted {} "processing-restricted", "默认",
        "有人请求删除本案中的个人信息，依法只作保存，本案暂不办理。确需再办的，先解除保留（已到期的也要解除）；新的事实请另行登记";
    CannotReopen { how: &'static str } "cannot-reopen", "H10",
        "本案{how}，不能重开。请另行登记";
    ReopenTooLate { last_day: chrono::NaiveDate } "reopen-too-late", "默认",
        "重开的最后一天是{last_day}，已过期限。请另行登记";
    TextEmpty { field: &'static str } "text-empty", "H5",
        "请写明{field}";
    TextTooLong { field: String, most: usize } "text-too-long", "H5",
        "{field}超过{most}字。请精简，长文作为附件提交";
    TextUnreadable { field: String } "text-unreadable", "H5",
        "{field}含有不能保存的字符（U+0000）。请删去后再提交";
    BadTelephone {} "bad-telephone", "H5",
        "电话应为11位手机号，或带区号的座机号。请核对";
    NoContact {} "no-contact", "H5",
        "没有姓名或联系方式。请补填；诉求人不愿留下的，按匿名登记";
    GroundDoesNotFit { ground: &'static str, kind: &'static str } "ground-does-not-fit", "H6",
        "“{ground}”不是“{kind}”的理由。请重选分类或理由";
    GroundMissing { kind: &'static str } "ground-missing", "H6",
        "“{kind}”要写明理由。请选一项理由";
    NotClassified {} "not-classified", "H6",
        "还没有研判分类。请先分类";
    OutOfScope {} "out-of-scope", "H6",
        "非政务服务的诉求不转办部门。请函转有关单位，并告知诉求人";
    SettleNeedsManager { kind: &'static str } "settle-needs-manager", "H6",
        "“{kind}”的诉求由管理机构当场协调解决。请提交管理机构";
    AmendmentAlreadyRequested {} "amendment-already-requested", "默认",
        "已经要求补正过一次，不能再要求。请按现有内容办理，或经批准不予受理";
    DeclineNeedsAmendment {} "decline-needs-amendment", "默认",
        "内容不明的，先要求补正一次，补正后仍不明才可不予受理";
    NeedsSecondPerson { step: &'static str } "needs-second-person", "默认",
        "{step}须由另一人批准。请换一位有权的人员";
    NeedsApproval { step: &'static str } "needs-approval", "默认",
        "{step}须经管理机构批准。请写明批准人";
    SignatureMissing { missing: String } "signature-missing", "S3",
        "受理单上还缺{missing}的签字。请先审核签字";
    AlreadySigned { role: Role } "already-signed", "S3",
        "{role}已经签过字，不用再签";
    NotOnRoster { date: chrono::NaiveDate, role: Role } "not-on-roster", "S3",
        "值班表上{date}的{role}不是您。请由当天值班的人签字，或先更正值班表";
    ConsultationMissing {} "consultation-missing", "S3",
        "涉及多个部门，须先会商。请先记录会商结论";
    ConsultationOnly {} "consultation-only", "默认",
        "本案已有两次派单异议，只能会商决定。请先发起会商";
    UrgerMissing {} "urger-missing", "S3",
        "须指定专人督促办理。请写明督促人";
    LogKeysStatement {} "log-keys-statement", "默认",
        "换钥声明与所列密钥或日志现用密钥不符。请用 yousu keys change 出具";
    LimitMissing {} "limit-missing", "H8",
        "“不给办”的诉求须在转办时明确办理期限。请写明工作日数，一般取该事项公布的承诺办结时限";
    LimitTooLong { days: u32, most: u32 } "limit-too-long", "H8",
        "办理期限{days}个工作日，超过规定的{most}个工作日。可以缩短，不能延长";
    LimitZero {} "limit-zero", "H7",
        "办理期限至少1个工作日。请重填";
    UnknownDepartment { department: DepartmentId } "unknown-department", "H7",
        "本中心没有部门“{department}”。请核对部门代码，或先登记部门";
    DepartmentTwice { department: DepartmentId } "department-twice", "H7",
        "部门“{department}”写了两次。请只留一次";
    LeadMissing { count: usize } "lead-missing", "H7",
        "涉及{count}个部门，须指定其中一个为牵头部门";
    NotAssigned { department: DepartmentId } "not-assigned", "H7",
        "本案没有转给“{department}”。请核对案件或所属部门";
    NotLead { lead: String } "not-lead", "H8",
        "这一步由牵头部门“{lead}”办理。协办部门请提交协办意见";
    NotCoDepartment {} "not-co-department", "H7",
        "协办意见由协办部门提交。牵头部门请报告办理结果";
    DisputeTooLate { last_moment: Instant } "dispute-too-late", "默认",
        "派单异议应在{last_moment}前提出，已过时限。请继续办理，或报告办理困难";
    DisputeTwice {} "dispute-twice", "默认",
        "本部门已提过一次异议。再有不同意见请提请会商";
    NoSuchDispute { no: u32 } "no-such-dispute", "默认",
        "没有待决定的第{no}号异议。请核对";
    NoSuchObligation { no: u32 } "no-such-obligation", "H8",
        "没有进行中的第{no}项时限。请看时限列表再选";
    NotRemindable { kind: ObligationKind } "not-remindable", "H9",
        "“{kind}”不适用催办。请看时限列表再选";
    OfficeClosed { opens: Instant } "office-closed", "H9",
        "现在是非工作时间，不发催办。{opens}起可发";
    NotOverdue { due: Instant } "not-overdue", "H9",
        "还没有超期（期限{due}）。未到期的可以催办";
    AlreadySupervised {} "already-supervised", "H9",
        "这一项已经督办。督办期限过后仍未办理的，予以通报";
    NotSupervised {} "not-supervised", "H9",
        "这一项还没有督办。请先督办";
    ExtensionPending {} "extension-pending", "默认",
        "延期申请尚未决定，暂不督办。请先决定延期";
    HistoricalCase {} "historical-case", "默认",
        "历史件不催办、不督办、不通报。如仍需处理，请另行登记";
    NoSuchDraft { no: u32 } "no-such-draft", "H9",
        "没有待签发的第{no}号拟稿。可能已经签发或暂缓";
    NoSuchCopy { version: u64 } "no-such-copy", "H-三(三)",
        "第{version}步不是送给您单位的文书。请核对编号";
    NothingToCorrect { version: u64 } "nothing-to-correct", "H9",
        "第{version}步不是已发出的文书，没有可更正的";
    NotExtendable {} "not-extendable", "默认",
        "这一期限是通知规定的，不能延期。请按期办理，或说明办不了的理由";
    ExtensionTooLate { due: Instant } "extension-too-late", "默认",
        "期限{due}已过，不能申请延期。可报告进展或提交结果";
    ExtensionTooLong { most: u32 } "extension-too-long", "默认",
        "一次延期最多{most}个工作日。请改短";
    NotLater { due: Instant } "not-later", "默认",
        "新期限应晚于现在的期限{due}。请核对日期";
    NoExtensionRequest {} "no-extension-request", "默认",
        "没有待决定的延期申请";
    ExtensionGrantTooLong {} "extension-grant-too-long", "默认",
        "批准的日期不能晚于申请的日期。请改短";
    AlreadyPaused {} "already-paused", "默认",
        "本案已经中止计时，不用再办";
    ClockPaused {} "clock-paused", "默认",
        "本案正在中止计时，恢复前不督办";
    NotPaused {} "not-paused", "默认",
        "本案没有中止计时";
    PauseTooLong { most: u32 } "pause-too-long", "默认",
        "中止最多{most}个工作日。请改短，到期可再申请";
    PauseOverdue {} "pause-overdue", "默认",
        "已经超期的事项不能中止计时。请先办理";
    NothingRuns {} "nothing-runs", "默认",
        "现在没有部门的时限在计时，不用中止";
    PromiseInPast {} "promise-in-past", "H8",
        "承诺的日期已经过去。请改为今天以后的日期";
    PromiseNeedsExtension { due: Instant } "promise-needs-extension", "H8",
        "承诺时限{due}不能自行推迟。请先申请延期";
    NoPromise {} "no-promise", "H8",
        "还没有承诺，谈不上改期。请先作出承诺";
    NoPlan {} "no-plan", "H8",
        "还没有解决方案可以告知";
    NotCannotBeDone {} "not-cannot-be-done", "H8",
        "只有“办不了”的诉求以说明理由依据作答。请报告办理结果，或先请管理机构改类";
    HandlerChecksOwn {} "handler-checks-own", "H10",
        "经办人不能给自己的结果质检。请由其他人质检";
    NotFailedNorUnsatisfied {} "not-failed-nor-unsatisfied", "H10",
        "质检通过且诉求人没有不满意，不能退回重办";
    NoContactToCall {} "no-contact-to-call", "H10",
        "匿名诉求无法回访。可直接销号并写明原因";
    RatingNotAsked {} "rating-not-asked", "H10",
        "回访须问满意度。请填写评价；诉求人不愿评价的，请注明；另约时间的，请记为回访未成";
    TooFewAttempts { attempts: usize, days: usize, need_attempts: usize, need_days: usize } "too-few-attempts", "默认",
        "已回访{attempts}次、分在{days}天；认定联系不上须至少{need_attempts}次、分在{need_days}天。请再试";
    CannotClose { missing: String } "cannot-close", "H10",
        "还不能销号：{missing}";
    CannotTerminate { why: &'static str } "cannot-terminate", "H10",
        "还不能终止办理：{why}";
    ReasonNotTold {} "reason-not-told", "H8",
        "“办不了”的，须先告知诉求人理由和依据，才能办结";
    NotWithdrawn {} "not-withdrawn", "默认",
        "诉求人没有撤回，不用依职权续办";
    NotWithheld {} "not-withheld", "默认",
        "没有认定“不给办”，撤回后不再续办";
    SameCase {} "same-case", "默认",
        "不能并入自己。请选另一件";
    OtherCaseMissing { case: CaseId } "other-case-missing", "默认",
        "没有读到另一件诉求{case}。请核对编号";
    AddresseeEmpty {} "addressee-empty", "H7",
        "请写明函转给哪个单位";
    NoReferral {} "no-referral", "H7",
        "本案没有函转，或已经答复";
    LettersExhausted { most: u32 } "letters-exhausted", "默认",
        "已发{most}次催复函。请终止办理，或直接联系对方";
    LetterTooEarly { not_before: Instant } "letter-too-early", "默认",
        "催复函在{not_before}以后才可发";
    NoSuchEntry { version: u64 } "no-such-entry", "默认",
        "没有第{version}步，或它不是这样的记录。请看时间轴";
    LateAlreadyDecided {} "late-already-decided", "默认",
        "这条补录已经审批过";
    LateClaimNotAllowed {} "late-claim-not-allowed", "默认",
        "只有历史件可以随录随批。请另由一人审批补录";
    AttachmentTooLarge { most_mib: u64 } "attachment-too-large", "H5",
        "附件超过{most_mib}MB。请压缩或拆分后再传";
    CentreNotOpen {} "centre-not-open", "H4",
        "中心还没有开通。请先由系统管理员开通中心";
    CentreAlreadyOpen {} "centre-already-open", "H4",
        "中心已经开通，不用再开";
    PolicyNotAdopted {} "policy-not-adopted", "H12",
        "中心还没有采用政策。请先采用一份政策";
    PolicyUnreadable { reason: String } "policy-unreadable", "H12",
        "政策文件不合规定：{reason}";
    PolicyUnknown { policy: String } "policy-unknown", "H12",
        "本案依据的政策{policy}不在本中心的记录里。请联系系统管理员";
    CalendarUnreadable { reason: String } "calendar-unreadable", "默认",
        "日历不合规定：{reason}";
    CalendarNotNewer { year: i32, version: u32 } "calendar-not-newer", "默认",
        "{year}年日历已有第{version}版或更新的版本。请核对版本号";
    CannotCount { reason: String } "cannot-count", "默认",
        "期限算不出来：{reason}";
    Unreadable { reason: String } "unreadable", "默认",
        "命令读不懂：{reason}";
}
