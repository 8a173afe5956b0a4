use crate::momo::{CallbackHost, HostFault};

#[test]
fn bare_host_names_are_good() {
    for (given, kept) in [
        ("localhost", "localhost"),
        ("webhook.site", "webhook.site"),
        ("Testsite.Test.com", "testsite.test.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("3m.example", "3m.example"),
        ("a-b.c", "a-b.c"),
    ] {
        assert_eq!(given.parse::<CallbackHost>().map(|host| host.to_string()).as_deref(), Ok(kept));
    }
}

#[test]
fn everything_else_is_refused_with_its_reason_and_what_was_meant() {
    let long_label = format!("{}.com", "a".repeat(64));
    let too_long = ["a".repeat(63).as_str(); 4].join(".");
    for (given, fault, meant) in [
        ("", HostFault::Empty, None),
        (" webhook.site", HostFault::Space, Some("webhook.site")),
        ("webhook.site\n", HostFault::Space, Some("webhook.site")),
        ("web hook.site", HostFault::Space, None),
        ("web\u{1b}[2Jhook.site", HostFault::Space, None),
        ("https://testsite.test.com:1313/api/callback", HostFault::Url, Some("testsite.test.com")),
        ("http://localhost:8000/callback", HostFault::Url, Some("localhost")),
        ("https://me:s3krit@example.com/x", HostFault::Url, Some("example.com")),
        ("https://10.0.0.1/x", HostFault::Url, None),
        ("example.com/callback", HostFault::Path, Some("example.com")),
        ("example.com?x", HostFault::Path, Some("example.com")),
        ("example.com:443", HostFault::Port, Some("example.com")),
        ("me@example.com", HostFault::UserInfo, None),
        ("192.0.2.7", HostFault::Address, None),
        ("2001:db8::1", HostFault::Address, None),
        ("[2001:db8::1]:443", HostFault::Address, None),
        ("127.1", HostFault::Address, None),
        ("2130706433", HostFault::Address, None),
        ("*.example.com", HostFault::Wildcard, Some("example.com")),
        ("bücher.example", HostFault::NotAscii, Some("xn--bcher-kva.example")),
        ("my_host.example", HostFault::Character, None),
        ("example.com.", HostFault::EmptyLabel, Some("example.com")),
        ("a..b", HostFault::EmptyLabel, None),
        ("-a.example", HostFault::Hyphen, None),
        ("a-.example", HostFault::Hyphen, None),
        (&long_label, HostFault::LongLabel, None),
        (&too_long, HostFault::TooLong, None),
        ("11111111111111111111111111111111", HostFault::Credential, None),
        ("11111111-1111-4111-8111-111111111111", HostFault::Credential, None),
    ] {
        let bad = given.parse::<CallbackHost>().unwrap_err();
        assert_eq!(bad.fault, fault, "{given:?}");
        assert_eq!(bad.suggestion.as_ref().map(CallbackHost::as_str), meant, "{given:?}");
        assert!(!bad.to_string().contains("s3krit"), "{bad}");
    }
}
