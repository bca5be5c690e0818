package compose_test

import (
	"testing"

	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/schemas"
)

// ledgerOf plays a small company up to its n-th event of a type and returns that event.
func find[E schemas.Event](t *testing.T, c *simulate.Company) (before []schemas.Event, found E) {
	t.Helper()
	for e := range c.Events() {
		if x, ok := e.(E); ok {
			return before, x
		}
		before = append(before, e)
	}
	t.Fatal("the company has no such event")
	return nil, found
}

func clone(t *testing.T, e schemas.Event) schemas.Event {
	t.Helper()
	b, err := schemas.EncodeEmbedded(e)
	if err != nil {
		t.Fatal(err)
	}
	c, err := schemas.DecodeEmbedded(b, e.EventType())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// S2: the same id with another body is a conflict with an exception and no effect, at intake and, through another partition, at admission.
func TestS2SameIDOtherBody(t *testing.T) {
	company := simulate.New(simulate.Config{Seed: 3, Orders: 5})
	before, captured := find[*schemas.PaymentCaptured](t, company)
	for _, elsewhere := range []bool{false, true} {
		w := newWorld(t, 4)
		w.refer(company.Reference()...)
		w.publish(before...)
		w.publish(captured)
		want := w.content()
		altered := clone(t, captured).(*schemas.PaymentCaptured)
		altered.Amount.Amount = altered.Amount.Amount.Add(schemas.MustDecimal("1.0000"))
		if elsewhere {
			usual := w.partition
			w.partition = func(topic string, key []byte) int32 {
				if topic == "intake.payments" {
					return (usual(topic, key) + 1) % 4
				}
				return usual(topic, key)
			}
		}
		w.publish(altered)
		if diff := w.content().differs(want); diff != "" {
			t.Errorf("the conflicting copy had an effect: %s", diff)
		}
		letters, exceptions := w.logs[schemas.TopicLetters], w.logs[schemas.TopicExceptions]
		if len(letters) != 1 || letters[0].Event.(*schemas.DeadLetter).Class != schemas.DeadLetterClassCONFLICT {
			t.Errorf("letters: %v, want one CONFLICT", w.letters())
		}
		if len(exceptions) != 1 || exceptions[0].Event.(*schemas.ExceptionRaised).Code != "CONFLICT" {
			t.Errorf("%d exceptions, want one CONFLICT", len(exceptions))
		}
		w.accounted()
	}
}

// An event that waits for reference data is released by the first tick after that data, and not before.
func TestReferenceDataIsWaitedFor(t *testing.T) {
	company := simulate.New(simulate.Config{Seed: 3, Orders: 5})
	_, received := find[*schemas.InventoryReceived](t, company)
	w := newWorld(t, 4)
	w.publish(received)
	w.tick()
	if got := w.onHold(); len(got) != 1 {
		t.Fatalf("held: %v, want the receipt", got)
	}
	w.refer(company.Reference()...)
	if n := len(w.logs["inventory"]); n != 0 {
		t.Fatalf("%d canonical events before the tick", n)
	}
	w.tick()
	if got := w.onHold(); len(got) != 0 {
		t.Fatalf("still held: %v; letters %v", got, w.letters())
	}
	d := w.logs["inventory"][0].Event.(*schemas.InventoryReceived)
	if d.Meta.AdmittedAt.V <= received.Meta.RecordedAt.V || d.Lines[0].Cost == nil {
		t.Errorf("admitted at %v with cost %v: want the tick's time and the standard cost", d.Meta.AdmittedAt.V, d.Lines[0].Cost)
	}
	w.accounted()
}

// A hold that passes its deadline raises one exception and changes nothing else; when what it waits for comes, it goes on.
func TestOverdueHoldIsToldOnce(t *testing.T) {
	company := simulate.New(simulate.Config{Seed: 3, Orders: 5})
	before, shipped := find[*schemas.ShipmentShipped](t, company)
	w := newWorld(t, 4)
	w.refer(company.Reference()...)
	w.publish(shipped)
	for range 3 {
		w.now += 3 * 3600e6
		w.tick()
	}
	if n := len(w.logs[schemas.TopicExceptions]); n != 1 {
		t.Fatalf("%d exceptions, want one", n)
	}
	if x := w.logs[schemas.TopicExceptions][0].Event.(*schemas.ExceptionRaised); x.Code != "HOLD_OVERDUE" || x.Owner == "" {
		t.Errorf("exception %s of %q", x.Code, x.Owner)
	}
	w.publish(before...)
	if got := w.onHold(); len(got) != 0 {
		t.Errorf("still held: %v", got)
	}
	w.accounted()
}

// A refund that does not say what it settles is held with its owner, never guessed.
func TestRefundOfUnknownBalanceIsHeld(t *testing.T) {
	company := simulate.New(simulate.Config{Seed: 3, Orders: 60})
	before, refund := find[*schemas.RefundIssued](t, company)
	w := newWorld(t, 4)
	w.refer(company.Reference()...)
	w.publish(before...)
	unknown := clone(t, refund).(*schemas.RefundIssued)
	unknown.Settles = ""
	w.publish(unknown)
	if got := w.onHold(); len(got) != 1 {
		t.Fatalf("held: %v, want the refund", got)
	}
	for _, d := range w.logs[schemas.TopicJournal] {
		if d.Event.Header().CausationID.V == unknown.Meta.EventID {
			t.Error("the refund posted")
		}
	}
}
