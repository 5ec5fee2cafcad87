//! A real Keystone, and a Swift that takes its tokens alone: `scripts/servers.sh start keystone`. Tokens live 20 s there.

use reelmill_faults::{Fault, Proxy, Rule};
use reelmill_objects::{
    ObjectStore,
    suite::{incoming, pattern, whole},
};
use reelmill_swift::{Identity, Interface, Secret, SwiftAuth, SwiftConfig, SwiftStore};
use reqwest::Method;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration, time::Instant};
use uuid::Uuid;

const MIB: usize = 1024 * 1024;

fn keystone_url() -> String {
    std::env::var("REELMILL_TEST_KEYSTONE").expect(
        "REELMILL_TEST_KEYSTONE is not set: run `scripts/servers.sh start` and set what it prints",
    )
}

fn password(user: &str, password: &str) -> Identity {
    Identity::Password {
        user: user.into(),
        password: Secret::new(password),
        user_domain: "Default".into(),
        project: "films".into(),
        project_domain: "Default".into(),
    }
}

fn config(url: &str, who: Identity) -> SwiftConfig {
    let auth = SwiftAuth::V3 {
        url: url.to_owned(),
        who,
        interface: Interface::Public,
    };
    let container = format!("t-{}", Uuid::new_v4().simple());
    let mut config = SwiftConfig::new(container, auth, std::env::temp_dir());
    config.region = Some("here".into());
    config.piece_bytes = MIB as u64;
    config
}

fn open(url: &str, who: Identity) -> Arc<SwiftStore> {
    SwiftStore::open(config(url, who)).unwrap()
}

/// Keystone's API, as some user.
struct Api {
    http: reqwest::Client,
    token: String,
    user: String,
}

impl Api {
    async fn log_in(user: &str, project: &str) -> Self {
        let http = reqwest::Client::new();
        let domain = json!({"name": "Default"});
        let user = json!({"name": user, "domain": domain, "password": "testing"});
        let answer = http
            .post(format!("{}/auth/tokens", keystone_url()))
            .json(&json!({"auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": project, "domain": domain}},
            }}))
            .send()
            .await
            .unwrap();
        let token = answer.headers()["X-Subject-Token"]
            .to_str()
            .unwrap()
            .to_owned();
        let body: Value = answer.json().await.unwrap();
        let user = body["token"]["user"]["id"].as_str().unwrap().to_owned();
        Self { http, token, user }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self
            .http
            .request(method, format!("{}{path}", keystone_url()));
        let request = request.header("X-Auth-Token", &self.token).json(&body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

/// An upload of several segments, its URL, its end.
async fn works(store: &SwiftStore) {
    let data = pattern(2 * MIB + 9, 1);
    let state = store.uploads().begin("u", None).await.unwrap();
    let done = store
        .uploads()
        .append("u", state, 0, incoming(&data, 60_000))
        .await
        .unwrap();
    store
        .uploads()
        .finish("u", done.state, done.offset)
        .await
        .unwrap();
    assert!(whole(store, "u").await == data);
    let url = store
        .presign("u", Duration::from_secs(60))
        .await
        .unwrap()
        .unwrap();
    let got = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    assert!(got == data);
    store.delete("u").await.unwrap();
    assert!(store.list("", None, 10).await.unwrap().objects.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_renewed_before_it_ends() {
    let real = url::Url::parse(&keystone_url()).unwrap();
    let upstream = format!("{}:{}", real.host_str().unwrap(), real.port().unwrap());
    let proxy = Proxy::http(&upstream).await.unwrap();
    let logins = proxy.add(Rule::new(Fault::Delay(Duration::ZERO)).method("POST"));
    let store = open(
        &format!("{}/v3", proxy.url().trim_end_matches('/')),
        password("encoder", "testing"),
    );
    works(&store).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while logins.count() < 2 {
        assert!(Instant::now() < deadline, "no token was renewed");
        store.check().await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_credential_logs_in() {
    let api = Api::log_in("encoder", "films").await;
    let path = format!("/users/{}/application_credentials", api.user);
    let name = Uuid::new_v4().to_string();
    let made = api
        .call(
            Method::POST,
            &path,
            json!({"application_credential": {"name": name}}),
        )
        .await;
    let made = &made["application_credential"];
    let store = open(
        &keystone_url(),
        Identity::ApplicationCredential {
            id: made["id"].as_str().unwrap().to_owned(),
            secret: Secret::new(made["secret"].as_str().unwrap()),
        },
    );
    works(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_revoked_is_replaced() {
    let user = format!("u-{}", Uuid::new_v4().simple());
    let admin = Api::log_in("admin", "admin").await;
    let made = json!({"user": {"name": user, "password": "testing", "domain_id": "default"}});
    let made = admin.call(Method::POST, "/users", made).await;
    let id = made["user"]["id"].as_str().unwrap();
    let projects = admin
        .call(Method::GET, "/projects?name=films", json!({}))
        .await;
    let roles = admin
        .call(Method::GET, "/roles?name=member", json!({}))
        .await;
    let project = projects["projects"][0]["id"].as_str().unwrap();
    let role = roles["roles"][0]["id"].as_str().unwrap();
    let grant = format!("/projects/{project}/users/{id}/roles/{role}");
    admin.call(Method::PUT, &grant, json!({})).await;

    let store = open(&keystone_url(), password(&user, "testing"));
    store.put_bytes("o", "x".into()).await.unwrap();
    let admin = Api::log_in("admin", "admin").await;
    let path = format!("/users/{id}");
    // Every token of a user that is disabled is revoked, and stays so.
    admin
        .call(Method::PATCH, &path, json!({"user": {"enabled": false}}))
        .await;
    let refused = store.head("o").await.unwrap_err().to_string();
    assert!(refused.contains("refuses this user"), "{refused}");
    let admin = Api::log_in("admin", "admin").await;
    admin
        .call(Method::PATCH, &path, json!({"user": {"enabled": true}}))
        .await;
    assert_eq!(whole(&*store, "o").await, b"x");
    store.delete("o").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said() {
    let wrong = open(&keystone_url(), password("encoder", "wrong-secret"));
    let said = wrong.check().await.unwrap_err().to_string();
    assert!(said.contains("check user, key or password"), "{said}");
    assert!(!said.contains("wrong-secret"));
    let mut elsewhere = config(&keystone_url(), password("encoder", "testing"));
    elsewhere.region = Some("nowhere".into());
    let said = SwiftStore::open(elsewhere)
        .unwrap()
        .check()
        .await
        .unwrap_err()
        .to_string();
    assert!(said.contains("object-store in region nowhere"), "{said}");
    let away = open("http://127.0.0.1:1/v3", password("encoder", "testing"));
    let said = away.check().await.unwrap_err().to_string();
    assert!(said.contains("no connection"), "{said}");
}
