//! What is in the Boxes of a Cell. One resolver decides here, by the kind of the last collection on the path,
//! whether WebDAV, OData, a service or a stream serves it; a file per WebDAV method renders what the core says.

mod acl;
mod copy;
mod delete;
mod get;
mod install;
mod mkcol;
mod move_;
mod odata;
mod options;
mod propfind;
mod proppatch;
mod put;
mod service;
mod stream;

use std::sync::Arc;

use saibo_core::Unit;
use saibo_core::dav::{self, Resolved, Served};
use saibo_model::privilege::Privilege;
use saibo_model::{Error, ErrorCode, Result};

use super::{Caller, Context};
use crate::http::Response;
use crate::http::error;

pub(super) use propfind::multistatus;

/// A request for something in a Box, and what the path was found to lead to.
pub(super) struct Place {
    /// Who asks for what.
    request: dav::Request,
    /// The nodes on the path, and what of it no node answers to.
    resolved: Resolved,
}

/// Serves any method of any path in a Box.
pub(super) async fn serve(mut context: Context) -> Result<Response> {
    let path = context.rest().iter().map(|segment| segment.text.clone()).collect::<Vec<_>>();
    if context.request.method == "MKCOL" && path.is_empty() {
        // Of a Box that need not be there.
        return install::mkcol(context).await;
    }
    // What only reads is answered at once where it was found: the way to another thread takes longer than the answer.
    let asked = match context.request.method.as_str() {
        "GET" | "HEAD" => Some(odata::Asked::of(&mut context).await?),
        _ => None,
    };
    let place = match resolve(&context, path, asked).await? {
        Found::Place(place) => *place,
        Found::Answer(response) => return Ok(response),
    };
    let (key, realm) = (context.request.key.clone(), context.cell_url());
    let served = place.resolved.served;
    match dispatch(context, place).await {
        // RFC 9110 section 15.5.6: which methods there are depends on the kind, so the table cannot tell.
        Err(error) if error.code() == ErrorCode::MethodNotAllowed => {
            Ok(not_allowed(&error, options::methods(served), &key, realm))
        }
        other => other,
    }
}

/// What came of looking for what a path leads to.
enum Found {
    /// This is there.
    Place(Box<Place>),
    /// This is what somebody wanted to read of it.
    Answer(Response),
}

/// The one resolver: finds what the path leads to, and answers if it was asked for something in an OData collection.
async fn resolve(context: &Context, path: Vec<String>, asked: Option<odata::Asked>) -> Result<Found> {
    let (caller, box_name) = (Caller::of(context), context.parameter("box").to_owned());
    context
        .blocking(move |unit| {
            let request = enter(unit, &caller, box_name, path)?;
            let resolved =
                if asked.is_some() { dav::resolve_for_get(&request)? } else { dav::resolve(&request)? };
            let place = Place { request, resolved };
            match (asked, place.resolved.served) {
                (Some(asked), Served::InOData | Served::OData) => asked.answer(&place).map(Found::Answer),
                _ => Ok(Found::Place(Box::new(place))),
            }
        })
        .await
}

fn enter(unit: &Arc<Unit>, caller: &Caller, box_name: String, path: Vec<String>) -> Result<dav::Request> {
    let (cell, access) = caller.enter(unit)?;
    Ok(dav::Request { unit: unit.clone(), cell, access, box_name, path, now: caller.now })
}

async fn dispatch(context: Context, place: Place) -> Result<Response> {
    match place.resolved.served {
        Served::InOData => odata::serve(context, place).await,
        Served::InService => service::serve(context, place).await,
        Served::InStream => stream::serve(context, place).await,
        Served::OData if !is_dav(&context.request.method) => odata::serve(context, place).await,
        _ => serve_dav(context, place).await,
    }
}

/// Whether a method is one of those that WebDAV gives to every collection.
fn is_dav(method: &str) -> bool {
    matches!(
        method,
        "PROPFIND" | "PROPPATCH" | "ACL" | "DELETE" | "COPY" | "MOVE" | "MKCOL" | "OPTIONS" | "REPORT"
    )
}

/// What WebDAV serves. Which kinds of resources a method is for, the core knows.
async fn serve_dav(context: Context, place: Place) -> Result<Response> {
    let is_missing = matches!(place.resolved.served, Served::Missing | Served::SourceMissing);
    let missing = |needed| Err(dav::missing(&place.request, &place.resolved.resource, needed));
    match context.request.method.as_str() {
        "GET" | "HEAD" => get::get(context, place).await,
        "PUT" => put::put(context, place).await,
        "DELETE" => delete::delete(context, place).await,
        "MKCOL" => mkcol::mkcol(context, place).await,
        "COPY" => copy::copy(context, place).await,
        "MOVE" => move_::move_(context, place).await,
        "PROPFIND" => propfind::propfind(context, place).await,
        "PROPPATCH" => proppatch::proppatch(context, place).await,
        "ACL" => acl::acl(context, place).await,
        "OPTIONS" => options::options(&place),
        "POST" if is_missing => missing(Privilege::Write),
        "REPORT" if is_missing => missing(Privilege::Read),
        "REPORT" => Err(ErrorCode::MethodNotImplemented.into()),
        _ => Err(ErrorCode::MethodNotAllowed.into()),
    }
}

/// 405, with the methods that there are beside OPTIONS.
pub(super) fn not_allowed(error: &Error, methods: &[&str], key: &str, realm: String) -> Response {
    error::log(error, key);
    let allow = ["OPTIONS"].iter().chain(methods).copied().collect::<Vec<_>>();
    error::render(error, &realm).header("allow", &allow.join(", "))
}

/// A header's value, to be taken along.
fn header(context: &Context, name: &str) -> Option<String> {
    context.request.header(name).map(str::to_owned)
}

/// A body that is read whole: XML.
async fn body(context: &mut Context) -> Result<bytes::Bytes> {
    let limit = context.app.config.limits.body_bytes;
    context.request.body.read_to_limit(limit).await
}
