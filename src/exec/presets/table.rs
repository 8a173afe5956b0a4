//! The presets themselves: which names each reader takes, and where that was read.
//!
//! A row says only what its source says. A name whose values mean something else there than a field of ours is left out,
//! with a word about it: a variable that is missing is noticed, one with a wrong value is not.

use super::Preset;
use crate::credential::{Field, Product};

/// All presets, in the order in which they are listed.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "momo",
        reader: "momo-cred's own names, for new programs",
        source: "the commonest roles in public applications, under a free prefix",
        prefix: Some("MOMO"),
        products: &Product::ALL,
        variables: &[
            ("{PREFIX}_SUBSCRIPTION_KEY", Field::SubscriptionKey),
            ("{PREFIX}_SUBSCRIPTION_KEY_SECONDARY", Field::SubscriptionKeySecondary),
            ("{PREFIX}_API_USER", Field::ApiUser),
            ("{PREFIX}_API_KEY", Field::ApiKey),
            ("{PREFIX}_TARGET_ENVIRONMENT", Field::TargetEnvironment),
            ("{PREFIX}_BASE_URL", Field::BaseUrl),
            ("{PREFIX}_CALLBACK_HOST", Field::CallbackHost),
        ],
        extra: &[],
    },
    Preset {
        name: "laravel-mtn-momo",
        reader: "Packagist bmatovu/laravel-mtn-momo",
        // Left out: MOMO_PRODUCT, the default of its artisan commands, which several products in one run cannot share;
        // MOMO_*_CALLBACK_URI, a whole URL.
        source: "github.com/mtvbrianking/laravel-mtn-momo, config/mtn-momo.php; names only",
        prefix: None,
        products: &Product::ALL,
        variables: &[
            ("MOMO_{PRODUCT}_SUBSCRIPTION_KEY", Field::SubscriptionKey),
            ("MOMO_{PRODUCT}_ID", Field::ApiUser),
            ("MOMO_{PRODUCT}_SECRET", Field::ApiKey),
            // Goes out unchanged as X-Target-Environment.
            ("MOMO_ENVIRONMENT", Field::TargetEnvironment),
            ("MOMO_API_BASE_URI", Field::BaseUrl),
            ("MOMO_PROVIDER_CALLBACK_HOST", Field::CallbackHost),
        ],
        extra: &[],
    },
    Preset {
        name: "momoapi-node",
        reader: "npm mtn-momo",
        // The README takes the first four from the environment. For `baseUrl` and `environment` it names no variable;
        // theirs are the names that momoapi-python and the Go SDK use. `environment` goes out unchanged as
        // X-Target-Environment (lib/client.js), so it is `mtnuganda` and not the README's "production".
        source: "mtn-momo 2.0.0, README.md, sections Configuration, Collections and Disbursements; run in the tests",
        prefix: None,
        products: &[Product::Collection, Product::Disbursement],
        variables: &[
            ("{PRODUCTS}_PRIMARY_KEY", Field::SubscriptionKey),
            ("{PRODUCTS}_USER_ID", Field::ApiUser),
            ("{PRODUCTS}_USER_SECRET", Field::ApiKey),
            ("CALLBACK_HOST", Field::CallbackHost),
            ("ENVIRONMENT", Field::TargetEnvironment),
            ("BASE_URL", Field::BaseUrl),
        ],
        extra: &[],
    },
    Preset {
        name: "momoapi-python",
        reader: "PyPI mtnmomo",
        source: "mtnmomo 3.0.1, README.md and src/mtnmomo/config.py; run in the tests",
        prefix: None,
        products: &Product::ALL,
        variables: &[
            ("{PRODUCT}_PRIMARY_KEY", Field::SubscriptionKey),
            ("{PRODUCT}_USER_ID", Field::ApiUser),
            ("{PRODUCT}_API_SECRET", Field::ApiKey),
            ("CALLBACK_HOST", Field::CallbackHost),
            ("ENVIRONMENT", Field::TargetEnvironment),
            ("BASE_URL", Field::BaseUrl),
        ],
        // README and config.py fill DISBURSEMENT_API_SECRET from this plural, and programs copied that.
        extra: &[(Product::Disbursement, "DISBURSEMENTS_API_SECRET", Field::ApiKey)],
    },
    Preset {
        name: "mtnmomo-rs",
        reader: "crate mtnmomo",
        // The environment is a constant of the program. User and key have one name for all products: with two products
        // in one run they clash, which is said.
        source: "mtnmomo 0.1.9, readme.md, src/lib.rs and the tests in src/products; run in the tests",
        prefix: None,
        products: &Product::ALL,
        variables: &[
            ("MTN_{PRODUCT}_PRIMARY_KEY", Field::SubscriptionKey),
            ("MTN_{PRODUCT}_SECONDARY_KEY", Field::SubscriptionKeySecondary),
            ("MTN_API_USER", Field::ApiUser),
            ("MTN_API_KEY", Field::ApiKey),
            ("MTN_URL", Field::BaseUrl),
            ("MTN_CALLBACK_HOST", Field::CallbackHost),
        ],
        extra: &[],
    },
    Preset {
        name: "mtn-momo-flat",
        reader: "applications with one product and the prefix MTN_MOMO",
        // Applications are split between the two names of the target environment, so both are set. Left out:
        // MTN_MOMO_CALLBACK_URL, a whole URL.
        source: "github.com/catidegla/laravel-mobile-money, SANDBOX.md, and applications like it; names only",
        prefix: None,
        products: &Product::ALL,
        variables: &[
            ("MTN_MOMO_SUBSCRIPTION_KEY", Field::SubscriptionKey),
            ("MTN_MOMO_API_USER", Field::ApiUser),
            ("MTN_MOMO_API_KEY", Field::ApiKey),
            ("MTN_MOMO_ENVIRONMENT", Field::TargetEnvironment),
            ("MTN_MOMO_TARGET_ENVIRONMENT", Field::TargetEnvironment),
            ("MTN_MOMO_BASE_URL", Field::BaseUrl),
        ],
        extra: &[],
    },
    Preset {
        name: "django",
        reader: "Django settings of one product",
        // Left out: MOMO_ENVIRONMENT, which is `sandbox` or `production` there: with `mtnrwanda` in it the program would
        // ask the sandbox. MOMO_CALLBACK_URL is a whole URL.
        source: "github.com/hirwacedric123/inzu_link, authentication/momo_payment.py; names only",
        prefix: None,
        products: &Product::ALL,
        variables: &[
            ("MOMO_SUBSCRIPTION_KEY_PRIMARY", Field::SubscriptionKey),
            ("MOMO_SUBSCRIPTION_KEY_SECONDARY", Field::SubscriptionKeySecondary),
            ("MOMO_API_USER", Field::ApiUser),
            ("MOMO_API_KEY", Field::ApiKey),
        ],
        extra: &[],
    },
    Preset {
        name: "spring",
        reader: "Spring Boot: mtn.momo.subscription-key, mtn.momo.api-user, ...",
        // A property in kebab case is looked for with dots as `_`, without dashes, in upper case. Applications are split
        // between api-user and user-id, and between environment and target-environment.
        source: "Spring Boot's relaxed binding of public applications' @Value names; names only",
        prefix: Some("MTN_MOMO"),
        products: &Product::ALL,
        variables: &[
            ("{PREFIX}_SUBSCRIPTIONKEY", Field::SubscriptionKey),
            ("{PREFIX}_APIUSER", Field::ApiUser),
            ("{PREFIX}_USERID", Field::ApiUser),
            ("{PREFIX}_APIKEY", Field::ApiKey),
            ("{PREFIX}_ENVIRONMENT", Field::TargetEnvironment),
            ("{PREFIX}_TARGETENVIRONMENT", Field::TargetEnvironment),
            ("{PREFIX}_BASEURL", Field::BaseUrl),
        ],
        extra: &[],
    },
];
