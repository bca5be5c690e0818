// Package audit proves, or disproves, that nothing was lost, doubled, altered or made up between what sources said and what people see.
//
// The two types that matter are Audit, which looks at a cluster and, where it has a connection, at ClickHouse; and Report, what it found. A Finding
// names the check, the invariant (operations.md §3), the position and the ids, and what to do. Role runs an Audit again and again.
//
// What is compared (operations.md §2):
//
//	canonical log   each event once, and each from an intake record of the same id and content
//	intake          each record has one outcome: admitted, duplicate, held or dead
//	derived topics  the whole log derived again under the rule set stamped on each event: ids, keys and Avro bodies
//	balance         each entry sums to zero per currency and in functional currency, in integers
//	positions       each position is the sum of as many deltas as it says
//	tables          the rows of events, journal_lines and stock_deltas against their topics, field by field
//
// It shares no code with the loops: it reads the log, calls the pure derivations that it is given, and keeps its own arithmetic. Whatever a
// consumer has not committed yet is pending, not missing; what died there is dead, not missing, also once
// its letter has expired, where a rule.superseded answered it.
//
// Memory is bounded: facts are spilled to files by the hash of their id, and judged one file at a time. Only dead letters (40 bytes each) and
// stock positions (one per SKU and location) are held.
package audit
