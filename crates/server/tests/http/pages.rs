//! Pages: masked, escaped, marked as 演示, and never mistaken for now when they show the past.

use serde_json::json;
use uuid::Uuid;

use crate::support::{CENTRE, Server, accept, classify};

/// The pages that show a case, once the views have seen it.
fn pages_of(server: &Server, command: &serde_json::Value) -> [String; 3] {
    let done = server.post(command, &[]);
    assert_eq!(done.status, 200, "{}", done.body);
    let position = done.header("yousu-position").expect("a position");
    server.send("GET", &format!("/api/v1/centres/{CENTRE}/ledger"), &[("yousu-position", position)], "");
    let pages = ["/", &format!("/centres/{CENTRE}/ledger?own=1"), &format!("/centres/{CENTRE}/cases/2026-1")];
    pages.map(|path| {
        let page = server.get(path);
        assert_eq!(page.status, 200, "{}", page.body);
        page.body
    })
}

#[test]
fn persons_are_masked_wherever_their_data_stands() {
    let server = Server::simulated();
    let mut command = accept(Uuid::new_v4());
    command["complainant"]["address"] = "石龙区人民路12号3单元".into();
    command["summary"] = "张建国反映执照变更，电话138 0375 1234".into();
    command["narrative"] = "我叫张建国，住石龙区人民路12号3单元，身份证410404199001011234，窗口的赵小五不收件。".into();
    command["complained_about"] = json!([{"staff": "赵小五"}]);
    for page in pages_of(&server, &command) {
        for hidden in ["张建国", "13803751234", "138 0375 1234", "12号3单元", "410404199001011234", "赵小五"] {
            assert!(!page.contains(hidden), "{hidden} stands on a page");
        }
        assert!(page.contains("张**") && page.contains("138****1234"));
    }
}

#[test]
fn units_are_no_persons_and_anonymous_stays_anonymous() {
    let server = Server::simulated();
    let mut command = accept(Uuid::new_v4());
    command["complainant"] =
        json!({"name": "晨光商贸有限公司", "is_unit": true, "contact_person": "李丽娟", "telephone": "0375-1234567"});
    for page in pages_of(&server, &command) {
        assert!(page.contains("晨光商贸有限公司") && page.contains("李**") && page.contains("0375-12***67"));
        assert!(!page.contains("李丽娟") && !page.contains("1234567"));
    }
    let mut anonymous = accept(Uuid::new_v4());
    anonymous["complainant"] = json!({"anonymous": true});
    assert!(pages_of(&server, &anonymous)[0].contains("匿名"));
}

#[test]
fn what_people_write_is_text_and_never_markup() {
    let server = Server::simulated();
    let mut command = accept(Uuid::new_v4());
    command["complainant"]["name"] = "<i>张</i>".into();
    command["summary"] = "<img src=x onerror=alert(1)>\"'&".into();
    command["narrative"] = "</p><script>alert(1)</script>".into();
    for page in pages_of(&server, &command) {
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<i>"), "{page}");
        assert!(page.contains("&#60;img") || page.contains("&lt;img"));
    }
    let page = server.get(&format!("/centres/{CENTRE}/overdue?owner=%3Cscript%3E"));
    assert!(page.status == 200 && !page.body.contains("<script"));
}

#[test]
fn every_page_names_the_centre_and_says_that_it_is_a_demonstration() {
    let server = Server::simulated();
    pages_of(&server, &accept(Uuid::new_v4()));
    for path in ["/", "/centres/410404/overdue", "/centres/410404/feeds", "/centres/410404/feeds?recipient=parent"] {
        let page = server.get(path);
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.body.contains("lang=\"zh-CN\"") && page.body.contains("石龙区政务服务中心"));
        assert!(page.body.contains(">演示<") && page.body.contains(">台账<"));
    }
    let heads = server.get("/").body;
    for head in ["政务服务责任部门及牵头部门", "是否退回重办及时间", "办理结果满意度", "备注"]
    {
        assert!(heads.contains(&format!("<th scope=\"col\">{head}</th>")));
    }
    assert!(!Server::on(false).get("/").body.contains("演示<"));
}

#[test]
fn the_past_is_shown_as_the_past() {
    let server = Server::simulated();
    let case = Uuid::new_v4();
    let now = &pages_of(&server, &accept(case))[2];
    assert!(!now.contains("只能看"));
    assert_eq!(server.post(&classify(case), &[]).status, 200);
    let then = server.get("/centres/410404/cases/2026-1?version=1").body;
    assert!(then.contains("第1步后）的样子，只能看") && then.contains("回到现在") && !then.contains("研判分类"));
    let page = server.get("/centres/410404/cases/2026-1?version=7");
    assert_eq!(page.status, 404);
    assert!(page.body.contains("本案共2步，没有第7步"));
}

#[test]
fn a_number_is_found_from_the_box_in_the_head() {
    let server = Server::simulated();
    pages_of(&server, &accept(Uuid::new_v4()));
    for number in ["2026-1", "410404-2026-1", "%20410404-2026-1%20"] {
        let found = server.get(&format!("/centres/410404/find?number={number}"));
        assert_eq!((found.status, found.header("location")), (303, Some("/centres/410404/cases/2026-1")));
    }
    let lost = server.get("/centres/410404/find?number=2026-99");
    assert!(lost.status == 404 && lost.body.contains("没有这件诉求"));
}
