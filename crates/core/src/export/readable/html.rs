//! Pages: HTML without scripts, which any browser shows from a folder, and a screen reader reads.
//!
//! Everything that is in the Cell may have been written by somebody else, so each text is escaped. A policy in each
//! page keeps it from loading or running anything, should that ever fail.

use std::io::Write;

use quick_xml::escape::escape;
use saibo_archive::ReadableEntry;
use saibo_model::Result;
use serde_json::Value;

use super::files::FilesOf;
use super::table::Table;
use super::{csv, written};
use crate::archive;
use crate::export::iso8601;
use crate::export::out::{Archive, Out, Spool};
use crate::job::Progress;

/// How many rows a page shows of a table. All are in the CSV.
pub(super) const ROWS: u64 = 1000;

/// How much of a text a page shows.
const LONGEST: usize = 500;

const STYLE: &str = "\
:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:80rem;padding:1rem}\
table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:600;padding:.5rem 0}\
th,td{border:1px solid #8886;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
.wide{overflow-x:auto}.number{text-align:right}";

/// The beginning of a page, up to its heading; `root` leads to where `index.html` is.
pub(super) fn begin(out: &mut dyn Write, title: &str, root: Option<&str>) -> Result<()> {
    let title = escape(title);
    let back = root.map_or_else(String::new, |root| {
        format!("<nav aria-label=\"Overview\"><a href=\"{root}index.html\">Overview</a></nav>\n")
    });
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         base-uri 'none'; form-action 'none'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n{back}<main>\n<h1>{title}</h1>\n"
    )
    .map_err(written)
}

/// The end of a page.
pub(super) fn end(out: &mut dyn Write) -> Result<()> {
    out.write_all(b"</main>\n</body>\n</html>\n").map_err(written)
}

/// The beginning of a table.
pub(super) fn begin_table<'c>(
    out: &mut dyn Write,
    caption: &str,
    columns: impl IntoIterator<Item = &'c str>,
) -> Result<()> {
    let mut head = String::new();
    for column in columns {
        head.push_str(&format!("<th scope=\"col\">{}</th>", escape(column)));
    }
    write!(
        out,
        "<div class=\"wide\" role=\"region\" aria-label=\"{0}\" tabindex=\"0\">\n<table>\n<caption>{0}</caption>\n\
         <thead><tr>{head}</tr></thead>\n<tbody>\n",
        escape(caption)
    )
    .map_err(written)
}

/// The end of a table.
pub(super) fn end_table(out: &mut dyn Write) -> Result<()> {
    out.write_all(b"</tbody>\n</table>\n</div>\n").map_err(written)
}

/// The page of a table: its first rows, and where all are.
pub(super) fn table(out: &mut dyn Write, progress: &Progress, table: &Table<'_>) -> Result<()> {
    begin(out, &table.title, Some("../"))?;
    let file = escape(&table.file);
    writeln!(
        out,
        "<p>At most the first {ROWS} rows, and of each text the beginning. All of it: \
         <a href=\"{file}.csv\">CSV</a>, <a href=\"{file}.jsonl\">JSON Lines</a> \
         (<a href=\"{file}.schema.json\">JSON Schema</a>).</p>"
    )
    .map_err(written)?;
    begin_table(out, &table.title, table.columns.iter().map(|column| column.name.as_str()))?;
    (table.rows)(Some(ROWS), &mut |row| {
        progress.check()?;
        let cells: String = row.iter().map(|value| format!("<td>{}</td>", cell(value))).collect();
        writeln!(out, "<tr>{cells}</tr>").map_err(written)
    })?;
    end_table(out)?;
    end(out)
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.as_str().into(),
        other => csv::text(other),
    };
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", escape(text.get(..at).unwrap_or_default())),
        None => escape(text.as_ref()).into_owned(),
    }
}

/// A page of the files of a Box.
pub(super) struct FilePage<'p, 'a> {
    out: ReadableEntry<'p, Out<'a>, Spool>,
    of: &'p FilesOf,
}

/// A file or folder on such a page.
pub(super) struct FileRow<'r> {
    /// Its path in the Box.
    pub(super) shown: &'r str,
    pub(super) name: &'r str,
    /// Where its content is.
    pub(super) href: Option<String>,
    pub(super) kind: &'r str,
    pub(super) length: Option<u64>,
    pub(super) changed: i64,
}

impl<'p, 'a> FilePage<'p, 'a> {
    /// Begins the first one.
    pub(super) fn begin(archive: &'p mut Archive<'a>, of: &'p FilesOf) -> Result<Self> {
        let out = archive.readable(&name(of, 1)).map_err(archive::error)?;
        let mut page = Self { out, of };
        page.begin_page(1)?;
        Ok(page)
    }

    fn begin_page(&mut self, page: u64) -> Result<()> {
        let title = format!("Files in {}, page {page}", self.of.name);
        begin(&mut self.out, &title, Some("../"))?;
        if page > 1 {
            let previous = self.of.page(page - 1);
            writeln!(self.out, "<p><a href=\"{previous}\" rel=\"prev\">Previous page</a></p>")
                .map_err(written)?;
        }
        begin_table(&mut self.out, &title, ["Path", "Kind", "Bytes", "Changed"])
    }

    /// Ends it, and begins the next, which has that number.
    pub(super) fn turn(&mut self, page: u64) -> Result<()> {
        end_table(&mut self.out)?;
        let next = self.of.page(page);
        writeln!(self.out, "<p><a href=\"{next}\" rel=\"next\">Next page</a></p>").map_err(written)?;
        end(&mut self.out)?;
        self.out.next(&name(self.of, page)).map_err(archive::error)?;
        self.begin_page(page)
    }

    /// Adds a row.
    pub(super) fn row(&mut self, row: &FileRow<'_>) -> Result<()> {
        let FileRow { shown, name, href, kind, length, changed } = row;
        let (shown, name, kind) = (escape(*shown), escape(*name), escape(*kind));
        let path = match href {
            // The file is called `content` there: a browser that saves it takes its name from here.
            Some(href) => format!("<a href=\"{}\" download=\"{name}\">{shown}</a>", escape(href)),
            None => shown.into_owned(),
        };
        let length = length.map_or_else(String::new, |length| length.to_string());
        writeln!(
            self.out,
            "<tr><td>{path}</td><td>{kind}</td><td class=\"number\">{length}</td><td>{}</td></tr>",
            iso8601(*changed)
        )
        .map_err(written)
    }

    /// Ends the last one.
    pub(super) fn end(mut self) -> Result<()> {
        end_table(&mut self.out)?;
        end(&mut self.out)?;
        self.out.end().map_err(archive::error)
    }
}

fn name(of: &FilesOf, page: u64) -> String {
    format!("readable/{}", of.page(page))
}
