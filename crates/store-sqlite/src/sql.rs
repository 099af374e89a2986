//! From resolved queries to SQL. Values are bound, never written into the text.

use rusqlite::types::Value;
use saibo_model::query::{Comparison, Field, Filter, Literal, OrderBy, Stored};
use saibo_store::{Error, ErrorKind, Result};

use crate::connection::CONTAINS_WORD;

/// What a document's place among all is in the database.
pub(crate) const POSITION: &str = "seq";

/// A piece of SQL with the values for its `?`s, in order.
#[derive(Debug, Default)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
    above: Above,
    /// The field whose values are in the rows `v` of its index, while conditions are appended that the index knows of.
    pub(crate) indexed: Option<Field>,
}

/// The numbers of the sets that the parents of a set's documents are in, and their parents. With them, what a condition
/// says of a parent's key is looked up in an index, once; without, it is asked of each document's parent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Above {
    pub(crate) parent: Option<i64>,
    pub(crate) grandparent: Option<i64>,
}

/// What a condition tests: the value, and what comes before and after the test.
struct Operand {
    before: String,
    value: String,
    after: &'static str,
}

impl Sql {
    /// SQL about a set.
    pub(crate) fn new(text: String, above: Above) -> Self {
        Self { text, above, ..Self::default() }
    }

    /// Appends another piece.
    pub(crate) fn append(&mut self, other: Sql) {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
    }

    fn bind(&mut self, value: Value) {
        self.text.push('?');
        self.values.push(value);
    }

    /// Appends a condition.
    pub(crate) fn filter(&mut self, filter: &Filter) -> Result<()> {
        match filter {
            Filter::Compare(field, comparison, literal) => self.compare(field, *comparison, literal),
            // Texts compare by code points, so those that begin alike stand together: a range, which an index finds.
            Filter::StartsWith(field, text) => self.text_test(field, text, |sql, value, text| {
                sql.text.push_str(&format!("({value}>="));
                sql.bind(Value::Text(text.to_owned()));
                if let Some(next) = after_prefix(text) {
                    sql.text.push_str(&format!(" AND {value}<"));
                    sql.bind(Value::Text(next));
                }
                sql.text.push(')');
            }),
            Filter::Contains(field, text) => self.text_test(field, text, |sql, value, text| {
                sql.text.push_str("instr(");
                sql.text.push_str(value);
                sql.text.push(',');
                sql.bind(Value::Text(text.to_owned()));
                sql.text.push_str(")>0");
            }),
            Filter::FullText(words) => {
                for (i, word) in words.iter().enumerate() {
                    self.text.push_str(if i == 0 { "(" } else { " AND " });
                    self.text.push_str(&format!(
                        "EXISTS(SELECT 1 FROM json_tree(d.body) t WHERE t.type='text' AND {CONTAINS_WORD}(t.value,"
                    ));
                    self.bind(Value::Text(word.to_lowercase()));
                    self.text.push_str("))");
                }
                self.text.push_str(if words.is_empty() { "1" } else { ")" });
                Ok(())
            }
            Filter::LinkedWith(seq) => {
                self.text.push_str("d.seq IN (SELECT second FROM link WHERE first=");
                self.bind(Value::Integer(*seq));
                self.text.push_str(" UNION ALL SELECT first FROM link WHERE second=");
                self.bind(Value::Integer(*seq));
                self.text.push(')');
                Ok(())
            }
            Filter::HasParent(parent) => {
                self.text.push_str("(d.parent=");
                self.bind(Value::Text(parent.as_ref().map_or("", |id| id.as_str()).to_owned()));
                // Says what the planner must know to use the index of those that have one.
                self.text.push_str(if parent.is_some() { " AND d.parent<>'')" } else { ")" });
                Ok(())
            }
            Filter::HasPeer(peer) => {
                self.text.push_str("d.peer=");
                self.bind(Value::Text(peer.as_str().to_owned()));
                Ok(())
            }
            Filter::And(left, right) => self.pair(left, " AND ", right),
            Filter::Or(left, right) => self.pair(left, " OR ", right),
            Filter::Not(inner) => {
                // A comparison with an absent value is unknown; its negation holds all the same.
                self.text.push_str("NOT COALESCE(");
                self.filter(inner)?;
                self.text.push_str(",0)");
                Ok(())
            }
        }
    }

