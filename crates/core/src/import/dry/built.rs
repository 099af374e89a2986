//! A dry run of snapshots that are put over each other: they are built as an import does, and thrown away. What becomes
//! of them together shows in no other way as surely.

use std::sync::Arc;

use memchr::memmem::Finder;
use saibo_model::node::CELL_NODE;
use saibo_model::{Kind, NodeKind, Result};
use saibo_store::ReadTx;

use super::super::build;
use super::super::chain::Chain;
use super::report::Report;
use super::{Known, NAMES, conclude, held, source};
use crate::job::{Options, Phase, Progress};
use crate::{Cell, Unit};

/// Builds a chain, and looks at what came of it.
pub(super) fn examine(
    unit: &Unit,
    cell: &Cell,
    chain: &Chain,
    options: &Options,
    progress: &Arc<Progress>,
) -> Result<Report> {
    let mut report = Report::default();
    if let Some(source) = report.or_problem(source(chain.newest()?))? {
        report.source = source;
    }
    let loaded = build::load(unit, cell, chain, options, None, progress);
    progress.check()?;
    let mut known = Known::default();
    match report.or_problem(loaded)? {
        Some(builder) => {
            builder.read_with(&mut |tx| look(tx, &mut report, &mut known, progress))?;
        }
        None => {
            known.are_complete = false;
            report.not_checked.push("what comes after the last problem".to_owned());
        }
    }
    report.importable = report.problems_found == 0;
    progress.enter(Phase::Finishing);
    let held = options.mode.is_none().then(|| held(cell)).transpose()?;
    conclude(unit, cell, chain.totals(), options, report, &known, held)
}

fn look(tx: &dyn ReadTx, report: &mut Report, known: &mut Known, progress: &Progress) -> Result<()> {
    let url = report.source.cell_url.clone();
    let url = (!url.is_empty()).then(|| Finder::new(url.as_bytes()));
    for kind in Kind::IN_CELL {
        tx.all_documents(kind, &mut |(document, _)| {
            progress.check()?;
            report.counts.add_documents(kind.name(), 1);
            if url.as_ref().is_some_and(|url| url.find(document.body.as_bytes()).is_some()) {
                report.source.documents_with_url += 1;
            }
            match kind {
                Kind::Rule => report.unsupported("Rule", 1),
                Kind::SentMessage | Kind::ReceivedMessage => report.unsupported("Message", 1),
                _ => {}
            }
            let names = match kind {
                Kind::Box => &mut known.boxes,
                Kind::Account => &mut known.accounts,
                _ => return Ok(()),
            };
            if names.len() < NAMES {
                names.insert(document.key, document.id.into());
            } else {
                known.are_complete = false;
            }
            Ok(())
        })?;
    }
    report.counts.links = tx.link_count()?;
    tx.descendants(CELL_NODE, &mut |(_, node)| {
        match node.kind {
            NodeKind::File => report.counts.files += 1,
            _ => report.counts.collections += 1,
        }
        match node.kind {
            NodeKind::Service => report.unsupported("service collection", 1),
            NodeKind::Stream => report.unsupported("stream collection", 1),
            _ => {}
        }
        report.counts.bytes += node.content.map_or(0, |content| content.length);
        Ok(())
    })
}
