//! JSON lines for the runtime's log: a level, a message, fields. Never tokens, never bodies.

use serde_json::{Value, json};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Part of normal work.
    Info,
    /// Handled, but worth a look.
    Warn,
    /// Something is broken.
    Error,
}

/// Writes one line. `fields` is a JSON object.
pub(crate) fn write(level: Level, message: &str, fields: Value) {
    let mut line = json!({ "level": word(level), "message": message, "part": "edge", "at": crate::clock::now() });
    if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
        line.extend(fields);
    }
    match level {
        Level::Info => worker::console_log!("{line}"),
        Level::Warn => worker::console_warn!("{line}"),
        Level::Error => worker::console_error!("{line}"),
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}
