use std::os::unix::ffi::OsStringExt;

use super::*;

const SUB: &str = "11111111111111111111111111111111";
const USER: &str = "01234567-89ab-4def-8123-456789abcdef";
const KEY: &str = "22222222222222222222222222222222";

fn mapping(pairs: &[(&str, Field)]) -> Mapping {
    let mut mapping = Mapping::default();
    for (name, field) in pairs {
        mapping.add(*name, *field).unwrap();
    }
    mapping
}

/// A complete set with further values, under four names.
fn set(profile: &str, more: &[(Field, &str)]) -> Set {
    let needed = [(Field::SubscriptionKey, SUB), (Field::ApiUser, USER), (Field::ApiKey, KEY)];
    let values = needed.iter().filter(|(field, _)| more.iter().all(|(has, _)| has != field)).chain(more);
    let value = |(field, text): &(Field, &str)| Value {
        field: *field,
        value: Secret::from(*text),
        origin: Origin::Record,
    };
    Set {
        profile: profile.to_owned(),
        location: "dotenv:.env#MOMO".parse().unwrap(),
        revision: Revision::new("r1"),
        mapping: mapping(&[
            ("MOMO_SUB", Field::SubscriptionKey),
            ("MOMO_USER", Field::ApiUser),
            ("MOMO_KEY", Field::ApiKey),
            ("MOMO_HOST", Field::CallbackHost),
        ]),
        values: values.map(value).collect(),
        extras: Vec::new(),
        token: None,
    }
}

