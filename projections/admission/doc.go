// Package admission asks of every event: is it whole, and is it its turn?
//
// Projection is the fold over admission.threads. prerequisites.go says what waits for what (domain.md §1.7); complete*.go stamps what a source could not
// know: amounts from the order's lines, cost, rates and zones from reference data, funding, quantities before, period, rule set, place in the thread.
// An event is released by the record whose arrival let it through, and that record's append time is its admitted_at.
//
// State is split, because most events touch little of a thread: the accepted order is written once; the small progress record (quantities, seen events,
// holds) changes with every event; documents that later events quote stand apart, as do the bodies of held events.
//
// An event that cannot be completed is a dead letter and leaves no trace in the state, so that a redrive meets the thread as if it had never come.
package admission
