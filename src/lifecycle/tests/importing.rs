//! The kind `import`: values first, a check, one write.

use momo_cred_backend_api::{ErrorKind, Op};
use momo_cred_backend_testkit::{Canary, Fate, Fault};
use uuid::Uuid;

use super::bench::{Bench, Ended, OLD_USER, field};
use super::double::{answered, invalid_key, outage, silent};
use super::stage::{Point, Side};
use crate::credential::{Field, RecordState};
use crate::lifecycle::{Check, Obtain};
use crate::momo::{Diagnosis, Refusal, Shape, Step};

const USER: Uuid = Uuid::from_u128(0x1300_0000_0000_4000_8000_0000_0000_0001);

fn api_key() -> Canary {
    Canary::hex("imported api key")
}

/// The portal has made a user; nothing of it is stored.
fn with_user(bench: Bench) -> Bench {
    bench.gateway.put(USER, &api_key());
    bench
}

fn import(bench: &Bench) -> Ended {
    bench.obtain(Obtain::Imported { user: USER, api_key: api_key().secret() })
}

fn starts() -> [Bench; 4] {
    [Bench::new(), Bench::new().vacant(), Bench::new().with_old(), Bench::new().removed()].map(with_user)
}

#[test]
fn a_credential_that_works_is_written_in_one_go() {
    for bench in starts() {
        let versions = bench.versions();
        let published = import(&bench).published();
        assert_eq!((published.user, published.verified, published.key), (USER, true, None));
        assert_eq!(bench.points(), [Point::Token, Point::Product, Point::Publish, Point::ReadBack]);
        assert_eq!((bench.versions(), bench.gateway.asked(USER)), (versions + 1, 0));
        assert_eq!(bench.record().retired(), if bench.old.is_some() { vec![OLD_USER] } else { vec![] });
        bench.assert_settled();
    }
}

#[test]
fn killed_anywhere_it_is_there_or_it_is_not() {
    for n in 0..4 {
        for (point, side, written) in [
            (Point::Token, Side::Before, false),
            (Point::Token, Side::After, false),
            (Point::Product, Side::After, false),
            (Point::Publish, Side::Before, false),
            (Point::Publish, Side::After, true),
            (Point::ReadBack, Side::Before, true),
            (Point::ReadBack, Side::After, true),
        ] {
            let [bench] = starts().into_iter().skip(n).take(1).collect::<Vec<_>>().try_into().ok().unwrap();
            let versions = bench.versions();
            bench.stage.kill(point, 1, side);
            import(&bench).killed();
            bench.assert_promises();
            assert_eq!(bench.versions(), versions + usize::from(written));
            assert!(bench.resume().is_none(), "an import leaves no claim");
            if !written {
                import(&bench).published();
            }
            bench.assert_settled();
        }
    }
}

fn bad() -> Vec<(Point, Refusal, u8)> {
    let refused = |step, status, shape, diagnosis| answered(step, status, shape, diagnosis);
    vec![
        (Point::Token, invalid_key(Step::Token), 77),
        (Point::Token, refused(Step::Token, 500, Shape::Token, Diagnosis::LoginFailed), 77),
        (Point::Product, refused(Step::Read, 401, Shape::Json, Diagnosis::TokenRefused), 77),
        (Point::Product, refused(Step::Read, 500, Shape::Wallet, Diagnosis::NotAllowedTargetEnvironment), 77),
        (Point::Token, refused(Step::Token, 302, Shape::Html, Diagnosis::Redirect), 76),
        (Point::Token, refused(Step::Token, 200, Shape::Html, Diagnosis::Malformed), 76),
    ]
}

fn inconclusive() -> Vec<(Point, Refusal)> {
    let refused = |step, status, shape, diagnosis| answered(step, status, shape, diagnosis);
    vec![
        (Point::Token, outage(Step::Token)),
        (Point::Token, silent(Step::Token)),
        (Point::Token, refused(Step::Token, 429, Shape::Gateway, Diagnosis::RateLimited)),
        (Point::Token, refused(Step::Token, 403, Shape::Gateway, Diagnosis::Forbidden)),
        (Point::Product, refused(Step::Read, 403, Shape::Gateway, Diagnosis::Forbidden)),
        (Point::Product, refused(Step::Read, 502, Shape::Html, Diagnosis::Outage)),
        (Point::Product, refused(Step::Read, 404, Shape::Wallet, Diagnosis::UnknownNumber)),
    ]
}

