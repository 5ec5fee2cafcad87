//! How much an upload may still have.

use super::{
    incoming::{Body, End, Incoming},
    intake::Intake,
    lease::Lease,
};
use futures::StreamExt;
use reelmill_runtime::http::ApiProblem;
use reelmill_store::uploads::Upload;

impl Intake {
    /// Bytes that may still come.
    pub(super) fn room(&self, upload: &Upload) -> u64 {
        upload
            .length
            .unwrap_or(self.largest)
            .saturating_sub(upload.offset)
    }

    /// Refuses a body that says itself that it is too long, before any of it is read.
    pub(super) fn check_room(&self, upload: &Upload, coming: u64) -> Result<(), ApiProblem> {
        match coming > self.room(upload) {
            true => Err(self.excess(upload)),
            false => Ok(()),
        }
    }

    /// The sender says the whole size of an upload that was begun without.
    pub(super) async fn declare(
        &self,
        upload: &mut Upload,
        lease: &Lease,
        length: u64,
    ) -> Result<(), ApiProblem> {
        match upload.length {
            Some(said) if said == length => Ok(()),
            None if length > self.largest => Err(self.too_large()),
            None if length >= upload.offset => {
                upload.length = Some(length);
                self.advance(upload, lease).await
            }
            _ => Err(ApiProblem::bad_request(
                "invalid_header",
                "Upload-Length: the upload has another length already",
            )
            .field("Upload-Length")),
        }
    }

    /// Reads a body for an upload that is complete: only an empty one fits.
    pub(super) async fn nothing_more(
        &self,
        upload: &Upload,
        body: Body,
    ) -> Result<End, ApiProblem> {
        let incoming = Incoming::new(body, 0, None, self.stop.clone());
        incoming.piece(1, None).next().await;
        match incoming.end().await {
            Some(End::Whole) => Ok(End::Whole),
            _ => Err(self.excess(upload)),
        }
    }

    /// 413: more than the upload may have.
    pub(super) fn excess(&self, upload: &Upload) -> ApiProblem {
        match upload.length {
            Some(_) => ApiProblem::too_large(
                "beyond_length",
                "the body has more bytes than the upload is to have",
            ),
            None => self.too_large(),
        }
    }

    /// 413: larger than any upload may be.
    pub(super) fn too_large(&self) -> ApiProblem {
        let largest = self.largest;
        ApiProblem::too_large(
            "upload_too_large",
            format!("an upload may have {largest} bytes at most (limits.upload_bytes)"),
        )
    }
}
