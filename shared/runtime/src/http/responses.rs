//! Problems in the OpenAPI document: any request may be answered with one.

use super::PROBLEM_JSON;
use reelmill_domain::api::Problem;
use std::collections::BTreeMap;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

/// For `responses(…, Problems)` of a path.
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = |words: &str| {
            let schema = Ref::from_schema_name(Problem::name());
            let content = ContentBuilder::new().schema(Some(schema)).build();
            RefOr::T(
                ResponseBuilder::new()
                    .description(words)
                    .content(PROBLEM_JSON, content)
                    .build(),
            )
        };
        BTreeMap::from([
            (
                "4XX".to_owned(),
                problem("It can't be done as asked: the code says why"),
            ),
            (
                "5XX".to_owned(),
                problem("It can't be done now: out of space, or out of order"),
            ),
        ])
    }
}
