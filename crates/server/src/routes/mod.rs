//! The table of every path that the unit answers, and what follows from it.
//!
//! A path is a list of segments: literals, `{name}` for any one segment, and at the end perhaps `{rest}` for
//! one or more. Literals win over names and names over `{rest}`, from left to right. OData keys
//! (`Cell('alice')`) are part of their segment, which the handler parses.
//!
//! From the table follow 404 for other paths, 405 for other methods, HEAD where there is GET, and what OPTIONS
//! answers where it has no handler of its own. The golden file `docs/routes.md` shows it.

mod box_;
mod caller;
mod cell;
mod context;
mod crossdomain;
mod dispatch;
mod objects;
mod odata;
mod page;
mod router;
mod unit;

use futures_util::future::BoxFuture;
use saibo_model::{ErrorCode, Result};

pub use caller::Caller;
pub use context::Context;
pub use dispatch::dispatch;
pub use router::Router;

use crate::http::Response;

/// What serves a method of a path.
pub type Handler = fn(Context) -> BoxFuture<'static, Result<Response>>;

/// What runs ahead of every method of a path, OPTIONS and those that are not allowed included: a Cell that
/// does not exist is 404 whatever the method.
pub type Guard = fn(Context) -> BoxFuture<'static, Result<Context>>;

/// A path and its methods.
pub struct Route {
    /// The pattern, such as `/{cell}/__log/current/{file}`.
    pub path: &'static str,
    /// The methods in the order that OPTIONS tells, with their handlers.
    pub methods: &'static [(&'static str, Handler)],
    /// What runs first.
    pub guard: Option<Guard>,
}

/// The methods of a route: `methods! { "GET" => module::get, … }`, each an `async fn(Context) -> Result<Response>`.
#[macro_export]
macro_rules! methods {
    ($($method:literal => $handler:path),* $(,)?) => {
        &[$(($method, |context| ::std::boxed::Box::pin($handler(context)))),*]
    };
}

impl Route {
    /// A route without a guard.
    #[must_use]
    pub const fn new(path: &'static str, methods: &'static [(&'static str, Handler)]) -> Self {
        Self { path, methods, guard: None }
    }

    /// The same with a guard.
    #[must_use]
    pub const fn guarded(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// The names of its methods.
    pub fn method_names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.methods.iter().map(|(name, _)| *name)
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.path, self.method_names().collect::<Vec<_>>().join(","))
    }
}

/// Every path.
pub static ROUTES: &[Route] = &[
    Route::new("/", methods! { "GET" => unit::get }),
    Route::new("/crossdomain.xml", methods! { "GET" => crossdomain::get }),
    Route::new(
        "/{cell}/__export",
        methods! {
            "OPTIONS" => cell::export::options,
            "GET" => cell::export::get,
            "POST" => cell::export::post,
            "DELETE" => cell::export::delete,
        },
    )
    .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__export/history", methods! { "GET" => cell::export::history })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new(
        "/{cell}/__export/schedule",
        methods! {
            "OPTIONS" => cell::schedule::options,
            "GET" => cell::schedule::get,
            "PUT" => cell::schedule::put,
            "DELETE" => cell::schedule::delete,
        },
    )
    .guarded(|context| Box::pin(cell::exists(context))),
    Route::new(
        "/{cell}/__import",
        methods! {
            "OPTIONS" => cell::import::options,
            "GET" => cell::import::get,
            "POST" => cell::import::post,
            "DELETE" => cell::import::delete,
        },
    )
    .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__import/history", methods! { "GET" => cell::import::history })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new(
        "/{cell}/__move",
        methods! {
            "OPTIONS" => cell::relocation::options,
            "GET" => cell::relocation::get,
            "POST" => cell::relocation::post,
            "DELETE" => cell::relocation::delete,
        },
    )
    .guarded(|context| Box::pin(cell::existed(context))),
    Route::new("/{cell}/__move/former", methods! { "GET" => cell::relocation::former })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__move/history", methods! { "GET" => cell::relocation::history })
        .guarded(|context| Box::pin(cell::existed(context))),
    Route::new(
        "/{cell}/__snapshot",
        methods! {
            "OPTIONS" => cell::snapshot::options_all,
            "POST" => cell::upload::post,
            "PROPFIND" => cell::snapshot::propfind_all,
        },
    )
    .guarded(|context| Box::pin(cell::exists(context))),
    Route::new(
        "/{cell}/__snapshot/{file}",
        methods! {
            "OPTIONS" => cell::snapshot::options,
            "GET" => cell::snapshot::get,
            "PUT" => cell::snapshot::put,
            "DELETE" => cell::snapshot::delete,
            "PROPFIND" => cell::snapshot::propfind,
        },
    )
    .guarded(|context| Box::pin(cell::exists(context))),
    Route::new(
        "/{cell}/__snapshot/__upload/{upload}",
        methods! {
            "OPTIONS" => cell::upload::options,
            "HEAD" => cell::upload::head,
            "PATCH" => cell::upload::patch,
            "DELETE" => cell::upload::delete,
        },
    )
    .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__snapshot/{rest}", &[])
        .guarded(|_| Box::pin(async { Err(ErrorCode::UnknownUrl.into()) })),
    Route::new("/{cell}/__token", methods! { "POST" => cell::token::post })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__authz", methods! { "POST" => cell::authz::post, "GET" => cell::authz::get })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__introspect", methods! { "POST" => cell::introspect::post })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__certs", methods! { "GET" => cell::certs::get })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__sign", methods! { "POST" => cell::sign::post })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__mypassword", methods! { "PUT" => cell::mypassword::put })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__html/error", methods! { "GET" => cell::html::error::get })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/.well-known/openid-configuration", methods! { "GET" => cell::openid::get })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/__ctl", OF_UNIT),
    Route::new("/__ctl/{rest}", OF_UNIT),
    Route::new("/{cell}/__ctl", OF_CELL).guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__ctl/{rest}", OF_CELL).guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__message/send", methods! { "POST" => cell::message::send })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__message/port", methods! { "POST" => cell::message::port })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__message/received/{id}", methods! { "POST" => cell::message::received })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__role", methods! { "GET" => cell::role::boxes })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__role/{box}", methods! { "GET" => cell::role::in_box })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__role/{box}/{role}", methods! { "GET" => cell::role::get })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new("/{cell}/__box", methods! { "GET" => cell::box_url::get })
        .guarded(|context| Box::pin(cell::exists(context))),
    Route::new(
        "/{cell}",
        methods! {
            "OPTIONS" => cell::options::options,
            "GET" => cell::root::get,
            "DELETE" => cell::delete::delete,
            "PROPFIND" => cell::propfind::propfind,
            "PROPPATCH" => cell::proppatch::proppatch,
            "ACL" => cell::acl::acl,
        },
    )
    .guarded(|context| Box::pin(cell::exists_or_goes(context))),
    Route::new("/{cell}/{box}", IN_BOX),
    Route::new("/{cell}/{box}/{rest}", IN_BOX),
];

