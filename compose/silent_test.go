package compose_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/schemas"
)

// Of what posts nothing, finance reads the envelope alone; of what it refuses for its envelope the letter tells as much as of any other, be it the first of its
// schema or not.
func TestSilentEventIsRefusedWhole(t *testing.T) {
	c := startCluster(t)
	r := c.runner(finance.Processor(), "a")
	stop := start(t, r.Run)
	topic, _ := schemas.CanonicalTopic(schemas.Example("order.accepted"))
	send := func(e schemas.Event) {
		c.produce(&kgo.Record{Topic: topic, Key: []byte("SO-1"), Value: c.event(e).Value})
	}
	for range 2 {
		plain := schemas.Example("order.accepted")
		plain.Header().RuleSet = finance.DefaultRuleSet
		send(plain)
	}
	strange := schemas.Example("order.accepted").(*schemas.OrderAccepted)
	strange.Meta.RuleSet, strange.Meta.CorrelationID, strange.OrderID = "", "", "SO-STRANGE" // as admission lets nothing through
	send(strange)
	var letters []schemas.Delivery
	eventually(t, "the letter", func() bool { letters = c.read(schemas.TopicLetters); return len(letters) > 0 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l, ok := letters[0].Event.(*schemas.DeadLetter)
	if len(letters) != 1 || !ok || l.DeadEventType != "order.accepted" || l.Thread != schemas.Thread(strange) || l.Thread == "" {
		t.Errorf("%d letters, of them %+v", len(letters), letters[0].Event)
	}
	if n := len(c.read(schemas.TopicJournal)); n != 0 {
		t.Errorf("%d entries", n)
	}
}
