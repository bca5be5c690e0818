// Package sinks loads every topic into ClickHouse: where people see what happened.
//
// The two types that matter are Table, one line of Tables per table, whose Rows turns a delivery into columns of a Block; and Sink, the loop: collect,
// one insert over all polled partitions, commit the offsets. Migrate makes the tables; Dictionary describes them.
//
// Delivery is at least once and identity does the rest: base tables (…_log) are ReplacingMergeTree by the row's own id, and the public names are views
// over them that deduplicate. A crash between insert and commit doubles nothing that anybody can see. A ClickHouse that is away is waited for, as long
// as it takes, and never makes a letter; a record that cannot become a row is a letter on `dead-letters`, acknowledged before its offset is committed.
//
// Measured on 2 shared cores, engine 26.7, a trial balance over 2 million journal lines in 31 unmerged parts (in one): no deduplication 47 ms (41),
// FINAL 61 (40), LIMIT 1 BY 71 (67; no predicate passes it), any() by id 386 (342), argMax by id 417 (317). So the views use FINAL.
//
// An entry is one row with its lines in arrays, which the view unfolds: without merges the engine pays 0.75 µs a line instead of 1.5–1.9 for one row a
// line, FINAL costs 1.3 times instead of 2, and half an entry cannot be seen. Plain strings: LowCardinality inside arrays costs the insert a quarter
// more and gains these queries nothing. Tables are ordered by order and thread, as the log comes and people ask: sorting by account doubles the insert.
//
// From a topic to rows, merges and broker included, 1.3 million lines (BenchmarkFromKafka): 354,000 lines per CPU-second, 469,000 a second; ClickHouse's
// own Kafka engine on the same bytes 68,000 and 83,000. Own code, decoding included: 0.5 µs a line. With batch.Append (BenchmarkInsert) a CPU-second
// does 115,000 lines, with a Block 286,000. Over 1.2 million events: order_trace of one order 50–140 ms, completeness 225 ms, trial_balance 200 ms.
package sinks
