//! `[[authentication.oidc]]`: a provider of OpenID Connect whose id tokens log in.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The provider that needs nothing but its name and the ids of its clients.
const GOOGLE: (&str, &str) = ("google", "https://accounts.google.com");

/// A provider. Its tokens are taken at `__token` with the grant type `urn:x-personium:oidc:{name}`, for Accounts whose
/// `Type` has `oidc:{name}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// What it is called here: letters, digits, `-` and `_`.
    pub name: String,
    /// Its URL, below which `.well-known/openid-configuration` is. May be left out for `google`.
    #[serde(default)]
    pub issuer: Option<String>,
    /// The clients (`aud`) whose tokens are taken.
    pub client_ids: Vec<String>,
    /// The claim that is the name of the Account. An e-mail address counts if the provider has verified it.
    #[serde(default = "email")]
    pub account_claim: String,
    /// Whether it may be asked for its keys without TLS. On this machine it always may.
    #[serde(default)]
    pub allow_http: bool,
}

fn email() -> String {
    "email".to_owned()
}

impl OidcConfig {
    /// Its issuer: the one that is configured, or the known one of its name.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        let (name, issuer) = GOOGLE;
        self.issuer.as_deref().or_else(|| (self.name == name).then_some(issuer))
    }

    /// How the issuer may write itself in a token. Google's is documented to leave the scheme out at times.
    #[must_use]
    pub fn issuers(&self) -> Vec<String> {
        let (_, google) = GOOGLE;
        let short =
            self.issuer().filter(|issuer| *issuer == google).and_then(|url| url.strip_prefix("https://"));
        self.issuer().into_iter().chain(short).map(str::to_owned).collect()
    }

    /// Whether keys may be fetched from a URL: over TLS, or from this machine, or as it is allowed.
    #[must_use]
    pub fn may_fetch(&self, url: &str) -> bool {
        let Ok(url) = Url::parse(url) else { return false };
        let is_near = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return false,
        };
        url.scheme() == "https" || (url.scheme() == "http" && (is_near || self.allow_http))
    }

    /// What makes no sense in a list of providers.
    pub(super) fn check(all: &[Self]) -> Result<(), &'static str> {
        let is_word = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        for (at, one) in all.iter().enumerate() {
            if !is_word(&one.name) {
                return Err("authentication.oidc.name must have letters, digits, - and _ only");
            }
            if all.iter().skip(at + 1).any(|other| other.name == one.name) {
                return Err("authentication.oidc.name must be another one for each");
            }
            if one.client_ids.is_empty() || one.client_ids.iter().any(String::is_empty) {
                return Err("authentication.oidc.client_ids must name the clients whose tokens are taken");
            }
            if one.account_claim.is_empty() {
                return Err("authentication.oidc.account_claim must be the name of a claim");
            }
            if !one.issuer().is_some_and(|issuer| one.may_fetch(issuer)) {
                return Err("authentication.oidc.issuer must be an https:// URL (http:// needs allow_http)");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(name: &str, issuer: Option<&str>) -> OidcConfig {
        OidcConfig {
            name: name.to_owned(),
            issuer: issuer.map(str::to_owned),
            client_ids: vec!["c".to_owned()],
            account_claim: email(),
            allow_http: false,
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let google = provider("google", None);
        assert_eq!(google.issuers(), ["https://accounts.google.com", "accounts.google.com"]);
        assert!(OidcConfig::check(std::slice::from_ref(&google)).is_ok());
        assert!(OidcConfig::check(&[google.clone(), google.clone()]).is_err());
        assert!(OidcConfig::check(&[OidcConfig { client_ids: vec![], ..google.clone() }]).is_err());
        assert!(OidcConfig::check(&[OidcConfig { account_claim: String::new(), ..google }]).is_err());
        for (name, issuer, allow_http, expected) in [
            ("a", None, false, false),
            ("a b", Some("https://a.example"), false, false),
            ("a", Some("https://a.example"), false, true),
            ("a", Some("http://a.example"), false, false),
            ("a", Some("http://a.example"), true, true),
            ("a", Some("http://localhost:8080/realms/x"), false, true),
            ("a", Some("http://127.0.0.1:1"), false, true),
            ("a", Some("http://[::1]:1"), false, true),
            ("a", Some("http://localhost.example"), false, false),
            ("a", Some("ftp://a.example"), true, false),
            ("a", Some("a.example"), true, false),
        ] {
            let config = OidcConfig { allow_http, ..provider(name, issuer) };
            assert_eq!(OidcConfig::check(&[config]).is_ok(), expected, "{name} {issuer:?}");
        }
        assert_eq!(provider("a", Some("https://a.example")).issuers(), ["https://a.example"]);
    }
}