fn parent(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn only(fields: &[Field]) -> Options {
    Options { only: Some(fields.to_vec()), ..Options::default() }
}

fn keep(names: &[&str]) -> Options {
    Options { keep: names.iter().map(Into::into).collect(), ..Options::default() }
}

fn clean(names: &[&str]) -> Options {
    Options { clean: true, ..keep(names) }
}

fn lines(env: &ChildEnv) -> Vec<String> {
    env.entries().map(|entry| entry.to_string_lossy().into_owned()).collect()
}

fn ours() -> [String; 3] {
    [format!("MOMO_SUB={SUB}"), format!("MOMO_USER={USER}"), format!("MOMO_KEY={KEY}")]
}

#[test]
fn table() {
    let ours = ours();
    let [sub, _, key] = &ours;
    let all: Vec<&str> = ours.iter().map(String::as_str).collect();
    let with = |before: &[&'static str]| -> Vec<String> {
        before.iter().copied().chain(all.iter().copied()).map(str::to_owned).collect()
    };
    let host = (Field::CallbackHost, "pay.example.com");
    let (one, plain) = (|| vec![set("p", &[])], Options::default);
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Vec<Set>, Options, Vec<String>);
    let rows: Vec<Row> = vec![
        (
            "values are added after the parent's",
            &[("A", "1"), ("B", "")],
            one(),
            plain(),
            with(&["A=1", "B="]),
        ),
        (
            "the record wins over the parent",
            &[("MOMO_KEY", "old"), ("A", "1")],
            one(),
            plain(),
            with(&["A=1"]),
        ),
        ("a field without a value is removed too", &[("MOMO_HOST", "stale")], one(), plain(), with(&[])),
        (
            "so is one with an empty value",
            &[("MOMO_HOST", "stale")],
            vec![set("p", &[(Field::CallbackHost, "")])],
            plain(),
            with(&[]),
        ),
        (
            "of duplicates the first stays",
            &[("A", "1"), ("B", "2"), ("A", "3")],
            one(),
            plain(),
            with(&["A=1", "B=2"]),
        ),
        ("names are compared as they are", &[("momo_key", "1")], one(), plain(), with(&["momo_key=1"])),
        (
            "credentials of our own stores go, those of AWS stay",
            &[
                ("VAULT_TOKEN", "t"),
                ("BAO_TOKEN", "t"),
                ("VAULT_SECRET_ID", "s"),
                ("VAULT_APPROLE_SECRET_ID", "s"),
                ("VAULT_CLIENT_SECRET_FILE", "s"),
                ("VAULT_ROLE_ID", "r"),
                ("BAO_SECRET_ID", "s"),
                ("BAO_ROLE_ID", "r"),
                ("VAULT_JWT", "j"),
                ("BAO_JWT", "j"),
                ("VAULT_PASSWORD", "p"),
                ("BAO_PASSWORD", "p"),
                ("VAULT_USERNAME", "u"),
                ("BAO_USERNAME", "u"),
                ("MOMO_CRED_SUBSCRIPTION_KEY", "k"),
                ("MOMO_CRED_", "k"),
                ("VAULT_ADDR", "a"),
                ("AWS_SECRET_ACCESS_KEY", "x"),
                ("MOMO_CREDIT", "1"),
                ("MY_VAULT_TOKEN", "m"),
                ("VAULT_TOKENS", "n"),
            ],
            one(),
            plain(),
            with(&[
                "VAULT_ADDR=a",
                "AWS_SECRET_ACCESS_KEY=x",
                "MOMO_CREDIT=1",
                "MY_VAULT_TOKEN=m",
                "VAULT_TOKENS=n",
            ]),
        ),
        (
            "unless kept by name",
            &[("VAULT_TOKEN", "t"), ("BAO_TOKEN", "t"), ("MOMO_CRED_STORE", "s")],
            one(),
            keep(&["VAULT_TOKEN", "MOMO_CRED_STORE", "NOT_THERE"]),
            with(&["VAULT_TOKEN=t", "MOMO_CRED_STORE=s"]),
        ),
        (
            "a clean environment keeps a short list",
            &[
                ("PATH", "/bin"),
                ("HOME", "/h"),
                ("USER", "u"),
                ("LOGNAME", "u"),
                ("SHELL", "s"),
                ("TERM", "t"),
                ("TZ", "z"),
                ("LANG", "l"),
                ("LC_ALL", "C"),
                ("TMPDIR", "/t"),
                ("A", "1"),
                ("PATHS", "1"),
                ("AWS_REGION", "1"),
                ("LANGUAGE", "1"),
                ("VAULT_TOKEN", "t"),
                ("MOMO_KEY", "old"),
                ("B", "2"),
            ],
            one(),
            clean(&["B"]),
            with(&[
                "PATH=/bin",
                "HOME=/h",
                "USER=u",
                "LOGNAME=u",
                "SHELL=s",
                "TERM=t",
                "TZ=z",
                "LANG=l",
                "LC_ALL=C",
                "TMPDIR=/t",
                "B=2",
            ]),
        ),
        (
            "only: the other names are removed all the same",
            &[("MOMO_USER", "stale"), ("A", "1")],
            one(),
            only(&[Field::ApiKey, Field::SubscriptionKey]),
            vec!["A=1".to_owned(), sub.clone(), key.clone()],
        ),
        (
            "two profiles may agree",
            &[],
            vec![set("p", &[host]), set("q", &[host])],
            plain(),
            [with(&[]), vec!["MOMO_HOST=pay.example.com".to_owned()]].concat(),
        ),
        (
            "a profile without a value does not take another's away",
            &[("MOMO_HOST", "stale")],
            vec![set("p", &[]), set("q", &[host])],
            plain(),
            [with(&[]), vec!["MOMO_HOST=pay.example.com".to_owned()]].concat(),
        ),
        (
            "what differs may be left out",
            &[("MOMO_KEY", "old")],
            vec![set("p", &[]), set("q", &[(Field::ApiKey, SUB)])],
            only(&[Field::SubscriptionKey]),
            vec![sub.clone()],
        ),
        (
            "no profiles, no change",
            &[("A", "1"), ("MOMO_KEY", "mine")],
            vec![],
            plain(),
            vec!["A=1".into(), "MOMO_KEY=mine".into()],
        ),
    ];
    for (what, before, sets, options, expected) in rows {
        let env = ChildEnv::build(parent(before), &sets, &options).unwrap();
        assert_eq!(lines(&env), expected, "{what}");
    }
}

