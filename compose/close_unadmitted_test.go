package compose_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/closing"
	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/schemas"
)

// blocks wants a period kept open by one letter, named with its owner and what to do.
func (w *ward) blocks(period, stage string) closing.Blocker {
	w.t.Helper()
	_, blockers, err := w.closingDesk().Close(w.t.Context(), closing.Ask{Entity: wardEntity, Period: period, Soft: true})
	if !errors.Is(err, closing.ErrRefused) || len(blockers) != 1 {
		w.t.Fatalf("closing %s: %v, %+v; want one letter of %s", period, err, blockers, stage)
	}
	b := blockers[0]
	if b.What != "dead letter of "+stage || b.Owner == "" || !strings.Contains(b.Do, "throughline dlq redrive") || !strings.Contains(b.Do, "--accept "+b.ID) {
		w.t.Errorf("%+v, want a letter of %s, its owner and what to do", b, stage)
	}
	return b
}

func (w *ward) lets(ask closing.Ask) closing.Manifest {
	w.t.Helper()
	ask.Entity, ask.Soft = wardEntity, true
	m, blockers, err := w.closingDesk().Close(w.t.Context(), ask)
	if err != nil {
		w.t.Fatalf("closing %s: %v, %+v", ask.Period, err, blockers)
	}
	return m
}

// An event of the period that died before it was admitted has left no trace in the canonical log, so that no audit misses it. Its letter keeps the period open, as a
// hold does, until it was redriven.
func TestWhatDiedAtAdmissionBlocksItsPeriod(t *testing.T) {
	victim := victimOf(t, wardCompany(), "inventory.adjusted")
	w := booksOf(t, func(e schemas.Event) bool { return e.Header().EventID == victim }, nil)
	letter := w.letterOf(replay.Open)
	if b := w.blocks(wardPeriod, "admission"); b.ID != letter.Meta.EventID.String() {
		t.Errorf("%s blocks, want %s", b.ID, letter.Meta.EventID)
	}
	w.lets(closing.Ask{Period: "2026-07"})
	w.closePeriod(wardEntity, wardPeriod)
	w.blocks(wardPeriod, "admission")
	w.blocks("2026-02", "admission") // it would be booked there now
	w.sick.Store(false)
	w.redrive(letter, replay.CameCured)
	w.rest()
	w.lets(closing.Ask{Period: wardPeriod})
	w.lets(closing.Ask{Period: "2026-02"})
	for _, d := range w.read(schemas.TopicJournal) {
		if m := d.Event.Header(); m.CausationID.V == victim && m.Period != "2026-02" {
			t.Errorf("what was redriven stands in %s", m.Period)
		}
	}
}

// What finance books nothing of keeps no period open, wherever it died: the books lack nothing.
func TestWhatPostsNothingKeepsNoPeriodOpen(t *testing.T) {
	victim := victimOf(t, wardCompany(), "inventory.snapshot_taken")
	w := booksOf(t, func(e schemas.Event) bool { return e.Header().EventID == victim }, nil)
	if l := w.letterOf(replay.Open); l.DeadEventType != "inventory.snapshot_taken" {
		t.Fatalf("%s died", l.DeadEventType)
	}
	if m := w.lets(closing.Ask{Period: wardPeriod}); len(m.Unread) > 0 {
		t.Errorf("unread: %+v", m.Unread)
	}
}

// feeOf is a fee that the company's PSP charged in the period, as it was published.
func (w *ward) feeOf() *schemas.PSPFeeCharged {
	w.t.Helper()
	for e := range w.company.Events() {
		if x, ok := e.(*schemas.PSPFeeCharged); ok {
			if x.Meta.EventType = x.EventType(); x.Meta.EventID.IsZero() {
				x.Meta.EventID = schemas.SourceID(x.Meta.Source)
			}
			return x
		}
	}
	w.t.Fatal("the company pays no fee")
	return nil
}

// What came again after it had died is in the books, though its letter is open still. What nobody can read keeps no period open and stands in the manifest. What broke
// its contract is published anew, and its letter accepted by name.
func TestLettersOfIntakeAtAClose(t *testing.T) {
	w := booksOf(t, nil, nil)
	fee := w.feeOf()
	fee.FeeID = "FEE-ASTRAY"
	fee.Meta.Source.DocID = fee.FeeID
	fee.Meta.EventID = schemas.SourceID(fee.Meta.Source)
	value, err := w.codec.Encode(fee)
	if err != nil {
		t.Fatal(err)
	}
	w.produce(&kgo.Record{Topic: "intake.orders", Key: []byte(schemas.DocumentKey(fee.Meta.Source)), Value: value})
	w.rest()
	w.blocks(wardPeriod, "intake")
	w.send(fee)
	w.rest()
	w.letterOf(replay.Open)
	w.lets(closing.Ask{Period: wardPeriod})

	w.produce(&kgo.Record{Topic: "intake.payments", Key: []byte("junk"), Value: []byte("no event at all")})
	w.rest()
	m := w.lets(closing.Ask{Period: wardPeriod})
	if len(m.Unread) != 1 || m.Unread[0].Stage != "intake" || m.Unread[0].Owner == "" || !strings.HasPrefix(m.Unread[0].Position, "intake.payments/") {
		t.Errorf("the manifest lists %+v, want what nobody can read", m.Unread)
	}
	if v, err := w.closingDesk().Verify(t.Context(), m); err != nil || v.Violations() != 0 {
		t.Errorf("verifying: %+v, %v", v, err)
	}

	changed := w.feeOf() // a changed fact under the id of another
	changed.FeeID += " changed"
	w.send(changed)
	w.rest()
	b := w.blocks(wardPeriod, "intake")
	m = w.lets(closing.Ask{Period: wardPeriod, Accept: []string{b.ID}, Why: "the PSP has sent the change as a fee of its own"})
	if len(m.Accepted) != 1 || m.Accepted[0].ID != b.ID || m.Accepted[0].By != "kim" {
		t.Errorf("accepted in the manifest: %+v", m.Accepted)
	}
	w.lets(closing.Ask{Period: wardPeriod}) // said once
	if v, err := w.closingDesk().Verify(t.Context(), m); err != nil || v.Violations() != 0 {
		t.Errorf("verifying: %+v, %v", v, err)
	}
}
