package processors

import (
	"errors"

	"github.com/throughline/throughline/schemas"
)

// Derive turns one event into the events that follow from it. It is pure: no clock, no randomness, no I/O, no state; the same event gives
// the same bytes, for ever. No events and no error means: nothing follows, by rule. Any error is permanent, because nothing outside the
// event could have caused it: the record becomes a dead letter (of the class of a schemas.PoisonError in its chain, else RULE_ERROR),
// and no output of that event is produced. The one exception is ErrUnknownRuleSet, which stops the process.
type Derive func(schemas.Event) ([]schemas.Event, error)

// Processor is one derivation and its topology, as data: the loop refuses an output to a topic that To does not name.
type Processor struct {
	Name    string   // stable: names the consumer group, the transactional id, the stage of its letters
	From    []string // topics read
	To      []string // topics written; dead-letters is always allowed
	Redrive string   // the topic through which its letters, and nobody else's, come back
	Derive  Derive
	// Silent says of an event type that nothing follows from it, whatever its body says: Derive is then given an event of which the envelope alone is
	// filled, and only its refusal has the rest read. Half the events of a log are such for finance. Nil: no type is.
	Silent func(eventType string) bool
}

// ErrUnknownRuleSet is returned by a Derive whose event was stamped with a rule set that this binary was not built with. It is fatal:
// deploy a binary that knows the set, nothing has been lost.
var ErrUnknownRuleSet = errors.New("unknown rule set")