#[test]
fn refusals() {
    let p = || "p".to_owned();
    let other = set("q", &[(Field::ApiKey, SUB)]);
    let build = |sets: &[Set], options: &Options| ChildEnv::build([], sets, options).unwrap_err();
    let clash = EnvError::Clash("MOMO_KEY".into(), p(), "q".into());
    assert_eq!(build(&[set("p", &[]), other], &Options::default()), clash);

    for field in REQUIRED {
        let missing = EnvError::Incomplete(p(), field);
        assert_eq!(build(&[set("p", &[(field, "")])], &Options::default()), missing);
        // What is not exported must be there as well: half a credential starts nothing.
        assert_eq!(build(&[set("p", &[(field, "")])], &only(&[Field::CallbackHost])), missing);
    }
    let nul = EnvError::Nul(p(), Field::CallbackHost);
    assert_eq!(build(&[set("p", &[(Field::CallbackHost, "a\0MOMO_KEY=b")])], &Options::default()), nul);
    assert_eq!(build(&[set("p", &[])], &only(&[Field::IssuedAt])), EnvError::Unmapped(Field::IssuedAt));
    assert_eq!(build(&[set("p", &[])], &keep(&["MOMO_HOST"])), EnvError::Managed("MOMO_HOST".into(), p()));
}

#[test]
fn bytes_of_the_parent_are_kept() {
    let odd = OsString::from_vec(b"caf\xe9\xff".to_vec());
    let before = vec![
        (odd.clone(), odd.clone()),
        ("MULTI".into(), "a\nB=c".into()),
        ("EQ".into(), "=a=b=".into()),
        // What std makes of the entry `=C:=x`.
        ("=C:".into(), "x".into()),
    ];
    let env = ChildEnv::build(before, &[set("p", &[])], &Options::default()).unwrap();
    let entries: Vec<&[u8]> = env.entries().map(CStr::to_bytes).take(4).collect();
    assert_eq!(entries, [b"caf\xe9\xff=caf\xe9\xff".as_slice(), b"MULTI=a\nB=c", b"EQ==a=b=", b"=C:=x"]);
    assert_eq!(env.get("EQ"), Some(OsStr::new("=a=b=")));
    assert_eq!(env.get("E"), None);
    let kept = Options { clean: true, keep: vec![odd.clone()], ..Options::default() };
    let env = ChildEnv::build([(odd.clone(), "1".into())], &[], &kept).unwrap();
    assert_eq!(env.names().collect::<Vec<_>>(), [odd.as_os_str()]);
}

