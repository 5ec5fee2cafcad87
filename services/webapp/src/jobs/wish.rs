//! From the body of `POST /api/v1/jobs` to a wish that can be granted: strict, bounded, nothing ignored.

use super::outputs;
use crate::names;
use reelmill_domain::{
    api::{NewJob, NewSource},
    id::UploadId,
    preset::Preset,
};
use reelmill_runtime::http::{ApiProblem, from_value};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Longest name of a job, in characters.
pub(super) const LONGEST_NAME: usize = 300;
/// Largest metadata, in bytes of JSON.
const LARGEST_METADATA: usize = 16 * 1024;
/// A place in the queue, unless said.
const PRIORITY: u8 = 5;
/// Shortest and longest life of published outputs, in seconds: a minute and ten years.
const LIFE: std::ops::RangeInclusive<u64> = 60..=315_360_000;

/// What a client wants, checked as far as it can be without the database.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub upload: UploadId,
    pub presets: Vec<Preset>,
    pub name: Option<String>,
    pub priority: u8,
    pub strict: bool,
    pub expire_after_s: Option<u64>,
    pub metadata: BTreeMap<String, Value>,
    /// SHA-256 of the body, spelt in one way, hex.
    pub hash: String,
}

impl Wish {
    /// Reads a body.
    pub fn parse(body: Map<String, Value>) -> Result<Self, ApiProblem> {
        check_shapes(&body)?;
        let new: NewJob = from_value(Value::Object(body))?;
        refuse_what_is_not_built(&new)?;
        let canonical = serde_json::to_vec(&new)
            .map_err(|error| ApiProblem::internal("reading the job", &error))?;
        let hash = Sha256::digest(canonical);
        let upload = new.source.and_then(|source| source.upload);
        Ok(Self {
            upload: upload.ok_or_else(|| missing("source.upload"))?,
            presets: outputs::presets(new.outputs)?,
            name: new.name.as_deref().map(name).transpose()?.flatten(),
            priority: priority(new.priority.unwrap_or(PRIORITY))?,
            strict: new.strict.unwrap_or(false),
            expire_after_s: new.expire_after_s.map(life).transpose()?,
            metadata: metadata(new.metadata.unwrap_or_default())?,
            hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

/// serde would take an array for an object, field by field.
fn check_shapes(body: &Map<String, Value>) -> Result<(), ApiProblem> {
    let must_be_object = |field: String, value: &Value| match value {
        Value::Array(_) => Err(invalid(&field, "it must be an object")),
        _ => Ok(()),
    };
    if let Some(source) = body.get("source") {
        must_be_object("source".into(), source)?;
    }
    if let Some(Value::Array(outputs)) = body.get("outputs") {
        for (n, output) in outputs.iter().enumerate() {
            must_be_object(format!("outputs[{n}]"), output)?;
            match output.get("preset") {
                None | Some(Value::String(_) | Value::Object(_)) => {}
                Some(_) => {
                    let field = format!("outputs[{n}].preset");
                    return Err(invalid(&field, "it must be a preset's name, or a preset"));
                }
            }
        }
    }
    Ok(())
}

fn refuse_what_is_not_built(new: &NewJob) -> Result<(), ApiProblem> {
    let NewSource { url, object, .. } = new.source.clone().unwrap_or_default();
    let later = [
        ("sources", new.sources.is_some()),
        ("source.url", url.is_some()),
        ("source.object", object.is_some()),
        ("callback_url", new.callback_url.is_some()),
        ("notify_email", new.notify_email.is_some()),
        ("not_before", new.not_before.is_some()),
        ("deadline", new.deadline.is_some()),
        ("discard_larger", new.discard_larger.is_some()),
        ("destination", new.destination.is_some()),
    ];
    match later.into_iter().find(|(_, asked)| *asked) {
        Some((field, _)) => Err(ApiProblem::not_available_yet(field)),
        None => Ok(()),
    }
}

/// A job's name; nothing is like none.
pub(super) fn name(name: &str) -> Result<Option<String>, ApiProblem> {
    match name.chars().count() > LONGEST_NAME {
        true => Err(invalid(
            "name",
            &format!("it may have {LONGEST_NAME} characters at most"),
        )),
        false => Ok(names::clean(name, LONGEST_NAME)),
    }
}

/// A place in the queue.
pub(super) fn priority(priority: u8) -> Result<u8, ApiProblem> {
    match priority {
        0..=9 => Ok(priority),
        _ => Err(invalid("priority", "it must be from 0 to 9")),
    }
}

fn life(seconds: u64) -> Result<u64, ApiProblem> {
    match LIFE.contains(&seconds) {
        true => Ok(seconds),
        false => Err(invalid(
            "expire_after_s",
            &format!("it must be from {} to {}", LIFE.start(), LIFE.end()),
        )),
    }
}

fn metadata(metadata: BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, ApiProblem> {
    let bytes = serde_json::to_vec(&metadata)
        .map_err(|error| ApiProblem::internal("reading the metadata", &error))?;
    match bytes.len() > LARGEST_METADATA {
        true => Err(invalid("metadata", "it may have 16 KiB at most")),
        false => Ok(metadata),
    }
}

fn missing(field: &str) -> ApiProblem {
    ApiProblem::unprocessable("missing_field", format!("missing field `{field}`")).field(field)
}

pub(super) fn invalid(field: &str, why: &str) -> ApiProblem {
    ApiProblem::unprocessable("invalid_field", format!("{field}: {why}")).field(field)
}
