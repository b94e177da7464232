//! The file as a whole is at fault: one error that names the place and the remedy, and not a row.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use expect_test::{Expect, expect};

use crate::support::{GOOD, HEAD, mapping, refused, with};

fn check(bytes: impl AsRef<[u8]>, expected: &Expect) {
    expected.assert_eq(&refused(bytes, &mapping()));
}

#[test]
fn columns_that_do_not_fit() {
    check(
        "编号,姓名,主题,时间,答复,答复时间\n",
        &expect!["文件 appeals.csv：缺少映射所写的列“内容”；文件按 UTF-8 读取；一行也没有导入"],
    );
    check(
        format!("{},电话,点赞\n", HEAD.trim_end()),
        &expect!["文件 appeals.csv：列“电话”既不在映射中也不在 ignore 中；文件按 UTF-8 读取；一行也没有导入"],
    );
    check(
        format!("{},编号\n", HEAD.trim_end()),
        &expect!["文件 appeals.csv：列名“编号”重复；文件按 UTF-8 读取；一行也没有导入"],
    );
    check(
        "id;user\n1;2\n",
        &expect![
            "文件 appeals.csv：缺少映射所写的列“编号”、“姓名”、“主题”、“内容”、“答复”、“时间”、“答复时间”；列“id;user”既不在映射中也不在 ignore 中；文件按 UTF-8 读取；一行也没有导入"
        ],
    );
    check("", &expect!["文件 appeals.csv：第1行应为列名，文件却没有这一行"]);
    check("\n\r\n", &expect!["文件 appeals.csv：第1行应为列名，文件却没有这一行"]);
    check(
        format!("{}{}", HEAD.trim_end(), ",x".repeat(300)),
        &expect!["文件 appeals.csv：列数 307 超过上限 256；请检查分隔符"],
    );
}

#[test]
fn a_text_that_was_cut_off() {
    let whole = format!("{HEAD}{GOOD}8,王某,主题,2019/2/28,\"第一行\n第二行\",答,2019/3/1\n");
    let cut = |after: &str| whole[..whole.find(after).unwrap() + after.len()].to_owned();
    check(
        cut("第一行\n"),
        &expect![
            "文件 appeals.csv：在第3行开始的记录中断：文件在引号之内结束。文件可能被截断，一行也没有导入；请重新取得完整的文件"
        ],
    );
    check(
        cut("第二行"),
        &expect![
            "文件 appeals.csv：在第3行开始的记录中断：文件在引号之内结束。文件可能被截断，一行也没有导入；请重新取得完整的文件"
        ],
    );
    check(
        cut("第二行\""),
        &expect![
            "文件 appeals.csv：在第3行开始的记录中断：最后一条记录不足列数，且没有换行。文件可能被截断，一行也没有导入；请重新取得完整的文件"
        ],
    );
    check(
        cut("\n8,王"),
        &expect![
            "文件 appeals.csv：在第3行开始的记录中断：最后一条记录不足列数，且没有换行。文件可能被截断，一行也没有导入；请重新取得完整的文件"
        ],
    );
    check(
        &cut("\n8,王").as_bytes()[..cut("\n8,王").len() - 1],
        &expect![
            "文件 appeals.csv：第3行（第142字节）起不是有效的 UTF-8 文字；文件在一个字的中间结束，可能被截断；请重新取得完整的文件"
        ],
    );
    // A quote that nobody closed, in the middle of the file: all that follows would be one cell.
    check(
        format!("{HEAD}7,\"王某,主题,2019/2/28,内容,,\n{}", GOOD.repeat(3)),
        &expect![
            "文件 appeals.csv：在第2行开始的记录中断：文件在引号之内结束。文件可能被截断，一行也没有导入；请重新取得完整的文件"
        ],
    );
}

#[test]
fn where_texts_end_with_a_line_break_every_cut_shows() {
    let mapping = with(&[("[fields]", "[file]\nends_with_line_break = true\n[fields]")]);
    let whole = format!("{HEAD}{GOOD}");
    for end in HEAD.len() + 1..whole.len() {
        let cut = &whole.as_bytes()[..end];
        assert!(import::read("cut.csv", Cursor::new(cut), &mapping).is_err(), "cut at byte {end}");
    }
    let within_the_last_cell = whole.trim_end().trim_end_matches(":00");
    expect!["文件 appeals.csv：在第2行开始的记录中断：最后一条记录之后没有换行，而映射写明文件总以换行结束。文件可能被截断，一行也没有导入；请重新取得完整的文件"].assert_eq(&refused(within_the_last_cell, &mapping));
    assert!(import::read("whole.csv", Cursor::new(&whole), &mapping).is_ok());
}

