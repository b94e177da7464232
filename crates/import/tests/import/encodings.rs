//! The same rows from every encoding, and only from a right one.

use crate::support::{GOOD, HEAD, mapping, read, with};

#[test]
fn utf8_with_and_without_mark_and_gb18030_give_the_same_rows() {
    let text = format!("{HEAD}{}{}", GOOD, "8,𠮷野家,龘,2019/2/28,\"引“号”，\n换行\",,\n");
    let plain = read(&text, &mapping());
    let marked = read(format!("\u{feff}{text}"), &mapping());
    let gb = read(encoding_rs::GB18030.encode(&text).0, &mapping());
    assert_eq!(plain.rows.len(), 2);
    assert_eq!(plain.rows, marked.rows);
    assert_eq!(plain.rows, gb.rows);
}

#[test]
fn an_ascii_head_does_not_mislead() {
    let mapping = with(&[
        (r#"column = "编号""#, r#"column = "id""#),
        (r#"column = "姓名""#, r#"column = "name""#),
        (r#"column = "主题""#, r#"column = "subject""#),
        (r#"column = "内容""#, r#"column = "text""#),
        (r#"column = "时间""#, r#"column = "at""#),
        (r#"column = "答复""#, r#"column = "reply""#),
        (r#"column = "答复时间""#, r#"column = "replied_at""#),
    ]);
    // The two bytes of each sign of 联通 are by chance UTF-8 as well.
    let text = "id,name,subject,at,text,reply,replied_at\n1,联通,联通,2019/2/28,联通公司不给办,,\n";
    let result = read(encoding_rs::GB18030.encode(text).0, &mapping);
    assert_eq!(result.rows[0].narrative, "联通公司不给办");
}

#[test]
fn signs_across_the_borders_of_chunks_stay_whole() {
    // Chunks are 64 KiB: shift the text so that every byte of a sign comes to lie on a border once.
    for shift in 0..4 {
        let narrative = "汉字𠮷，".repeat(5_000);
        let text = format!("{HEAD}{}7,王某,主题,2019/2/28,{narrative},,\n", "\n".repeat(shift));
        for bytes in [text.as_bytes().to_vec(), encoding_rs::GB18030.encode(&text).0.into_owned()] {
            let result = read(bytes, &mapping());
            assert_eq!(result.rows[0].narrative, narrative);
        }
    }
}

#[test]
fn the_file_hash_is_of_its_bytes() {
    let mapping = mapping();
    let text = format!("{HEAD}{GOOD}");
    let hash = |bytes: &[u8]| {
        let appeals = import::read("a.csv", std::io::Cursor::new(bytes), &mapping).unwrap();
        (appeals.file_hash().to_string(), appeals.encoding())
    };
    let (plain, encoding) = hash(text.as_bytes());
    assert_eq!((plain.as_str(), encoding), (import::Digest::of(text.as_bytes()).to_string().as_str(), Some("UTF-8")));
    let gb = encoding_rs::GB18030.encode(&text).0;
    assert_eq!(hash(&gb), (import::Digest::of(&gb).to_string(), Some("gb18030")));
}