    fn pair(&mut self, left: &Filter, word: &str, right: &Filter) -> Result<()> {
        self.text.push('(');
        self.filter(left)?;
        self.text.push_str(word);
        self.filter(right)?;
        self.text.push(')');
        Ok(())
    }

    fn compare(&mut self, field: &Field, comparison: Comparison, literal: &Literal) -> Result<()> {
        let value = match literal {
            Literal::Null => {
                let test = if comparison == Comparison::Equal { " IS NULL" } else { " IS NOT NULL" };
                self.text.push_str(&expression("d.", field)?);
                self.text.push_str(test);
                return Ok(());
            }
            Literal::Text(text) => Value::Text(text.clone()),
            Literal::Integer(number) => Value::Integer(*number),
            Literal::Float(number) => Value::Real(*number),
            Literal::Boolean(truth) => Value::Integer(i64::from(*truth)),
        };
        let operator = match comparison {
            Comparison::Equal => "=",
            Comparison::NotEqual => " IS NOT ",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
        };
        let operand = match comparison {
            // Holds where there is no parent, too.
            Comparison::NotEqual if !is_list(field) => Operand::plain(field)?,
            _ => self.operand(field)?,
        };
        self.text.push_str(&operand.before);
        if is_list(field) {
            // The elements are as a lone value would be: numbers and booleans may be in strings.
            self.text.push_str(match literal {
                Literal::Boolean(_) => "(t.value IN ('true',1))",
                Literal::Float(_) => "CAST(t.value AS REAL)",
                Literal::Integer(_) => "CAST(t.value AS NUMERIC)",
                Literal::Text(_) | Literal::Null => "t.value",
            });
        } else {
            self.text.push_str(&operand.value);
        }
        self.text.push_str(operator);
        self.bind(value);
        self.text.push_str(operand.after);
        Ok(())
    }

    fn text_test(&mut self, field: &Field, text: &str, test: impl Fn(&mut Self, &str, &str)) -> Result<()> {
        let operand = self.operand(field)?;
        self.text.push_str(&operand.before);
        test(self, &operand.value, text);
        self.text.push_str(operand.after);
        Ok(())
    }

    /// What is tested of a field. An absent value passes no such test.
    fn operand(&self, field: &Field) -> Result<Operand> {
        let parents = |of: i64| {
            format!("(d.parent<>'' AND d.parent IN (SELECT p.id FROM document p WHERE p.entity_set={of} AND ")
        };
        if self.indexed.as_ref() == Some(field) {
            return Ok(Operand { before: String::new(), value: "v.value".to_owned(), after: "" });
        }
        Ok(match (field, self.above) {
            (Field::Body { path, stored: Stored::List }, _) => Operand {
                before: format!("EXISTS(SELECT 1 FROM json_each(d.body,'{}') t WHERE ", json_path(path)?),
                value: "t.value".to_owned(),
                after: ")",
            },
            (Field::ParentKey, Above { parent: Some(of), .. }) => {
                Operand { before: parents(of), value: "p.key".to_owned(), after: "))" }
            }
            (Field::GrandparentKey, Above { parent: Some(of), grandparent: Some(above) }) => Operand {
                before: format!(
                    "{}p.parent IN (SELECT g.id FROM document g WHERE g.entity_set={above} AND ",
                    parents(of)
                ),
                value: "g.key".to_owned(),
                after: ")))",
            },
            _ => Operand::plain(field)?,
        })
    }

    /// Appends `ORDER BY …`. Absent values come last in either direction; ties go to the latest update.
    pub(crate) fn order(&mut self, order_by: &[OrderBy]) -> Result<()> {
        self.text.push_str(" ORDER BY ");
        self.terms(order_by)
    }

    /// Appends `ORDER BY …` of groups that a column tells apart, each in the order that [`Sql::order`] gives.
    pub(crate) fn order_within(&mut self, group: &str, order_by: &[OrderBy]) -> Result<()> {
        self.text.push_str(" ORDER BY ");
        self.text.push_str(group);
        self.text.push(',');
        self.terms(order_by)
    }

