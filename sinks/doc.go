// Package sinks loads every topic into ClickHouse: where people see what happened.
//
// The two types that matter are Table, one line of Tables per table, whose Rows turns a delivery into columns of a Block; and Sink, the
// loop: collect, one insert over all polled partitions, commit the offsets. Migrate makes the tables; Dictionary describes them.
//
// Delivery is at least once and identity does the rest: base tables (…_log) are ReplacingMergeTree by the row's own id, and the public names
// are views over them that deduplicate. A crash between insert and commit doubles nothing that anybody can see. A ClickHouse that is away is
// waited for, as long as it takes, and never makes a letter; a record that cannot become a row is a letter on `dead-letters`, acknowledged
// before its offset is committed.
//
// Measured on 2 cores, engine 26.7, 2 million journal lines in 31 unmerged parts (merged: one part), a trial balance over all of them:
//
//	no deduplication            47 ms (41)
//	FINAL                       61 ms (40)   the views use it
//	LIMIT 1 BY entry_id         71 ms (67)   no predicate passes it
//	any(), GROUP BY entry_id   386 ms (342)
//	argMax, GROUP BY entry_id  417 ms (317)
//
// An entry is one row with its lines in arrays, which the view unfolds: inserting costs the engine 0.75 µs a line instead of 1.5–1.9 µs for
// one row a line, FINAL costs 1.3 times instead of 2, and half an entry cannot be seen. Plain strings: LowCardinality inside arrays costs
// the insert a quarter more and gains no query anything. Tables are ordered by order and thread, because that is how the log comes (sorting
// by account doubles the insert) and what people ask for.
package sinks
