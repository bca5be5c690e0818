package schemas

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Route is where a record of ours goes and under which key: facts to their canonical topic by thread, entries by thread, deltas by location and
// shard, positions by SKU and location. "" means that the event cannot be routed by itself.
func Route(e Event) (topic string, key []byte) {
	switch x := e.(type) {
	case *StockDelta:
		return TopicDeltas, []byte(x.Location + "|" + strconv.Itoa(int(x.Shard)))
	case *StockPosition:
		return TopicPositions, []byte(x.SKU + "|" + x.Location)
	case *JournalLink:
		return TopicChain, []byte(strconv.Itoa(int(x.Partition)))
	case *PeriodClose:
		return TopicCloses, []byte(x.Meta.LegalEntity + "|" + x.Period)
	case *DeadLetter:
		return TopicLetters, []byte(x.Meta.EventID.String())
	case *OperatorAction:
		return TopicActions, []byte(x.LetterID.V.String())
	case *Redrive:
		return RedriveTopic(x.Consumer), x.Key
	case *ReferenceItem:
		return "reference.items", []byte(x.SKU + "|" + x.EffectiveFrom.String() + "|" + x.Version)
	case *ReferenceRate:
		return "reference.rates", []byte(x.Base + "|" + x.Quote + "|" + x.RateDate.String() + "|" + x.Version)
	case *ReferenceEntity:
		return "reference.entities", []byte(x.Entity + "|" + x.EffectiveFrom.String() + "|" + x.Version)
	case *ReferenceRuleSet:
		return "reference.rule_sets", []byte(x.Name + "|" + x.ActiveFrom.String() + "|" + x.Version)
	}
	entry, ok := Lookup(e.EventType())
	if ok && entry.Kind == Fact {
		topic, _ = CanonicalTopic(e)
		return topic, []byte(e.Header().CorrelationID)
	}
	return entry.Topic, []byte(e.Header().CorrelationID)
}

// Group is the consumer group of a role.
func Group(role string) string { return "throughline-" + role }

// RedriveTopic is the topic through which the letters of a consumer group come back to it, and to nobody else.
func RedriveTopic(group string) string {
	role := strings.TrimPrefix(group, Group(""))
	if role == "admission" {
		return TopicThreads
	}
	return "redrive." + role
}

// Record encodes e as a record of ours, routed by Route. Records between our loops carry two CloudEvents attributes only; everything else stands in the body.
func (c *Codec) Record(e Event) (*kgo.Record, error) {
	topic, key := Route(e)
	return c.RecordTo(e, topic, key)
}

// RecordTo encodes e for a topic and key of the caller's choice.
func (c *Codec) RecordTo(e Event, topic string, key []byte) (*kgo.Record, error) {
	if topic == "" {
		return nil, fmt.Errorf("routing %s: no topic; a correction needs meta.correction.corrected_event_type", e.EventType())
	}
	value, err := c.Encode(e)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", e.EventType(), err)
	}
	limit, ok := c.limits[topic]
	if !ok {
		limit = RecordMax
	}
	// Room for the batch header, the key and the record's own headers.
	if len(value)+len(key)+1024 > limit {
		return nil, &PoisonError{Class: DeadLetterClassTOO_LARGE, Reason: fmt.Sprintf("%s of %d bytes: %s takes %d", e.EventType(), len(value), topic, limit)}
	}
	return &kgo.Record{Topic: topic, Key: key, Value: value, Headers: c.headers[e.EventType()]}, nil
}

// recordHeaders are the two CloudEvents attributes of each event type, made once. Each slice is full, so that who appends copies.
func recordHeaders() map[string][]kgo.RecordHeader {
	all, version := make(map[string][]kgo.RecordHeader, len(eventSchemas)), []byte("1.0")
	for i := range eventSchemas {
		t := eventSchemas[i].EventType
		all[t] = []kgo.RecordHeader{{Key: "ce_type", Value: []byte(t)}, {Key: "ce_specversion", Value: version}}
	}
	return all
}

func topicLimits() map[string]int {
	all := make(map[string]int, len(Topics))
	for _, t := range Topics {
		all[t.Name] = t.MaxBytes
	}
	return all
}

// TakesRedrives says whether a redrive on a topic is one of ours. On an intake topic it would be a source that tries to speak for another.
func TakesRedrives(topic string) bool { return IsRedrive(topic) || topic == TopicThreads }

// IsRedrive says whether a topic is somebody's redrive topic.
func IsRedrive(topic string) bool { return strings.HasPrefix(topic, "redrive.") }