    /// The same of documents `d` that were found by rows `v` of an index: first by its value, if it is that of a term,
    /// and either all of them have one or they are in its order.
    pub(crate) fn order_found(&mut self, by_value: Option<&OrderBy>, others: &[&OrderBy]) -> Result<()> {
        self.text.push_str(" ORDER BY ");
        if let Some(term) = by_value {
            self.text.push_str(if term.descending { "v.value DESC" } else { "v.value" });
            // No two documents are in the same place.
            if term.field == Field::Position {
                return Ok(());
            }
            self.text.push(',');
        }
        others.iter().try_for_each(|term| self.term(term))?;
        self.text.push_str("v.updated DESC,v.seq DESC");
        Ok(())
    }

    fn terms(&mut self, order_by: &[OrderBy]) -> Result<()> {
        order_by.iter().try_for_each(|term| self.term(term))?;
        self.text.push_str("d.updated DESC,d.seq DESC");
        Ok(())
    }

    fn term(&mut self, term: &OrderBy) -> Result<()> {
        self.text.push_str(&expression("d.", &term.field)?);
        self.text.push_str(match (term.descending, &term.field) {
            (true, _) => " DESC,",
            // Never absent: the plain order can walk an index.
            (false, Field::Key | Field::Published | Field::Updated | Field::Position) => ",",
            (false, _) => " NULLS LAST,",
        });
        Ok(())
    }
}

/// The SQL of a field's value, with the table's prefix (`d.` or nothing). Without one, it is what the index of
/// the field is known by.
pub(crate) fn expression(table: &str, field: &Field) -> Result<String> {
    Ok(match field {
        Field::Key => format!("{table}key"),
        Field::Published => format!("{table}published"),
        Field::Updated => format!("{table}updated"),
        Field::ParentKey => "(SELECT p.key FROM document p WHERE p.id=d.parent)".to_owned(),
        Field::Position => format!("{table}{POSITION}"),
        Field::Hidden(name) => {
            format!("json_extract({table}hidden,'{}')", json_path(std::slice::from_ref(name))?)
        }
        Field::GrandparentKey => {
            "(SELECT g.key FROM document p JOIN document g ON g.id=p.parent WHERE p.id=d.parent)".to_owned()
        }
        Field::Body { path, stored } => {
            let value = format!("json_extract({table}body,'{}')", json_path(path)?);
            match stored {
                Stored::Text | Stored::Number | Stored::List => value,
                Stored::Float => format!("CAST({value} AS REAL)"),
                Stored::Boolean => format!("({value} IN ('true',1))"),
            }
        }
    })
}

impl Operand {
    /// The value as each document has it.
    fn plain(field: &Field) -> Result<Self> {
        Ok(Self { before: String::new(), value: expression("d.", field)?, after: "" })
    }
}

/// Whether a field is looked through element by element.
fn is_list(field: &Field) -> bool {
    matches!(field, Field::Body { stored: Stored::List, .. })
}

/// The text that comes right after all that begin with another; none if they are the last there are.
pub(crate) fn after_prefix(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // The code points of surrogates are no characters.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// A path of SQLite's JSON functions. Keys are aliases or names of the API; anything else is refused, since
/// the path is written into the SQL.
fn json_path(path: &[String]) -> Result<String> {
    let mut text = "$".to_owned();
    for key in path {
        if key.is_empty()
            || !key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        {
            return Err(Error::new(ErrorKind::Corrupt, format!("querying the field {key:?}")));
        }
        text.push_str(&format!(".\"{key}\""));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::after_prefix;

    #[test]
    fn what_follows_a_prefix() {
        for (prefix, next) in [
            ("a", Some("b")),
            ("role-9", Some("role-:")),
            ("a\u{10ffff}", Some("b")),
            ("\u{d7ff}", Some("\u{e000}")),
            ("細", Some("紱")),
            ("\u{10ffff}\u{10ffff}", None),
            ("", None),
        ] {
            assert_eq!(after_prefix(prefix).as_deref(), next, "{prefix:?}");
        }
    }
}
