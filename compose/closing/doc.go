// Package closing closes the books of a legal entity for a period, and proves later, from Kafka alone, that they are still what was closed (domain.md §2.6).
//
// The types that matter are Desk, with Close, Reopen and Verify; Manifest, what a close writes down; and Blocker, one thing that keeps a period open.
//
// A close goes: look for blockers; announce period.closed with an instant a little ahead; wait until admission, finance and the hash chain have passed
// it in every partition; look again; write the manifest, to finance.closes and as a file. A soft close leaves the announcement out.
//
// What blocks (all of it named, with its owner): an event of the period without its effect, a dead letter of finance that carries the period, a hold
// whose event would belong to it, and whatever an audit finds in it. A finding that belongs to no period that can be told blocks every one.
//
// The partial-failure rule: an announcement cannot be taken back, so a close that is refused after it leaves the period closed and without a manifest.
// Repair what is named and close again: a period that is closed is not announced twice. A manifest counts once its record stands in finance.closes.
//
// Verify derives every entry again (package audit, without ClickHouse), reads the same offsets as the close did, compares line by line, checks the hash
// chain, and looks for entries of the period that came afterwards.
package closing
