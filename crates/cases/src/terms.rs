//! Closed vocabularies: an English name in code and on the wire, the Chinese term for people.

/// Declares an enum whose variants are terms of the field: `snake_case` on the wire, the Chinese term in
/// [`std::fmt::Display`] and in the doc comment of each variant.
macro_rules! terms {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $term:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $(#[doc = $term] $variant),+ }

        impl $name {
            /// Every term, in the order in which the notices or the forms list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The Chinese term.
            pub const fn term(self) -> &'static str {
                match self { $(Self::$variant => $term),+ }
            }

            /// The name on the wire (`snake_case`).
            pub fn name(self) -> String {
                serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
            }

            /// Reads either the wire name or the Chinese term, as mappings and command lines give them.
            pub fn read(text: &str) -> Option<Self> {
                let text = text.trim();
                Self::ALL.iter().copied().find(|t| t.term() == text || t.name() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.term()) }
        }
    };
}
pub(crate) use terms;
