//! A place of a test's own on the servers that `scripts/servers.sh` starts: a database, a virtual host, a bucket. Gone with the
//! test, also when it fails.

use reelmill_broker::Broker;
use reelmill_objects::ObjectStore;
use reelmill_rabbitmq::{RabbitBroker, RabbitConfig};
use reelmill_s3::{S3Config, S3Store};
use reqwest::{Client, Method};
use sea_orm::{ConnectionTrait, Database};
use std::{path::Path, sync::Arc};
use uuid::Uuid;

pub struct Cluster {
    name: String,
    mysql: String,
    amqp: String,
    api: String,
    moto: String,
}

fn variable(name: &str) -> String {
    let found = std::env::var(name);
    let found = found.unwrap_or_else(|_| {
        panic!(
            "{name} is not set: scripts/servers.sh start, then eval \"$(scripts/servers.sh env)\""
        )
    });
    found.trim_end_matches('/').to_owned()
}

impl Cluster {
    pub async fn make() -> Self {
        let cluster = Self {
            name: format!("status-{}", Uuid::now_v7().simple()),
            mysql: variable("REELMILL_TEST_MYSQL"),
            amqp: variable("REELMILL_TEST_AMQP"),
            api: variable("REELMILL_TEST_AMQP_API"),
            moto: variable("REELMILL_TEST_MOTO"),
        };
        cluster.sql("CREATE DATABASE").await;
        cluster.vhost(Method::PUT).await;
        ask(Method::PUT, &format!("{}/{}", cluster.moto, cluster.name)).await;
        cluster
    }

    pub fn database_url(&self) -> String {
        format!("{}/{}", self.mysql, self.name)
    }

    pub async fn broker(&self) -> Arc<dyn Broker> {
        let config = RabbitConfig {
            url: format!("{}/{}", self.amqp, self.name),
            connection_name: self.name.clone(),
        };
        RabbitBroker::connect(config).await.unwrap()
    }

    pub async fn objects(&self, spool: &Path) -> Arc<dyn ObjectStore> {
        S3Store::open(S3Config {
            bucket: self.name.clone(),
            prefix: "reelmill".into(),
            endpoint: Some(self.moto.parse().unwrap()),
            public_endpoint: None,
            region: "us-east-1".into(),
            access_key: Some("test:tester".into()),
            secret_key: Some("testing".into()),
            path_style: true,
            memory_bytes: 64 << 20,
            spool: spool.to_owned(),
            parallel: 4,
        })
        .await
        .unwrap()
    }

    async fn sql(&self, what: &str) {
        let admin = Database::connect(&self.mysql).await.unwrap();
        let statement = format!("{what} `{}`", self.name);
        admin.execute_unprepared(&statement).await.unwrap();
        admin.close().await.unwrap();
    }

    async fn vhost(&self, method: Method) {
        ask(method, &format!("{}/api/vhosts/{}", self.api, self.name)).await;
    }

    async fn drop_bucket(&self) {
        let objects = self.objects(&std::env::temp_dir()).await;
        loop {
            let page = objects.list("", None, 1000).await.unwrap();
            if page.objects.is_empty() {
                break;
            }
            for object in page.objects {
                objects.delete(&object.key).await.unwrap();
            }
        }
        let bucket = format!("{}/{}", self.moto, self.name);
        ask(Method::DELETE, &bucket).await;
    }
}

async fn ask(method: Method, url: &str) {
    let request = Client::new().request(method, url);
    let request = request.header("content-type", "application/json");
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{url}: {}", answer.status());
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let ended = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap();
                    runtime.block_on(async {
                        self.vhost(Method::DELETE).await;
                        self.sql("DROP DATABASE").await;
                        self.drop_bucket().await;
                    });
                })
                .join()
        });
        assert!(
            ended.is_ok() || std::thread::panicking(),
            "the servers could not be tidied up"
        );
    }
}
