//! What a request gets when it cannot be answered: an RFC 9457 problem document, with a stable code for programs and a
//! Chinese sentence that tells the person what to do next.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use cases::Refusal;
use event_log::{AppendError, Cause, LogError, Priority};
use persons::KeyError;
use projections::ViewError;
use serde_json::json;

use crate::engine::EngineError;

/// Why a request was not answered as asked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{detail} ({code})")]
pub(crate) struct Problem {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) detail: String,
    /// The article of the notice, where one applies.
    pub(super) article: Option<&'static str>,
    retry_after_seconds: Option<u32>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), article: None, retry_after_seconds: None }
    }

    pub(super) fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(super) fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// Something that passes: try again after so many seconds.
    pub(super) fn later(code: &'static str, seconds: u32, detail: impl Into<String>) -> Self {
        Self { retry_after_seconds: Some(seconds), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail) }
    }

    /// The same words with another status.
    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(super) fn title(&self) -> &'static str {
        match self.status {
            StatusCode::NOT_FOUND => "没有找到",
            StatusCode::METHOD_NOT_ALLOWED => "这里不接受这种请求",
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => "已有新的变化",
            StatusCode::UNPROCESSABLE_ENTITY => "现在不能这样办理",
            StatusCode::TOO_MANY_REQUESTS => "请稍候再试",
            StatusCode::SERVICE_UNAVAILABLE => "暂时不能办理",
            StatusCode::INSUFFICIENT_STORAGE => "磁盘已满",
            StatusCode::MISDIRECTED_REQUEST => "只在本机提供服务",
            status if status.is_server_error() => "系统故障",
            _ => "请求有误",
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut document = json!({
            "type": format!("urn:yousu:problem:{}", self.code),
            "title": self.title(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if let Some(article) = self.article {
            document["article"] = article.into();
        }
        let retry_after = self.retry_after_seconds;
        let mut response = (self.status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(retry_after.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds))));
        response
    }
}

impl Problem {
    /// Something could not be signed, because the keys or the log could not be read.
    pub(super) fn unsigned(error: &anyhow::Error) -> Self {
        passing("unsigned", "暂时出具不了。请稍后再试，并请系统管理员检查密钥和日志", error.as_ref())
    }
}

/// 500, with the place for the operator in the log and not in the answer.
fn fault(code: &'static str, error: &dyn std::error::Error) -> Problem {
    tracing::error!(code, error = %chain(error), "a request could not be answered");
    let detail = "抱歉，系统没能办成。内容没有丢，请报系统管理员，并运行 yousu verify 查明";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, code, detail)
}

