//! `GET /crossdomain.xml`: the policy file that Flash players ask for (API page 001).

use saibo_model::Result;

use super::Context;
use crate::http::Response;

const POLICY: &str = r#"<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "https://www.adobe.com/xml/dtds/cross-domain-policy.dtd">
<cross-domain-policy>
  <site-control permitted-cross-domain-policies="all"/>
  <allow-access-from domain="*"/>
  <allow-http-request-headers-from domain="*" headers="*"/>
</cross-domain-policy>
"#;

/// Needs no authentication.
pub(super) async fn get(_context: Context) -> Result<Response> {
    Ok(Response::xml(200, POLICY))
}
