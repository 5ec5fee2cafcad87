//! Operations of the API as sections of the page.

use super::{
    html::{escape, prose, table, text},
    schemas::name_of,
};
use serde_json::{Map, Value};

const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];

/// One method on one path.
pub struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    what: &'a Value,
}

/// Every operation, by path.
pub fn all(description: &Value) -> Vec<Operation<'_>> {
    description["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(path, methods)| {
            METHODS.iter().filter_map(move |method| {
                let what = methods.get(method)?;
                Some(Operation { method, path, what })
            })
        })
        .collect()
}

impl Operation<'_> {
    fn anchor(&self) -> String {
        escape(&format!(
            "{}{}",
            self.method,
            self.path.replace(['/', '{', '}', '.'], "-")
        ))
    }

    /// Its line in the contents.
    pub fn link(&self) -> String {
        format!(
            "<li><a href=\"#{}\"><b class=\"{m}\">{m}</b> {}</a></li>",
            self.anchor(),
            escape(self.path),
            m = self.method,
        )
    }

    /// All there is to tell.
    pub fn section(&self) -> String {
        let about: String = ["summary", "description"]
            .iter()
            .map(|field| text(&self.what[*field]))
            .filter(|words| !words.is_empty())
            .map(|words| format!("<p>{}</p>", prose(words)))
            .collect();
        format!(
            "<section id=\"{}\"><h2><b class=\"{m}\">{m}</b> <code>{}</code></h2>{about}{}{}{}</section>",
            self.anchor(),
            escape(self.path),
            self.parameters(),
            self.body(),
            self.responses(),
            m = self.method,
        )
    }

    fn parameters(&self) -> String {
        let rows: Vec<Vec<String>> = self.what["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|p| {
                let need = if p["required"] == true {
                    "needed"
                } else {
                    "may be absent"
                };
                vec![
                    format!("<code>{}</code>", escape(text(&p["name"]))),
                    format!("{}, {need}", escape(text(&p["in"]))),
                    name_of(&p["schema"]),
                    prose(text(&p["description"])),
                ]
            })
            .collect();
        table(&["parameter", "where", "type", ""], &rows)
    }

    fn body(&self) -> String {
        let rows: Vec<Vec<String>> = contents(&self.what["requestBody"])
            .map(|(kind, schema)| vec![escape(kind), name_of(schema)])
            .collect();
        table(&["body", ""], &rows)
    }

    fn responses(&self) -> String {
        let empty = Map::new();
        let responses = self.what["responses"].as_object().unwrap_or(&empty);
        let rows: Vec<Vec<String>> = responses
            .iter()
            .map(|(status, response)| {
                let bodies: Vec<String> = contents(response)
                    .map(|(_, schema)| name_of(schema))
                    .collect();
                vec![
                    escape(status),
                    prose(text(&response["description"])),
                    bodies.join(", "),
                ]
            })
            .collect();
        table(&["status", "", "body"], &rows)
    }
}

/// The kinds of body, each with its schema.
fn contents(of: &Value) -> impl Iterator<Item = (&str, &Value)> {
    of["content"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(kind, content)| (kind.as_str(), &content["schema"]))
}
