//! A bucket of its own on a real server, for one test, which goes when the test is over.
#![allow(dead_code, reason = "each test file uses its share")]

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region, RequestChecksumCalculation},
    types::{Delete, ObjectIdentifier},
};
use reelmill_faults::Proxy;
use reelmill_objects::ObjectStore;
use reelmill_s3::{S3Config, S3Store};
use std::{env, sync::Arc};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

/// The test servers' key. To try another store, point a server's variable there and set these two.
pub fn key() -> String {
    env::var("REELMILL_TEST_S3_ACCESS_KEY").unwrap_or_else(|_| "test:tester".into())
}

/// Its secret.
pub fn secret() -> String {
    env::var("REELMILL_TEST_S3_SECRET_KEY").unwrap_or_else(|_| "testing".into())
}

/// Where a test server answers.
pub fn server(variable: &str) -> Url {
    let url = env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run `scripts/servers.sh start` and `eval \"$(scripts/servers.sh env)\"`")
    });
    url.parse().unwrap()
}

/// A client that does as it is told.
pub fn client(endpoint: &Url) -> Client {
    let conf = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(key(), secret(), None, None, "test"))
        .endpoint_url(endpoint.as_str())
        .force_path_style(true)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .build();
    Client::from_conf(conf)
}

/// A bucket, and what a test needs around it.
pub struct Place {
    /// Goes to the server itself.
    pub client: Client,
    server: Url,
    pub config: S3Config,
    pub folder: TempDir,
}

impl Place {
    /// On the server that the variable names.
    pub async fn make(variable: &str) -> Self {
        let endpoint = server(variable);
        let client = client(&endpoint);
        let bucket = format!("t-{}", Uuid::now_v7().simple());
        client.create_bucket().bucket(&bucket).send().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self {
            client,
            server: endpoint.clone(),
            config: S3Config {
                bucket,
                prefix: "reel/mill".into(),
                endpoint: Some(endpoint),
                public_endpoint: None,
                region: "us-east-1".into(),
                access_key: Some(key()),
                secret_key: Some(secret()),
                path_style: true,
                memory_bytes: 64 << 20,
                spool: folder.path().join("spool"),
                parallel: 4,
            },
            folder,
        }
    }

    /// The same, with a proxy before the store that passes everything until it is told otherwise.
    pub async fn make_broken(variable: &str) -> (Self, Proxy) {
        let mut place = Self::make(variable).await;
        let endpoint = server(variable);
        let upstream = format!(
            "{}:{}",
            endpoint.host_str().unwrap(),
            endpoint.port().unwrap()
        );
        let proxy = Proxy::http(&upstream).await.unwrap();
        place.config.endpoint = Some(proxy.url().parse().unwrap());
        (place, proxy)
    }

    /// The store in it.
    pub async fn store(&self) -> Arc<S3Store> {
        S3Store::open(self.config.clone()).await.unwrap()
    }

    /// All names in the bucket.
    pub async fn names(&self) -> Vec<String> {
        let bucket = &self.config.bucket;
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .into_paginator()
            .send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            all.extend(
                page.unwrap()
                    .contents()
                    .iter()
                    .map(|o| o.key().unwrap().to_owned()),
            );
        }
        all
    }

    /// All multipart uploads in the bucket: key and id.
    pub async fn multiparts(&self) -> Vec<(String, String)> {
        let bucket = &self.config.bucket;
        let listed = self.client.list_multipart_uploads().bucket(bucket).send();
        let listed = listed.await.unwrap();
        listed
            .uploads()
            .iter()
            .map(|u| {
                (
                    u.key().unwrap().to_owned(),
                    u.upload_id().unwrap().to_owned(),
                )
            })
            .collect()
    }

    async fn remove(&self) {
        let bucket = &self.config.bucket;
        for (key, id) in self.multiparts().await {
            let abort = self.client.abort_multipart_upload();
            let abort = abort.bucket(bucket).key(key).upload_id(id).send();
            // Another may have ended it meanwhile.
            drop(abort.await);
        }
        for names in self.names().await.chunks(500) {
            let all: Vec<ObjectIdentifier> = names
                .iter()
                .map(|n| ObjectIdentifier::builder().key(n).build().unwrap())
                .collect();
            let delete = Delete::builder().set_objects(Some(all)).build().unwrap();
            let request = self.client.delete_objects().bucket(bucket).delete(delete);
            request.send().await.unwrap();
        }
        drop(self.client.delete_bucket().bucket(bucket).send().await);
    }
}

impl Place {
    /// Removes the bucket when that is dropped.
    pub fn behind(self) -> Behind {
        Behind(Some(self))
    }
}

/// Removes the bucket when it is dropped.
pub struct Behind(Option<Place>);

impl std::ops::Deref for Behind {
    type Target = Place;

    fn deref(&self) -> &Place {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        let Some(mut place) = self.0.take() else {
            return;
        };
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            // Connections belong to the runtime that made them.
            place.client = client(&place.server);
            runtime.block_on(place.remove());
        });
        if cleaning.join().is_err() && !std::thread::panicking() {
            panic!("the bucket could not be removed");
        }
    }
}

/// An empty store on the server that the variable names.
pub async fn fresh(variable: &str) -> (Arc<dyn ObjectStore>, Behind) {
    let place = Place::make(variable).await;
    let store = place.store().await;
    (store, place.behind())
}
