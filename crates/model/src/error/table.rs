//! The table of every error code of the API (page 004), with texts of our own.

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal: $text:literal,)*) => {
        /// An error code of the API. `{0}`, `{1}`… in a text stand for the error's parameters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $($(#[$doc])* #[doc = concat!("`", $code, "`: ", $text)] $name,)* }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)*];

            /// The code as it is sent, `PR400-OD-0001`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(ErrorCode::$name => $code,)* }
            }

            /// The text with its placeholders.
            #[must_use]
            pub fn template(self) -> &'static str {
                match self { $(ErrorCode::$name => $text,)* }
            }
        }
    };
}

error_codes! {
    JsonParse = "PR400-OD-0001": "The body is not valid JSON.",
}
