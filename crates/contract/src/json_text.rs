//! JSON as the text form of a variable's value.

/// Implements `Display` and `FromStr` of a type by its JSON.
macro_rules! json_text {
    ($name:ident) => {
        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.write_str(&::serde_json::to_string(self).map_err(|_| ::std::fmt::Error)?)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::serde_json::Error;

            fn from_str(json: &str) -> Result<Self, Self::Err> {
                ::serde_json::from_str(json)
            }
        }
    };
}

pub(crate) use json_text;
