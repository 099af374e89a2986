//! `{cell}.well-known/openid-configuration` (OpenID Connect Discovery 1.0 section 3): what a client needs to know
//! to log people in with this Cell.

use saibo_core::IdentityProvider;
use saibo_model::Result;
use saibo_oauth::grant::SAML2_BEARER;
use serde_json::json;

use crate::http::Response;
use crate::routes::Context;

/// `GET`. Says nothing about who is in the Cell, so everybody may see it.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    let cell = context.cell_url();
    let mut grants = vec!["authorization_code", "password", "refresh_token", SAML2_BEARER];
    grants.extend(context.app.unit.identity_providers().map(IdentityProvider::grant_type));
    Ok(Response::json(
        200,
        &json!({
            "issuer": cell,
            "authorization_endpoint": format!("{cell}__authz"),
            "token_endpoint": format!("{cell}__token"),
            "introspection_endpoint": format!("{cell}__introspect"),
            "jwks_uri": format!("{cell}__certs"),
            "response_types_supported": ["code", "token", "id_token"],
            "response_modes_supported": ["query", "fragment"],
            "grant_types_supported": grants,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "root"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
        }),
    ))
}
