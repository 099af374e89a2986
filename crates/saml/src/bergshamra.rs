//! [`Signatures`] by the library `bergshamra`.
//!
//! The library answers whether a signature is right; *what* it is right about is decided here, before it is
//! asked: it would accept a signed assertion wrapped in an unsigned one. Its features are held to what the
//! reference uses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra::core::algorithm;
use bergshamra::dsig::{sign::sign_document, verify::verify_document};
use bergshamra::{DsigContext, Key, KeyData, KeyUsage, KeysManager, VerifyResult};
use kryptering::KeyAlgorithm;
use uppsala::{Document, NodeId, Parser};

use crate::{Candidate, DSIG, Element, SamlError, Signatures, UnitKey};

const MAX_DEPTH: u32 = 32;

const CANONICAL: [&str; 2] = [algorithm::C14N, algorithm::EXC_C14N];
const SIGNATURE: [&str; 3] = [algorithm::RSA_SHA256, algorithm::RSA_SHA384, algorithm::RSA_SHA512];
const DIGEST: [&str; 3] = [algorithm::SHA256, algorithm::SHA384, algorithm::SHA512];

/// XML signatures by the library `bergshamra`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bergshamra;

impl Signatures for Bergshamra {
    fn sign(&self, document: &str, key: &UnitKey) -> Result<String, SamlError> {
        let failed = |error: bergshamra::Error| SamlError::Sign(error.to_string());
        let end = document.rfind("</").ok_or_else(|| SamlError::Sign("not an element".to_owned()))?;
        let (before, after) = document.split_at(end);
        let whole = [before, &template(key.certificate()), after].concat();
        let mut parsed = parser().parse(&whole).map_err(|error| SamlError::Sign(error.to_string()))?;
        let data = KeyData::from_pkcs8_der(rsa(), key.pkcs8()).map_err(failed)?;
        sign_document(&context(data, KeyUsage::Sign), &mut parsed).map_err(failed)?;
        let root = parsed.document_element().ok_or_else(|| SamlError::Sign("not an element".to_owned()))?;
        Ok(parsed.node_to_xml(root))
    }

