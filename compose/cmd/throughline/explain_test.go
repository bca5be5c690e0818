package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/compose/embedded"
	"github.com/throughline/throughline/compose/explain"
	"github.com/throughline/throughline/schemas"
)

// Why an entry is what it is, and what stands open, on a company that is known to the cent.
func TestExplainAndReconcile(t *testing.T) {
	s := startServers(t, &embedded.ClickHouseConfig{})
	s.run("migrate").exits(0)
	stop := s.start()
	s.run("simulate", "--seed", "5", "--orders", "30", "--verify").exits(0)
	s.explainsEveryType()
	s.reconciles()
	stop().exits(0)
}

// explainsEveryType asks for the first event of each type: all derive again to what stands, and stamped amounts are those of their formulas.
func (s *servers) explainsEveryType() {
	s.t.Helper()
	s.run("explain", "x").exits(2, "is no id of an entry or event")
	s.run("explain", "00000000-0000-5000-8000-000000000000").exits(1, "neither an entry nor an event")
	seen, steps := map[string]bool{}, 0
	var took []time.Duration
	for line := range strings.SplitSeq(s.run("cat", schemas.TopicJournal).exits(0).out, "\n") {
		if line == "" {
			continue
		}
		e, err := schemas.ParseEventJSON("journal.entry", []byte(line))
		if err != nil {
			s.t.Fatal(err)
		}
		entry := e.(*schemas.JournalEntry)
		if seen[entry.CauseType] {
			continue
		}
		seen[entry.CauseType] = true
		var x explain.Explanation
		began := time.Now()
		s.run("explain", entry.Meta.EventID.String(), "-o", "json").exits(0).json(&x)
		took = append(took, time.Since(began))
		if x.Derivation != "equal" || x.Event.ID != entry.Meta.CausationID.V.String() || len(x.Entries) == 0 || len(x.Inputs) == 0 {
			s.t.Errorf("%s: %+v", entry.CauseType, x)
		}
		for _, step := range x.Steps {
			if steps++; !step.Result.Equal(step.Stamped) {
				s.t.Errorf("%s: %s %s is %s by %s, the record says %s", entry.CauseType, step.Line, step.What, step.Result.Text(), step.Formula, step.Stamped.Text())
			}
		}
	}
	if !seen["shipment.shipped"] || steps < 10 {
		s.t.Errorf("explained %v with %d steps", seen, steps)
	}
	slices.Sort(took)
	s.t.Logf("explained %d types; the median answer took %s, the slowest %s", len(seen), took[len(took)/2], took[len(took)-1])
	shipped := s.canonicalOrder()
	s.run("explain", shipped.Meta.EventID.String()).exits(0).says("shipment.shipped", "R(", "R4(", "derived again by the rules of this program: equal", "by rule shipment.shipped@1")
}

func (s *servers) reconciles() {
	s.t.Helper()
	var r reconciled
	s.run("reconcile", "-o", "json").exits(0).json(&r)
	if len(r.Items) == 0 {
		s.t.Fatal("the company leaves nothing open: GR/IR at least is never billed here")
	}
	for _, i := range r.Items {
		sum := schemas.MustDecimal("0")
		for _, v := range i.Moved {
			sum = sum.Add(schemas.MustDecimal(v))
		}
		if !sum.Equal(schemas.MustDecimal(i.Open)) || i.MissingEvent == "" || i.Owner == "" || i.Law == "" {
			s.t.Errorf("open item whose movements sum to %s: %+v", sum.Text(), i)
		}
	}
	for _, u := range r.Units {
		if u.Gap != "0" || u.StockGap != "0" || u.LineID == "" || u.Owner == "" {
			s.t.Errorf("units: %+v", u)
		}
	}
	s.run("reconcile", "--entity", "NOBODY").exits(0).says("(none)")
	s.run("reconcile", "--period", "1999-01", "-o", "json").exits(0).json(&r)
	if len(r.Items) != 0 {
		s.t.Errorf("open in 1999: %+v", r.Items)
	}
	s.run("reconcile", "--period", "May").exits(2, "want year-month")
	s.run("reconcile").exits(0).says("ACCOUNT", "MISSING", "OWNER")
	s.run("report", "trial-balance").exits(0)
}
