//! `Upload-Checksum` of tus: the sum that a request's body must have.

use super::base64::lenient;
use md5::Md5;
use reelmill_runtime::http::ApiProblem;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The algorithms, as `Tus-Checksum-Algorithm` lists them.
pub const ALGORITHMS: &str = "md5,sha1,sha256";

/// A sum being made, and what it must come to.
pub struct Digest {
    sum: Sum,
    promised: Vec<u8>,
}

enum Sum {
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Digest {
    /// Reads `Upload-Checksum: <algorithm> <base64>`.
    pub fn parse(header: &str) -> Result<Self, ApiProblem> {
        let (algorithm, promised) = header
            .trim()
            .split_once(' ')
            .ok_or_else(|| malformed("it must be an algorithm, a space and the sum in base64"))?;
        let (sum, length) = match algorithm {
            "md5" => (Sum::Md5(Md5::new()), 16),
            "sha1" => (Sum::Sha1(Sha1::new()), 20),
            "sha256" => (Sum::Sha256(Sha256::new()), 32),
            _ => {
                return Err(ApiProblem::bad_request(
                    "unsupported_checksum",
                    format!("`{algorithm}` is none of {ALGORITHMS}"),
                )
                .field("Upload-Checksum"));
            }
        };
        let promised = lenient(promised).ok_or_else(|| malformed("the sum is not base64"))?;
        if promised.len() != length {
            return Err(malformed("the sum has the wrong length for its algorithm"));
        }
        Ok(Self { sum, promised })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.sum {
            Sum::Md5(sum) => sum.update(bytes),
            Sum::Sha1(sum) => sum.update(bytes),
            Sum::Sha256(sum) => sum.update(bytes),
        }
    }

    /// Whether the sum is what was promised.
    pub fn matches(self) -> bool {
        let made = match self.sum {
            Sum::Md5(sum) => sum.finalize().to_vec(),
            Sum::Sha1(sum) => sum.finalize().to_vec(),
            Sum::Sha256(sum) => sum.finalize().to_vec(),
        };
        made == self.promised
    }
}

fn malformed(why: &str) -> ApiProblem {
    ApiProblem::bad_request("malformed_checksum", why).field("Upload-Checksum")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_algorithms_judge_the_bytes() {
        let sums = [
            "md5 kAFQmDzST7DWlj99KOF/cg==",
            "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
            "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        ];
        for header in sums {
            for (bytes, right) in [(&b"abc"[..], true), (b"abd", false)] {
                let mut digest = Digest::parse(header).unwrap();
                digest.update(bytes);
                assert_eq!(digest.matches(), right, "{header}");
            }
        }
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        for header in ["", "md5", "md5 !!", "md5 YQ==", "crc32 AAAAAA=="] {
            assert!(Digest::parse(header).is_err(), "{header}");
        }
    }
}
