use super::*;

fn names(preset: &str, product: Product, prefix: Option<&str>) -> String {
    let mapping = Preset::named(preset).unwrap().mapping(product, prefix).unwrap();
    mapping.iter().map(|(name, field)| format!("{name}={field}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn exact_names() {
    const SHARED: &str = "CALLBACK_HOST=callback_host ENVIRONMENT=target_environment BASE_URL=base_url";
    let momo = |prefix| {
        format!(
            "{prefix}_SUBSCRIPTION_KEY=subscription_key \
             {prefix}_SUBSCRIPTION_KEY_SECONDARY=subscription_key_secondary {prefix}_API_USER=api_user \
             {prefix}_API_KEY=api_key {prefix}_TARGET_ENVIRONMENT=target_environment {prefix}_BASE_URL=base_url \
             {prefix}_CALLBACK_HOST=callback_host"
        )
    };
    let node = |product| {
        format!(
            "{product}_PRIMARY_KEY=subscription_key {product}_USER_ID=api_user {product}_USER_SECRET=api_key {SHARED}"
        )
    };
    let python = |product, slip| {
        format!(
            "{product}_PRIMARY_KEY=subscription_key {product}_USER_ID=api_user {product}_API_SECRET=api_key \
             {SHARED}{slip}"
        )
    };
    for product in Product::ALL {
        assert_eq!(names("momo", product, None), momo("MOMO"));
        assert_eq!(names("momo", product, Some("PAY_2")), momo("PAY_2"));
    }
    assert_eq!(names("momoapi-node", Product::Collection, None), node("COLLECTIONS"));
    assert_eq!(names("momoapi-node", Product::Disbursement, None), node("DISBURSEMENTS"));
    assert_eq!(names("momoapi-python", Product::Collection, None), python("COLLECTION", ""));
    assert_eq!(names("momoapi-python", Product::Remittance, None), python("REMITTANCE", ""));
    let slip = " DISBURSEMENTS_API_SECRET=api_key";
    assert_eq!(names("momoapi-python", Product::Disbursement, None), python("DISBURSEMENT", slip));
}

#[test]
fn exact_names_of_the_rest() {
    for (preset, product, expected) in [
        (
            "laravel-mtn-momo",
            Product::Disbursement,
            "MOMO_DISBURSEMENT_SUBSCRIPTION_KEY=subscription_key MOMO_DISBURSEMENT_ID=api_user \
             MOMO_DISBURSEMENT_SECRET=api_key MOMO_ENVIRONMENT=target_environment MOMO_API_BASE_URI=base_url \
             MOMO_PROVIDER_CALLBACK_HOST=callback_host",
        ),
        (
            "mtnmomo-rs",
            Product::Remittance,
            "MTN_REMITTANCE_PRIMARY_KEY=subscription_key MTN_REMITTANCE_SECONDARY_KEY=subscription_key_secondary \
             MTN_API_USER=api_user MTN_API_KEY=api_key MTN_URL=base_url MTN_CALLBACK_HOST=callback_host",
        ),
        (
            "mtn-momo-flat",
            Product::Collection,
            "MTN_MOMO_SUBSCRIPTION_KEY=subscription_key MTN_MOMO_API_USER=api_user MTN_MOMO_API_KEY=api_key \
             MTN_MOMO_ENVIRONMENT=target_environment MTN_MOMO_TARGET_ENVIRONMENT=target_environment \
             MTN_MOMO_BASE_URL=base_url",
        ),
        (
            "django",
            Product::Collection,
            "MOMO_SUBSCRIPTION_KEY_PRIMARY=subscription_key \
             MOMO_SUBSCRIPTION_KEY_SECONDARY=subscription_key_secondary MOMO_API_USER=api_user MOMO_API_KEY=api_key",
        ),
        (
            "spring",
            Product::Collection,
            "MTN_MOMO_SUBSCRIPTIONKEY=subscription_key MTN_MOMO_APIUSER=api_user MTN_MOMO_USERID=api_user \
             MTN_MOMO_APIKEY=api_key MTN_MOMO_ENVIRONMENT=target_environment \
             MTN_MOMO_TARGETENVIRONMENT=target_environment MTN_MOMO_BASEURL=base_url",
        ),
    ] {
        assert_eq!(names(preset, product, None), expected);
    }
    assert!(names("spring", Product::Collection, Some("PAYMENT_MTN")).contains("PAYMENT_MTN_APIKEY=api_key"));
}

#[test]
fn every_row_gives_every_product_distinct_names_and_the_whole_credential() {
    for preset in PRESETS {
        for product in preset.products {
            let mapping = preset.mapping(*product, None).unwrap();
            let extra = preset.extra.iter().filter(|(only, ..)| only == product).count();
            assert_eq!(mapping.iter().count(), preset.variables.len() + extra, "{}", preset.name);
            for field in [Field::SubscriptionKey, Field::ApiUser, Field::ApiKey] {
                assert!(mapping.iter().any(|(_, has)| has == field), "{} {field}", preset.name);
            }
            assert!(mapping.iter().all(|(name, _)| !name.contains(['{', '}'])));
            // Whoever adds one says how far its test goes.
            let source = preset.source;
            let said = source.ends_with("; run in the tests") || source.ends_with("; names only");
            assert!(said || preset.name == "momo", "{}", preset.name);
        }
    }
}

#[test]
fn refusals() {
    let map =
        |name, product, prefix| Preset::named(name).and_then(|p| p.mapping(product, prefix)).unwrap_err();
    assert_eq!(map("nosuch", Product::Collection, None), PresetError::Unknown("nosuch".into()));
    let error = map("momoapi-node", Product::Remittance, None);
    assert_eq!(error, PresetError::Product("momoapi-node", Product::Remittance));
    let fixed: Vec<_> = PRESETS.iter().filter(|preset| preset.prefix.is_none()).collect();
    assert_eq!(fixed.len(), 6);
    for preset in fixed {
        assert_eq!(map(preset.name, Product::Collection, Some("MOMO")), PresetError::Fixed(preset.name));
    }
    assert_eq!(map("momo", Product::Collection, Some("")), PresetError::Empty("momo"));
    for prefix in ["1", "A-B", "A=B", "LD", "VAULT"] {
        let error = map("momo", Product::Collection, Some(prefix));
        assert!(matches!(error, PresetError::Names(InvalidMapping::Name(..))), "{prefix}");
    }
}