/// 503, likewise.
fn passing(code: &'static str, detail: &'static str, error: &dyn std::error::Error) -> Problem {
    const RETRY_SECONDS: u32 = 5;
    tracing::warn!(code, error = %chain(error), "a request must be tried again");
    Problem::later(code, RETRY_SECONDS, detail)
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::NoSuchCase { .. } | Refusal::CentreNotOpen {} => StatusCode::NOT_FOUND,
            Refusal::VersionChanged { .. }
            | Refusal::CommandIdReused {}
            | Refusal::AlreadyAccepted { .. }
            | Refusal::CentreAlreadyOpen {} => StatusCode::CONFLICT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self { article: Some(refusal.article()), ..Self::new(status, refusal.code(), refusal.to_string()) }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::Log(error) => error.into(),
            EngineError::Append(error) => error.into(),
            EngineError::MixedDirectory(_) => Self::new(
                StatusCode::CONFLICT,
                "mixed-directory",
                "演示中心和真实中心不能放在同一个数据目录。请另用一个 --data 目录开通",
            ),
            EngineError::NoTime => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "no-time",
                "演示目录的时间由命令给出。请写明 recorded_at 或 occurred_at",
            ),
            EngineError::TimeGiven => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "time-given",
                "记录时间以机器为准，不能自填。请去掉 recorded_at；事后补录的填 occurred_at",
            ),
            // What remains, now and later, is a fault of the program or the disk.
            error => fault("event-unreadable", &error),
        }
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Closed => closing(),
            LogError::Sealed { ref source, .. } => of_keys(source, &error),
            error => passing("log-unreadable", "事件日志暂时读不出来。请稍后再试，并请系统管理员检查磁盘", &error),
        }
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::VersionConflict { .. } => {
                Self { retry_after_seconds: Some(1), ..Self::new(StatusCode::CONFLICT, "busy-case", BUSY_CASE) }
            }
            AppendError::ClockWentBack { .. } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "clock-went-back",
                "记录时间早于本中心最后一条记录。请改用相同或更晚的时间",
            ),
            AppendError::Invalid { why, .. } => {
                tracing::warn!(why, "an append was not well formed");
                Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "append-invalid",
                    "这个命令产生的内容超出上限。请拆成几次提交",
                )
            }
            // The caller sends too much: everybody else still gets in.
            AppendError::ShareFull { .. } | AppendError::QueueFull { priority: Priority::Import, .. } => {
                let detail = "本中心排队等候写入的已达上限。请等前面的有了答复，用同一个命令编号再提交";
                Self { status: StatusCode::TOO_MANY_REQUESTS, ..Self::later("share-full", 1, detail) }
            }
            AppendError::QueueFull { .. } => {
                tracing::warn!(%error, "the writer does not keep up");
                Self::later("queue-full", 2, "排队等候写入的太多。请过几秒用同一个命令编号再提交：已办的不会重办")
            }
            AppendError::Full { .. } => disk_full(),
            AppendError::Unknown { .. } => {
                passing("outcome-unknown", "还不知道是否已经写入。请用同一个命令编号再提交：已办的不会重办", &error)
            }
            AppendError::Busy { .. } | AppendError::Stopped { .. } | AppendError::ReadOnly { .. } => {
                passing("log-not-writable", "事件日志暂时写不进去，没有写入。请稍后用同一个命令编号再提交", &error)
            }
            AppendError::Closed => closing(),
            AppendError::NotReady { ref source, .. } => of_keys(source, &error),
            error => fault("log-contradicts-itself", &error),
        }
    }
}

/// What `error` means, beneath which the keys of persons said `source`.
fn of_keys(source: &Cause, error: &dyn std::error::Error) -> Problem {
    match source.downcast_ref::<KeyError>() {
        Some(KeyError::NoRoom { .. }) => disk_full(),
        Some(KeyError::Closed) => closing(),
        // Between the decision and the writing; the next command is refused by the decision.
        Some(KeyError::Erased { .. }) => Refusal::PersonErased {}.into(),
        Some(KeyError::File { .. } | KeyError::Storage { .. }) => passing(
            "keys-unreadable",
            "个人信息密钥暂时不能读写，没有写入。请稍后用同一个命令编号再提交，并请系统管理员检查磁盘",
            error,
        ),
        _ => fault("keys-not-whole", error),
    }
}

fn disk_full() -> Problem {
    let detail = "磁盘已满，没有写入。请系统管理员腾出空间，再用同一个命令编号提交";
    Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", detail)
}

const BUSY_CASE: &str = "好几个人同时在办这一件。请看过变化，过一会儿再提交";

fn closing() -> Problem {
    const RETRY_SECONDS: u32 = 10;
    Problem::later("closing", RETRY_SECONDS, "系统正在停机。请稍后用同一个命令编号再提交：已办的不会重办")
}

impl From<ViewError> for Problem {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::NoSuchCase(_) => no_such_case(),
            ViewError::NoSuchVersion { has, asked, .. } => {
                Self::not_found("no-such-version", format!("本案共{has}步，没有第{asked}步。请看时间轴再选"))
            }
            ViewError::UnknownView(..) => Self::not_found("no-such-view", "没有这个视图。请核对名称"),
            ViewError::Log(error) => error.into(),
            ViewError::Stopped(_) => passing(
                "view-stopped",
                "这份资料停在一条读不懂的记录之前。请系统管理员看 /healthz，换用写它的版本",
                &error,
            ),
            ViewError::Unreadable { .. } => fault("event-unreadable", &error),
            error => passing(
                "view-unreadable",
                "这份资料暂时读不出来。请系统管理员检查磁盘，或运行 yousu rebuild 重建",
                &error,
            ),
        }
    }
}

pub(super) fn no_such_case() -> Problem {
    Problem::not_found("no-such-case", "没有这件诉求。请核对编号，如 410404-2026-17")
}
