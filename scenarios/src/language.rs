//! The language itself: files, tables, keys, values, names and what is said about them.

pub(crate) mod diagnostic;
pub(crate) mod document;
pub(crate) mod folder;
pub(crate) mod grammar;
pub(crate) mod include;
pub(crate) mod limits;
pub(crate) mod names;
pub(crate) mod parameter;
pub(crate) mod pem;
pub(crate) mod plain_value;
pub(crate) mod preset;
pub(crate) mod reader;
pub(crate) mod schema;
pub(crate) mod settings;
pub(crate) mod source;
pub(crate) mod suggestion;
pub(crate) mod template;
pub(crate) mod toml_edition;
pub(crate) mod variables;
pub(crate) mod word;
