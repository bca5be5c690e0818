// Package admission asks of every event: is it whole, and is it its turn?
//
// Projection is the fold over admission.threads. prerequisites.go says what waits for what (domain.md §1.7); complete*.go stamps what a source could not
// know: amounts from the order's lines, cost, rates and zones from reference data, funding, quantities before, period, rule set, place in the thread.
// An event is released by the record whose arrival let it through, and that record's append time is its admitted_at.
//
// State is split, because most events touch little of a thread: the accepted order is written once; the small progress record (quantities, seen events,
// holds) changes with every event; documents that later events quote stand apart, as do the bodies of held events.
//
// Amounts are sliced from the front of what a line has shipped, billed or been credited (from its back, for credits of what never shipped), and a basis says from where
// (domain.md §2.5 rule 2). A void frees its place, as a loss or a return does under AT_DELIVERY, where the goods were still ours: slices.go. The next quantity takes a free
// place that is big enough, else it goes on from the front; only where the line ends before that does it take several, and then its basis is the whole of their sum. So a line
// that stands whole has no free place left and its slices sum to it, whatever was taken back on the way. Free places, and those that no basis tells, stand in the progress
// record, which mostly has none. Three things are no slices of ours and may leave a unit: amounts that a source states (they count as sliced, and a void of them frees the end),
// more than was ordered (which is told), and what takes one place in two ways: an invoice of a shipment whose place a line that names none has billed, or an invoice that goes
// on after the end of the line was credited as never shipped.
//
// Three decisions are ours. A payment.capture_failed that names no capture is about the one that is no younger than it, whichever of the two comes first: had the failure come
// first, the capture is admitted with its id and posts nothing. What refurbishing has written off is taken from what is left in inspection at its average, because nobody says
// which piece leaves next. And the spot of a day is no rate of a processor's statement: fees and payouts in another currency say theirs, or are refused.
//
// The progress record has grown by those places at its end: bytes that were written before are read as having none.
//
// An event that cannot be completed is a dead letter and leaves no trace in the state, so that a redrive meets the thread as if it had never come.
package admission
