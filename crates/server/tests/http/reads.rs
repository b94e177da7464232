//! Reads: every line once, the right one, and nothing for a misspelt question.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{CENTRE, Server, accept, classify};

fn api(rest: &str) -> String {
    format!("/api/v1/centres/{CENTRE}/{rest}")
}

/// In the last working days of one year and the first of the next.
fn fill(server: &Server, cases: usize) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for n in 0..cases {
        let case = Uuid::new_v4();
        let mut command = accept(case);
        let day = if n < cases / 2 { "2026-12-30" } else { "2027-01-05" };
        command["recorded_at"] = format!("{day}T10:00:00+08:00").into();
        let done = server.post(&command, &[]);
        assert_eq!(done.status, 200, "{}", done.body);
        ids.push(case);
    }
    let caught_up = format!("{CENTRE}@{}", server.get("/healthz").json()["centres"][0]["position"]);
    for view in ["ledger", "overdue", "feeds/discipline"] {
        assert_eq!(server.send("GET", &api(view), &[("yousu-position", &caught_up)], "").status, 200);
    }
    ids
}

#[test]
fn pages_cover_every_line_once_and_in_order() {
    let server = Server::simulated();
    let ids = fill(&server, 117);
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&api(&format!("ledger?limit=7{after}"))).json();
        let lines = page["lines"].as_array().expect("lines");
        assert!(lines.len() <= 7);
        seen.extend(lines.iter().map(|line| line["case"].as_str().expect("a case").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, ids.iter().map(Uuid::to_string).collect::<Vec<_>>());

    let year = server.get(&api("ledger?limit=500&year=2027")).json();
    let numbers: Vec<_> = year["lines"].as_array().expect("lines").iter().map(|line| line["序号"].clone()).collect();
    assert_eq!(numbers, (1..=59).map(|n| json!(n.to_string())).collect::<Vec<_>>());
}

#[test]
fn the_pages_of_the_page_cover_every_line_once_forwards_and_back() {
    let server = Server::simulated();
    fill(&server, 117);
    let rows = |page: &str| -> Vec<String> {
        let address = format!("/centres/{CENTRE}/cases/");
        page.split(&address).skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
    };
    let link = |page: &str, rel: &str| -> Option<String> {
        let (_, rest) = page.split_once(&format!("rel=\"{rel}\" href=\""))?;
        rest.split('"').next().map(|link| link.replace("&amp;", "&").replace("&#38;", "&"))
    };
    let (mut seen, mut path) = (Vec::new(), format!("/centres/{CENTRE}/ledger?year=all"));
    loop {
        let page = server.get(&path).body;
        seen.push(rows(&page));
        let Some(next) = link(&page, "next") else { break };
        path = next;
    }
    assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 17]);
    assert_eq!(seen.iter().flatten().collect::<BTreeSet<_>>().len(), 117);
    let mut back = Vec::new();
    while let Some(previous) = link(&server.get(&path).body, "prev") {
        back.push(rows(&server.get(&previous).body));
        path = previous;
    }
    back.reverse();
    assert_eq!(back, seen[..2]);
}

#[test]
fn a_case_is_found_by_id_and_by_number() {
    let server = Server::simulated();
    let case = fill(&server, 1)[0];
    let by_number = server.get(&api(&format!("cases/{CENTRE}-2027-1")));
    let by_id = server.get(&api(&format!("cases/{case}")));
    assert_eq!(by_number.json(), by_id.json());
    assert_eq!(by_number.header("etag"), Some("\"1\""));
    assert_eq!(by_number.json()["state"]["id"], json!(case));
    let receipt = server.get(&api(&format!("cases/{CENTRE}-2027-1/receipt")));
    let begins = format!("yousu-receipt/v1\nyousu/{CENTRE}\ncase {case}\nnumber {CENTRE}-2027-1\n");
    assert!(receipt.status == 200 && receipt.body.starts_with(&begins), "{}", receipt.body);
    for name in ["410404-2027-2", "410499-2027-1", "x", &Uuid::new_v4().to_string()] {
        server.get(&api(&format!("cases/{name}"))).is_problem(404, "no-such-case");
        server.get(&api(&format!("cases/{name}/receipt"))).is_problem(404, "no-such-case");
        server.get(&api(&format!("cases/{name}/timeline"))).is_problem(404, "no-such-case");
    }
}

