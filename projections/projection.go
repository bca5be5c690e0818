package projections

import (
	"github.com/throughline/throughline/schemas"
)

// State is the part of a projection's state that belongs to one partition. A value that Get returned may be changed in place and then Put; without Put
// a change is lost. A nil value deletes the key; a replica that was away for longer than tombstones are kept may still have it, so a leftover must do
// no harm.
type State interface {
	Get(key string) any
	Put(key string, value any)
	Keys(prefix string) []string // all keys with the prefix, sorted
	Changed() []string           // keys put in the running transaction, in the order of their first Put
}

// Values turns state values into bytes (changelog and store hold the same ones) and back.
type Values struct {
	Encode func(b []byte, key string, value any) ([]byte, error)
	Decode func(key string, b []byte) (any, error)
}

// Output is an event that a fold emits. Topic and Key are schemas.Route's where they are empty.
type Output struct {
	Event schemas.Event
	Topic string
	Key   string
	Acked func(offset int64) // told where it stands, before the changelog is written; may be nil
}

// Projection is one fold and its topology.
type Projection struct {
	Name      string                    // stable: names the consumer group, the transactional id, the stage of its letters
	From      []string                  // topics read, redrives included
	To        []string                  // topics written; dead-letters and the changelog are always allowed
	Changelog func(topic string) string // which changelog holds the state of an input topic's partitions
	Values    Values
	// Apply folds one delivery into the state. It is pure but for the state: no clock, no I/O. An error is a dead letter, and must leave the state as it was.
	Apply func(st State, d schemas.Delivery, env Env) ([]Output, error)
	// Finish emits what is due once per transaction and partition; may be nil.
	Finish func(st State) ([]Output, error)
	// Load names the record that Apply needs beside the delivery (an original, a letter); the loop reads it; may be nil.
	Load func(st State, d schemas.Delivery) (schemas.Position, bool)
	// Reference says that Apply looks up reference data.
	Reference bool
	// Reuse says that Apply keeps nothing of the delivered event but strings, so that the next one may be decoded into its memory.
	Reuse bool
}

// Env is what the loop knows and hands in.
type Env struct {
	Reference *Reference                       // nil where the projection has none
	Loaded    schemas.Event                    // what Load asked for, decoded; nil where it could not be read
	LoadedRaw []byte                           // its bytes as they stand
	Recent    func(schemas.UUID) schemas.Event // an event that this transaction has emitted; nil where there is none
}
