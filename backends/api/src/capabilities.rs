//! What a store can do, as plain data.

/// What a store can do. Each field is tested both ways by the suite: on, it works; off, the call is
/// [`Unsupported`](crate::ErrorKind::Unsupported) and nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Writes are atomic against their expectation. Off: an expectation is only checked by a read before.
    pub compare_and_swap: bool,
    /// Removals are atomic against their expectation. Off: it is only checked by a read before.
    pub compare_and_remove: bool,
    /// Earlier versions can be listed and read.
    pub history: bool,
    /// Records can be enumerated.
    pub list: bool,
    /// Which removals there are.
    pub remove: Removes,
    /// The command of the store's own tools that brings a removed record back, for people.
    pub undelete: Option<&'static str>,
    /// Which strings a field can hold.
    pub values: Values,
}

/// Which removals a store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removes {
    /// None.
    Nothing,
    /// Only [`Removal::Destroy`](crate::Removal::Destroy).
    ForGood,
    /// Both.
    Recoverably,
}

/// Which strings a field can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Any Unicode string.
    Any,
    /// The empty string and strings of `A-Z a-z 0-9 . _ / : @ % + , -`: what every reader of a dotenv file agrees
    /// on. Anything else is refused before a change.
    Portable,
}

impl Values {
    /// Whether `byte` may stand in a portable value.
    pub const fn portable(byte: u8) -> bool {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_' | b'/' | b':' | b'@' | b'%' | b'+' | b',' | b'-')
    }
}
