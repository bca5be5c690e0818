// Package processors holds what follows from an event, and the loop that lets it follow exactly once.
//
// The two types that matter are Derive, a pure function from one canonical event to the events that follow from it, and
// Processor, a Derive with its topology as data: a name, the topics it reads and writes, the topic through which its dead
// letters come back. Each subfolder is one derivation:
//
//	finance        journal entries (domain.md §2)
//	atp            stock deltas (domain.md §1.4 and §3.3)
//
// A derivation has one line per rule, one file per rule that is named after its event, and scenarios in testdata that a
// controller or a planner can read. Nothing in a subfolder knows a clock, randomness, the network or state: what it needs
// was stamped on the event by admission, and what is missing there is an error that names the field.
//
// The partial-failure rule: all outputs of an event are produced or none. An error of a Derive is permanent, because only
// the event could have caused it; the whole event becomes a dead letter, and nothing else waits for it. The one exception
// is ErrUnknownRuleSet, which stops the process.
package processors
