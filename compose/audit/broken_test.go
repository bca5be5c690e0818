package audit_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/processors"
	deltas "github.com/throughline/throughline/processors/atp"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/producers/simulate"
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/projections/intake"
	"github.com/throughline/throughline/schemas"
)

// A checker that has never caught anything proves nothing: each of these builds is broken on purpose, and the audit must say where.

// onNth changes what a derivation gives for the n-th event that has any output (from 0), once; the others are as they should be.
func onNth(n int, change func([]schemas.Event) []schemas.Event) derive {
	return func(d processors.Derive) processors.Derive {
		var chosen schemas.UUID
		seen := 0
		return func(e schemas.Event) ([]schemas.Event, error) {
			out, err := d(e)
			if err != nil || len(out) == 0 {
				return out, err
			}
			if chosen.IsZero() {
				if seen++; seen == n+1 {
					chosen = e.Header().EventID
				}
			}
			if e.Header().EventID == chosen { // an aborted transaction derives it again
				out = change(out)
			}
			return out, nil
		}
	}
}

// brokenRun plays a small company through processors that are broken as said, and audits.
func brokenRun(t *testing.T, entries, moves derive, positions projections.Projection) (*system, audit.Report) {
	t.Helper()
	s := newSystem(t)
	s.startCore(positions)
	s.processor(finance.Processor(), entries)
	s.processor(deltas.Processor(), moves)
	s.play(simulate.New(simulate.Config{Seed: 6, Orders: 8}), 0)
	s.settle()
	return s, s.audit()
}

// kinds are the findings as "check kind invariant" lines.
func kinds(r audit.Report) (lines []string) {
	for _, f := range r.Findings {
		lines = append(lines, f.Check+" "+string(f.Kind)+" "+f.Invariant)
	}
	return lines
}

func mustFind(t *testing.T, r audit.Report, want ...string) {
	t.Helper()
	if got := kinds(r); strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("found %v, want %v", got, want)
		for _, f := range r.Findings {
			t.Logf("%+v", f)
		}
	}
}

func TestI2EntryThatDoesNotBalance(t *testing.T) {
	_, r := brokenRun(t, onNth(4, func(out []schemas.Event) []schemas.Event {
		e := *out[0].(*schemas.JournalEntry)
		e.Lines = slices.Clone(e.Lines)
		e.Lines[0].AmountFn = e.Lines[0].AmountFn.Add(schemas.MustDecimal("0.0001"))
		return append([]schemas.Event{&e}, out[1:]...)
	}), asBuilt, fold())
	mustFind(t, r, "finance.journal altered I6", "balance unbalanced I2")
}

func TestI4EntryThatIsDropped(t *testing.T) {
	s, r := brokenRun(t, onNth(4, func([]schemas.Event) []schemas.Event { return nil }), asBuilt, fold())
	mustFind(t, r, "finance.journal missing I4")
	f := r.Findings[0]
	for _, d := range s.read(schemas.CanonicalTopics()...) {
		if d.Position.String() == f.Position {
			out, err := finance.Derive(d.Event)
			if err != nil || out[0].Header().EventID.String() != f.ID {
				t.Errorf("finding %+v: want the entry of the event at its position", f)
			}
			return
		}
	}
	t.Errorf("no canonical event at %s", f.Position)
}

func TestI4EntryThatNothingGives(t *testing.T) {
	_, r := brokenRun(t, onNth(4, func(out []schemas.Event) []schemas.Event {
		e := *out[0].(*schemas.JournalEntry)
		e.Meta.EventID = schemas.NamedID("out of thin air")
		return append(out, &e)
	}), asBuilt, fold())
	mustFind(t, r, "finance.journal orphaned I4")
}

func TestI1DeltaThatIsDoubled(t *testing.T) {
	_, r := brokenRun(t, asBuilt, onNth(4, func(out []schemas.Event) []schemas.Event { return append(out, out[0]) }), fold())
	mustFind(t, r, "inventory.deltas doubled I1")
}

func TestI6DeltaOfAnotherBody(t *testing.T) {
	_, r := brokenRun(t, asBuilt, onNth(4, func(out []schemas.Event) []schemas.Event {
		e := *out[0].(*schemas.StockDelta)
		e.Lines = slices.Clone(e.Lines)
		e.Lines[0].Qty = e.Lines[0].Qty.Add(schemas.MustDecimal("1"))
		return append([]schemas.Event{&e}, out[1:]...)
	}), fold())
	mustFind(t, r, "inventory.deltas altered I6")
}

