//! `exec --file` and `exec --token`: what a program gets in another form than as a value in a variable.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;

use momo_cred_backend_testkit::Canary;
use momo_gateway::{Bound, Config, Gateway, Operation, PresetUser, Product};

use crate::exec::copy_of_the_binary;
use crate::sandbox::{MOMO_CRED, Momo, Sandbox};

const USER: &str = "01234567-89ab-4def-8123-456789abcdef";

/// A hand-written record, with a canary for its API key.
fn record(sandbox: &Sandbox, file: &str) -> [Canary; 2] {
    let canaries = ["subscription key", "api key"].map(|name| Canary::hex(format!("{file} {name}")));
    let [subscription, api] = [canaries[0].value(), canaries[1].value()];
    let text = format!("MOMO_SUBSCRIPTION_KEY={subscription}\nMOMO_API_USER={USER}\nMOMO_API_KEY={api}\n");
    sandbox.write(file, text, 0o600);
    canaries
}

/// What a shell script says that `exec` starts.
fn says(momo: Momo) -> Vec<String> {
    momo.run().code(0).out().lines().map(str::to_owned).collect()
}

#[test]
fn a_field_in_a_file_is_read_by_the_program_and_what_it_starts_and_lies_nowhere() {
    let sandbox = Sandbox::new();
    let [subscription, api] = record(&sandbox, ".env");
    // Twice by its path, once through a program of the program, and once from the descriptor itself.
    let script = "cat $MOMO_API_KEY_FILE; echo; cat $MOMO_API_KEY_FILE; echo; sh -c 'cat $MOMO_API_KEY_FILE'; echo; \
                  cat <&${MOMO_API_KEY_FILE##*/}; echo; stat -Lc %a $MOMO_API_KEY_FILE; echo x >$MOMO_API_KEY_FILE; \
                  env | grep -c ^MOMO_API_KEY=; echo $MOMO_SUBSCRIPTION_KEY";
    let said = says(sandbox.momo(["exec", "--file", "api_key", "--", "bash", "-c", script]));
    let key = api.value();
    assert_eq!(said, [key, key, key, key, "444", "0", subscription.value()]);
    sandbox.assert_no_leak(&[api], &[sandbox.path(".env")]);
}

/// A stale path of the parent is replaced, and the plain variable is gone although the parent had it.
#[test]
fn names_of_files_are_managed_as_all_others() {
    let sandbox = Sandbox::new();
    let [_, api] = record(&sandbox, ".env");
    let script = "cat $MOMO_API_KEY_FILE; echo; cat $USER_OF_IT; echo; cat $MOMO_TARGET_ENVIRONMENT_FILE; echo; \
                  echo ${MOMO_API_KEY-unset} ${MOMO_API_USER-unset}";
    let args = ["exec", "--file=api_key", "--file=api_user=USER_OF_IT", "--file=target_environment"];
    let momo = sandbox.momo(args.into_iter().chain(["--", "sh", "-c", script]));
    let said = says(momo.env("MOMO_API_KEY", "stale").env("MOMO_API_KEY_FILE", "/stale"));
    assert_eq!(said, [api.value(), USER, "sandbox", "unset unset"]);
    // A variable may hold the path in the place of the value.
    let args = ["exec", "--file", "api_key=MOMO_API_KEY", "--", "sh", "-c", "cat $MOMO_API_KEY"];
    assert_eq!(says(sandbox.momo(args)), [api.value()]);
}

/// The descriptors of the program are those of its parent and one for each file.
#[test]
fn exactly_the_files_are_inherited() {
    let sandbox = Sandbox::new();
    record(&sandbox, ".env");
    let seen = |us: &str| -> Vec<u32> {
        let script = format!("exec 7</dev/null; exec {us} sh -c 'ls /proc/$$/fd'");
        let output = sandbox.command("sh").args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let mut seen: Vec<u32> =
            String::from_utf8(output.stdout).unwrap().lines().map(|fd| fd.parse().unwrap()).collect();
        seen.sort_unstable();
        seen
    };
    let mut direct = seen("");
    assert_eq!(seen(&format!("{MOMO_CRED} exec --")), direct);
    direct.extend([100, 101]);
    direct.sort_unstable();
    assert_eq!(seen(&format!("{MOMO_CRED} exec --file api_key --file subscription_key --")), direct);
}

