//! Names of variables that steer how a program is found, loaded or run, and so are never the target of a mapping.
//!
//! A found config file may choose the names under which a program gets its values. Without this list it could choose
//! `LD_PRELOAD`.

use std::fmt;

/// Names refused as a whole.
const NAMES: &[&str] = &[
    // Shells and the search for programs.
    "PATH",
    "HOME",
    "SHELL",
    "IFS",
    "ENV",
    "CDPATH",
    "FPATH",
    "MANPATH",
    "PS4",
    "PROMPT_COMMAND",
    "SHELLOPTS",
    "ZDOTDIR",
    "USER",
    "LOGNAME",
    "PWD",
    "OLDPWD",
    "TMPDIR",
    "TMP",
    "TEMP",
    "COMSPEC",
    "PATHEXT",
    // Programs that others start.
    "EDITOR",
    "VISUAL",
    "PAGER",
    "BROWSER",
    "LESSOPEN",
    "LESSCLOSE",
    "MANPAGER",
    "MANOPT",
    "SUDO_ASKPASS",
    "SUDO_EDITOR",
    "DISPLAY",
    "CC",
    "CXX",
    "LD",
    "AR",
    "MAKEFLAGS",
    "MFLAGS",
    // The C library.
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "TZDIR",
    "HOSTALIASES",
    "RES_OPTIONS",
    "LOCALDOMAIN",
    "GETCONF_DIR",
    "TERMINFO",
    "TERMINFO_DIRS",
    "TERMCAP",
    "TERMPATH",
    // Interpreters.
    "CLASSPATH",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "JAVA_OPTS",
    "JAVA_OPTIONS",
    "JAVA_HOME",
    "JRE_HOME",
    "MAVEN_OPTS",
    "GRADLE_OPTS",
    "CATALINA_OPTS",
    "JAVA_OPTS_APPEND",
    "PERLLIB",
    "PERL_MB_OPT",
    "RUBYOPT",
    "RUBYLIB",
    "RUBYPATH",
    "RUBYSHELL",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PHP_INI",
    "LUA_INIT",
    "LUA_PATH",
    "LUA_CPATH",
    "R_PROFILE",
    "R_PROFILE_USER",
    "ERL_AFLAGS",
    "ERL_FLAGS",
    "ERL_ZFLAGS",
    "ERL_LIBS",
    "ELIXIR_ERL_OPTIONS",
    "GODEBUG",
    "GOTRACEBACK",
    "GOFLAGS",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "GHCRTS",
    "DENO_DIR",
    "BUN_CONFIG_FILE",
    // TLS and proxies: where secrets are sent, and who is believed.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "FTP_PROXY",
    "SOCKS_PROXY",
    "REQUEST_METHOD",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSLKEYLOGFILE",
    "CURL_CA_BUNDLE",
    "CURL_HOME",
    "REQUESTS_CA_BUNDLE",
    "NETRC",
    "KRB5_CONFIG",
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
    "LISTEN_PID",
];

/// Beginnings refused whatever follows.
const PREFIXES: &[&str] = &[
    "LD_",
    "DYLD_",
    "_RLD",
    "BASH_",
    "MALLOC_",
    "GLIBC_",
    "NODE_",
    "NPM_CONFIG_",
    "YARN_",
    "PYTHON",
    "PERL5",
    "GIT_",
    "SSH_",
    "XDG_",
    "OPENSSL_",
    "DOTNET_",
    "CORECLR_",
    "COR_",
    "COMPLUS_",
    "BUNDLE_",
    "GEM_",
    "CARGO_",
    "DOCKER_",
    "KUBE",
    "ASAN_",
    "LSAN_",
    "UBSAN_",
    "TSAN_",
    "GTK_",
    "QT_",
    "GIO_",
    "LIBC_",
    "RUST_",
    // Credentials, settings and marks of our own and of the stores.
    "IN_MOMO_CRED",
    "MOMO_CRED_",
    "VAULT_",
    "BAO_",
    "AWS_",
];

