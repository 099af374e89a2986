//! How SQLite means to answer what is asked most: by indexes, neither walking a set nor sorting it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rusqlite::{Connection, params_from_iter};
use saibo_model::query::{Comparison, Field, Filter, Literal, OrderBy, Query, Related, Stored};
use saibo_model::{EntitySet, Id, Kind};

use crate::connection;
use crate::list::{List, list, related, select};
use crate::read::SqliteReadTx;
use crate::sql::Above;
use crate::write::SqliteWriteTx;

fn database() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cell.db");
    connection::create(&path).unwrap();
    let writer = connection::writer(&path).unwrap();
    let set = EntitySet::entities(Id::from("collection"), Id::from("type"));
    let tx = SqliteWriteTx::new(&writer, None);
    let number = tx.set_number(&set).unwrap();
    let float = Field::Body { path: vec!["f".into()], stored: Stored::Float };
    for field in [text("t"), float, Field::Position, Field::Published] {
        let expression = crate::sql::expression("", &field).unwrap();
        let sql = "INSERT INTO field (entity_set,expression,whole) VALUES (?,?,1)";
        writer.execute(sql, (number, expression)).unwrap();
    }
    drop(writer);
    let reader = connection::reader(&path).unwrap();
    (folder, reader)
}

/// A document is found by its number: of all, or of a set that has an index of its order.
const BY_NUMBER: &str = "rowid=?)";

fn text(name: &str) -> Field {
    Field::Body { path: vec![name.to_owned()], stored: Stored::Text }
}

/// The steps of a plan, one a line.
fn explain(sql: &str, values: &[rusqlite::types::Value]) -> String {
    let (_folder, connection) = database();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    // What has no value here is unbound, which the planner does not mind.
    let bound = values.iter().take(statement.parameter_count());
    let rows = if values.is_empty() {
        statement.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Vec<_>>()
    } else {
        statement.query_map(params_from_iter(bound), |row| row.get(3)).unwrap().collect()
    };
    rows.into_iter().map(Result::unwrap).collect::<Vec<_>>().join("\n")
}

/// The plan of a query on the set that has indexed fields.
fn plan(filter: Option<Filter>, order_by: Vec<OrderBy>) -> String {
    let query = Query { filter, order_by, skip: 0, top: Some(25) };
    let (_folder, connection) = database();
    let above = Above { parent: Some(2), grandparent: Some(3) };
    let way = SqliteReadTx::new(&connection, None).way_to(1, above, &query).unwrap();
    let statements = match list(1, above, &query, &way).unwrap() {
        List::Page(sql) => vec![sql],
        List::Two(both) => both.into(),
    };
    let plans: Vec<_> = statements.iter().map(|sql| explain(&sql.text, &sql.values)).collect();
    plans.join("\n")
}

fn equal(field: Field, value: &str) -> Filter {
    Filter::Compare(field, Comparison::Equal, Literal::Text(value.to_owned()))
}

fn is_by(plan: &str, index: &str) {
    assert!(plan.contains(index), "{index} is not used:\n{plan}");
    assert!(!plan.contains("SCAN d"), "a full scan:\n{plan}");
}

fn is_unsorted(plan: &str) {
    assert!(!plan.contains("TEMP B-TREE"), "a sort:\n{plan}");
}

#[test]
fn default_order() {
    let plan = plan(None, vec![]);
    is_by(&plan, "document_updated (entity_set=?)");
    is_unsorted(&plan);
}

#[test]
fn all_documents() {
    let others = explain(crate::export::statement(Kind::Role), &[]);
    is_by(&others, "d USING INDEX document_updated (entity_set=?)");
    let entities = explain(crate::export::statement(Kind::UserData), &[]);
    assert!(entities.contains("SCAN d"), "{entities}");
    is_unsorted(&entities);
}

#[test]
fn document_by_key() {
    let plan = plan(Some(equal(Field::Key, "a")), vec![]);
    is_by(&plan, "document_key (entity_set=? AND key=?)");
    is_by(
        &explain("SELECT * FROM document d WHERE d.entity_set=? AND d.key=? AND d.parent=?", &[]),
        "document_key (entity_set=? AND key=? AND parent=?)",
    );
}

