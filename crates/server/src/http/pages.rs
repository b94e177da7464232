//! Pages for people: server-rendered, without script. They show and link; commands come by the API until there are
//! accounts. Tokens, words and the reviewer's list stand in the design's page on pages.

mod case;
mod feed;
mod ledger;
mod overdue;

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use cases::{Centre, Instant};
use serde::Deserialize;

use super::{
    ask::{self, Ask},
    problem::Problem,
    site::{Here, Site},
};

const STYLE: &str = include_str!("../../assets/yousu.css");
const ICON: &str = include_str!("../../assets/icon.svg");

pub(super) fn router() -> Router<Arc<Site>> {
    let asset =
        |kind: &'static str, text: &'static str| get(move || async move { ([(header::CONTENT_TYPE, kind)], text) });
    Router::new()
        .route("/", get(front))
        .route("/centres/{code}/ledger", get(ledger::page))
        .route("/centres/{code}/overdue", get(overdue::page))
        .route("/centres/{code}/feeds", get(feed::page))
        .route("/centres/{code}/cases/{case}", get(case::page))
        .route("/centres/{code}/find", get(find))
        .route("/assets/yousu.css", asset("text/css; charset=utf-8", STYLE))
        .route("/assets/icon.svg", asset("image/svg+xml", ICON))
}

/// What stands around every page.
struct Shell {
    title: String,
    /// The centre's code; none where a page belongs to no centre.
    code: Option<String>,
    office: String,
    simulated: bool,
    /// Which link of the head this page is.
    active: &'static str,
    /// 数据截至
    as_of: String,
    /// What keeps the page from being the whole truth.
    notices: Vec<String>,
}

impl Shell {
    fn bare(title: &str) -> Self {
        let (title, active) = (title.to_owned(), "");
        let (office, as_of) = (String::new(), String::new());
        Self { title, code: None, office, simulated: false, active, as_of, notices: Vec::new() }
    }

    /// Around a page that rests on a view: says so where that view is behind or stands still.
    async fn around(
        site: &Site,
        here: &Here,
        title: &str,
        active: &'static str,
        view: &str,
    ) -> Result<Self, PageError> {
        let all = site.views.status(site.engine.log(), &here.log).await?;
        let mut notices = Vec::new();
        if let Some(status) = all.iter().find(|status| status.view == view && status.lag > 0) {
            let (behind, position) = (status.lag, status.position);
            notices.push(if status.stopped.is_some() {
                format!("资料只整理到第{position}条记录，其后{behind}条读不懂，没有显示。请系统管理员查看 /healthz")
            } else {
                format!("资料还在整理，尚有{behind}条新记录没有显示。请过一会儿再看")
            });
        }
        Ok(Self { notices, ..Self::of(&here.centre, here.now, title, active) })
    }

    fn of(centre: &Centre, now: Instant, title: &str, active: &'static str) -> Self {
        Self {
            title: title.to_owned(),
            code: Some(centre.code.to_string()),
            office: centre.name.clone(),
            simulated: centre.simulated,
            active,
            as_of: minute(now),
            notices: Vec::new(),
        }
    }
}

/// As the ledger writes it: `2026-03-04 10:02`.
fn minute(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

fn render(page: &impl Template) -> Result<Response, PageError> {
    page.render().map(|text| Html(text).into_response()).map_err(|error| {
        tracing::error!(%error, "a page could not be made");
        let detail = "抱歉，这一页没能显示。请刷新再试；仍不行请报系统管理员";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "page-not-made", detail).into()
    })
}

/// A [`Problem`] as a page: the same words, and a way on.
pub(super) struct PageError(Problem);

impl<E: Into<Problem>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage {
    shell: Shell,
    text: String,
    code: &'static str,
    links: Vec<(String, String)>,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let page = NoticePage {
            shell: Shell::bare(problem.title()),
            text: problem.detail.clone(),
            code: problem.code,
            links: vec![("/".to_owned(), "回到台账".to_owned())],
        };
        match page.render() {
            Ok(text) => (problem.status, Html(text)).into_response(),
            Err(_) => problem.into_response(),
        }
    }
}

/// The ledger of the only centre; where there are several, which ones; where there is none, what to do.
async fn front(State(site): State<Arc<Site>>, asked: Ask<ledger::Asked>) -> Result<Response, PageError> {
    let centres = site.centres().await?;
    if let [only] = centres.as_slice() {
        return ledger::page(State(Arc::clone(&site)), Path(only.code.to_string()), asked).await;
    }
    let text = if centres.is_empty() {
        "还没有开通中心。请系统管理员运行 yousu centre open 开通，或用 yousu serve --demo 看演示"
    } else {
        "请选一个中心，看它的台账、超期与将到期、督查信息"
    };
    let link =
        |centre: &Arc<Centre>| (format!("/centres/{}/ledger", centre.code), format!("{} {}", centre.name, centre.code));
    let links = centres.iter().map(link).collect();
    render(&NoticePage { shell: Shell::bare("台账"), text: text.to_owned(), code: "", links })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Find {
    #[serde(default, deserialize_with = "ask::filled")]
    number: Option<String>,
}

/// 查编号: from the box in the head to the case.
async fn find(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    Ask(asked): Ask<Find>,
) -> Result<Redirect, PageError> {
    let here = site.centre(&code).await?;
    let number = asked.number.unwrap_or_default();
    let (id, number) = site.case(&here, &number).await?;
    let name = number.map_or_else(|| id.to_string(), |number| format!("{}-{}", number.year, number.no));
    Ok(Redirect::to(&format!("/centres/{}/cases/{name}", here.log)))
}
