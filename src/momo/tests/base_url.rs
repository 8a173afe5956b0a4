use crate::credential::TargetEnvironment;
use momo_cred_transport::InvalidAddress;

use crate::momo::{BaseUrl, HOSTS, InvalidBaseUrl};

fn parse(text: &str) -> Result<String, InvalidBaseUrl> {
    text.parse::<BaseUrl>().map(|base| base.to_string())
}

#[test]
fn good_ones_are_normalised() {
    for (given, kept) in [
        ("https://sandbox.momodeveloper.mtn.com", "https://sandbox.momodeveloper.mtn.com"),
        ("https://Sandbox.MomoDeveloper.mtn.com:443/", "https://sandbox.momodeveloper.mtn.com"),
        ("https://gateway.example.com:8443/momo//", "https://gateway.example.com:8443/momo"),
        ("https://gateway.example.com/a/../b", "https://gateway.example.com/b"),
        ("http://localhost:9000", "http://localhost:9000"),
        ("http://127.1.2.3:1/x/", "http://127.1.2.3:1/x"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ] {
        assert_eq!(parse(given).as_deref(), Ok(kept), "{given}");
    }
}

#[test]
fn bad_ones_are_refused_each_for_its_reason() {
    for (given, why) in [
        ("", InvalidBaseUrl::Address(InvalidAddress::Malformed)),
        ("sandbox.momodeveloper.mtn.com", InvalidBaseUrl::Address(InvalidAddress::Malformed)),
        ("https://", InvalidBaseUrl::Address(InvalidAddress::Malformed)),
        ("https://example.com:0", InvalidBaseUrl::Address(InvalidAddress::Malformed)),
        (" https://example.com", InvalidBaseUrl::Address(InvalidAddress::Malformed)),
        ("https://exam\tple.com", InvalidBaseUrl::Address(InvalidAddress::Malformed)),
        ("https:\\\\example.com", InvalidBaseUrl::Address(InvalidAddress::Malformed)),
        ("ftp://example.com", InvalidBaseUrl::Address(InvalidAddress::Scheme)),
        ("file:///etc/passwd", InvalidBaseUrl::Address(InvalidAddress::Scheme)),
        ("http://example.com", InvalidBaseUrl::Address(InvalidAddress::Plain)),
        ("http://localhost.example.com", InvalidBaseUrl::Address(InvalidAddress::Plain)),
        ("http://127.0.0.1.example.com", InvalidBaseUrl::Address(InvalidAddress::Plain)),
        ("http://10.0.0.1", InvalidBaseUrl::Address(InvalidAddress::Plain)),
        ("http://0.0.0.0", InvalidBaseUrl::Address(InvalidAddress::Plain)),
        ("http://[::ffff:127.0.0.1]", InvalidBaseUrl::Address(InvalidAddress::Plain)),
        ("https://me:s3krit@example.com", InvalidBaseUrl::Address(InvalidAddress::UserInfo)),
        ("http://localhost@example.com", InvalidBaseUrl::Address(InvalidAddress::UserInfo)),
        ("https://example.com/?a=b", InvalidBaseUrl::Address(InvalidAddress::Query)),
        ("https://example.com/#a", InvalidBaseUrl::Address(InvalidAddress::Query)),
        ("https://example.com/a%2fb", InvalidBaseUrl::Address(InvalidAddress::Path)),
        ("https://sandbox.momodeveloper.mtn.com/v1_0", InvalidBaseUrl::ApiPath),
        ("https://sandbox.momodeveloper.mtn.com/collection/", InvalidBaseUrl::ApiPath),
    ] {
        assert_eq!(parse(given), Err(why), "{given}");
    }
    for wrong in ["https://momodeveloper.mtn.com", "https://proxy.momoapi.mtn.ug", "https://api.mtn.com/v1"] {
        assert!(matches!(parse(wrong), Err(InvalidBaseUrl::NotTheApi(_))), "{wrong}");
    }
    assert!(!parse("https://me:s3krit@example.com").unwrap_err().to_string().contains("s3krit"));
}

#[test]
fn built_in_is_a_known_host_and_nothing_else() {
    let built_in = |text: &str| text.parse::<BaseUrl>().unwrap().is_built_in();
    for host in HOSTS {
        assert!(built_in(&format!("https://{}/", host.name)));
    }
    assert!(!built_in("https://sandbox.momodeveloper.mtn.com:8443"));
    assert!(!built_in("https://sandbox.momodeveloper.mtn.com/prefix"));
    assert!(!built_in("https://sandbox.momodeveloper.mtn.com.example.com"));
    assert!(!built_in("http://localhost"));
    assert!("https://[::1]".parse::<BaseUrl>().unwrap().is_loopback());
}

#[test]
fn defaults_fit_their_environment_and_misfits_are_told() {
    for target in ["sandbox", "mtnuganda", "mtnrwanda", "mtnatlantis"] {
        let target: TargetEnvironment = target.parse().unwrap();
        let base = BaseUrl::default_for(&target);
        assert!(base.is_built_in() && base.misfit(&target).is_none(), "{target}");
        assert_eq!(parse(base.as_str()).as_deref(), Ok(base.as_str()));
    }
    let misfit = |base: &str, target: &str| {
        base.parse::<BaseUrl>().unwrap().misfit(&target.parse().unwrap()).is_some()
    };
    assert!(misfit("https://sandbox.momodeveloper.mtn.com", "mtnghana"));
    assert!(misfit("https://proxy.momoapi.mtn.com", "sandbox"));
    assert!(misfit("https://proxy.momoapi.mtn.co.rw", "mtnghana"));
    assert!(!misfit("https://proxy.momoapi.mtn.com", "mtnrwanda"));
    assert!(!misfit("https://gateway.example.com", "mtnghana"));
}