/// Which of these methods there are depends on the resource.
const OF_UNIT: &[(&str, Handler)] = methods! {
    "OPTIONS" => objects::of_unit,
    "GET" => objects::of_unit,
    "POST" => objects::of_unit,
    "PUT" => objects::of_unit,
    "MERGE" => objects::of_unit,
    "DELETE" => objects::of_unit,
};

/// The same of a Cell.
const OF_CELL: &[(&str, Handler)] = methods! {
    "OPTIONS" => objects::of_cell,
    "GET" => objects::of_cell,
    "POST" => objects::of_cell,
    "PUT" => objects::of_cell,
    "MERGE" => objects::of_cell,
    "DELETE" => objects::of_cell,
};

/// What is in a Box decides itself which of these methods it has.
const IN_BOX: &[(&str, Handler)] = methods! {
    "OPTIONS" => box_::serve,
    "GET" => box_::serve,
    "POST" => box_::serve,
    "PUT" => box_::serve,
    "MERGE" => box_::serve,
    "DELETE" => box_::serve,
    "MKCOL" => box_::serve,
    "COPY" => box_::serve,
    "MOVE" => box_::serve,
    "PROPFIND" => box_::serve,
    "PROPPATCH" => box_::serve,
    "ACL" => box_::serve,
    "REPORT" => box_::serve,
};

/// The table as the Markdown of `docs/routes.md`.
#[must_use]
pub fn markdown(routes: &[Route]) -> String {
    let mut text = String::from(
        "# Routes\n\nEvery path that a unit answers, as `crates/server/src/routes/mod.rs` has it. A test writes this \
         page; run it with `UPDATE_GOLDEN=1` after changing the table. `HEAD` goes with `GET`, and `OPTIONS` with \
         everything.\n\n| path | methods |\n| - | - |\n",
    );
    for route in routes {
        let methods = route.method_names().collect::<Vec<_>>().join(" ");
        text.push_str(&format!("| `{}` | {methods} |\n", route.path));
    }
    text
}