#[test]
fn key_order() {
    for descending in [false, true] {
        let plan = plan(None, vec![OrderBy { field: Field::Key, descending }]);
        is_by(&plan, "document_key (entity_set=?)");
        // Keys repeat under other parents only, so no more than those are sorted at a time.
        assert!(!plan.contains("TEMP B-TREE FOR ORDER BY"), "{plan}");
    }
}

#[test]
fn indexed_field() {
    let plan = plan(Some(equal(text("t"), "x")), vec![]);
    is_by(&plan, "v USING PRIMARY KEY (field=? AND value=?)");
    is_unsorted(&plan);
}

#[test]
fn indexed_field_among_others() {
    let both = Filter::And(
        Box::new(Filter::Compare(text("other"), Comparison::NotEqual, Literal::Null)),
        Box::new(equal(text("t"), "x")),
    );
    let plan = plan(Some(both), vec![]);
    is_by(&plan, "v USING PRIMARY KEY (field=? AND value=?)");
    is_unsorted(&plan);
}

#[test]
fn range_of_an_indexed_field() {
    let field = Field::Body { path: vec!["f".into()], stored: Stored::Float };
    let above = Filter::Compare(field.clone(), Comparison::Greater, Literal::Float(1.0));
    let plan = plan(Some(above), vec![OrderBy { field, descending: false }]);
    is_by(&plan, "v USING PRIMARY KEY (field=? AND value>? AND value<?)");
    assert!(!plan.contains("TEMP B-TREE FOR ORDER BY"), "{plan}");
}