/// Of a user without rights, with the record in a process that nobody may look into; and of one that gives root up.
#[test]
fn any_user_opens_its_file() {
    let sandbox = Sandbox::new();
    let [_, api] = record(&sandbox, ".env");
    let root = rustix::process::geteuid().is_root();
    let script = "cat $MOMO_API_KEY_FILE; exec $DROP cat $MOMO_API_KEY_FILE";
    let drop = if root { "setpriv --reuid=65534 --clear-groups" } else { "" };
    let mut command = sandbox.command(copy_of_the_binary(&sandbox));
    command.args(["exec", "--file", "api_key", "--", "sh", "-c", script]).env("DROP", drop);
    let twice = api.value().repeat(2);
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), twice, "{output:?}");
    if root {
        rustix::fs::chown(sandbox.path(".env"), Some(rustix::process::Uid::from_raw(65534)), None).unwrap();
        let output = command.env("DROP", "").uid(65534).gid(65534).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), twice, "{output:?}");
    }
}

#[test]
fn several_profiles_have_a_file_each() {
    let sandbox = Sandbox::new();
    let [_, collection] = record(&sandbox, "a.env");
    let [_, payout] = record(&sandbox, "b.env");
    let config = "[profiles.a]\nstore = \"dotenv:a.env\"\nenv.prefix = \"IN\"\n\
                  [profiles.b]\nproduct = \"disbursement\"\nstore = \"dotenv:b.env\"\n\
                  env = { preset = \"momoapi-python\", names = { PAYOUT_KEY = \"api_key\" } }\n";
    sandbox.write("momo-cred.toml", config, 0o644);
    let script = "cat $IN_API_KEY_FILE; echo; cat $DISBURSEMENT_API_SECRET_FILE; echo; cat $PAYOUT_KEY_FILE; echo; \
                  ls /proc/$$/fd | grep -c '^10[0-9]$'";
    let said = says(sandbox.momo(["exec", "-p", "a,b", "--file", "api_key", "--", "sh", "-c", script]));
    assert_eq!(said, [collection.value(), payout.value(), payout.value(), "2"]);
    let args = ["exec", "-p", "a,b", "--file", "api_key=KEY_FILE", "--", "true"];
    let _ = sandbox.momo(args).run().code(125).says("profiles a and b give KEY_FILE two different values");
}

/// A gateway with a user, and the record of that user.
fn served(sandbox: &Sandbox) -> (Gateway, PresetUser) {
    let user = PresetUser::generated(7, Bound::To(Product::Collection));
    let gateway = Gateway::start(Config::sandbox(1).with_user(user.clone())).unwrap();
    store(sandbox, ".env", &gateway, Product::Collection, &user);
    (gateway, user)
}

fn store(sandbox: &Sandbox, file: &str, gateway: &Gateway, product: Product, user: &PresetUser) {
    let mut text = String::new();
    for (name, value) in [
        ("SUBSCRIPTION_KEY", gateway.subscription_key(product)),
        ("API_USER", user.id.to_string()),
        ("API_KEY", user.api_key.clone()),
        ("BASE_URL", gateway.base_url().to_owned()),
    ] {
        writeln!(text, "MOMO_{name}={value}").unwrap();
    }
    sandbox.write(file, text, 0o600);
}

