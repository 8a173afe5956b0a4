//! Ways to log in, each set up so that a test can log in at once. They are mounted at their usual places.

use crate::jwt::{SigningKey, now};
use crate::outside::Outside;
use crate::setup::text;
use crate::vault::Vault;
use serde_json::{Value, json};

const JSON: &str = "application/json";

/// An account for a machine.
pub struct AppRole {
    /// Its name.
    pub name: String,
    /// The half that is not secret.
    pub role_id: String,
    /// The half that is.
    pub secret_id: String,
}

/// A role of the `jwt` method, with the key that its tokens are signed with.
pub struct JwtRole {
    name: String,
    key: SigningKey,
}

impl JwtRole {
    /// The claims of a token that logs in, for five minutes.
    #[must_use]
    pub fn claims(&self) -> Value {
        json!({"sub": "ci-job", "aud": self.name, "iat": now(), "nbf": now(), "exp": now() + 300})
    }

    /// A token that logs in.
    #[must_use]
    pub fn token(&self) -> String {
        self.sign(&self.claims())
    }

    /// A token with any claims, signed with the right key.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.key.sign(claims)
    }
}

/// A cluster that vouches for one service account, and the role that it logs in to.
pub struct Kubernetes {
    cluster: Outside,
    token: String,
}

impl Kubernetes {
    /// What a pod of the account finds in its token file.
    #[must_use]
    pub fn service_account_token(&self) -> &str {
        &self.token
    }

    /// How often the server asked the cluster.
    #[must_use]
    pub fn reviews(&self) -> usize {
        self.cluster.asked(|_| ()).len()
    }
}

/// A security token service that knows one caller, and the role that it logs in to. It does not check signatures:
/// what the server makes of the signed request is tested, not what the cloud does.
pub struct Aws {
    sts: Outside,
}

impl Aws {
    /// The bodies of the signed requests that the server passed on. It does so more than once for a login.
    #[must_use]
    pub fn bodies(&self) -> Vec<String> {
        self.sts.asked(|asked| asked.body.clone())
    }

    /// The values of a header of those requests, `Authorization` for one.
    #[must_use]
    pub fn header(&self, name: &str) -> Vec<String> {
        let found = self.sts.asked(|asked| {
            let mut headers = asked.headers.iter();
            headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        });
        found.into_iter().flatten().collect()
    }
}

impl Vault {
    /// Enables a method at its usual place, unless it is.
    ///
    /// # Panics
    ///
    /// If the server does not have it.
    pub fn enable_auth(&self, kind: &str) {
        let path = format!("sys/auth/{kind}");
        let (status, answer) = self.request("POST", &path, self.root_token(), &json!({"type": kind}));
        let there = answer.to_string().contains("path is already in use");
        assert!(status == 204 || there, "{path} answered {status}: {answer}");
    }

    /// An `approle` with these policies; its tokens live an hour.
    #[must_use]
    pub fn approle(&self, name: &str, policies: &[&str]) -> AppRole {
        self.approle_with(name, &json!({"token_policies": policies, "token_ttl": "1h"}))
    }

    /// An `approle` with these settings, such as `secret_id_num_uses` or `bind_secret_id`.
    #[must_use]
    pub fn approle_with(&self, name: &str, settings: &Value) -> AppRole {
        self.enable_auth("approle");
        let path = format!("auth/approle/role/{name}");
        self.root("POST", &path, settings);
        let role_id = text(&self.root("GET", &format!("{path}/role-id"), &Value::Null), "/data/role_id");
        AppRole { name: name.to_owned(), role_id, secret_id: self.secret_id(name) }
    }

    /// Another secret id of an `approle`.
    #[must_use]
    pub fn secret_id(&self, approle: &str) -> String {
        let path = format!("auth/approle/role/{approle}/secret-id");
        text(&self.root("POST", &path, &json!({})), "/data/secret_id")
    }

    /// Another secret id of an `approle`, in a wrapper that opens once within `ttl`.
    #[must_use]
    pub fn wrapped_secret_id(&self, approle: &str, ttl: &str) -> String {
        self.wrapped("POST", &format!("auth/approle/role/{approle}/secret-id"), ttl, &json!({}))
    }

    /// A user with a password.
    pub fn userpass(&self, user: &str, password: &str, policies: &[&str]) {
        self.enable_auth("userpass");
        let settings = json!({"password": password, "token_policies": policies, "token_ttl": "1h"});
        self.root("POST", &format!("auth/userpass/users/{user}"), &settings);
    }

