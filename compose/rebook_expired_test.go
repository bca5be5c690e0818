package compose_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/compose/replay"
	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// expire deletes what a topic holds, as its retention does.
func (w *ward) expire(topics ...string) {
	w.t.Helper()
	adm := kadm.NewClient(w.cl)
	ends, err := adm.ListEndOffsets(w.t.Context(), topics...)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := adm.DeleteRecords(w.t.Context(), ends.Offsets()); err != nil {
		w.t.Fatal(err)
	}
}

// refusing is a derivation that refuses one event, as rules without its account do.
func refusing(id schemas.UUID, derive processors.Derive) processors.Derive {
	return func(e schemas.Event) ([]schemas.Event, error) {
		if e.Header().EventID == id {
			return nil, errSick
		}
		return derive(e)
	}
}

// journalFindings are those of an audit that concern the journal and what died on the way to it.
func (w *ward) journalFindings(derivations []audit.Derivation) (all []audit.Finding) {
	w.t.Helper()
	rep, err := audit.Audit{Cluster: w.opts, Codec: w.codec, Derivations: derivations}.Run(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range rep.Findings {
		if f.Check == schemas.TopicJournal || f.Check == schemas.TopicExceptions {
			all = append(all, f)
		}
	}
	return all
}

// A letter expires after 90 days; what answered it stays. The event that died has its effect for ever: no audit misses its entry, and no plan would book it again,
// whether or not today's rules give it.
func TestWhatWasRebookedOutlivesItsLetter(t *testing.T) {
	w, dead := rebookedWard(t)
	w.expire(schemas.TopicLetters)
	refused := financeOnly()
	refused[0].Derive = refusing(dead.EventID, refused[0].Derive)
	for name, derivations := range map[string][]audit.Derivation{"rules that give the entry": financeOnly(), "rules that refuse the event": refused} {
		if found := w.journalFindings(derivations); len(found) != 0 {
			t.Errorf("%s: an audit finds %+v", name, found)
		}
	}
	plan := w.plan(replay.Selection{Processor: "finance"})
	if e := plan.Effect; e.Changes()+len(e.Dead)+len(e.Caused) != 0 {
		t.Errorf("a plan finds %d new, %d changes, %d dead, %d that die", len(e.New), e.Changes(), len(e.Dead), len(e.Caused))
	}
	desk := w.desk()
	desk.Processors[0].Derive = refusing(dead.EventID, desk.Processors[0].Derive)
	if p, err := desk.Plan(t.Context(), replay.Selection{Processor: "finance"}); err != nil || len(p.Effect.Caused) != 0 {
		t.Errorf("under rules that refuse the event a plan says that %d events would die (%v)", len(p.Effect.Caused), err)
	}
	if next := w.plan(replay.Selection{Processor: "finance", RuleSet: nextRules}).Effect; next.Changes() != len(next.Superseded) || len(next.Caused) != 0 {
		t.Errorf("under other rules %+v", next)
	}
	if done, err := w.apply(plan); err != nil || done.Added != 0 {
		t.Errorf("applied %+v, %v", done, err)
	}
	w.rest()
	is, want := byAccount(w.read(schemas.TopicJournal)), byAccount(w.undisturbed().logs[schemas.TopicJournal])
	for account, sum := range want {
		if !is[account].Equal(sum) {
			t.Errorf("%s stands at %s, want %s", account, is[account].Text(), sum.Text())
		}
	}
}

// rebookedWard is a ward in which a letter of finance was rebooked after its period had been closed.
func rebookedWard(t *testing.T) (*ward, *schemas.Meta) {
	t.Helper()
	w, letter, dead := buriedWard(t)
	w.closePeriod(dead.LegalEntity, dead.Period)
	w.sick.Store(false)
	if _, err := w.rebook(t.Context(), letter.Meta.EventID, ""); err != nil {
		t.Fatal(err)
	}
	w.rest()
	return w, dead
}

// buriedWard is a ward in which one shipment died at finance.
func buriedWard(t *testing.T) (*ward, *replay.Letter, *schemas.Meta) {
	t.Helper()
	victim := victimOf(t, wardCompany(), "shipment.shipped")
	w := booksOf(t, nil, func(e schemas.Event) bool { return e.Header().EventID == victim })
	letter := w.letterOf(replay.Open)
	d, err := w.codec.Deliver(t.Context(), &kgo.Record{Topic: letter.Topic, Partition: letter.Partition, Offset: letter.Offset, Value: letter.Value})
	if err != nil {
		t.Fatal(err)
	}
	return w, letter, d.Event.Header()
}
