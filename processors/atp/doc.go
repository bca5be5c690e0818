// Package atp derives stock deltas from canonical events (domain.md §1.4, column ATP, and §3.3). Pure; the projection of the same
// name adds them up.
//
// The two types that matter are Rule, one line of the table in atp.go, and draft, the changes of one event. A rule says what moves
// in which bucket, for which SKU, where; the draft sorts that into one schemas.StockDelta per location and shard.
//
// Invariants, each with a test:
//
//   - deltas are in base units and exact; nothing is rounded
//   - a delta has one id, UUIDv5(event_id, rule@version/n), whenever and wherever it is derived, so that a doubled one is seen
//   - consumption names what it really consumed: without a reservation it is open demand that goes down (domain.md §3.3)
//   - demand and inbound go down under the date, place and document under which they went up, so that buckets net to zero
//   - an event and its void sum to zero, bucket by bucket
//
// The partial-failure rule: a rule that lacks a fact returns a schemas.PoisonError that names the field, and there is no delta at all.
package atp