#[test]
fn the_timeline_goes_as_far_as_it_is_asked_for() {
    let server = Server::simulated();
    let case = fill(&server, 1)[0];
    assert_eq!(server.post(&classify(case), &[]).status, 200);
    let steps = |rest: &str| server.get(&api(&format!("cases/{case}/timeline{rest}"))).json()["happened"].clone();
    assert_eq!(steps("").as_array().map(Vec::len), Some(2));
    assert_eq!(steps("?version=1").as_array().map(Vec::len), Some(1));
    // The plus sign as people forget to escape it.
    assert_eq!(steps("?known_at=2027-01-05T10:00:00+08:00").as_array().map(Vec::len), Some(2));
    server.get(&api(&format!("cases/{case}/timeline?version=9"))).is_problem(404, "no-such-version");
}

#[test]
fn what_is_overdue_follows_from_the_moment_that_is_asked_about() {
    let server = Server::simulated();
    fill(&server, 2);
    let standings = |at: &str| -> Vec<String> {
        let answer = server.get(&api(&format!("overdue?at={at}"))).json();
        let items = answer["items"].as_array().expect("items").clone();
        items.iter().map(|item| item["standing"].as_str().expect("a standing").to_owned()).collect()
    };
    assert!(standings("2026-12-30T09:00").is_empty());
    assert_eq!(standings("2027-01-06T09:30"), ["overdue", "overdue"]);
}

#[test]
fn the_overdue_report_comes_in_pages_and_counts_all() {
    let server = Server::simulated();
    fill(&server, 5);
    let page = |rest: &str| server.get(&api(&format!("overdue?at=2027-01-06T09:30{rest}"))).json();
    let (whole, mut paged, mut after) = (page(""), Vec::new(), String::new());
    assert_eq!((whole["items"].as_array().map(Vec::len), &whole["next"]), (Some(5), &Value::Null));
    for most in [2, 2, 1] {
        let part = page(&format!("&limit=2{after}"));
        assert_eq!(part["counts"], whole["counts"]);
        assert_eq!(part["items"].as_array().map(Vec::len), Some(most));
        paged.extend(part["items"].as_array().expect("items").clone());
        after = part["next"].as_str().map_or_else(String::new, |next| format!("&after={next}"));
    }
    assert_eq!((Value::Array(paged), after.as_str()), (whole["items"].clone(), ""));
}

#[test]
fn the_overdue_page_leads_on_and_back() {
    let server = Server::simulated();
    fill(&server, 101);
    let link = |page: &str, rel: &str| {
        let (_, rest) = page.split_once(&format!("<a rel=\"{rel}\" href=\""))?;
        rest.split_once('"').map(|(link, _)| link.replace("&amp;", "&"))
    };
    for owner in ["", "?owner=%E7%AA%97%E5%8F%A3"] {
        let first = server.get(&format!("/centres/{CENTRE}/overdue{owner}")).body;
        assert!(first.contains("另有暂定101项") && first.contains("共101项；本页第1至100项"), "{first}");
        assert_eq!(link(&first, "prev"), None);
        let second = server.get(&link(&first, "next").expect("a link")).body;
        assert!(second.contains("本页第101至101项") && second.contains("另有暂定101项"), "{second}");
        assert_eq!(link(&second, "next"), None);
        assert_eq!(server.get(&link(&second, "prev").expect("a link")).body, first);
    }
}

#[test]
fn a_question_that_is_not_understood_is_refused() {
    let server = Server::simulated();
    server.get("/api/v1/centres/410499/ledger").is_problem(404, "no-such-centre");
    server.get("/api/v1/centres/..%2f/ledger").is_problem(404, "no-such-centre");
    server.get("/api/v1/nowhere").is_problem(404, "no-such-address");
    server.get(&api("ledger?yaer=2026")).is_problem(400, "bad-query");
    server.get(&api("ledger?at=2026-02-30")).is_problem(400, "bad-query");
    server.get(&api("ledger?limit=0")).is_problem(400, "bad-limit");
    server.get(&api("ledger?limit=501")).is_problem(400, "bad-limit");
    server.get(&api("ledger?after=x")).is_problem(400, "bad-cursor");
    server.get(&api("overdue?limit=501")).is_problem(400, "bad-limit");
    server.get(&api("overdue?after=2026-50")).is_problem(400, "bad-cursor");
    server.get(&api("overdue?ended=true")).is_problem(400, "bad-period");
    server.get(&api("overdue?ended&from=2026-03-02&to=2026-03-01")).is_problem(400, "bad-period");
    server.get(&api("feeds/everybody")).is_problem(404, "no-such-recipient");
    assert_eq!(server.get(&api("overdue?ended&from=2026-03-01&to=2026-03-02")).status, 200);
    assert_eq!(server.get(&api("feeds/department:scjg?after=3")).json()["entries"], json!([]));
}