/// A name that a mapping may not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadVariableName {
    /// Not letters, digits and `_`, beginning with a letter or `_`.
    Syntax,
    /// On the list.
    Steering,
}

/// Checks a name that a program's environment is to get.
///
/// The list is compared without regard to case: some of these names have meaning in both (`http_proxy`), and none is
/// a good name for a credential in either.
///
/// # Errors
/// [`BadVariableName`] for a name that steers how programs are loaded or run, and for a text that is no name.
pub fn refuse(name: &str) -> Result<(), BadVariableName> {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if !first || name.len() > 256 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(BadVariableName::Syntax);
    }
    let upper = name.to_ascii_uppercase();
    // Most words of the lists are out by their first letter: each start comes here once for every field.
    let alike = |word: &&&str| word.as_bytes().first() == upper.as_bytes().first();
    if NAMES.iter().filter(alike).any(|word| *word == upper)
        || PREFIXES.iter().filter(alike).any(|prefix| upper.starts_with(prefix))
    {
        return Err(BadVariableName::Steering);
    }
    Ok(())
}

impl fmt::Display for BadVariableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not a variable name: letters, digits and `_`, a digit not first",
            Self::Steering => "a name that steers how programs are found, loaded or run",
        })
    }
}

impl std::error::Error for BadVariableName {}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `resolve` takes for granted.
    #[test]
    fn names_that_are_built_in_pass() {
        for field in crate::credential::Field::ALL {
            assert_eq!(refuse(&format!("{}_{field}", crate::config::DEFAULT_PREFIX)), Ok(()), "{field}");
        }
    }

    #[test]
    fn table() {
        for steering in [
            "LD_PRELOAD",
            "LD_ANYTHING",
            "DYLD_INSERT_LIBRARIES",
            "PATH",
            "HOME",
            "SHELL",
            "IFS",
            "ENV",
            "BASH_ENV",
            "BASH_FUNC_x",
            "NODE_OPTIONS",
            "NODE_PATH",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "PERL5LIB",
            "PERL5OPT",
            "PERLLIB",
            "RUBYOPT",
            "RUBYLIB",
            "JAVA_TOOL_OPTIONS",
            "_JAVA_OPTIONS",
            "JDK_JAVA_OPTIONS",
            "CLASSPATH",
            "GIT_SSH_COMMAND",
            "SSH_ASKPASS",
            "GCONV_PATH",
            "LOCPATH",
            "MALLOC_CONF",
            "GLIBC_TUNABLES",
            "HTTP_PROXY",
            "http_proxy",
            "Https_Proxy",
            "all_proxy",
            "NO_PROXY",
            "EDITOR",
            "PAGER",
            "TERMINFO",
            "XDG_CONFIG_HOME",
            "MOMO_CRED_STORE",
            "IN_MOMO_CRED",
            "VAULT_ADDR",
            "BAO_TOKEN",
            "AWS_PROFILE",
            "ld_preload",
            "SSLKEYLOGFILE",
        ] {
            assert_eq!(refuse(steering), Err(BadVariableName::Steering), "{steering}");
        }
        for bad in ["", "1A", "A-B", "A B", "A=B", "é", "A\0", "A\nB", &"A".repeat(257)] {
            assert_eq!(refuse(bad), Err(BadVariableName::Syntax), "{bad:?}");
        }
        // Names that public SDKs read must pass.
        for good in [
            "MOMO_API_KEY",
            "MTN_MOMO_SUBSCRIPTION_KEY",
            "PRIMARY_KEY",
            "USER_ID",
            "USER_SECRET",
            "CALLBACK_HOST",
            "ENVIRONMENT",
            "BASE_URL",
            "COLLECTION_API_SECRET",
            "TARGET_ENVIRONMENT",
            "_x",
            "momo_key",
            "PAYOUT_KEY",
            "MTN_URL",
            "CALLBACK_SERVER_URL",
            "MOMO_CREDENTIAL",
        ] {
            assert_eq!(refuse(good), Ok(()), "{good}");
        }
    }
}
