use super::{KEY, Sandbox, rendered};
use crate::Kind;

/// Asserts the message for a file: headline and causes on one line.
fn check(toml: &str, message: &str) {
    let error = Sandbox::with(toml).error();
    assert_eq!(error.kind(), Kind::Misconfigured, "{toml}");
    assert_eq!(error.to_string(), format!("momo-cred.toml, line {message}"), "{toml}");
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    check("\nprodcut = 1\n", "2: `prodcut` is not a setting there is");
    check("[profiles.a]\n\nprodcut = 1\n", "3: `profiles.a.prodcut` is not a setting there is");
    check("[profiles.a.env]\npresets = 1\n", "2: `profiles.a.env.presets` is not a setting there is");
    check("[dotenv]\nshared = true\n", "2: `dotenv.shared` is not a setting there is");
    check("\"a b\" = 1\n", "1: a key is not a setting there is");
    let error = Sandbox::with("[profiles.a]\nprodcut = 1\n").error();
    assert_eq!(error.next_steps(), ["did you mean `product`?"]);
    check("cache.age = \"1h\"", "1: `cache.age` is not a setting there is");
}

#[test]
fn wrong_types_say_what_belongs_there() {
    check("timeout = 15", "1: `timeout` is a number where a string with its unit, such as \"15s\" belongs");
    check("timeout = true", "1: `timeout` is true or false where a string belongs");
    check("profiles = \"x\"", "1: `profiles` is a string where a table belongs");
    check("[profiles]\na = []", "2: `profiles.a` is a list where a table belongs");
    check("[[profiles.a]]\n", "1: `profiles.a` is a list where a table belongs");
    check(
        "[dotenv]\nallow-shared-fs = \"yes\"",
        "2: `dotenv.allow-shared-fs` is a string where true or false belongs",
    );
    check("[profiles.a]\nproduct = 2026-01-01", "2: `profiles.a.product` is a date where a string belongs");
    check("[profiles.a]\nenv = \"momo\"", "2: `profiles.a.env` is a string where a table belongs");
}

#[test]
fn wrong_values_are_not_repeated() {
    for (line, cause) in [
        ("product = \"s3krit\"", "not a product: it is one of collection, disbursement, remittance"),
        ("target-environment = \"s3krit\"", "not a target environment: "),
        ("base-url = \"https://me:s3krit@example.com\"", "it holds a user name or password"),
        ("base-url = \"s3krit\"", "it is not a URL"),
        ("callback-host = \"https://s3krit/\"", "it is a URL; the host alone is wanted"),
        ("store = \"s3krit\"", "not a location"),
        ("store = \"vault://me:s3krit@host/x\"", "it holds a user or password"),
        ("store = \"dotenv:.env#s3-krit\"", "not a variable name"),
        ("timeout = \"s3krit\"", "not a duration"),
        ("timeout = \"61m\"", "it is from 1ms to 1h"),
        ("lease = \"1s\"", "it is from 30s to 1d"),
        ("extends = \"s3 krit\"", "a profile's name is"),
        ("env.preset = \"s3 krit\"", "a preset's name is"),
        ("env.prefix = \"s3-krit\"", "not a variable name"),
        ("env.names = { A = \"s3krit\" }", "a record has no such field"),
        (
            "fields = { api_key = \"s3 krit\" }",
            "prefix and stored name of api_key together are not a variable name",
        ),
        ("fields = { api_key = \"api_user\" }", "api_user and api_key would share one name"),
        ("fields = { api_key = \"pending_x\" }", "begins with `pending_`"),
        ("callback-host = \"\"", "is empty"),
    ] {
        let error = Sandbox::with(&format!("[profiles.default]\n{line}\n")).error();
        assert!(error.to_string().starts_with("momo-cred.toml, line 2: "), "{line}: {error}");
        assert!(error.to_string().contains(cause), "{line}: {error}");
        assert!(!rendered(&error).contains("krit"), "{line}: {error}");
    }
    let error = Sandbox::with("proxy = \"http://u:s3krit@proxy.example.com\"").error();
    assert!(error.to_string().contains("line 1") && !rendered(&error).contains("s3krit"), "{error}");
}

#[test]
fn steering_names_are_refused_in_every_mapping() {
    for line in [
        "env.names = { LD_PRELOAD = \"api_key\" }",
        "env.names = { http_proxy = \"base_url\" }",
        "env.prefix = \"LD\"",
        "env.prefix = \"PYTHON\"",
        "env.prefix = \"MOMO_CRED\"",
        "store = \"dotenv:.env#LD\"",
        "store = \"dotenv:.env#Aws\"",
        // What makes the name is spread over two settings.
        "store = \"dotenv:.env#JAVA\"\nfields = { base_url = \"options\" }",
    ] {
        let error = Sandbox::with(&format!("[profiles.default]\n{line}\n")).error();
        assert!(error.to_string().contains("steers how programs are"), "{line}: {error}");
    }
    let mut sandbox = Sandbox::new();
    sandbox.flags.prefix = Some("LD".into());
    let error = sandbox.error();
    assert!(error.kind() == Kind::Usage && error.to_string().contains("steers"), "{error}");
    sandbox.flags.prefix = Some(String::new());
    assert!(sandbox.all().is_err());
}