    fn verify(
        &self,
        document: &str,
        trust: &dyn Fn(&Candidate<'_>) -> Result<Vec<u8>, SamlError>,
    ) -> Result<Element, SamlError> {
        let parsed = parser().parse(document).map_err(|_| SamlError::Malformed("not well-formed XML"))?;
        let root = parsed.document_element().ok_or(SamlError::Malformed("no root element"))?;
        // Nothing beside the root: no comments or processing instructions before or after it.
        if parsed.children_count(parsed.root()) != 1 {
            return Err(SamlError::Malformed("something beside the root element"));
        }
        let signature = only_signature(&parsed, root)?;
        let copy = Element::copy(&parsed, signature, None)?;
        let reference = covers_whole(&copy, parsed.get_attribute(root, "ID"))?;
        let assertion = Element::copy(&parsed, root, Some(signature))?;
        let certificate = certificate(&copy)?;
        let spki = trust(&Candidate { certificate: &certificate, assertion: &assertion })?;

        let failed = |error: bergshamra::Error| SamlError::Signature(error.to_string());
        let data = KeyData::from_spki_der(rsa(), &spki).map_err(failed)?;
        let result = verify_document(&context(data, KeyUsage::Verify), &parsed).map_err(failed)?;
        let complete = result.all_reference_digests_verified();
        match result {
            VerifyResult::Valid { signature_node, references, .. } => {
                let covered = match references.as_slice() {
                    [one] => one.uri == reference && one.resolved_node.is_none_or(|node| node == root),
                    _ => false,
                };
                if complete && covered && signature_node == signature {
                    Ok(assertion)
                } else {
                    Err(SamlError::Signature("it does not cover the whole assertion".to_owned()))
                }
            }
            VerifyResult::Invalid { reason } => Err(SamlError::Signature(reason)),
        }
    }
}

fn parser() -> Parser {
    Parser::new().with_forbid_dtd(true).with_forbid_entities(true).with_max_depth(MAX_DEPTH)
}

fn rsa() -> KeyAlgorithm {
    KeyAlgorithm::Rsa
}

/// One key and nothing else: no keys that come with the signature, no references out of the document.
fn context(data: KeyData, usage: KeyUsage) -> DsigContext {
    let mut keys = KeysManager::new();
    keys.add_key(Key::new(data, usage));
    DsigContext::new(keys)
        .with_trusted_keys_only(true)
        .with_strict_verification(true)
        .with_require_reference_digests(true)
}

/// The signature that is to be filled in, in the reference's form.
fn template(certificate: &[u8]) -> String {
    format!(
        "<Signature xmlns=\"{DSIG}\"><SignedInfo><CanonicalizationMethod Algorithm=\"{c14n}\"/>\
         <SignatureMethod Algorithm=\"{method}\"/><Reference URI=\"\"><Transforms>\
         <Transform Algorithm=\"{enveloped}\"/></Transforms><DigestMethod Algorithm=\"{digest}\"/>\
         <DigestValue></DigestValue></Reference></SignedInfo><SignatureValue></SignatureValue>\
         <KeyInfo><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></Signature>",
        c14n = algorithm::C14N,
        method = algorithm::RSA_SHA256,
        enveloped = algorithm::ENVELOPED_SIGNATURE,
        digest = algorithm::SHA256,
        certificate = STANDARD.encode(certificate),
    )
}

/// The one signature of the document, a child of the root.
fn only_signature(document: &Document<'_>, root: NodeId) -> Result<NodeId, SamlError> {
    match document.get_elements_by_tag_name_ns(DSIG, "Signature").as_slice() {
        [signature] if document.parent(*signature) == Some(root) => Ok(*signature),
        _ => Err(SamlError::Malformed("there must be one Signature, in the root element")),
    }
}

/// Makes sure that the signature is about everything but itself; returns its reference.
fn covers_whole<'a>(signature: &'a Element, id: Option<&str>) -> Result<&'a str, SamlError> {
    let algorithm = |element: &'a Element| element.attribute("Algorithm").unwrap_or_default();
    let unsupported = |what: &str| Err(SamlError::Signature(format!("unsupported {what}")));
    let info = signature.only("SignedInfo")?;
    if !CANONICAL.contains(&algorithm(info.only("CanonicalizationMethod")?)) {
        return unsupported("CanonicalizationMethod");
    }
    if !SIGNATURE.contains(&algorithm(info.only("SignatureMethod")?)) {
        return unsupported("SignatureMethod");
    }
    let reference = info.only("Reference")?;
    if !DIGEST.contains(&algorithm(reference.only("DigestMethod")?)) {
        return unsupported("DigestMethod");
    }
    let transforms: Vec<_> = reference.only("Transforms")?.children.iter().map(algorithm).collect();
    match transforms.as_slice() {
        [algorithm::ENVELOPED_SIGNATURE] => {}
        [algorithm::ENVELOPED_SIGNATURE, last] if CANONICAL.contains(last) => {}
        _ => return unsupported("Transforms"),
    }
    let uri = reference.attribute("URI").ok_or(SamlError::Malformed("URI"))?;
    let of_root =
        uri.is_empty() || uri.strip_prefix('#').is_some_and(|name| !name.is_empty() && Some(name) == id);
    if of_root { Ok(uri) } else { Err(SamlError::Malformed("the reference is not to the root element")) }
}

fn certificate(signature: &Element) -> Result<Vec<u8>, SamlError> {
    let text = &signature.only("KeyInfo")?.only("X509Data")?.only("X509Certificate")?.text;
    let text: String = text.split_whitespace().collect();
    STANDARD.decode(text).map_err(|_| SamlError::Malformed("X509Certificate"))
}
