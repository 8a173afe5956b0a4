//! What an error of the SDK, or the want of an answer, says of a call. The SDK's errors hold whole answers: they end here.

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use momo_cred_transport::Silence;

use crate::trail::{Trail, Trouble};
use crate::{Problem, codes};

impl Problem {
    /// Reads an error of the SDK by its variant and its code.
    pub(crate) fn of<E: Operation>(error: &SdkError<E, HttpResponse>, who: &str, trail: &Trail) -> Self {
        if let Some(own) = own(error) {
            return own.clone();
        }
        match error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or_default();
                codes::problem(code, service.raw().status().as_u16(), who, E::NAME)
            }
            SdkError::TimeoutError(_) => Self::silent(Silence::Unanswered, trail),
            SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => match trail.last() {
                Some(trouble) => Self::of_trouble(trouble, trail),
                // Nothing was sent: the SDK knows no host to send it to.
                None => Self::NoEndpoint,
            },
            _ => Self::NotAws,
        }
    }

    /// A call that the deadline cut off: what its last attempt ended in, or else that one had no answer yet.
    pub(crate) fn cut_off(trail: &Trail) -> Self {
        match trail.last() {
            Some(Trouble::Status(status, code)) => match codes::meaning(code.unwrap_or_default()) {
                Some(codes::Meaning::Throttled) if !trail.was_sent() => Self::Throttled,
                _ if status >= 500 => Self::Unavailable(status),
                _ => Self::silent(Silence::Unanswered, trail),
            },
            Some(trouble @ Trouble::Silent(_)) => Self::of_trouble(trouble, trail),
            _ => Self::silent(Silence::Unanswered, trail),
        }
    }

    fn of_trouble(trouble: Trouble, trail: &Trail) -> Self {
        match trouble {
            Trouble::Silent(silence) => Self::silent(silence, trail),
            Trouble::TooLarge => Self::TooLarge,
            Trouble::Plain => Self::Endpoint { host: trail.host() },
            Trouble::Client(error) => Self::Client(error),
            Trouble::Status(status, _) => Self::Refused(status),
        }
    }

    fn silent(silence: Silence, trail: &Trail) -> Self {
        Self::Silent { silence, host: trail.host(), sent: trail.was_sent() }
    }
}

/// Our own reason, below an error of the SDK: new credentials that could not be had.
fn own<E: Operation>(error: &SdkError<E, HttpResponse>) -> Option<&Problem> {
    let mut cause = std::error::Error::source(error);
    while let Some(now) = cause {
        if let Some(own) = now.downcast_ref() {
            return Some(own);
        }
        cause = now.source();
    }
    None
}

/// What a call is called, by the error that it has.
pub(crate) trait Operation: ProvideErrorMetadata + std::error::Error + 'static {
    /// As policies name it.
    const NAME: &'static str;
}

macro_rules! operations {
    ($($module:ident $error:ident $name:literal),* $(,)?) => {
        $(impl Operation for aws_sdk_secretsmanager::operation::$module::$error {
            const NAME: &'static str = $name;
        })*
    };
}

operations! {
    batch_get_secret_value BatchGetSecretValueError "BatchGetSecretValue",
    create_secret CreateSecretError "CreateSecret",
    delete_secret DeleteSecretError "DeleteSecret",
    describe_secret DescribeSecretError "DescribeSecret",
    get_secret_value GetSecretValueError "GetSecretValue",
    list_secret_version_ids ListSecretVersionIdsError "ListSecretVersionIds",
    list_secrets ListSecretsError "ListSecrets",
    put_secret_value PutSecretValueError "PutSecretValue",
    restore_secret RestoreSecretError "RestoreSecret",
    update_secret_version_stage UpdateSecretVersionStageError "UpdateSecretVersionStage",
}
