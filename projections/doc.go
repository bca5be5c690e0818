// Package projections keeps what is true now: per key, the fold of a log.
//
// The two types that matter are Projection, a fold and its topology as data, and Runner, the exactly-once loop with state. State is what Apply
// sees; the store under it is a local Pebble database whose truth is a compacted changelog topic. Each subfolder is one kept state.
//
// The loop: poll, bring reference data up to date, begin, apply (partitions in parallel, one state each), produce, wait for the outputs' offsets,
// write one changelog record per changed key, end. State changes live in memory until the commit and are dropped on abort; Pebble is written after
// the commit, the changelog's offset in the same batch as the data, with its own log off: after a crash the store is a little old, never wrong, and
// catches up from the changelog. A lost directory costs time, not data. An End whose outcome is unknown makes the client and the state anew.
package projections
