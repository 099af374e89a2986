//! `index.html`: what there is, and where.

use std::io::Write;

use quick_xml::escape::escape;
use saibo_model::Result;

use super::entities::Set;
use super::{Readable, control, files, html, written};
use crate::export::iso8601;

/// Writes it.
pub(super) fn write(to: &mut Readable<'_, '_>, sets: &[Set]) -> Result<()> {
    let (source, cell, created) = (to.source(), to.cell, to.created);
    to.entry("index.html", |out, progress| {
        let title = format!("{}: a copy to read", cell.name());
        html::begin(out, &title, None)?;
        writeln!(
            out,
            "<p>This is what was in the Cell <strong>{}</strong> at {}. Unpack the zip first; nothing here needs a \
             network or a program but a browser.</p>",
            escape(cell.url()),
            iso8601(created)
        )
        .map_err(written)?;
        if source.boxes.is_some() {
            out.write_all(b"<p>Not all Boxes of the Cell are in it.</p>\n").map_err(written)?;
        }

        out.write_all(b"<h2>Files</h2>\n<ul>\n").map_err(written)?;
        files::boxes(source, &mut |of| {
            progress.check()?;
            writeln!(out, "<li><a href=\"readable/{}\">{}</a></li>", of.page(1), escape(&of.name))
                .map_err(written)
        })?;
        writeln!(out, "</ul>\n<p>All in one table: {}.</p>", forms("files")).map_err(written)?;

        out.write_all(b"<h2>Entities</h2>\n").map_err(written)?;
        html::begin_table(out, "Entity sets", ["Entity set", "Box", "Collection", "Entities", "All of them"])?;
        for set in sets {
            writeln!(
                out,
                "<tr><td><a href=\"readable/{}.html\">{}</a></td><td>{}</td><td>{}</td>\
                 <td class=\"number\">{}</td><td>{}</td></tr>",
                set.file,
                escape(&set.name),
                escape(&set.box_name),
                escape(&set.path),
                set.count,
                forms(&set.file)
            )
            .map_err(written)?;
        }
        html::end_table(out)?;

        out.write_all(b"<h2>People, roles and messages</h2>\n").map_err(written)?;
        html::begin_table(out, "Control objects and messages", ["What", "How many", "All of them"])?;
        for kind in control::KINDS {
            let (title, file) = control::title(kind);
            let count = control::count(source, kind)?.map_or_else(String::new, |count| count.to_string());
            row(out, title, file, &count)?;
        }
        row(out, "Links: who has which role, and what belongs together", "links", "")?;
        html::end_table(out)?;

        out.write_all(ABOUT.as_bytes()).map_err(written)?;
        html::end(out)
    })
}

fn row(out: &mut dyn Write, title: &str, file: &str, count: &str) -> Result<()> {
    writeln!(
        out,
        "<tr><td><a href=\"readable/{file}.html\">{title}</a></td><td class=\"number\">{count}</td><td>{}</td></tr>",
        forms(file)
    )
    .map_err(written)
}

/// Links to the forms of a table that have all of it.
fn forms(file: &str) -> String {
    format!(
        "<a href=\"readable/{file}.csv\">CSV</a>, <a href=\"readable/{file}.jsonl\">JSON Lines</a>, \
         <a href=\"readable/{file}.schema.json\">JSON Schema</a>"
    )
}

const ABOUT: &str = "\
<h2>About this copy</h2>
<p>Times are in UTC. Passwords are not in it, nor anything that they are checked with. In CSV, a text that a spreadsheet \
could take for a formula has an apostrophe in front; in JSON Lines it has not. A file that you open or save from these \
pages is called <code>content</code> in its folder: give it its name if your browser does not.</p>
<p>The rest of the zip (<code>10_odata</code>, <code>20_webdav</code>, <code>90_saibo</code>) is for programs. A unit \
imports that, and ignores these pages. <code>saibo snapshot verify</code> tells whether all of it, these pages too, is \
as the unit has written it.</p>
";