#[test]
fn secrets_in_the_file_are_refused_by_name_and_by_shape() {
    for (toml, place) in [
        ("api_key = \"x\"".to_owned(), "1: `api_key` looks"),
        ("api_key = 5".to_owned(), "1: `api_key` looks"),
        ("api_key.value = 5".to_owned(), "1: `api_key` looks"),
        ("[profiles.a]\nsubscription-key = \"x\"".to_owned(), "2: `profiles.a.subscription-key` looks"),
        ("[profiles.a]\napiKey = \"x\"".to_owned(), "2: `profiles.a.apiKey` looks"),
        ("[profiles.a]\nenv.token = \"x\"".to_owned(), "2: `profiles.a.env.token` looks"),
        ("[dotenv]\npassword = \"x\"".to_owned(), "2: `dotenv.password` looks"),
        ("secret-id = \"x\"".to_owned(), "1: `secret-id` looks"),
        (format!("log = \"{KEY}\""), "1: the value of `log` looks"),
        (format!("[profiles.a]\nstore = \"vault:{KEY}\""), "2: the value of `profiles.a.store` looks"),
        (
            format!("[profiles.a]\nfields = {{ api_key = \"{KEY}\" }}"),
            "2: the value of `profiles.a.fields.api_key` looks",
        ),
        (
            format!("[profiles.a]\nenv.names = {{ A = \"{KEY}\" }}"),
            "2: the value of `profiles.a.env.names.A` looks",
        ),
        ("log = \"hvs.CAESIJ0123456789abcdef\"".to_owned(), "1: the value of `log` looks"),
        (format!("\n# api key: {KEY}\n"), "2: something looks"),
    ] {
        let error = Sandbox::with(&toml).error();
        assert!(
            error.to_string().starts_with(&format!("momo-cred.toml, line {place} like a secret")),
            "{toml}: {error}"
        );
        assert!(!rendered(&error).contains(KEY) && !rendered(&error).contains("CAESIJ"), "{error}");
        assert!(error.next_steps()[0].contains("momo-cred import"));
    }
    // Mappings speak of keys and hold none.
    let good =
        "[profiles.default]\nfields = { api_key = \"apiKey\" }\nenv.names = { PAYOUT_KEY = \"api_key\" }\n";
    assert!(Sandbox::with(good).all().is_ok());
}

#[test]
fn a_key_as_the_name_of_something_is_not_repeated() {
    for toml in [
        format!("{KEY} = 1"),
        format!("[profiles.{KEY}]"),
        format!("[profiles.a]\n{KEY} = 1"),
        format!("[profiles.a]\nenv.names = {{ {KEY} = \"api_key\" }}"),
        format!("[profiles.a]\nfields = {{ {KEY} = \"apiKey\" }}"),
        format!("[profiles.a]\nextends = \"{KEY}\""),
        format!("default-profile = \"{KEY}\""),
    ] {
        let error = Sandbox::with(&toml).error();
        assert!(!rendered(&error).contains(KEY) && error.to_string().contains(", line "), "{toml}: {error}");
    }
}

#[test]
fn syntax_errors_say_line_and_column_only() {
    check("a = 1\nb = \"s3krit\nc = 2\n", "2: column 12: this is not TOML, or a key that is there already");
    for toml in [
        "log = s3krit",
        "s3krit",
        "log = \"a\" s3krit",
        "log = \"\\s3krit\"",
        "a = 1\na = \"s3krit\"",
        "[s3krit",
    ] {
        let error = Sandbox::with(toml).error();
        assert!(error.to_string().contains("this is not TOML"), "{toml}: {error}");
        assert!(!rendered(&error).contains("s3krit"), "{toml}: {error}");
    }
}

#[test]
fn a_byte_order_mark_and_crlf_are_read() {
    let settings =
        Sandbox::with("\u{feff}timeout = \"2s\"\r\n[profiles.default]\r\nproduct = \"remittance\"\r\n").one();
    assert!(settings.product.unwrap().origin.to_string().ends_with("line 3"));
}

#[test]
fn a_secret_given_as_a_flag_is_refused_with_what_to_use() {
    type Set = fn(&mut super::Overrides, String);
    let flags: [(&str, Set); 9] = [
        ("--profile", |flags, value| flags.profiles = vec![value]),
        ("--store", |flags, value| flags.store = Some(value)),
        ("--product", |flags, value| flags.product = Some(value)),
        ("--target-environment", |flags, value| flags.target_environment = Some(value)),
        ("--base-url", |flags, value| flags.base_url = Some(value)),
        ("--callback-host", |flags, value| flags.callback_host = Some(value)),
        ("--timeout", |flags, value| flags.timeout = Some(value)),
        ("--preset", |flags, value| flags.preset = Some(value)),
        ("--prefix", |flags, value| flags.prefix = Some(value)),
    ];
    for (name, set) in flags {
        let mut sandbox = Sandbox::new();
        set(&mut sandbox.flags, KEY.to_owned());
        let error = sandbox.error();
        assert_eq!(error.kind(), Kind::Usage, "{name}");
        assert!(
            error.to_string().starts_with(&format!("the value of {name} looks like a secret")),
            "{error}"
        );
        assert!(!rendered(&error).contains(KEY) && error.next_steps()[0].contains("--subscription-key-file"));
    }
}

#[test]
fn ids_in_paths_on_the_command_line_are_no_secrets() {
    let mut sandbox = Sandbox::new();
    sandbox.flags.store = Some(format!("vault:secret/{KEY}/collection"));
    assert!(sandbox.all().is_ok());
    sandbox.file(&format!("{KEY}/x.toml"), "");
    sandbox.flags.config = Some(sandbox.home().join(KEY).join("x.toml"));
    assert!(sandbox.all().is_ok());
    sandbox.flags.store = Some(format!("vault:{KEY}"));
    assert!(!rendered(&sandbox.error()).contains(KEY));
}
