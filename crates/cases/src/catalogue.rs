//! The enums of events and commands from one list each, so that a new one is one line and cannot be half there.

/// Declares the events of an aggregate: one variant a struct, dispatch to its [`crate::case::Fact`].
macro_rules! events {
    ($(#[$doc:meta])* $events:ident of $state:ident { $($(#[$meta:meta])* $name:ident = $($module:ident)::+),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $events { $($(#[$meta])* $name(Box<$($module)::+::$name>)),+ }

        impl $events {
            /// Type, version and schema of every event, in the order of the domain's table.
            pub fn catalogue() -> Vec<(&'static str, u16, schemars::Schema)> {
                vec![$((
                    <$($module)::+::$name as Fact<$state>>::TYPE,
                    <$($module)::+::$name as Fact<$state>>::VERSION,
                    schemars::schema_for!($($module)::+::$name),
                )),+]
            }

            /// Every type's name.
            pub const TYPES: &'static [&'static str] = &[$(<$($module)::+::$name as Fact<$state>>::TYPE),+];

            fn evolve(&self, state: &mut $state, at: &Moment<'_>) {
                match self { $(Self::$name(event) => event.evolve(state, at)),+ }
            }
        }

        impl EventSet for $events {
            fn type_name(&self) -> &'static str {
                match self { $(Self::$name(_) => <$($module)::+::$name as Fact<$state>>::TYPE),+ }
            }
            fn type_version(&self) -> u16 {
                match self { $(Self::$name(_) => <$($module)::+::$name as Fact<$state>>::VERSION),+ }
            }
            fn data(&self) -> serde_json::Value {
                // Structs of plain fields with text keys: serde_json has no way to fail on them.
                match self { $(Self::$name(event) => serde_json::to_value(event).unwrap_or_default()),+ }
            }
            fn read(type_name: &str, type_version: u16, data: serde_json::Value) -> Result<Self, DecodeError> {
                let shape = |source| DecodeError::Shape { type_name: type_name.to_owned(), version: type_version, source };
                match type_name {
                    $(<$($module)::+::$name as Fact<$state>>::TYPE if type_version == <$($module)::+::$name as Fact<$state>>::VERSION => {
                        serde_json::from_value(data).map(|event| Self::$name(Box::new(event))).map_err(shape)
                    })+
                    $(<$($module)::+::$name as Fact<$state>>::TYPE => {
                        // Another version: an older shape says how it becomes the present one; a newer one is unknown.
                        let unknown = || DecodeError::UnknownType(type_name.to_owned(), type_version);
                        let data = <$($module)::+::$name as Fact<$state>>::upcast(type_version, data).ok_or_else(unknown)?;
                        serde_json::from_value(data).map(|event| Self::$name(Box::new(event))).map_err(shape)
                    })+
                    _ => Err(DecodeError::UnknownType(type_name.to_owned(), type_version)),
                }
            }
            fn read_text(type_name: &str, type_version: u16, data: &str) -> Option<Result<Self, DecodeError>> {
                let shape = |source| DecodeError::Shape { type_name: type_name.to_owned(), version: type_version, source };
                match type_name {
                    $(<$($module)::+::$name as Fact<$state>>::TYPE if type_version == <$($module)::+::$name as Fact<$state>>::VERSION => {
                        Some(serde_json::from_str(data).map(|event| Self::$name(Box::new(event))).map_err(shape))
                    })+
                    _ => None,
                }
            }
        }

        $(impl From<$($module)::+::$name> for $events {
            fn from(event: $($module)::+::$name) -> Self { Self::$name(Box::new(event)) }
        })+
    };
}

/// Declares the commands on an aggregate: one variant a struct, dispatch to its [`crate::case::Step`].
macro_rules! commands {
    ($(#[$doc:meta])* $commands:ident of $state:ident { $($(#[$meta:meta])* $name:ident = $($module:ident)::+),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $commands { $($(#[$meta])* $name(Box<$($module)::+::$name>)),+ }

        impl $commands {
            /// Name and schema of every command's own fields.
            pub fn catalogue() -> Vec<(&'static str, schemars::Schema)> {
                vec![$((<$($module)::+::$name as Step<$state>>::NAME, schemars::schema_for!($($module)::+::$name))),+]
            }

            /// Every command's name.
            pub const NAMES: &'static [&'static str] = &[$(<$($module)::+::$name as Step<$state>>::NAME),+];

            /// The command's name.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => <$($module)::+::$name as Step<$state>>::NAME),+ }
            }

            /// Who may give it.
            pub fn roles(&self) -> &'static [Role] {
                match self { $(Self::$name(_) => <$($module)::+::$name as Step<$state>>::ROLES),+ }
            }

            /// The other cases that must be loaded to decide it.
            pub fn others(&self) -> Vec<CaseId> {
                match self { $(Self::$name(step) => step.others()),+ }
            }

            fn decide(&self, state: &$state, ctx: &Context<'_>) -> Result<Vec<<$state as Aggregate>::Event>, Refusal> {
                match self { $(Self::$name(step) => step.decide(state, ctx)),+ }
            }

            #[allow(dead_code, reason = "only cases touch other streams")]
            fn decide_elsewhere(&self, state: &$state, ctx: &Context<'_>) -> Result<Vec<(CaseId, CaseEvent)>, Refusal> {
                match self { $(Self::$name(step) => step.decide_elsewhere(state, ctx)),+ }
            }

            /// Its own fields, as on the wire.
            pub fn fields(&self) -> serde_json::Value {
                match self { $(Self::$name(step) => serde_json::to_value(step).unwrap_or_default()),+ }
            }

            /// Reads a command's own fields; `None` where no command has this name.
            pub fn read(name: &str, fields: serde_json::Value) -> Option<Result<Self, serde_json::Error>> {
                match name {
                    $(<$($module)::+::$name as Step<$state>>::NAME => Some(serde_json::from_value(fields).map(|step| Self::$name(Box::new(step)))),)+
                    _ => None,
                }
            }
        }

        $(impl From<$($module)::+::$name> for $commands {
            fn from(step: $($module)::+::$name) -> Self { Self::$name(Box::new(step)) }
        })+
    };
}

pub(crate) use {commands, events};
