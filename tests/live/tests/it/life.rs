//! Start, seal, crash and restart.

use momo_live::{KvVersion, Storage, Vault, VaultOptions};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn starts_open_and_empty() {
    let Some(vault) = Vault::start() else { return };
    assert_eq!(vault.address(), format!("http://{}", vault.socket()));
    assert_eq!(vault.port(), vault.socket().port());
    let (status, health) = vault.request("GET", "sys/health", "", &Value::Null);
    assert_eq!((status, &health["sealed"]), (200, &json!(false)));
    assert_eq!(vault.lookup(vault.root_token()).unwrap()["policies"], json!(["root"]));
    assert_eq!(vault.request("GET", "secret/x", vault.root_token(), &Value::Null).0, 404);
}

#[test]
fn two_servers_are_apart() {
    let (Some(one), Some(other)) = (Vault::start(), Vault::start()) else { return };
    assert_ne!(one.socket(), other.socket());
    assert_eq!(other.lookup(one.root_token()), None);
}

#[test]
fn a_sealed_server_answers_503() {
    let Some(vault) = Vault::start() else { return };
    vault.mount("secret", KvVersion::V2);
    vault.root("POST", "secret/data/x", &json!({"data": {"a": "1"}}));
    vault.seal();
    let (status, answer) = vault.request("GET", "secret/data/x", vault.root_token(), &Value::Null);
    assert_eq!(status, 503, "{answer}");
    assert_eq!(answer["errors"][0], "Vault is sealed");
    vault.unseal();
    assert_eq!(vault.root("GET", "secret/data/x", &Value::Null)["data"]["data"]["a"], "1");
}

#[test]
fn a_folder_survives_a_crash() {
    let options = VaultOptions { storage: Storage::Folder, ..VaultOptions::default() };
    let Some(mut vault) = Vault::start_with(options) else { return };
    vault.mount("secret", KvVersion::V2);
    vault.root("POST", "secret/data/x", &json!({"data": {"a": "1"}}));
    let (socket, token) = (vault.socket(), vault.token(&["default"], "1h"));

    vault.kill();
    assert!(TcpStream::connect(socket).is_err());
    vault.restart_sealed();
    assert_eq!(vault.request("GET", "sys/health", "", &Value::Null).0, 503);
    vault.unseal();
    vault.restart();
    assert_eq!(vault.socket(), socket);
    assert_eq!(vault.root("GET", "secret/data/x", &Value::Null)["data"]["data"]["a"], "1");
    assert!(vault.lookup(&token).is_some());
}

#[test]
fn nothing_is_left_when_it_is_dropped() {
    let Some(vault) = Vault::start() else { return };
    let (socket, folder) = (vault.socket(), vault.folder().to_owned());
    drop(vault);
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(socket).is_ok() {
        assert!(Instant::now() < deadline, "it still listens");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!folder.exists());
}