    /// Lets the holders of a certificate from [`Vault::authority`] in whose common name is `common_name`; needs TLS.
    pub fn cert(&self, role: &str, common_name: &str, policies: &[&str]) {
        self.enable_auth("cert");
        let settings = json!({
            "certificate": self.authority().ca_pem(),
            "allowed_common_names": [common_name],
            "token_policies": policies,
            "token_ttl": "1h",
        });
        self.root("POST", &format!("auth/cert/certs/{role}"), &settings);
    }

    /// A role for signed tokens whose audience is its name. One per server: a second replaces the key of the first.
    #[must_use]
    pub fn jwt(&self, role: &str, policies: &[&str]) -> JwtRole {
        self.enable_auth("jwt");
        let key = SigningKey::new();
        self.root("POST", "auth/jwt/config", &json!({"jwt_validation_pubkeys": [key.public_key_pem()]}));
        let settings = json!({
            "role_type": "jwt",
            "user_claim": "sub",
            "bound_audiences": [role],
            "token_policies": policies,
            "token_ttl": "1h",
        });
        self.root("POST", &format!("auth/jwt/role/{role}"), &settings);
        JwtRole { name: role.to_owned(), key }
    }

    /// A role for the service account `pay` in the namespace `shop` of a cluster, which is up as long as the result is.
    #[must_use]
    pub fn kubernetes(&self, role: &str, policies: &[&str]) -> Kubernetes {
        self.enable_auth("kubernetes");
        let account = json!({"name": "pay", "uid": "8a0bd8ee-6d1f-4a6e-9d0b-7a4a3b6d1f55"});
        let token = SigningKey::new().sign(&json!({
            "iss": "https://kubernetes.default.svc",
            "sub": "system:serviceaccount:shop:pay",
            "iat": now(),
            "nbf": now(),
            "exp": now() + 3600,
            "kubernetes.io": {"namespace": "shop", "serviceaccount": account},
        }));
        let known = token.clone();
        let cluster = Outside::start(move |body| {
            let review: Value = serde_json::from_str(body).unwrap_or_default();
            let valid = review.pointer("/spec/token").and_then(Value::as_str) == Some(&known);
            let user = json!({"username": "system:serviceaccount:shop:pay", "uid": account["uid"]});
            let status = if valid { json!({"authenticated": true, "user": user}) } else { json!({}) };
            let answer =
                json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status});
            (201, JSON, answer.to_string())
        });
        let config = json!({
            "kubernetes_host": cluster.address(),
            "token_reviewer_jwt": "reviewer",
            "disable_local_ca_jwt": true,
        });
        self.root("POST", "auth/kubernetes/config", &config);
        let settings = json!({
            "bound_service_account_names": ["pay"],
            "bound_service_account_namespaces": ["shop"],
            "token_policies": policies,
            "token_ttl": "1h",
        });
        self.root("POST", &format!("auth/kubernetes/role/{role}"), &settings);
        Kubernetes { cluster, token }
    }

    /// A role for the cloud user `arn:aws:iam::123456789012:user/pay`. The service that vouches for it is up as long
    /// as the result is; the server demands `server_id` in the header `X-Vault-AWS-IAM-Server-ID`, unless it is empty.
    #[must_use]
    pub fn aws(&self, role: &str, server_id: &str, policies: &[&str]) -> Aws {
        const ANSWER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
            <Arn>arn:aws:iam::123456789012:user/pay</Arn><UserId>AIDAPAY</UserId><Account>123456789012</Account>\
            </GetCallerIdentityResult></GetCallerIdentityResponse>";
        self.enable_auth("aws");
        let sts = Outside::start(|_| (200, "text/xml", ANSWER.to_owned()));
        let config = json!({"sts_endpoint": sts.address(), "iam_server_id_header_value": server_id});
        self.root("POST", "auth/aws/config/client", &config);
        let settings = json!({
            "auth_type": "iam",
            "bound_iam_principal_arn": ["arn:aws:iam::123456789012:user/pay"],
            // Else the server asks the real cloud for the user's id.
            "resolve_aws_unique_ids": false,
            "token_policies": policies,
            "token_ttl": "1h",
        });
        self.root("POST", &format!("auth/aws/role/{role}"), &settings);
        Aws { sts }
    }
}
