package compose_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/throughline/throughline/compose/closing"
	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/schemas"
)

// repair records that a letter was answered, as whoever may write actions can.
func (w *ward) repair(l *replay.Letter) {
	w.t.Helper()
	past := &schemas.OperatorAction{Action: schemas.ActionKindREPAIR, Who: "somebody", Why: "past the desk", Topic: l.At.Topic, Partition: schemas.Some(l.At.Partition),
		Offset: schemas.Some(l.At.Offset), LetterID: schemas.Some(l.Meta.EventID), Consumer: l.Consumer}
	past.Meta = schemas.Meta{EventID: schemas.NamedID("past the desk"), EventType: past.EventType(), LegalEntity: "*", OccurredAt: 1}
	w.produce(w.event(past))
	w.rest()
}

// softly is a soft close of the ward's period.
func (w *ward) softly() (closing.Manifest, []closing.Blocker, error) {
	w.t.Helper()
	return w.closingDesk().Close(w.t.Context(), closing.Ask{Entity: wardEntity, Period: wardPeriod, Soft: true})
}

// A record that says that a letter was answered cures nothing: the close names the letter still, and a manifest made in spite of it does not verify. The letter is
// cured once its answer is booked, and the way there is open, though no redrive is heard any more.
func TestARepairWithoutAnswerCuresNothing(t *testing.T) {
	w, letter, dead := buriedWard(t)
	clean, _, err := w.closingDesk().Close(t.Context(), closing.Ask{Entity: wardEntity, Period: "2026-02", Soft: true})
	if err != nil {
		t.Fatal(err)
	}
	w.repair(letter)
	w.answerAnother(letter, dead)
	if l := w.letterOf(replay.Open); l.Meta.EventID != letter.Meta.EventID {
		t.Errorf("letter %s is open, want %s", l.Meta.EventID, letter.Meta.EventID)
	}
	_, blockers, err := w.softly()
	if !errors.Is(err, closing.ErrRefused) || len(blockers) != 1 || blockers[0].ID != letter.Meta.EventID.String() {
		t.Fatalf("the close says %v, %+v; want the letter", err, blockers)
	}
	if v, err := w.closingDesk().Verify(t.Context(), w.as(clean, wardPeriod)); err != nil || !names(v, letter) {
		t.Errorf("verifying what holds a dead event: %+v, %v; want the letter", v.Findings, err)
	}
	w.sick.Store(false)
	if r := w.redrive(letter, replay.CameRefused); !strings.Contains(r.Reason, "throughline dlq rebook "+letter.Meta.EventID.String()) {
		t.Errorf("the refusal does not say what to do: %s", r.Reason)
	}
	done, err := w.rebook(t.Context(), letter.Meta.EventID, "")
	if err != nil || done.Period != wardPeriod {
		t.Fatalf("rebooked %+v, %v", done, err)
	}
	w.rest()
	m, blockers, err := w.softly()
	if err != nil {
		t.Fatal(err, blockers)
	}
	if v, err := w.closingDesk().Verify(t.Context(), m); err != nil || v.Violations() != 0 {
		t.Errorf("verifying after the rebooking: %+v, %v", v, err)
	}
}

// as is a manifest with the offsets of another, of another period and for nobody's hand: only its findings are of interest.
func (w *ward) as(m closing.Manifest, period string) closing.Manifest {
	m.Period = period
	return m
}

func names(v closing.Verdict, l *replay.Letter) bool {
	for _, f := range v.Findings {
		if f.ID == l.Meta.EventID.String() && f.Check == "dead letter" && strings.Contains(f.Do, "throughline dlq") {
			return true
		}
	}
	return false
}

// answerAnother publishes a rule.superseded that names the letter and is about another event of its thread.
func (w *ward) answerAnother(l *replay.Letter, dead *schemas.Meta) {
	w.t.Helper()
	for _, d := range w.read(schemas.CanonicalTopics()...) {
		of := d.Event.Header()
		if of.CorrelationID != dead.CorrelationID || of.EventID == dead.EventID || d.Event.EventType() != "invoice.issued" {
			continue
		}
		original, err := schemas.EncodeEmbedded(d.Event)
		if err != nil {
			w.t.Fatal(err)
		}
		x := &schemas.RuleSuperseded{PlanID: "none", Reason: "x", By: "somebody", OldRuleSet: "", NewRuleSet: of.RuleSet, LetterID: schemas.Some(l.Meta.EventID)}
		x.Meta = schemas.Meta{EventID: schemas.NamedID("answers another"), EventType: x.EventType(), SchemaVersion: 1, LegalEntity: of.LegalEntity, OccurredAt: of.OccurredAt, OccurredTZOffset: "Z",
			Source: schemas.Source{System: "throughline", Instance: "replay", DocType: "rule.superseded", DocID: of.EventID.String(), Transition: "superseded"},
			Correction: &schemas.Correction{Reason: schemas.CorrectionReasonINCORRECT_DATA, CorrectedEventID: of.EventID, CorrectedEventType: d.Event.EventType(),
				Original: original}}
		w.send(x)
		w.rest()
		return
	}
	w.t.Fatal("the letter's order has no invoice")
}
