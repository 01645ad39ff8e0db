//! The codes of gRPC, so that users need not know which crate speaks it.

use std::fmt;

use tonic::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $tonic:ident, $number:literal, $text:literal;)+) => {
        /// What kind of error a server answered with, or what became of the call on its way. Numbers as in gRPC.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RpcCode {$(
            $(#[$doc])*
            $name = $number,
        )+}

        impl RpcCode {
            /// The code as gRPC spells it, such as `NOT_FOUND`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }

        impl RpcCode {
            pub(crate) fn of(code: Code) -> Self {
                match code {
                    $(Code::$tonic => Self::$name,)+
                }
            }
        }
    };
}

codes! {
    /// No error. Seen inside multi-operation errors only.
    Ok = Ok, 0, "OK";
    /// The call was taken back.
    Canceled = Cancelled, 1, "CANCELLED"; // tidy-allow: so gRPC spells it
    /// Nobody knows.
    Unknown = Unknown, 2, "UNKNOWN";
    /// The request cannot be right, whatever the state of the server.
    InvalidArgument = InvalidArgument, 3, "INVALID_ARGUMENT";
    /// No answer came in time.
    DeadlineExceeded = DeadlineExceeded, 4, "DEADLINE_EXCEEDED";
    /// What was named does not exist.
    NotFound = NotFound, 5, "NOT_FOUND";
    /// What was to be made exists.
    AlreadyExists = AlreadyExists, 6, "ALREADY_EXISTS";
    /// The caller may not do this.
    PermissionDenied = PermissionDenied, 7, "PERMISSION_DENIED";
    /// A limit was reached.
    ResourceExhausted = ResourceExhausted, 8, "RESOURCE_EXHAUSTED";
    /// The state of the server, or of the workflow, does not allow it.
    FailedPrecondition = FailedPrecondition, 9, "FAILED_PRECONDITION";
    /// Somebody else was faster.
    Aborted = Aborted, 10, "ABORTED";
    /// Beyond the range of what exists.
    OutOfRange = OutOfRange, 11, "OUT_OF_RANGE";
    /// The server does not know the method.
    Unimplemented = Unimplemented, 12, "UNIMPLEMENTED";
    /// Something broke inside the server.
    Internal = Internal, 13, "INTERNAL";
    /// The server cannot be reached, or is busy with itself.
    Unavailable = Unavailable, 14, "UNAVAILABLE";
    /// Data was lost.
    DataLoss = DataLoss, 15, "DATA_LOSS";
    /// The caller did not prove who it is.
    Unauthenticated = Unauthenticated, 16, "UNAUTHENTICATED";
}

impl RpcCode {
    pub(crate) fn from_number(number: i32) -> Self {
        Self::of(Code::from(number))
    }
}

impl fmt::Display for RpcCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_grpc() {
        for number in 0..=16 {
            assert_eq!(RpcCode::from_number(number) as i32, number);
        }
        assert_eq!(RpcCode::from_number(99), RpcCode::Unknown);
    }
}
