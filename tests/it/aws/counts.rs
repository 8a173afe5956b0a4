//! Which calls a command makes, and that they share a connection.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use momo_live::Tap;

use super::stage::{ENDPOINT, NAME, Stage, old_key};

/// The operations so far, in order.
fn operations(tap: &Tap) -> Vec<String> {
    let name = |line: &String| line.strip_prefix("POST / ").unwrap_or(line).to_owned();
    tap.requests().iter().map(name).collect()
}

#[test]
fn reading_commands_make_one_call() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    for args in [&["exec", "--", "true"][..], &["status"], &["verify"], &["exec", "--explain"]] {
        let tap = stage.tap();
        let _ = stage.momo(args).env(ENDPOINT, tap.address()).run().code(0);
        assert_eq!(operations(&tap), ["GetSecretValue"], "{args:?}");
    }
}

#[test]
fn three_records_are_one_call_and_two_are_two() {
    let Some(stage) = Stage::new().map(Stage::with_old) else { return };
    let mut file = String::new();
    for name in ["a", "b", "c"] {
        let record = format!("{NAME}/{name}");
        stage.put(&record, &stage.secret());
        file +=
            &format!("[profiles.{name}]\nstore = \"aws:{record}\"\nenv.prefix = {:?}\n", name.to_uppercase());
    }
    stage.sandbox.write("momo.toml", file, 0o644);
    let tap = stage.tap();
    let stage = stage.through(tap.address());
    for (profiles, calls) in
        [("a,b,c", &["BatchGetSecretValue"][..]), ("a,b", &["GetSecretValue", "GetSecretValue"])]
    {
        tap.forget();
        let args = ["exec", "--config", "momo.toml", "-p", profiles, "--", "printenv", "B_API_KEY"];
        // A location in the environment goes before those of the profiles.
        let ran = stage.momo(&args).env("MOMO_CRED_STORE", "").run().code(0);
        assert_eq!(ran.out().trim_end(), old_key().value());
        assert_eq!(operations(&tap), calls);
    }
}

/// The whole conversations of `provision` with the service, in order.
#[test]
fn what_provision_asks_of_the_service() {
    let Some(stage) = Stage::new() else { return };
    let tap = stage.tap();
    let stage = stage.through(tap.address());
    // What is there, what would keep a write from working, the record as it is now.
    let look = ["GetSecretValue", "DescribeSecret", "GetSecretValue"];
    let replace = ["PutSecretValue", "UpdateSecretVersionStage"];
    // Whether the claim is still ours, the new credential, and the revision that this made.
    let publish = [&["GetSecretValue"][..], &replace, &["GetSecretValue"]].concat();

    let _ = stage.run(&["provision"]).code(0);
    assert_eq!(operations(&tap), [&look[..], &["CreateSecret"], &publish].concat());

    tap.forget();
    let _ = stage.run(&["provision", "--replace"]).code(0);
    assert_eq!(operations(&tap), [&look[..], &replace, &publish].concat());
}

/// moto closes after each answer, and the service does not: what stands before it here says nothing of that.
#[test]
fn calls_share_a_connection() {
    let Some(stage) = Stage::new() else { return };
    let (address, connections) = lasting(stage.socket());
    let stage = stage.through(format!("http://{address}"));
    let _ = stage.run(&["provision"]).code(0);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    let _ = stage.run(&["provision", "--replace"]).code(0);
    assert_eq!(connections.load(Ordering::Relaxed), 2);
}

/// A proxy whose connections last, and their number.
fn lasting(upstream: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let connections = Arc::clone(&count);
    // Ends with the test's process: it waits for connections and for nothing else.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::Relaxed);
            std::thread::spawn(move || drop(relay(&stream, upstream)));
        }
    });
    (address, connections)
}

/// Request by request, until the client leaves.
fn relay(mut client: &TcpStream, upstream: SocketAddr) -> io::Result<()> {
    let mut requests = BufReader::new(client.try_clone()?);
    loop {
        let (mut request, mut length) = (Vec::new(), 0);
        while !request.ends_with(b"\r\n\r\n") {
            let mut line = String::new();
            if requests.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = number.trim().parse().unwrap();
            }
            request.extend_from_slice(line.as_bytes());
        }
        let head = request.len();
        request.resize(head + length, 0);
        requests.read_exact(&mut request[head..])?;
        let mut server = TcpStream::connect(upstream)?;
        server.write_all(&request)?;
        server.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        server.read_to_string(&mut answer)?;
        client.write_all(answer.replacen("Connection: close\r\n", "", 1).as_bytes())?;
    }
}
