use std::sync::LazyLock;

use super::YearCalendar;

macro_rules! calendars {
    ($($file:literal),* $(,)?) => {
        [$(($file, include_str!(concat!("../../calendars/", $file)))),*]
    };
}

const FILES: [(&str, &str); 19] = calendars![
    "2011.json",
    "2012.json",
    "2013.json",
    "2014.json",
    "2015.json",
    "2016.json",
    "2017.json",
    "2018.json",
    "2019-v1.json",
    "2019-v2.json",
    "2020-v1.json",
    "2020-v2.json",
    "2021.json",
    "2022.json",
    "2023.json",
    "2024.json",
    "2025.json",
    "2026.json",
    "2027.json",
];

/// The calendars that come with this version of the program, from `crates/cases/calendars/`: every known version of every
/// year, oldest first.
pub fn shipped() -> &'static [YearCalendar] {
    static SHIPPED: LazyLock<Vec<YearCalendar>> = LazyLock::new(|| {
        FILES
            .iter()
            .map(|(file, text)| serde_json::from_str(text).unwrap_or_else(|error| panic!("calendars/{file}: {error}")))
            .collect()
    });
    &SHIPPED
}