func TestI5PositionThatIsNotTheSumOfItsDeltas(t *testing.T) {
	broken := fold()
	apply, done := broken.Apply, ""
	broken.Apply = func(st projections.State, d schemas.Delivery, env projections.Env) ([]projections.Output, error) {
		out, err := apply(st, d, env)
		delta, ok := d.Event.(*schemas.StockDelta)
		if key := delta.Lines[0].SKU + "|" + delta.Location; ok && (done == "" || done == d.Position.String()) {
			done = d.Position.String()
			p := st.Get(key).(*schemas.StockPosition)
			p.Reserved, p.ATP = p.Reserved.Add(schemas.MustDecimal("2")), p.ATP.Sub(schemas.MustDecimal("2"))
		}
		return out, err
	}
	_, r := brokenRun(t, asBuilt, asBuilt, broken)
	mustFind(t, r, "inventory.positions differs I5")
}

// An intake that loses one record and gives another two outcomes.
func TestI4IntakeRecordsWithoutOneOutcome(t *testing.T) {
	s := newSystem(t)
	broken := intake.Projection()
	apply := broken.Apply
	var lost, twice schemas.Position
	broken.Apply = func(st projections.State, d schemas.Delivery, env projections.Env) ([]projections.Output, error) {
		out, err := apply(st, d, env)
		if d.Event.EventType() == "psp.fee_charged" { // nothing waits for a fee
			switch {
			case lost.Topic == "" || lost == d.Position:
				lost, out = d.Position, nil
			case twice.Topic == "" || twice == d.Position:
				twice = d.Position
				out = append(out, projections.Output{Event: schemas.NewOutcome("intake", schemas.OutcomeDUPLICATE, d, "x")})
			}
		}
		return out, err
	}
	dir := t.TempDir()
	s.projection(broken, dir)
	s.startRest(dir)
	s.play(simulate.New(simulate.Config{Seed: 6, Orders: 8}), 0)
	s.settle()
	r := s.audit()
	mustFind(t, r, "intake unaccounted I4", "intake unaccounted I4")
	got := []string{r.Findings[0].Position, r.Findings[1].Position}
	for _, p := range []schemas.Position{lost, twice} {
		if !slices.Contains(got, p.String()) {
			t.Errorf("found at %v, want %s", got, p)
		}
	}
}

// What a consumer has not read is pending, what died at it is dead, and neither is a finding.
func TestPendingAndDeadAreNotMissing(t *testing.T) {
	s := newSystem(t)
	s.startCore(fold())
	s.processor(deltas.Processor(), asBuilt)
	poison := func(d processors.Derive) processors.Derive {
		return func(e schemas.Event) ([]schemas.Event, error) {
			if e.EventType() == "invoice.issued" {
				return nil, &schemas.PoisonError{Class: schemas.DeadLetterClassUNMAPPED_ACCOUNT, Reason: "test"}
			}
			return d(e)
		}
	}
	company := simulate.New(simulate.Config{Seed: 6, Orders: 8})
	s.play(company, 0)
	s.settle()
	r := s.audit() // finance has never run
	mustFind(t, r)
	if c := summary(t, r, schemas.TopicJournal); c.Pending == 0 || c.Records != 0 {
		t.Errorf("%+v, want all entries pending", c)
	}
	s.processor(finance.Processor(), poison)
	s.settle()
	r = s.audit()
	mustFind(t, r)
	invoices := int64(0)
	for _, d := range s.read("billing") {
		if d.Event.EventType() == "invoice.issued" {
			invoices++
		}
	}
	if c := summary(t, r, schemas.TopicJournal); c.Dead != invoices || c.Pending != 0 || invoices == 0 {
		t.Errorf("%+v, want the entries of %d invoices dead and none pending", c, invoices)
	}
}

// The role audits at its interval and tells of each audit, until it is stopped.
func TestRoleAuditsAgainAndAgain(t *testing.T) {
	s := newSystem(t)
	ctx, cancel := context.WithCancel(t.Context())
	reports := 0
	role := audit.Role{Audit: audit.Audit{Cluster: s.opts, Codec: s.codec, Dir: t.TempDir()}, Interval: time.Millisecond,
		OnReport: func(r audit.Report, _ time.Duration) {
			if len(r.Checks) == 0 || r.Violations() != 0 {
				t.Errorf("an empty system: %+v", r)
			}
			if reports++; reports == 3 {
				cancel()
			}
		}, OnError: func(err error) { t.Error(err); cancel() }}
	if err := role.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if reports != 3 {
		t.Errorf("%d reports, want 3", reports)
	}
}
