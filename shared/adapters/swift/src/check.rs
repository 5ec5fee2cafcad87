//! Whether the store can be used now: something can be written, read and removed again where runs keep their files. A user
//! who may do only half of this is no use to a worker.

use crate::{
    core::Core,
    errors::Attempt,
    http::{Target, succeeded},
    piece::md5_hex,
};
use reelmill_objects::ObjectError;
use reqwest::{Method, Response, StatusCode, header::ETAG};

/// What a trial write holds.
const TRIAL: &[u8] = b"reelmill";

/// How often a trial is sent: whoever asks for health wants to know soon.
const TRIES: u32 = 2;

/// Seconds after which Swift removes a trial by itself.
const EXPIRES_S: u32 = 300;

/// Tries it out. A container that isn't there is made.
pub async fn check(core: &Core) -> Result<(), ObjectError> {
    let on = |what| Attempt {
        what,
        key: &core.config.container,
    };
    let name = core.names.trial();
    write(core, on("writing to the Swift container"), &name).await?;
    let read = read(core, on("reading from the Swift container"), &name).await;
    let removing = on("removing from the Swift container");
    let gone = ask(core, removing, Method::DELETE, &name).await?;
    if gone.status() != StatusCode::NOT_FOUND {
        succeeded(removing, gone).await?;
    }
    read
}

async fn write(core: &Core, attempt: Attempt<'_>, name: &str) -> Result<(), ObjectError> {
    let etag = md5_hex(TRIAL);
    for may_make in [true, false] {
        let answer = core
            .http
            .send_patiently(TRIES, attempt, Method::PUT, Target::Object(name), |r| {
                r.header(ETAG, &etag)
                    .header("X-Delete-After", EXPIRES_S)
                    .body(TRIAL)
            })
            .await?;
        match answer.status() {
            StatusCode::NOT_FOUND if may_make => core.http.make_container(attempt).await?,
            StatusCode::NOT_FOUND => break,
            _ => return succeeded(attempt, answer).await.map(drop),
        }
    }
    Err(attempt.misconfigured("it is not there and can't be made"))
}

/// Reads what was written. A replica that lags may not know it yet: who is told so may read.
async fn read(core: &Core, attempt: Attempt<'_>, name: &str) -> Result<(), ObjectError> {
    let answer = ask(core, attempt, Method::GET, name).await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(());
    }
    let answer = succeeded(attempt, answer).await?;
    let bytes = answer.bytes().await.map_err(|e| attempt.unreachable(e))?;
    if bytes == TRIAL {
        Ok(())
    } else {
        Err(attempt.because("what came back is not what was written"))
    }
}

async fn ask(
    core: &Core,
    attempt: Attempt<'_>,
    method: Method,
    name: &str,
) -> Result<Response, ObjectError> {
    let target = Target::Object(name);
    core.http
        .send_patiently(TRIES, attempt, method, target, |r| r)
        .await
}
