// Package schemas is the language of Throughline: what can happen, and how it is written down.
//
// The two types that matter are Event, which the generated structs implement and nothing else does, and Codec, which
// turns events into Kafka record values and back in the Confluent wire format. Meta is the envelope that every event
// carries; Delivery is an event and where it was read; Decimal is money and quantity, never a float.
//
// One line per event stands in catalog.go (type, topic, key, owner), one per topic in topics.go. The structs and their
// codec (*_gen.go) are written by `make schemas` from meta.avsc and <domain>/<event>.avsc, which are the source of truth.
//
// Bytes that cannot be understood give an error that is ErrPoison: no retry saves them, they become a DeadLetter. A registry
// that cannot be reached gives ErrRegistryUnavailable: wait and try again, never a letter.
package schemas
