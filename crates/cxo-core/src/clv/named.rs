//! How are choices spelled? Enums whose variants have a name, in kebab-case, by which commands and documents know them. State: none.

macro_rules! named {
    ($($(#[$doc:meta])* $choice:ident, $what:literal { $($(#[$of:meta])* $variant:ident => $name:literal,)+ })+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum $choice {
            $($(#[$of])* #[cfg_attr(feature = "serde", serde(rename = $name))] $variant,)+
        }

        impl $choice {
            /// Every choice.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in kebab-case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl std::fmt::Display for $choice {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $choice {
            type Err = crate::Error;
            fn from_str(text: &str) -> Result<Self, crate::Error> {
                crate::stats::parse_name($what, text, Self::ALL, Self::name)
            }
        }
    )+ };
}
pub(super) use named;
