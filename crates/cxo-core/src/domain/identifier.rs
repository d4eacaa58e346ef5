//! Names and identifiers. All are text: a customer may be called "NA", "007" or "1e5".

use std::fmt;

use crate::Error;

macro_rules! identifier {
    ($($(#[$doc:meta])* $name:ident, $what:literal;)+) => { $(
        $(#[$doc])*
        ///
        /// Never empty; compared and ordered byte by byte, exactly as given.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "String", into = "String"))]
        pub struct $name(Box<str>);

        impl $name {
            /// The identifier of this text.
            ///
            /// # Errors
            /// [`ErrorKind::Input`](crate::ErrorKind::Input) for empty text.
            pub fn new(text: impl Into<Box<str>>) -> Result<Self, Error> {
                let text = text.into();
                if text.is_empty() {
                    return Err(Error::input($what, "empty", "text of at least one character"));
                }
                Ok(Self(text))
            }

            /// The text as given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self, Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+ };
}

identifier! {
    /// A customer.
    CustomerId, "customer";
    /// A channel through which a customer meets the company, such as "web" or "store".
    Channel, "channel";
    /// A device, such as "phone" or "kiosk".
    Device, "device";
    /// The name of a touchpoint, such as "checkout".
    TouchpointName, "touchpoint";
    /// An identifier of one recorded event, for finding duplicates.
    EventId, "event id";
    /// A support case.
    CaseId, "case id";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_text_as_it_is() {
        for text in ["NA", "007", " ", "Zoë", "null"] {
            assert_eq!(CustomerId::new(text).unwrap().as_str(), text);
        }
        assert_eq!(
            CustomerId::new("").unwrap_err().to_string(),
            "customer is empty, allowed: text of at least one character"
        );
    }
}
