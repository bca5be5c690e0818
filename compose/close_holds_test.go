package compose_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/throughline/throughline/compose/closing"
	"github.com/throughline/throughline/schemas"
)

// orphan publishes a shipment of an order that nobody has accepted.
func (w *ward) orphan(name string, dated schemas.Opt[schemas.Date]) {
	w.t.Helper()
	for e := range w.company.Events() {
		x, ok := e.(*schemas.ShipmentShipped)
		if !ok {
			continue
		}
		x.OrderID, x.ShipmentID = name, name+"-S1"
		x.Meta.Source.DocID, x.Meta.EventType, x.Meta.DocumentDate = x.ShipmentID, x.EventType(), dated
		x.Meta.EventID = schemas.SourceID(x.Meta.Source)
		w.send(x)
		w.rest()
		return
	}
	w.t.Fatal("the company ships nothing")
}

// held are the threads of what is held and belongs to a period.
func (w *ward) held(period string) (threads []string) {
	w.t.Helper()
	_, blockers, err := w.closingDesk().Close(w.t.Context(), closing.Ask{Entity: wardEntity, Period: period, Soft: true})
	if err != nil && !errors.Is(err, closing.ErrRefused) {
		w.t.Fatal(err)
	}
	for _, b := range blockers {
		_, thread, _ := strings.Cut(b.Detail, " of ")
		thread, _, _ = strings.Cut(thread, " waits")
		if threads = append(threads, thread); b.What != "hold" {
			w.t.Errorf("%s is kept open by %+v", period, b)
		}
	}
	return threads
}

// What waits keeps its period open for as long as it waits, whatever else has expired meanwhile.
func TestAHoldBlocksAfterEverythingElseHasExpired(t *testing.T) {
	w := booksOf(t, nil, nil)
	w.orphan("ORPHAN-1", schemas.Opt[schemas.Date]{})
	day, err := closing.FirstDay("2026-03")
	if err != nil {
		t.Fatal(err)
	}
	w.orphan("ORPHAN-2", schemas.Some(day))
	for range 2 {
		for period, want := range map[string]string{wardPeriod: "ORPHAN-1", "2026-02": "", "2026-03": "ORPHAN-2"} {
			if got := strings.Join(w.held(period), " "); got != want {
				t.Errorf("%s is kept open by what is held of %q, want %q", period, got, want)
			}
		}
		for _, topic := range schemas.Topics {
			if topic.Days > 0 {
				w.expire(topic.Name)
			}
		}
	}
	short := "7776000000"
	if _, err := w.adm.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &short}}, schemas.TopicOutcomes); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.softly(); !errors.Is(err, closing.ErrRefused) || !strings.Contains(err.Error(), "retention.ms=-1") {
		t.Errorf("closing where outcomes expire: %v, want a refusal that says what to set", err)
	}
}
