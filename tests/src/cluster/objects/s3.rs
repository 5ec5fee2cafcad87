//! A bucket of a cluster's own.

use super::Stored;
use crate::cluster::process::at_the_end;
use anyhow::{Context, Result};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    BehaviorVersion, Config, Credentials, Region, RequestChecksumCalculation,
};

const ACCESS_KEY: &str = "test:tester";
const SECRET_KEY: &str = "testing";

/// A bucket with a random name; deleted with all that is in it.
#[derive(Debug)]
pub struct S3 {
    endpoint: String,
    bucket: String,
    client: Client,
}

impl S3 {
    /// Makes one.
    pub async fn create(endpoint: &str) -> Result<Self> {
        let bucket = format!("cluster-{}", uuid::Uuid::now_v7().simple());
        let client = client(endpoint);
        let made = client.create_bucket().bucket(&bucket).send().await;
        made.with_context(|| format!("making a bucket at {endpoint}"))?;
        Ok(Self {
            endpoint: endpoint.to_owned(),
            bucket,
            client,
        })
    }

    /// Its name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("storage.url", format!("s3://{}", self.bucket)),
            ("storage.endpoint", self.endpoint.clone()),
            ("storage.access_key", ACCESS_KEY.into()),
            ("storage.secret_key", SECRET_KEY.into()),
        ]
    }

    pub(super) async fn list(&self) -> Result<Vec<Stored>> {
        list(&self.client, &self.bucket).await
    }

    /// Multipart uploads that are open, as `KEY (multipart upload ID)`.
    pub(super) async fn multipart_uploads(&self) -> Result<Vec<String>> {
        let uploads = open_uploads(&self.client, &self.bucket).await?;
        let shown = uploads.into_iter();
        Ok(shown
            .map(|(key, id)| format!("{key} (multipart upload {id})"))
            .collect())
    }
}

fn client(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(
            ACCESS_KEY, SECRET_KEY, None, None, "tests",
        ))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
    Client::from_conf(config.build())
}

async fn list(client: &Client, bucket: &str) -> Result<Vec<Stored>> {
    let mut found = Vec::new();
    let mut pages = client
        .list_objects_v2()
        .bucket(bucket)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        for object in page?.contents.unwrap_or_default() {
            found.push(Stored {
                key: object.key.context("an object without a key")?,
                bytes: u64::try_from(object.size.unwrap_or(0))?,
            });
        }
    }
    Ok(found)
}

/// At most the first thousand, which no test should come near.
async fn open_uploads(client: &Client, bucket: &str) -> Result<Vec<(String, String)>> {
    let answer = client
        .list_multipart_uploads()
        .bucket(bucket)
        .send()
        .await?;
    let uploads = answer.uploads.unwrap_or_default().into_iter();
    uploads
        .map(|u| Some((u.key?, u.upload_id?)))
        .map(|pair| pair.context("a multipart upload without key or id"))
        .collect()
}

impl Drop for S3 {
    fn drop(&mut self) {
        let (endpoint, bucket) = (self.endpoint.clone(), self.bucket.clone());
        at_the_end("deleting a bucket", async move {
            let client = client(&endpoint);
            for (key, id) in open_uploads(&client, &bucket).await? {
                let abort = client.abort_multipart_upload().bucket(&bucket);
                abort.key(key).upload_id(id).send().await?;
            }
            for object in list(&client, &bucket).await? {
                client
                    .delete_object()
                    .bucket(&bucket)
                    .key(object.key)
                    .send()
                    .await?;
            }
            client.delete_bucket().bucket(&bucket).send().await?;
            Ok(())
        });
    }
}