#[test]
fn what_the_gateway_refuses_is_not_written() {
    for (point, refusal, code) in bad() {
        for bench in starts() {
            let versions = bench.versions();
            bench.gateway.refuse(point, Side::After, refusal.clone());
            let said = import(&bench).code(code);
            assert!(said.contains("nothing was written"), "{said}");
            assert_eq!(bench.versions(), versions);
        }
    }
}

#[test]
fn what_cannot_be_proven_now_is_kept_where_nothing_is_and_never_replaces() {
    for (point, refusal) in inconclusive() {
        for bench in starts() {
            let versions = bench.versions();
            bench.gateway.refuse(point, Side::After, refusal.clone());
            if bench.old.is_some() {
                let said = import(&bench).code(69);
                assert!(said.contains("nothing was written"), "{said}");
                assert_eq!(bench.versions(), versions);
                bench.assert_promises();
            } else {
                assert!(!import(&bench).published().verified);
                bench.assert_settled();
            }
        }
    }
}

#[test]
fn without_the_check_the_gateway_is_not_asked() {
    for mut bench in starts() {
        bench.check = Check::Skipped;
        assert!(!import(&bench).published().verified);
        assert_eq!(bench.points(), [Point::Publish, Point::ReadBack]);
        bench.assert_settled();
    }
}

#[test]
fn a_write_that_is_beaten_or_refused_changes_nothing() {
    for (kind, code) in [
        (ErrorKind::Conflict, 75),
        (ErrorKind::Denied, 77),
        (ErrorKind::Unavailable, 69),
        (ErrorKind::Misconfigured, 78),
    ] {
        let bench = with_user(Bench::new().with_old());
        bench.faults.add(Fault::before(1).of(Op::Write).with(kind));
        import(&bench).code(code);
        assert_eq!(bench.versions(), 1);
        import(&bench).published();
        bench.assert_settled();
    }
    let bench = with_user(Bench::new().with_old());
    let (store, name) = (bench.store.clone(), bench.name.clone());
    bench.stage.at(Point::Publish, 1, Side::Before, move || {
        store.plant(&name, field("team_note"), "edited".into());
    });
    import(&bench).code(75);
    assert!(bench.record().same_credential(bench.old.as_ref().unwrap()));
}

#[test]
fn an_answer_lost_is_resolved_by_the_store_or_said_to_be_unknown() {
    for fate in [Fate::LoseAnswer, Fate::LoseRequest] {
        let bench = with_user(Bench::new().with_old());
        bench.store.fates([fate]);
        import(&bench).published();
        bench.assert_settled();
    }
    let bench = with_user(Bench::new().with_old());
    bench.faults.add(Fault::after(1).of(Op::Write));
    let said = import(&bench).code(69);
    assert!(said.contains("not known whether this took effect"), "{said}");
    // A person may hold the only copy.
    assert!(said.contains("may be stored all the same") && said.contains("popup"), "{said}");
    assert!(said.contains("`momo-cred status`") && said.contains("`momo-cred verify`"), "{said}");
    bench.assert_settled();
}

#[test]
fn a_dead_claim_is_dropped_with_its_user_on_the_list() {
    for bench in starts() {
        bench.stage.kill(Point::Key, 1, Side::After);
        bench.provision().killed();
        let dead = bench.record().claim().unwrap().unwrap().api_user.unwrap();
        import(&bench).published();
        assert!(bench.record().retired().contains(&dead));
        bench.assert_settled();
    }
}

#[test]
fn a_claim_for_the_very_user_does_not_list_it_as_retired() {
    let bench = with_user(Bench::new().with_old());
    bench.stage.kill(Point::User, 1, Side::After);
    bench.provision().killed();
    let mut document = bench.store.peek(&bench.name).unwrap();
    document.insert(field("pending_api_user"), USER.to_string().into());
    bench.write(&document);
    import(&bench).published();
    assert!(!bench.record().retired().contains(&USER), "the imported user would be revoked");
}

#[test]
fn a_callback_host_of_the_user_before_is_not_kept_for_another() {
    let mut bench = with_user(Bench::new().with_old());
    bench.inputs.callback_host = None;
    import(&bench).published();
    assert_eq!(bench.record().text(Field::CallbackHost), None);
    bench.assert_settled();

    // One that was written by hand beside no credential belongs to nobody else.
    let mut bench = with_user(Bench::new().vacant());
    bench.inputs.callback_host = None;
    let mut document = bench.store.peek(&bench.name).unwrap();
    document.insert(field("callback_host"), "hand.example.com".into());
    bench.write(&document);
    import(&bench).published();
    assert_eq!(bench.record().text(Field::CallbackHost), Some("hand.example.com"));
    assert_eq!(bench.record().state(), RecordState::Complete);
}