#[test]
fn wherever_a_text_is_cut_nothing_goes_in_half() {
    let whole = format!("{HEAD}{GOOD}8,王某,主题,2019/2/28,\"第一\n第二\"\"三\",答,2019/3/1 10:00:00\n");
    let mapping = mapping();
    for end in HEAD.len() + GOOD.len()..whole.len() {
        let Ok(appeals) = import::read("cut.csv", Cursor::new(&whole.as_bytes()[..end]), &mapping) else { continue };
        let marked = !appeals.ends_without_line_break();
        let rows = appeals.count();
        let last_cell = whole.rfind(',').unwrap() < end;
        assert!(last_cell || (rows == 1 && marked), "cut at byte {end}: only within the last cell can it go unseen");
    }
}

#[test]
fn encodings_that_are_none() {
    let mut bytes = format!("{HEAD}{GOOD}{GOOD}").into_bytes();
    let at = HEAD.len() + GOOD.len() + 3;
    bytes[at] = 0xff;
    check(
        &bytes,
        &expect![
            "文件 appeals.csv：第3行（第142字节）起不是有效的 UTF-8 文字；请用原系统重新导出，或另存为 UTF-8；编码已知时在映射的 file.encoding 中写明"
        ],
    );
    check([0xff, 0xfe, b'a', 0], &expect!["文件 appeals.csv：是 UTF-16 编码，无法读取；请另存为 UTF-8 或 GB18030"]);
    check(
        [b"a,b\n".as_slice(), &[0x81, 0x20, 0xff, 0xff]].concat(),
        &expect![
            "文件 appeals.csv：第2行（第5字节）起不是有效的 UTF-8 或 GB18030 文字；请用原系统重新导出，或另存为 UTF-8；编码已知时在映射的 file.encoding 中写明"
        ],
    );
    let utf8 = with(&[("[fields]", "[file]\nencoding = \"utf-8\"\n[fields]")]);
    let gb = encoding_rs::GB18030.encode(HEAD).0.into_owned();
    expect!["文件 appeals.csv：第1行（第1字节）起不是有效的 UTF-8 文字；请用原系统重新导出，或另存为 UTF-8；编码已知时在映射的 file.encoding 中写明"].assert_eq(&refused(&gb, &utf8));
    let gb18030 = with(&[("[fields]", "[file]\nencoding = \"gb18030\"\n[fields]")]);
    expect!["文件 appeals.csv：第2行（第40字节）起不是有效的 GB18030 文字；文件在一个字的中间结束，可能被截断；请重新取得完整的文件"].assert_eq(&refused([&gb, [0x81, 0xff].as_slice()].concat(), &gb18030));
}

#[test]
fn things_that_are_no_such_file() {
    check(
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1],
        &expect!["文件 appeals.csv：是旧版 xls 或加了密码的工作簿，无法读取；请去掉密码并另存为 xlsx 或 CSV（UTF-8）"],
    );
    check(
        b"PK\x03\x04 and then nothing",
        &expect!["文件 appeals.csv：工作簿不完整或已损坏（可能在传输中被截断），请重新取得文件"],
    );
    let xlsx = with(&[("[fields]", "[file]\nformat = \"xlsx\"\n[fields]")]);
    expect!["文件 appeals.csv：映射写明格式为 xlsx，文件却是 csv；请换文件，或在映射的 file.format 中改正"]
        .assert_eq(&refused(HEAD, &xlsx));
}

/// A file that says how large it is, and would be read for ever.
struct Endless(u64);

impl Read for Endless {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("nobody may read this"))
    }
}
impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        Ok(if matches!(to, SeekFrom::End(_)) { self.0 } else { 0 })
    }
}

#[test]
fn a_file_beyond_all_measure_is_not_even_read() {
    let error = import::read("huge.csv", Endless(600 << 20), &mapping()).err().unwrap();
    expect!["文件 huge.csv：文件为 629145600 字节，超过上限 512 MiB；请分成几个文件导入"].assert_eq(&error.to_string());
    let error = import::read("broken.csv", Endless(6), &mapping()).err().unwrap();
    let source = std::error::Error::source(&error).unwrap().to_string();
    expect!["文件 broken.csv：读取失败: nobody may read this"].assert_eq(&format!("{error}: {source}"));
}

/// Another text from the third pass on.
struct Shifting {
    texts: [Cursor<Vec<u8>>; 2],
    rewinds: usize,
}

impl Read for Shifting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.texts[usize::from(self.rewinds > 3)].read(buffer)
    }
}
impl Seek for Shifting {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.rewinds += usize::from(matches!(to, SeekFrom::Start(0)));
        self.texts[1].seek(to)?;
        self.texts[0].seek(to)
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_noticed() {
    let texts = ["九点", "十点"].map(|time| Cursor::new(format!("{HEAD}{GOOD}").replace("九点", time).into_bytes()));
    let mapping = mapping();
    let appeals = import::read("shifting.csv", Shifting { texts, rewinds: 0 }, &mapping).unwrap();
    let last = appeals.last().unwrap();
    expect![
        "文件 shifting.csv：读取期间内容有变化：导入的各行与文件的哈希值不符；请勿在导入时改动文件，核对后重新导入"
    ]
    .assert_eq(&last.err().unwrap().to_string());
}
