//! The program.

use crate::client::{Call, USER, create_user, get_user};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program and gives what it greets with, up to its last line.
fn start(args: &[&str]) -> (Program, SocketAddr, Vec<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_momo-gateway"));
    let mut child = command.args(args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let program = Program(child);
    let first = lines.next().unwrap().unwrap();
    let address = first.strip_prefix("listening on http://").unwrap().parse().unwrap();
    let mut greeting = Vec::new();
    for line in lines.map_while(Result::ok) {
        greeting.push(line);
        if greeting
            .last()
            .is_some_and(|line| line.contains(" momo-cred provision") || line.contains("momo-cred import"))
        {
            break;
        }
    }
    (program, address, greeting)
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_momo-gateway")).args(args).output().unwrap()
}

#[test]
fn it_tells_its_address_then_keys_and_an_example() {
    let (_program, address, greeting) = start(&["--seed", "7"]);
    assert!(address.ip().is_loopback());
    let example = greeting.last().unwrap();
    let key = example.trim().strip_prefix("MOMO_CRED_SUBSCRIPTION_KEY=").unwrap().split(' ').next().unwrap();
    assert!(
        example.ends_with(&format!(
            " momo-cred provision --base-url http://{address} --callback-host localhost"
        ))
    );
    assert!(greeting.iter().any(|line| line.contains("collection-primary") && line.ends_with(key)));
    assert!(greeting[0].contains("Not MTN's"));
    assert_eq!(create_user(key, USER).send_to(address).status, 201);
    // Without --control its paths are unknown.
    assert_eq!(Call::get("/_gateway/log").send_to(address).status, 404);
    // The same seed, the same example but for the port.
    let (_again, other, same) = start(&["--seed", "7"]);
    assert_eq!(same.last().unwrap(), &example.replace(&address.to_string(), &other.to_string()));
}

#[test]
fn flags_reach_the_gateway() {
    let (_program, address, greeting) = start(&[
        "--collection-key=collection-fixture",
        "--provisioning-key=provisioning-fixture",
        "--login-failed-status=401",
        "--keys-add-up",
        "--control",
        "--ip-allow-list",
    ]);
    assert!(greeting.iter().any(|line| line.contains("provisioning-fixture")));
    assert_eq!(get_user("collection-fixture", USER).send_to(address).status, 404);
    assert_eq!(get_user("provisioning-fixture", USER).send_to(address).status, 404);
    let login = Call::post("/collection/token/").key("collection-fixture").send_to(address);
    assert_eq!((login.status, login.body.as_str()), (401, r#"{"error":"login_failed"}"#));
    let read = Call::get("/collection/v1_0/account/balance").key("collection-fixture").send_to(address);
    assert_eq!(read.status, 403);
    assert!(Call::get("/_gateway/log").send_to(address).body.contains("\"key\":\"provisioning\""));
}

#[test]
fn production_has_a_user_and_no_provisioning() {
    let (_program, address, greeting) = start(&["--production", "mtnghana"]);
    assert_eq!(get_user("any", USER).send_to(address).status, 404);
    assert!(greeting.iter().any(|line| line.trim().starts_with("API user ")));
    assert!(greeting.last().unwrap().ends_with("--target-environment mtnghana"));
}

#[test]
fn other_addresses_than_loopback_and_bad_keys_are_usage_errors() {
    for args in [["--listen", "0.0.0.0:0"], ["--listen", "localhost"], ["--collection-key", "a b"]] {
        let output = run(&args);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
    }
}

#[test]
fn a_taken_port_is_told_on_stderr() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let output = run(&["--listen", &taken.local_addr().unwrap().to_string()]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("momo-gateway: "));
}

#[test]
fn help_has_examples_and_says_what_it_is_not() {
    let output = run(&["--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for part in ["stand-in, not MTN's", "Examples:", "--production", "--control", "/_gateway/script"] {
        assert!(help.contains(part), "{part}");
    }
}
