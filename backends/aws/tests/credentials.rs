//! Where credentials come from. What the SDK reads from the environment is read in a process of its own: this binary,
//! started again with nothing but the variables of the case.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod fake;
mod login;
mod support;

use login::{Case, KEYS, answers, instance};
use momo_cred_backend_testkit::{Canary, scan};

/// What runs in the process of a case. No case of its own.
#[tokio::test]
async fn child() {
    login::child().await;
}

#[test]
fn without_any_it_says_where_it_looked_and_soon() {
    // One read, several at once, and doctor: one look for all of them.
    let (time, told) = Case::new().run();
    assert!(told.starts_with("Misconfigured"), "{told}");
    for place in ["AWS_ACCESS_KEY_ID", "~/.aws", "WEB_IDENTITY", "container", "instance"] {
        assert!(told.contains(place), "{place}: {told}");
    }
    // One attempt at the instance's metadata, of a second and a half.
    assert!(time < 2000, "took {time} ms");
}

#[test]
fn where_metadata_is_off_it_is_not_among_what_was_tried() {
    let told = Case::new().with("AWS_EC2_METADATA_DISABLED", "true").tells("Misconfigured");
    assert!(told.contains("container") && !told.contains("instance"), "{told}");
}

#[test]
fn credentials_come_before_the_region() {
    let told = Case::new().without("AWS_REGION").tells("Misconfigured");
    assert!(told.contains("no credentials"), "{told}");
    let told = Case::new().without("AWS_REGION").with("AWS_PROFILE", "typo").tells("Misconfigured");
    assert!(told.contains("no profile typo"), "{told}");
    let case = Case::new().without("AWS_REGION").file("credentials", format!("[default]\n{KEYS}"));
    let told = case.tells("Misconfigured");
    assert!(told.contains("AWS_REGION"), "{told}");
    let case = case.file("config", "[default]\nregion = eu-west-1\n");
    let _ = case.tells("read");
    // STS is asked in a region.
    let role = "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n";
    let case =
        Case::new().without("AWS_REGION").file("credentials", format!("[base]\n{KEYS}")).file("config", role);
    assert!(case.tells("Misconfigured").contains("AWS_REGION"));
}

#[test]
fn the_shared_files_are_read() {
    let case = Case::new().file("credentials", format!("[default]\n{KEYS}"));
    let told = case.tells("read");
    assert!(told.contains("the profile default in the shared files"), "{told}");
    assert!(!case.fake.asked().is_empty());
    let case = Case::new().file("credentials", format!("[other]\n{KEYS}"));
    assert!(case.tells("Misconfigured").contains("no credentials"), "another profile's are not taken");
    let _ = case.with("AWS_PROFILE", "other").tells("read");
}

/// Another place's identity is not what was meant.
#[test]
fn a_profile_that_is_not_there_stops_the_look() {
    let role = instance(200, login::role());
    let case = || Case::new().with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &role.address);
    for files in ["", "[other]\nregion = eu-west-1\n"] {
        let case = case().with("AWS_PROFILE", "third");
        let case = if files.is_empty() { case } else { case.file("credentials", files) };
        assert!(case.tells("Misconfigured").contains("there is no profile third in the shared files"));
    }
    for name in ["default", "mine"] {
        let files = format!("[{name}]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = gone\n");
        let case = case().file("credentials", files);
        let case = if name == "default" { case } else { case.with("AWS_PROFILE", name) };
        let told = case.tells("Misconfigured");
        assert!(
            told.contains("no profile gone") && told.contains(&format!("the profile {name} has")),
            "{told}"
        );
    }
    assert!(role.asked().is_empty());
    // One without keys is no such case: it may only name the region.
    let case = case().with("AWS_PROFILE", "third").file("config", "[profile third]\nregion = eu-west-2\n");
    let _ = case.tells("read");
}

#[test]
fn a_file_that_cannot_be_read_stops_the_look() {
    let role = instance(200, login::role());
    let case = || Case::new().with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &role.address);
    let binary = [b"[default]\naws_secret_access_key = ".as_slice(), b"\xff\xfe\n"].concat();
    let told = case().file("credentials", binary).tells("Misconfigured");
    assert!(told.contains(".aws/credentials is not UTF-8"), "{told}");
    let told = case().file("config", "[default\n").tells("Misconfigured");
    assert!(told.contains(".aws/config is not written"), "{told}");
    let told = case().file("config/x", "").tells("Misconfigured");
    assert!(told.contains(".aws/config is a folder"), "{told}");
    assert!(role.asked().is_empty());
}

#[test]
fn a_container_has_a_role() {
    let host = answers(login::role());
    let case = Case::new().with("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{}/", host.address));
    let told = case.tells("read");
    assert!(told.contains("container"), "{told}");
    assert_eq!(host.asked().len(), 1);
}

#[test]
fn an_instance_has_a_role_and_names_its_region() {
    let host = instance(200, login::role());
    let case = Case::new().with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &host.address);
    let told = case.tells("read");
    assert!(told.contains("instance"), "{told}");
    assert_eq!(host.asked().len(), 3, "a token, the role's name, the role");
    let told = case.without("AWS_REGION").tells("read");
    assert!(told.contains("eu-west-3"), "{told}");
}

/// moto gives the roles: its STS is asked in the place of AWS's.
#[test]
fn roles_are_assumed_over_sts() {
    let Some(moto) = support::moto() else { return };
    let role = "arn:aws:iam::000000000999:role/tests";
    let files = format!("[base]\n{KEYS}[default]\nrole_arn = {role}\nsource_profile = base\n");
    let case = Case::new().file("credentials", &files).with("AWS_ENDPOINT_URL_STS", &moto.address());
    assert!(case.tells("read").contains("shared files"));

    let case = Case::new().file("token", "a.b.c").with("AWS_ROLE_ARN", role);
    let token = case.home.path().join(".aws/token").to_str().unwrap().to_owned();
    let case = case.with("AWS_WEB_IDENTITY_TOKEN_FILE", &token).with("AWS_ENDPOINT_URL_STS", &moto.address());
    assert!(case.tells("read").contains("web identity"));
}

#[test]
fn broken_files_are_not_repeated() {
    let canary = Canary::new("shared-file");
    for text in [
        format!("[default\naws_secret_access_key = {}\n", canary.value()),
        format!("[default]\naws_secret_access_key {}\n", canary.value()),
        format!("[default]\naws_access_key_id = AKIA\naws_secret_access = {}\n", canary.value()),
        format!("[default]\nrole_arn = {}\nsource_profile = nobody\n", canary.value()),
    ] {
        let told = Case::new().file("credentials", &text).tells("Misconfigured");
        assert!(scan(told.as_bytes(), std::slice::from_ref(&canary)).is_empty(), "{told}");
    }
}
