//! Which code of a service means what. Only codes of these lists are ever printed or acted on.

use crate::Problem;

/// Too many requests, under all the names that the SDKs know it by
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>).
const THROTTLED: [&str; 13] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];
/// It does not work now, whatever the status says. `IDPCommunicationError` is the web identity's issuer that STS cannot reach.
const DOWN: [&str; 11] = [
    "IDPCommunicationError",
    "InternalError",
    "InternalFailure",
    "InternalServerException",
    "InternalServiceError",
    "InternalServiceErrorException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "TransientError",
];
const DENIED: [&str; 5] =
    ["AccessDenied", "AccessDeniedException", "ForbiddenException", "NotAuthorized", "UnauthorizedOperation"];
const UNKNOWN_KEY: [&str; 5] = [
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "OptInRequired",
    "UnrecognizedClientException",
];
const SIGNATURE: [&str; 4] = [
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
];
const CLOCK: [&str; 3] = ["RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"];
const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "IDPRejectedClaim"];
/// What only sources of credentials say.
const REFUSED: [&str; 5] = [
    "InvalidIdentityToken",
    "MalformedPolicyDocument",
    "RegionDisabledException",
    "UnauthorizedException",
    "ValidationError",
];

/// What a code means, whoever says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Throttled,
    Down,
    Denied,
    UnknownKey,
    Signature,
    Clock,
    Expired,
}

pub(crate) fn meaning(code: &str) -> Option<Meaning> {
    let lists: [(&[&str], Meaning); 7] = [
        (&THROTTLED, Meaning::Throttled),
        (&DOWN, Meaning::Down),
        (&DENIED, Meaning::Denied),
        (&UNKNOWN_KEY, Meaning::UnknownKey),
        (&SIGNATURE, Meaning::Signature),
        (&CLOCK, Meaning::Clock),
        (&EXPIRED, Meaning::Expired),
    ];
    lists.iter().find(|(list, _)| list.contains(&code)).map(|(_, meaning)| *meaning)
}

/// The first known code in an answer: STS answers in XML, single sign-on and containers in JSON of several shapes.
pub(crate) fn within(body: &[u8]) -> Option<&'static str> {
    /// Codes stand at the beginning; what follows is text.
    const FAR: usize = 4096;
    let lists: [&'static [&'static str]; 8] =
        [&THROTTLED, &DOWN, &DENIED, &UNKNOWN_KEY, &SIGNATURE, &CLOCK, &EXPIRED, &REFUSED];
    let known =
        |word: &[u8]| lists.iter().flat_map(|list| list.iter()).copied().find(|code| code.as_bytes() == word);
    let body = body.get(..FAR).unwrap_or(body);
    body.split(|b| !b.is_ascii_alphanumeric()).find_map(known)
}

/// Reads a code of Secrets Manager, of KMS behind it, or one that all services share
/// (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html>). Who asked for what is told with a
/// refusal.
pub(crate) fn problem(code: &str, status: u16, who: &str, operation: &'static str) -> Problem {
    let identity = |why| Problem::Identity { who: who.to_owned(), why };
    match code {
        "ResourceNotFoundException" => return Problem::NotFound,
        "ResourceExistsException" => return Problem::Exists,
        "InvalidRequestException" => return Problem::State,
        "LimitExceededException" => return Problem::Quota,
        "DecryptionFailure" => return Problem::Kms("DecryptionFailure"),
        "EncryptionFailure" => return Problem::Kms("EncryptionFailure"),
        _ => {}
    }
    match meaning(code) {
        Some(Meaning::Throttled) => Problem::Throttled,
        Some(Meaning::Down) => Problem::Unavailable(status),
        Some(Meaning::Denied) => Problem::Denied { who: who.to_owned(), operation },
        Some(Meaning::UnknownKey) => identity("the access key is unknown"),
        Some(Meaning::Signature) => identity("the signature does not match, or a clock is wrong"),
        Some(Meaning::Clock) => identity("the clock here and that of AWS are too far apart"),
        Some(Meaning::Expired) => identity("they have expired"),
        None if status >= 500 => Problem::Unavailable(status),
        None if code.is_empty() => Problem::NotAws,
        None => Problem::Refused(status),
    }
}

#[cfg(test)]
mod tests {
    use momo_cred_backend_api::ErrorKind;

    use super::*;

    #[test]
    fn codes_decide() {
        let kind = |code, status| problem(code, status, "w", "GetSecretValue").kind();
        assert_eq!(kind("AccessDeniedException", 400), ErrorKind::Denied);
        assert_eq!(kind("DecryptionFailure", 400), ErrorKind::Denied);
        assert_eq!(kind("ThrottlingException", 400), ErrorKind::Unavailable);
        assert_eq!(kind("ProvisionedThroughputExceededException", 400), ErrorKind::Unavailable);
        assert_eq!(kind("RequestTimeout", 400), ErrorKind::Unavailable);
        assert_eq!(kind("ExpiredTokenException", 400), ErrorKind::Denied);
        assert_eq!(kind("RequestTimeTooSkewed", 403), ErrorKind::Denied);
        assert_eq!(kind("SomethingNew", 500), ErrorKind::Unavailable);
        assert_eq!(kind("SomethingNew", 400), ErrorKind::Misconfigured);
        assert_eq!(kind("", 200), ErrorKind::Protocol);
        // A proxy's or a load balancer's page.
        assert_eq!(kind("", 503), ErrorKind::Unavailable);
    }

    #[test]
    fn codes_are_found_in_answers_of_each_shape() {
        let within = |body: &str| within(body.as_bytes());
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>x</Message>";
        assert_eq!(within(xml), Some("AccessDenied"));
        assert_eq!(within(r#"{"__type":"com.amazonaws#ThrottlingException"}"#), Some("ThrottlingException"));
        assert_eq!(
            within(r#"{"code":"AccessDeniedException","message":"x"}"#),
            Some("AccessDeniedException")
        );
        assert_eq!(within("s3krit"), None);
        assert_eq!(within(""), None);
    }
}
