//! The one contract suite that every backend passes.
//!
//! Each test is a function over a [`Fixture`]: a fresh backend. A backend's test file says how to make one
//! and lets [`contract!`](crate::contract) turn the list into tests:
//!
//! ```ignore
//! saibo_store::contract!(crate::fixture);
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "these are tests: they fail by panicking, and each one's name says what it is about"
)]

use std::ops::Deref;
use std::sync::Arc;

use crate::Backend;

pub mod amending;
pub mod blobs;
pub mod builder;
pub mod cells;
pub mod changes;
pub mod concurrency;
pub mod defects;
pub mod documents;
pub mod drafts;
pub mod export;
pub mod filters;
pub mod forks;
pub mod freezing;
pub mod indexes;
pub mod links;
pub mod lists;
pub mod making;
pub mod nodes;
pub mod order;
pub mod related;
pub mod sample;
pub mod snapshots;
pub mod transactions;

/// A fresh backend for one test.
pub struct Fixture {
    backend: Arc<dyn Backend>,
    unfinished: Box<dyn Fn() -> usize + Send + Sync>,
}

impl Fixture {
    /// `unfinished` tells how many files, or whatever the backend has in their place, lie about that are not
    /// part of anything finished. It can own what must live as long as the backend, such as its folder.
    pub fn new(backend: Arc<dyn Backend>, unfinished: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        Self { backend, unfinished: Box::new(unfinished) }
    }

    /// See [`Fixture::new`].
    #[must_use]
    pub fn unfinished(&self) -> usize {
        (self.unfinished)()
    }
}

impl Deref for Fixture {
    type Target = dyn Backend;

    fn deref(&self) -> &Self::Target {
        &*self.backend
    }
}

/// Makes a `#[test]` of every test of the suite; takes the path of a `fn() -> Fixture`.
#[macro_export]
macro_rules! contract {
    ($fixture:path) => {
        $crate::contract! { @each $fixture;
            documents: is_read_as_put, is_replaced_by_its_seq, key_is_unique_per_parent_and_set,
                id_is_unique, conflict_leaves_the_transaction_usable, seq_grows,
                gone_document_is_not_replaced, delete_takes_the_links_along, set_is_deleted_with_its_links,
                deleted_set_can_be_used_again, sets_of_a_kind, odd_text_is_kept;
            filters: text, number, float, boolean, key_and_times, null_is_absent,
                not_equal_holds_for_absent, not_holds_for_absent, starts_with, contains,
                unicode_compares_by_code_point, combined, members_of_complex_values, parent_key,
                grandparent_key, parent_and_peer, full_text, field_paths_stay_inside,
                values_stay_values, index_changes_no_result, count_and_any;
            lists: any_element_compares, numbers_and_booleans_in_strings, text_tests, absent_and_empty;
            order: newest_first_by_default, ties_go_by_seq, absent_comes_last_both_ways, several_terms,
                numbers_in_strings, by_parent_key, skip_and_top, error_of_the_receiver_ends_it;
            links: found_in_either_order, replaced, deleted_in_either_order, linked_with, counted;
            indexes: keys_of_parents_in_their_sets, starts_with_at_the_ends_of_unicode, few_and_many;
            making: answer_what_was_answered_before, some_fields_only, writes_while_one_is_made,
                others_write_between_any_two_steps, is_no_change, stopped_and_made_again,
                set_deleted_while_one_is_made, asked_for_by_many_at_once, of_an_empty_set, copied_with_the_rest,
                kept_in_a_fork, made_anew_where_all_was_built, not_of_every_field,
                refused_by_what_is_retired;
            related: by_links, by_parents, by_ids, top_and_order_are_of_each;
            export: all_documents_with_to_one_links, all_documents_of_few, all_links_with_ends;
            nodes: tree, name_is_unique_in_its_collection, same_name_elsewhere, replaced_and_moved,
                not_inside_itself, gone_node_is_not_replaced, children_by_name, descendants_in_order,
                totals, delete_takes_everything_below, values_of_scopes;
            blobs: small_is_inline, large_is_in_blobs, border_of_small, dropped_writer_leaves_nothing,
                same_content_once, small_goes_with_its_last_use, uses_follow_the_nodes,
                refused_node_counts_nothing, unregistered_content_is_refused, sweep_removes_unused,
                sweep_spares_pinned, sweep_spares_all_while_pinned, pin_outlives_its_handles,
                swept_content_can_be_written_again, pin_dropped_in_a_transaction, sweep_beside_writes;
            transactions: reads_see_own_writes, error_undoes_only_that_work, panic_is_an_error,
                panic_of_a_reader_is_its_own, view_is_stable, writer_does_not_block_readers,
                many_readers_at_once, reads_inside_reads, retired_refuses_writes,
                reinstated_takes_writes, stamp_tells_of_writes;
            concurrency: nothing_is_lost, errors_among_others, panics_among_others, retire_while_writing,
                many_cells_by_many_threads;
            freezing: is_a_copy_of_the_moment, while_writes_go_on, outlives_the_source, progress_and_stop,
                refuses_writes, leaves_nothing, frozen_again;
            forks: is_a_copy_that_is_changed_alone, contents_of_both, dropped_fork_leaves_nothing,
                links_are_deleted_by_choice;
            builder: everything_is_there, links_before_and_after, to_one_links, nothing_before_finish,
                dropped_leaves_nothing, built_and_not_kept_leaves_nothing, contents, generations_do_not_collide,
                children_are_found, readable_after_check, many_documents;
            changes: nothing_is_known_before_the_first_moment, what_was_put_since,
                to_one_links_are_of_their_holder, what_was_removed_since, removals_are_forgotten,
                a_copy_is_another_generation;
            amending: later_states_win_and_keep_the_order, links_follow, trees_follow, indexes_follow,
                what_cannot_be_right_is_found;
            defects: duplicate_id, duplicate_key, duplicate_node, same_key_under_other_parents,
                dangling_link, dangling_to_one_link, dangling_parent, dangling_peer, dangling_collection,
                dangling_entity_type, limit, line_of_a_document;
            drafts: goes_when_dropped, is_there_again_when_left, goes_when_nobody_wants_it, hostile_names,
                is_built_on_from_its_last_checkpoint, is_not_built_on_without_a_checkpoint;
            snapshots: written_and_read, seekable, dropped_leaves_nothing, removed, places_of_a_cell,
                hostile_places, written_in_parts;
            cells: create_and_open, create_twice, open_missing, hostile_ids, generations, remove,
                remove_while_in_use, remove_cell, recreated, register_is_apart, free_space;
        }
    };
    (@each $fixture:path; $($topic:ident: $($test:ident),+;)+) => {
        $(mod $topic {
            $(#[test]
            fn $test() {
                $crate::testkit::$topic::$test(&$fixture());
            })+
        })+
    };
}