#[test]
fn order_by_an_indexed_field() {
    for descending in [false, true] {
        let plan = plan(None, vec![OrderBy { field: text("t"), descending }]);
        assert!(plan.contains("v USING PRIMARY KEY (field=?"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE FOR ORDER BY"), "all is sorted for a few:\n{plan}");
        if !descending {
            is_unsorted(&plan);
        }
    }
}

#[test]
fn a_rare_field_is_found_before_it_is_sorted() {
    let by_key = || vec![OrderBy { field: Field::Key, descending: false }];
    is_by(&plan(Some(equal(text("t"), "x")), by_key()), "v USING PRIMARY KEY (field=? AND value=?)");
    is_by(&plan(Some(Filter::LinkedWith(5)), by_key()), BY_NUMBER);
}

#[test]
fn a_condition_without_index_keeps_the_order() {
    let starts = Filter::StartsWith(text("other"), "x".to_owned());
    let plan = plan(Some(starts), vec![OrderBy { field: text("t"), descending: false }]);
    assert!(plan.contains("v USING PRIMARY KEY (field=?"), "{plan}");
    is_unsorted(&plan);
}

#[test]
fn children_of_a_parent() {
    let plan = plan(Some(Filter::HasParent(Some(Id::from("box")))), vec![]);
    is_by(&plan, "document_parent (parent=? AND entity_set=?)");
    is_unsorted(&plan);
}

#[test]
fn position_order() {
    for descending in [false, true] {
        let plan = plan(None, vec![OrderBy { field: Field::Position, descending }]);
        is_by(&plan, "v USING PRIMARY KEY (field=?)");
        is_unsorted(&plan);
    }
}

#[test]
fn few_are_found_by_what_they_have_in_common() {
    use Comparison::{Greater, GreaterOrEqual, Less};
    let compare = |field, comparison, literal| Filter::Compare(field, comparison, literal);
    let name = |comparison, text: &str| compare(Field::Key, comparison, Literal::Text(text.to_owned()));
    let both = |left, right| Filter::And(Box::new(left), Box::new(right));
    let starts = |field| Filter::StartsWith(field, "x".to_owned());
    for (filter, index) in [
        (both(name(GreaterOrEqual, "x"), name(Less, "y")), "document_key (entity_set=? AND key>? AND key<?)"),
        (starts(Field::Key), "document_key (entity_set=? AND key>? AND key<?)"),
        (starts(text("t")), "v USING PRIMARY KEY (field=? AND value>? AND value<?)"),
        (
            compare(Field::Updated, Greater, Literal::Integer(5)),
            "document_updated (entity_set=? AND updated>?)",
        ),
        (compare(Field::Published, Less, Literal::Integer(5)), "v USING PRIMARY KEY (field=? AND value<?)"),
        (equal(Field::ParentKey, "b"), "document_parent (parent=? AND entity_set=?)"),
        (starts(Field::ParentKey), "document_parent (parent=? AND entity_set=?)"),
        (equal(Field::GrandparentKey, "b"), "document_parent (parent=? AND entity_set=?)"),
        (both(starts(text("none")), equal(text("t"), "x")), "v USING PRIMARY KEY (field=? AND value=?)"),
    ] {
        for order in [Field::Position, Field::Key, text("t")] {
            let plan = plan(Some(filter.clone()), vec![OrderBy { field: order, descending: false }]);
            is_by(&plan, index);
        }
        let (_folder, connection) = database();
        let above = Above { parent: Some(2), grandparent: Some(3) };
        let way = SqliteReadTx::new(&connection, None).way_to_all(1, above, Some(&filter)).unwrap();
        let sql = select("COUNT(*)", 1, above, Some(&filter), &way).unwrap();
        is_by(&explain(&sql.text, &sql.values), index);
    }
}

#[test]
fn opposite_end() {
    is_by(&plan(Some(Filter::HasPeer(Id::from("end"))), vec![]), "document_peer (peer=?)");
}

#[test]
fn linked_documents() {
    let plan = plan(Some(Filter::LinkedWith(5)), vec![]);
    is_by(&plan, BY_NUMBER);
    is_by(&plan, "PRIMARY KEY (first=?)");
    is_by(&plan, "link_second (second=?)");
}

#[test]
fn linked_documents_that_match() {
    let both = Filter::And(Box::new(Filter::LinkedWith(5)), Box::new(equal(text("none"), "x")));
    is_by(&plan(Some(both), vec![]), BY_NUMBER);
}

#[test]
fn related_documents() {
    let order = [OrderBy { field: Field::Position, descending: false }];
    for (to, index) in [
        (Related::Links(vec![5]), "PRIMARY KEY (first=?)"),
        (Related::Children(vec![Id::from("box")]), "document_parent (parent=? AND entity_set=?)"),
        (Related::Named(vec![Some(Id::from("box"))]), "document_id (id=?)"),
    ] {
        let sql = related(1, &to, &order, 100).unwrap();
        let plan = explain(&sql.text, &sql.values);
        is_by(&plan, index);
        is_by(&plan, BY_NUMBER);
    }
}

#[test]
fn counting() {
    let plan = explain("SELECT COUNT(*) FROM document d WHERE d.entity_set=1", &[]);
    is_by(&plan, "SEARCH d USING COVERING INDEX");
}

#[test]
fn nodes() {
    let by_name = explain(
        "SELECT 1 FROM node n LEFT JOIN content c ON c.hash=n.hash WHERE n.parent=? AND n.name=?",
        &[],
    );
    is_by(&by_name, "node_name (parent=? AND name=?)");
    let children = explain(
        "SELECT * FROM node n LEFT JOIN content c ON c.hash=n.hash WHERE n.parent=? ORDER BY n.name",
        &[],
    );
    is_by(&children, "node_name (parent=?)");
    is_unsorted(&children);
    is_by(&explain("SELECT 1 FROM node WHERE id=?", &[]), "node_id (id=?)");
    is_by(&explain("SELECT hash FROM content WHERE uses<=0 AND data IS NULL", &[]), "content_unused");
}

#[test]
fn alternatives_are_found_each() {
    let either = |left, right| Filter::Or(Box::new(left), Box::new(right));
    let starts = Filter::StartsWith(Field::Key, "x".to_owned());
    let plan = plan(Some(either(equal(text("t"), "x"), either(equal(text("t"), "y"), starts))), vec![]);
    is_by(&plan, "v USING PRIMARY KEY (field=? AND value=?)");
    is_by(&plan, "document_key (entity_set=? AND key>? AND key<?)");
    is_by(&plan, BY_NUMBER);
}

#[test]
fn counting_what_an_index_knows() {
    let (_folder, connection) = database();
    let filter = equal(text("t"), "x");
    let way = SqliteReadTx::new(&connection, None).way_to_all(1, Above::default(), Some(&filter)).unwrap();
    let sql = select("COUNT(*)", 1, Above::default(), Some(&filter), &way).unwrap();
    let plan = explain(&sql.text, &sql.values);
    is_by(&plan, "v USING PRIMARY KEY (field=? AND value=?)");
    assert!(!plan.contains("SEARCH d"), "{plan}");
}
