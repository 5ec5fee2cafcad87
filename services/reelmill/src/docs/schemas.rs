//! Schemas of the API as sections of the page.

use super::html::{escape, prose, table, text};
use serde_json::{Map, Value};

/// A section for every named schema.
pub fn sections(schemas: &Value) -> String {
    let empty = Map::new();
    schemas
        .as_object()
        .unwrap_or(&empty)
        .iter()
        .map(|(name, schema)| {
            format!(
                "<section id=\"{n}\"><h3>{n}</h3><p>{}</p>{}</section>",
                prose(text(&schema["description"])),
                shape(schema),
                n = escape(name),
            )
        })
        .collect()
}

fn shape(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object() else {
        return format!("<p>{}</p>", name_of(schema));
    };
    let required = |name: &str| {
        let all = schema["required"].as_array();
        all.is_some_and(|all| all.iter().any(|r| r == name))
    };
    let rows: Vec<Vec<String>> = properties
        .iter()
        .map(|(name, property)| {
            let optional = if required(name) {
                ""
            } else {
                ", may be absent"
            };
            vec![
                format!("<code>{}</code>", escape(name)),
                format!("{}{optional}", name_of(property)),
                prose(text(&property["description"])),
            ]
        })
        .collect();
    table(&["field", "type", ""], &rows)
}

/// A schema in one line, linked when it has a section.
pub fn name_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = escape(reference.rsplit('/').next().unwrap_or(reference));
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    for any in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[any].as_array() {
            return joined(all.iter().map(name_of));
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return joined(
            values
                .iter()
                .map(|v| format!("<code>{}</code>", escape(&v.to_string()))),
        );
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", name_of(&schema["items"])),
        Value::String(kind) => simple(kind, schema),
        Value::Array(kinds) => {
            let list = |kind: &str| match kind {
                "array" => format!("list of {}", name_of(&schema["items"])),
                other => simple(other, schema),
            };
            joined(kinds.iter().map(|kind| list(text(kind))))
        }
        _ => "anything".into(),
    }
}

fn simple(kind: &str, schema: &Value) -> String {
    match schema["format"].as_str() {
        Some(format) if kind != "null" => format!("{} ({})", escape(kind), escape(format)),
        _ => escape(kind),
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" or ")
}
