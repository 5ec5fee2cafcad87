//! What a setting is: its name, what it may be, what it is unless said. The list of them all is in [`super::keys`].

/// A setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted: `section.key`.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is unless said.
    pub default: BuiltIn,
    /// What it is for, in one sentence.
    pub about: &'static str,
}

/// What a setting may be.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A whole number in these bounds, both included.
    Whole(u64, u64),
    /// `true` or `false`.
    Bool,
    /// `address:port`.
    Address,
    /// A path; made absolute from the working folder.
    Path,
    /// A program's name or path.
    Program,
    /// Text of 1 to 200 characters.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Log directives as `tracing` takes them.
    Directives,
    /// Names of lanes: lower-case letters, digits and dashes.
    Lanes,
    /// An `http:` or `https:` URL.
    HttpUrl,
    /// Web origins: `scheme://host[:port]` each.
    Origins,
    /// A URL that may hold a password, with one of these schemes.
    SecretUrl(&'static [&'static str]),
    /// A secret through and through: shows as `***`.
    Secret,
}

/// What a setting is unless said.
#[derive(Debug, Clone, Copy)]
pub enum BuiltIn {
    /// This, as it would stand in the environment.
    Is(&'static str),
    /// Found at start, as these words say.
    Found(&'static str),
    /// Not set, which means this.
    Unset(&'static str),
}
