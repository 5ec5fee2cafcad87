//! tus's headers as the API's description shows them. Only described: they are read by `headers.rs`.

use utoipa::IntoParams;

/// Of every request.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only described")]
pub struct Version {
    /// `1.0.0`.
    #[param(rename = "Tus-Resumable", required = false, pattern = r"^1\.0\.0$")]
    version: String,
}

/// Of a creation.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only described")]
pub struct Creation {
    /// `1.0.0` for tus.
    #[param(rename = "Tus-Resumable", required = false, pattern = r"^1\.0\.0$")]
    version: String,
    /// The whole size in bytes.
    #[param(rename = "Upload-Length", required = false)]
    length: u64,
    /// `1` instead of a length: the size will be said later.
    #[param(
        rename = "Upload-Defer-Length",
        required = false,
        minimum = 1,
        maximum = 1
    )]
    deferred: u8,
    /// `filename` and its base64; further pairs after commas are given back by HEAD.
    #[param(
        rename = "Upload-Metadata",
        required = false,
        pattern = "^[A-Za-z0-9_.-]+( ([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)?$"
    )]
    metadata: String,
    /// `md5`, `sha1` or `sha256` and the sum of the body in base64.
    #[param(
        rename = "Upload-Checksum",
        required = false,
        pattern = "^(md5 [A-Za-z0-9+/]{22}==|sha1 [A-Za-z0-9+/]{27}=|sha256 [A-Za-z0-9+/]{43}=)$"
    )]
    checksum: String,
}

/// Of a piece.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only described")]
pub struct Piece {
    /// `1.0.0`.
    #[param(rename = "Tus-Resumable", pattern = r"^1\.0\.0$")]
    version: String,
    /// Where the bytes go: what HEAD says.
    #[param(rename = "Upload-Offset")]
    offset: u64,
    /// The whole size, if it was deferred.
    #[param(rename = "Upload-Length", required = false)]
    length: u64,
    /// `md5`, `sha1` or `sha256` and the sum of the body in base64.
    #[param(
        rename = "Upload-Checksum",
        required = false,
        pattern = "^(md5 [A-Za-z0-9+/]{22}==|sha1 [A-Za-z0-9+/]{27}=|sha256 [A-Za-z0-9+/]{43}=)$"
    )]
    checksum: String,
}
