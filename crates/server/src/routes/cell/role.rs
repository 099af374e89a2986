//! `{cell}__role`: what the URLs of Roles lead to. The API answers without looking whether there is such a Role.

use saibo_core::role;
use saibo_model::Result;
use saibo_model::node::MAIN_BOX;

use crate::http::Response;
use crate::routes::{Caller, Context};

/// `GET {cell}__role`: the Boxes.
pub(in crate::routes) async fn boxes(context: Context) -> Result<Response> {
    let caller = Caller::of(&context);
    let names = context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            role::boxes(&cell, &access)
        })
        .await?;
    let lines: Vec<String> = names.iter().map(|name| format!("{name}<br/>")).collect();
    Ok(Response::text(200, lines.concat()))
}

/// `GET {cell}__role/{box}`: the Box's name.
pub(in crate::routes) async fn in_box(context: Context) -> Result<Response> {
    let box_name = context.parameter("box").to_owned();
    check(&context).await?;
    Ok(Response::text(200, box_name))
}

/// `GET {cell}__role/{box}/{role}`: the names of the Box and of the Role in it.
pub(in crate::routes) async fn get(context: Context) -> Result<Response> {
    let (box_name, name) = (context.parameter("box").to_owned(), context.parameter("role").to_owned());
    check(&context).await?;
    let shown = if box_name == MAIN_BOX { box_name } else { box_name + &name };
    Ok(Response::text(200, shown))
}

async fn check(context: &Context) -> Result<()> {
    let caller = Caller::of(context);
    context
        .blocking(move |unit| {
            let (cell, access) = caller.enter(unit)?;
            role::check(&cell, &access)
        })
        .await
}
