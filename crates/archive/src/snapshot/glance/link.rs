//! What a line of the links names, found in one pass.

use super::scan::Scan;

/// Members that every link has.
const NEEDED: u16 = 0b111_1111;

/// The ids of the two documents. `None` if the line has to be parsed.
pub(crate) fn ids<'a>(line: &'a str, kind: &str) -> Option<[&'a str; 2]> {
    let (mut scan, mut ids) = (Scan::new(line), ["", ""]);
    let (mut has, mut has_id, mut has_type, mut has_source) = (0_u16, false, false, false);
    let first = |has: &mut bool| (!std::mem::replace(has, true)).then_some(());
    scan.object(&mut |scan, name| match name {
        "_id" => {
            first(&mut has_id)?;
            (!scan.string()?.is_empty()).then_some(())
        }
        "_type" => {
            first(&mut has_type)?;
            (scan.string()? == kind).then_some(())
        }
        "_source" => {
            first(&mut has_source)?;
            scan.object(&mut |scan, name| {
                let member = match name {
                    "p" => 0,
                    "u" => 1,
                    "c" => 2,
                    "k1" => 3,
                    "k2" => 4,
                    "t1" => 5,
                    "t2" => 6,
                    "b" => 7,
                    "n" => 8,
                    "type" => 9,
                    _ => return None,
                };
                let before = has;
                has |= 1 << member;
                (has != before).then_some(())?;
                match member {
                    0 | 1 => scan.time()?,
                    3 => ids[0] = scan.string()?,
                    4 => ids[1] = scan.string()?,
                    9 => return (scan.string()? == kind).then_some(()),
                    _ => drop(scan.string()?),
                }
                Some(())
            })
        }
        "_index" => scan.any_value(),
        _ => None,
    })?;
    (scan.is_over() && has_id && has_type && has & NEEDED == NEEDED).then_some(ids)
}