#[test]
fn says_what_it_took_from_the_parent_and_shows_no_value() {
    let before = parent(&[("MOMO_KEY", "old"), ("MOMO_HOST", "old"), ("VAULT_TOKEN", "t"), ("A", "s3krit")]);
    let env = ChildEnv::build(before, &[set("p", &[])], &Options::default()).unwrap();
    assert_eq!(env.replaced(), ["MOMO_KEY", "MOMO_HOST"]);
    assert_eq!(env.withheld(), ["VAULT_TOKEN"]);
    assert_eq!(format!("{env:?}"), r#"["A", "MOMO_SUB", "MOMO_USER", "MOMO_KEY"]"#);
}

#[test]
fn patterns() {
    for (pattern, yes, no) in [
        ("A", &["A"][..], &["", "AA", "a"][..]),
        ("A*", &["A", "AB"], &["", "BA"]),
        ("V_*S*", &["V_S", "V_xSy", "V_SS"], &["V_", "VS", "V_x", "xV_S"]),
        ("V_*ID", &["V_ID", "V_xID", "V_IDID"], &["V_IDx", "V_I"]),
    ] {
        assert!(yes.iter().all(|name| matches(pattern, name.as_bytes())), "{pattern}");
        assert!(no.iter().all(|name| !matches(pattern, name.as_bytes())), "{pattern}");
    }
}

fn carrying(field: Field, form: Form, names: &[&str]) -> Set {
    let mut set = set("p", &[]);
    names.iter().for_each(|name| set.add(*name, field, form).unwrap());
    set
}

#[test]
#[cfg(target_os = "linux")]
fn a_field_in_a_file_is_in_no_variable_and_in_one_file() {
    let sets = [carrying(Field::ApiKey, Form::File, &["MOMO_KEY_FILE", "OTHER"])];
    let before = parent(&[("MOMO_KEY", "old"), ("MOMO_KEY_FILE", "/old")]);
    let env = ChildEnv::build(before, &sets, &Options::default()).unwrap();
    let path = env.files()[0].path();
    assert_eq!((env.files().len(), std::fs::read_to_string(&path).unwrap()), (1, KEY.to_owned()));
    let [sub, user, _] = ours();
    assert_eq!(lines(&env), [sub, user, format!("MOMO_KEY_FILE={path}"), format!("OTHER={path}")]);
    assert_eq!(env.replaced(), ["MOMO_KEY", "MOMO_KEY_FILE"]);
    // Under the name of the value itself, too.
    let sets = [carrying(Field::ApiKey, Form::File, &["MOMO_KEY"])];
    let env = ChildEnv::build([], &sets, &Options::default()).unwrap();
    assert_eq!(lines(&env)[2], format!("MOMO_KEY={}", env.files()[0].path()));
    let rows = crate::exec::explain(&sets, &Options::default());
    let row = rows.iter().find(|row| row.variable == "MOMO_KEY").unwrap();
    assert_eq!((rows.len(), row.form), (4, Form::File));
}

#[test]
#[cfg(target_os = "linux")]
fn two_profiles_share_a_name_only_for_one_value() {
    let file = |key: &str| {
        let mut set = set("q", &[(Field::ApiKey, key)]);
        set.add("KEY_FILE", Field::ApiKey, Form::File).unwrap();
        set
    };
    let first = carrying(Field::ApiKey, Form::File, &["KEY_FILE"]);
    let env = ChildEnv::build([], &[first.clone(), file(KEY)], &Options::default()).unwrap();
    assert_eq!(env.files().len(), 1);
    let clash = EnvError::Clash("KEY_FILE".into(), "p".into(), "q".into());
    assert_eq!(ChildEnv::build([], &[first, file(SUB)], &Options::default()).unwrap_err(), clash);
}

#[test]
fn a_token_takes_the_place_of_the_key_whatever_else_is_exported() {
    let mut set = carrying(Field::ApiKey, Form::AccessToken, &["TOKEN"]);
    set.add("TOKEN_EXPIRES_AT", Field::ApiKey, Form::ExpiresAt).unwrap();
    set.token = Some(AccessToken { value: Secret::from("s3krit.token"), expires_at: None });
    let before = parent(&[("TOKEN_EXPIRES_AT", "of another")]);
    let env = ChildEnv::build(before, std::slice::from_ref(&set), &only(&[Field::SubscriptionKey])).unwrap();
    assert_eq!(lines(&env), [ours()[0].clone(), "TOKEN=s3krit.token".to_owned()]);
    assert!(!format!("{env:?}{set:?}").contains("s3krit"));
    assert_eq!(set.secrets().map(Secret::len).collect::<Vec<_>>(), [32, 32, 12]);
}

#[test]
fn a_name_carries_one_thing() {
    let mut set = carrying(Field::ApiKey, Form::File, &["A"]);
    let twice =
        |name: &str, known, field| Err(super::super::InvalidMapping::Twice(name.into(), known, field));
    assert_eq!(set.add("A", Field::ApiKey, Form::File), Ok(()));
    assert_eq!(set.extras.len(), 1);
    assert_eq!(set.add("A", Field::ApiUser, Form::File), twice("A", Field::ApiKey, Field::ApiUser));
    assert_eq!(
        set.add("MOMO_USER", Field::ApiKey, Form::File),
        twice("MOMO_USER", Field::ApiUser, Field::ApiKey)
    );
    assert!(set.add("LD_PRELOAD", Field::ApiKey, Form::File).is_err());
}