/// What the gateway answers to the product read, with a token that a program was given.
fn read_with(gateway: &Gateway, token: &str) -> String {
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    let key = gateway.subscription_key(Product::Collection);
    write!(
        stream,
        "GET /collection/v1_0/accountholder/msisdn/46733123450/active HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\nocp-apim-subscription-key: {key}\r\nx-target-environment: sandbox\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_token_that_works_takes_the_place_of_the_key() {
    let sandbox = Sandbox::new();
    let (gateway, user) = served(&sandbox);
    let script = "echo $MOMO_ACCESS_TOKEN; date -ud $MOMO_ACCESS_TOKEN_EXPIRES_AT +%s; date +%s; \
                  echo ${MOMO_API_KEY-unset}; echo $MOMO_SUBSCRIPTION_KEY; env | grep -c _API_KEY; :";
    let args = ["exec", "-vvv", "--token", "--", "sh", "-c", script];
    let ran = sandbox.momo(args).env("MOMO_API_KEY", "stale").env("MOMO_CRED_LOG", "trace").run().code(0);
    let said: Vec<String> = ran.out().lines().map(str::to_owned).collect();
    let [token, end, now, key, subscription, left] = &said[..] else { panic!("{said:?}") };
    assert!(read_with(&gateway, token).starts_with("HTTP/1.1 200"), "{token}");
    let left_s = end.parse::<i64>().unwrap() - now.parse::<i64>().unwrap();
    assert!((3500..=3600).contains(&left_s), "{left_s} s");
    assert_eq!((key.as_str(), left.as_str()), ("unset", "0"));
    assert_eq!(*subscription, gateway.subscription_key(Product::Collection));
    let canaries = [Canary::of("token", token.as_str()), Canary::of("api key", user.api_key)];
    assert!(momo_cred_backend_testkit::scan(&ran.stderr, &canaries).is_empty(), "{}", ran.err());
    sandbox.assert_no_leak(&canaries, &[sandbox.path(".env")]);
}

#[test]
fn several_profiles_get_a_token_each_beside_a_file() {
    let sandbox = Sandbox::new();
    let users = [
        PresetUser::generated(7, Bound::To(Product::Collection)),
        PresetUser::generated(8, Bound::To(Product::Disbursement)),
    ];
    let config = users.iter().fold(Config::sandbox(1), |config, user| config.with_user(user.clone()));
    let gateway = Gateway::start(config).unwrap();
    store(&sandbox, "a.env", &gateway, Product::Collection, &users[0]);
    store(&sandbox, "b.env", &gateway, Product::Disbursement, &users[1]);
    let config = "[profiles.a]\nstore = \"dotenv:a.env\"\nenv.prefix = \"IN\"\n\
                  [profiles.b]\nproduct = \"disbursement\"\nstore = \"dotenv:b.env\"\nenv.prefix = \"OUT\"\n";
    sandbox.write("momo-cred.toml", config, 0o644);
    let script =
        "test -n \"$IN_ACCESS_TOKEN\" && test -n \"$OUT_ACCESS_TOKEN\" && cat $OUT_SUBSCRIPTION_KEY_FILE";
    let args = ["exec", "-p", "a,b", "--token", "--file", "subscription_key", "--only", "subscription_key"];
    let said = says(sandbox.momo(args.into_iter().chain(["--", "sh", "-c", script])));
    assert_eq!(said, [gateway.subscription_key(Product::Disbursement)]);
    let mut asked: Vec<_> = gateway.requests().into_iter().map(|r| (r.operation, r.product)).collect();
    asked.sort_by_key(|(_, product)| product.map(Product::segment));
    let token = |product| (Operation::Token, Some(product));
    assert_eq!(asked, [token(Product::Collection), token(Product::Disbursement)]);
}

/// Without a token nothing starts, and to explain costs none.
#[test]
fn a_program_without_its_token_is_not_started() {
    let sandbox = Sandbox::new();
    let (gateway, user) = served(&sandbox);
    let ran = sandbox.momo(["exec", "--token", "--explain", "--json"]).run().code(0);
    let json = ran.json().remove(0);
    let forms: Vec<_> =
        json["variables"].as_array().unwrap().iter().map(|row| row["form"].as_str().unwrap()).collect();
    assert_eq!(forms[forms.len() - 2..], ["access-token", "expires-at"]);
    assert!(gateway.requests().is_empty());
    sandbox.write(".env", sandbox.read(".env").replace(&user.api_key, &"0".repeat(32)), 0o600);
    let args = ["exec", "--token", "--", "touch", "started"];
    let _ = sandbox.momo(args).run().code(125).says("error[denied]");
    drop(gateway);
    let _ = sandbox.momo(args).run().code(125).says("error[unavailable]");
    assert!(!sandbox.path("started").exists());
}

/// The record's gateway is silent: the exchange keeps to the deadline that it shares with the store.
#[test]
fn an_exchange_ends_with_the_deadline() {
    let sandbox = Sandbox::new();
    let (gateway, _) = served(&sandbox);
    gateway.script(momo_gateway::Fault::on(Operation::Token, momo_gateway::Action::Silence));
    // Long enough to get to the request on any machine: that is when it has to end by itself.
    let args = ["exec", "--token", "--timeout", "5s", "--", "touch", "started"];
    let _ = sandbox.momo(args).run().code(125).says("error[unavailable]");
    assert!(!sandbox.path("started").exists());
    assert_eq!(gateway.script_left(), 0);
}

/// What looks like a token of a store's login is refused as ever.
#[test]
fn the_switch_takes_no_value() {
    let sandbox = Sandbox::new();
    for args in [
        &["exec", "--token=hvs.secret", "--", "true"][..],
        &["exec", "--token", "hvs.secret", "--", "true"],
        &["status", "--token"],
    ] {
        let code = if args[0] == "exec" { 125 } else { 2 };
        let ran = sandbox.momo(args).run().code(code).says("error[usage]");
        assert!(!ran.err().contains("hvs.secret"), "{}", ran.err());
    }
}
