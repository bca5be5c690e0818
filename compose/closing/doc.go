// Package closing closes the books of a legal entity for a period, and proves later, from Kafka alone, that they are still what was closed (domain.md §2.6).
//
// The types that matter are Desk, with Close, Reopen and Verify; Manifest, what a close writes down; and Blocker, one thing that keeps a period open.
//
// A close goes: look for blockers; announce period.closed with an instant a little ahead; wait until admission, finance and the hash chain have passed
// it in every partition; look again; write the manifest, to finance.closes and as a file. A soft close leaves the announcement out.
//
// What blocks (all of it named, with its owner): an event of the period without its effect, a dead letter of finance that carries the period, a hold
// whose event would belong to it, and whatever an audit or the hash chain finds in it. A finding that belongs to no period that can be told blocks every one, and
// one in the journal of an earlier period blocks those that carry its open items on.
//
// The first look is at everything, before anything is announced. The second is at what the manifest is made of: Kafka and finance.
//
// # What may stand
//
// Nobody deletes from the log, so that a record too many is found for ever. An Acceptance lets one finding stand, by name, with who and why: it is an action on
// operations.actions and a line of the manifest, counts for every later close of any period, and is never retyped. Only what an audit or the chain finds too
// much may stand. A hold, a dead letter, an effect that is missing, an entry that stands with other content only, and a row of ClickHouse each have a cure. A
// letter about a record of the canonical log that was accepted as unreadable or forged goes with that record: nothing has to follow from it.
//
// The books are what derives from the canonical log, each entry once. So a record of the journal that was accepted (no event gives it, or it is a second copy, or a
// copy with other content) is in nothing that the manifest counts: no balance, no open item of this or of a later period, no hash, no export of the close. An entry
// that derives from an event does count, even where that event is accepted as forged: every reader has booked it, so void the event first, and
// both cancel. ClickHouse and other readers of the topic see accepted records still.
//
// Verify allows what the manifest itself accepts. Of what belongs to no period it allows what was accepted anywhere, since a forged link must not spoil
// closes that were right. Everything else is new, and so is an acceptance in a manifest of a record with which nothing is wrong.
//
// The partial-failure rule: an announcement cannot be taken back, so a close that is refused after it leaves the period closed and without a manifest.
// Repair what is named and close again: a period that is closed is not announced twice. Acceptances are recorded before the manifest, and a manifest counts once its
// record stands in finance.closes.
//
// Verify derives every entry again (package audit, without ClickHouse), reads the same offsets as the close did, compares line by line, checks the hash
// chain, and looks for entries of the period that came afterwards. Entries gives what a close holds to an export, and fails where it does not add up to the
// manifest.
package closing
