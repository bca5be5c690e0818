// Package closing closes the books of a legal entity for a period, and proves later, from Kafka alone, that they are still what was closed (domain.md §2.6).
//
// The types that matter are Desk, with Close, Reopen, Verify and Entries (what a close holds, for an export); Manifest, what a close writes down; Blocker, one
// thing that keeps a period open; and Acceptance, a finding that may stand.
//
// A close goes: look at everything for blockers; announce period.closed with an instant a little ahead; wait until admission, finance and the hash chain have
// passed it in every partition; see that nobody has put it off or taken it back meanwhile; look again at what the manifest is made of, Kafka and finance; write
// the manifest, to finance.closes and as a file. A soft close leaves the announcement out.
//
// A period that has not ended where the entity keeps its books is not closed, nor, unless that is asked for, one before an earlier period that holds postings.
//
// What blocks (all of it named, with its owner): an event of the period without its effect, a dead letter of finance that carries the period, a hold or
// a letter of intake or admission whose event would belong to it, and whatever an audit or the hash chain finds in it. A finding that belongs to no period that can be
// told blocks every one, and one in the journal of an earlier period blocks those that carry its open items on. A letter that names no entity blocks none and is listed.
//
// Holds are read from admission.outcomes, which is kept for ever for that: a hold may outlive every record of the event that waits but this one and admission's state.
// Letters are kept for 90 days; an event that was admitted is missed by the audit afterwards.
//
// The books are what derives from the canonical log, each entry once. A record of the journal that was accepted (no event gives it, or it is a second copy) is in
// nothing that a manifest counts: no balance, no open item of this or a later period, no hash, no export of the close. An entry that does derive counts, even where
// its event is accepted as forged: every reader has booked it, so void the event, and both cancel.
//
// The partial-failure rule: an announcement cannot be taken back, so a close that is refused after it leaves the period closed and without a manifest.
// Repair what is named and close again: a period that is closed is not announced twice. Acceptances are recorded before the manifest, which counts once its record
// stands in finance.closes.
//
// Verify derives every entry again (package audit, without ClickHouse), reads the same offsets as the close did, compares line by line, checks the hash
// chain, and looks for letters of finance that nothing has answered and for entries of the period that came afterwards. It allows what the manifest accepts, and
// of what belongs to no period what was accepted anywhere, since a forged link must not spoil closes that were right. Everything else is new.
package closing
