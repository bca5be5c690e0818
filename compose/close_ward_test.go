package compose_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose"
	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/compose/closing"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/projections/admission"
	"github.com/throughline/throughline/projections/chain"
	"github.com/throughline/throughline/projections/intake"
	"github.com/throughline/throughline/projections/operations"
	"github.com/throughline/throughline/schemas"
)

// The company of a ward, and the period in which all of it happens.
const (
	wardEntity = "ACME-US"
	wardPeriod = "2026-01"
	wardSeed   = 25
	wardOrders = 10
)

func wardCompany() *simulate.Company {
	return simulate.New(simulate.Config{Seed: wardSeed, Orders: wardOrders})
}

// booksOf runs what a close asks for, with poison at admission or finance, and publishes the company.
func booksOf(t *testing.T, atAdmission, atFinance poisons) *ward {
	w := newWard(t, wardSeed, wardOrders)
	w.project(intake.Projection(), nil)
	w.project(admission.Projection(), atAdmission)
	w.project(operations.Projection(), nil)
	w.project(chain.Projection(), nil)
	w.process(finance.Processor(), atFinance)
	w.publish()
	w.rest()
	return w
}

// financeOnly is the derivation of the journal: wards run no other.
func financeOnly() []audit.Derivation {
	return slices.DeleteFunc(compose.Derivations(), func(d audit.Derivation) bool { return d.To != schemas.TopicJournal })
}

func (w *ward) closingDesk() closing.Desk {
	return closing.Desk{Desk: w.desk(), Derivations: financeOnly(), Now: time.Now, Patience: 30 * time.Second,
		Publish: func(_ context.Context, all ...schemas.Event) error {
			for _, e := range all {
				w.send(e)
			}
			return nil
		}}
}

// send publishes one event as its source does.
func (w *ward) send(e schemas.Event) {
	w.t.Helper()
	topic, ok := schemas.IntakeTopic(e)
	if !ok {
		w.t.Fatalf("%s has no intake topic", e.EventType())
	}
	value, err := w.codec.Encode(e)
	if err != nil {
		w.t.Fatal(err)
	}
	w.produce(&kgo.Record{Topic: topic, Key: []byte(schemas.DocumentKey(e.Header().Source)), Value: value})
}

// ticks writes ticks until it is stopped; nothing comes to rest meanwhile.
func (w *ward) ticks() (stop func() error) {
	w.t.Helper()
	cl, err := kgo.NewClient(append(slices.Clone(w.opts), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(cl.Close)
	return start(w.t, func(ctx context.Context) error {
		t := time.NewTicker(250 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case now := <-t.C:
				e := &schemas.Tick{}
				e.Meta = schemas.Meta{EventID: schemas.NamedID("tick", now.String()), LegalEntity: "*", OccurredAt: schemas.TimeOf(now), OccurredTZOffset: "Z"}
				for p := range int32(4) {
					rec, err := w.codec.RecordTo(e, schemas.TopicThreads, nil)
					if err != nil {
						return err
					}
					rec.Partition = p
					cl.Produce(ctx, rec, nil)
				}
			}
		}
	})
}

// Two terminals: the second puts off what the first waits for, as the schedule allows. The first records nothing and names the second's announcement; the second's
// manifest is the only one.
func TestACloseThatWasPutOffRecordsNothing(t *testing.T) {
	w := booksOf(t, nil, nil)
	stop := w.ticks()
	first, second := w.closingDesk(), w.closingDesk()
	first.Who, second.Who = "the first", "the second"
	at := time.Now().Add(8 * time.Second).Truncate(time.Second)
	later := at.Add(4 * time.Second)
	done := make(chan error, 1)
	publish := first.Publish
	first.Publish = func(ctx context.Context, all ...schemas.Event) error {
		if err := publish(ctx, all...); err != nil {
			return err
		}
		go func() {
			m, blockers, err := second.Close(context.WithoutCancel(t.Context()), closing.Ask{Entity: wardEntity, Period: wardPeriod, At: later})
			if err == nil && m.ClosedAt != schemas.TimeOf(later) {
				err = errors.New("the second's manifest says closed at " + m.ClosedAt.String())
			}
			if err != nil {
				t.Log(blockers)
			}
			done <- err
		}()
		return nil
	}
	m, blockers, err := first.Close(t.Context(), closing.Ask{Entity: wardEntity, Period: wardPeriod, At: at})
	if !errors.Is(err, closing.ErrRefused) || !strings.Contains(err.Error(), "the second announced at") || !strings.Contains(err.Error(), schemas.TimeOf(later).String()) {
		t.Errorf("the first close: %v, %+v, %v; want a refusal that names the second's announcement", m.ClosedAt, blockers, err)
	}
	if err := <-done; err != nil {
		t.Errorf("the second close: %v", err)
	}
	closes := w.read(schemas.TopicCloses)
	for _, d := range closes {
		if c := d.Event.(*schemas.PeriodClose); c.ClosedAt != schemas.TimeOf(later) {
			t.Errorf("a manifest says closed at %s", c.ClosedAt)
		}
	}
	if len(closes) != 1 {
		t.Errorf("%d manifests were recorded, want the second's", len(closes))
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
