//! The presets that a job asks for: by name, or inline and then as strict as a file.

use super::wish::invalid;
use reelmill_domain::{
    api::{NameOrPreset, NewOutput},
    preset::{NOT_YET, Preset, PresetError, by_name},
};
use reelmill_runtime::http::ApiProblem;

/// Most outputs of a job.
const MOST: usize = 32;

/// The presets, in the order asked.
pub(super) fn presets(outputs: Vec<NewOutput>) -> Result<Vec<Preset>, ApiProblem> {
    if !(1..=MOST).contains(&outputs.len()) {
        return Err(invalid(
            "outputs",
            &format!("there must be 1 to {MOST} of them"),
        ));
    }
    let named = |n| format!("outputs[{n}].preset");
    outputs
        .into_iter()
        .enumerate()
        .map(|(n, output)| match output.preset {
            NameOrPreset::Name(name) => shipped(&name, named(n)),
            NameOrPreset::Inline(recipe) => {
                Preset::from_json(recipe).map_err(|error| refused(&error, &named(n)))
            }
        })
        .collect()
}

fn shipped(name: &str, field: String) -> Result<Preset, ApiProblem> {
    match by_name(name) {
        Some(preset) => Ok(preset.clone()),
        None if NOT_YET.contains(&name) => Err(ApiProblem::unprocessable(
            "not_available_yet",
            format!("preset `{name}` is not available in this version yet"),
        )
        .field(field)),
        None => Err(ApiProblem::unprocessable(
            "unknown_preset",
            format!("there is no preset `{name}`; GET /api/v1/presets lists them"),
        )
        .field(field)),
    }
}

fn refused(error: &PresetError, preset: &str) -> ApiProblem {
    let words = error.to_string();
    let field = match error {
        PresetError::Invalid { field, .. } => format!("{preset}.{field}"),
        PresetError::Malformed(_) => preset.to_owned(),
    };
    ApiProblem::unprocessable("invalid_preset", words).field(field)
}
