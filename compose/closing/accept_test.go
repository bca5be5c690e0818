package closing

import (
	"errors"
	"strings"
	"testing"

	"github.com/throughline/throughline/compose/audit"
	"github.com/throughline/throughline/projections/chain"
	"github.com/throughline/throughline/schemas"
)

func blockersOfATest() []Blocker {
	finding := func(check, kind, at, id, cure string) Blocker {
		return Blocker{What: check + " " + kind, ID: id, Position: at, Detail: "what it is", Owner: "Integration platform", Do: "something", check: check, kind: kind, cure: cure}
	}
	return []Blocker{
		{What: letterBlocks, ID: "letter", Position: "orders/0@7", Detail: "died at finance", Owner: "Finance", Do: "redrive it", cure: "redrive it"},
		{What: "hold", ID: "event", Position: "intake.orders/0@3", Detail: "waits", Owner: "Shop", Do: "bring it", cure: "bring it"},
		finding("finance.journal", "orphaned", "finance.journal/0@9", "forged", ""),
		finding("balance", "unbalanced", "finance.journal/0@9", "forged", ""),
		finding("finance.journal", "doubled", "finance.journal/1@4", "twice", ""),
		finding("finance.journal", "missing", "orders/1@2", "owed", "replay it"),
		finding("canonical", "unreadable", "orders/0@7", "", ""),
	}
}

// A name accepts every finding that bears it and nothing else; what has a cure is never accepted, and what nobody printed is wrong use.
func TestAcceptanceIsByName(t *testing.T) {
	for _, x := range []struct {
		names string
		want  string // marks, or what the error says
		is    error
	}{
		{"forged", "finance.journal orphaned finance.journal/0@9, balance unbalanced finance.journal/0@9", nil},
		{"finance.journal/1@4,twice", "finance.journal doubled finance.journal/1@4", nil},
		{"orders/0@7", "canonical unreadable orders/0@7", nil}, // a letter is there too: it goes with the record
		{"letter", "dead letter letter (died at finance): redrive it", ErrCurable},
		{"event", "hold event (waits): bring it", ErrCurable},
		{"owed", "finance.journal missing owed (what it is): replay it", ErrCurable},
		{"twice,forge", `called "forge"`, ErrUnknown},
	} {
		ask := Ask{Entity: "ACME", Period: "2026-03", Accept: strings.Split(x.names, ","), Why: "understood"}
		fresh, err := ask.accept(blockersOfATest(), marks{}, "anna", 5)
		if x.is != nil {
			if !errors.Is(err, x.is) || !strings.Contains(err.Error(), x.want) || len(fresh) > 0 {
				t.Errorf("%s: %v, want %q", x.names, err, x.want)
			}
			continue
		}
		var got []string
		for _, a := range fresh {
			got = append(got, a.mark().what+" "+a.Position)
			if a.By != "anna" || a.Why != "understood" || a.At != 5 {
				t.Errorf("%s: %+v", x.names, a)
			}
		}
		if err != nil || strings.Join(got, ", ") != x.want {
			t.Errorf("%s: accepted %v (%v), want %s", x.names, got, err, x.want)
		}
	}
}

// What was accepted before may be named again, and stays what it was.
func TestAcceptanceIsSaidOnce(t *testing.T) {
	before := marksOf([]Acceptance{{Check: "finance.journal", Kind: "doubled", Position: "finance.journal/1@4", ID: "twice", By: "ben", Why: "known", At: 1}})
	fresh, err := Ask{Accept: []string{"twice"}, Why: "again"}.accept(blockersOfATest(), before, "anna", 5)
	if err != nil || len(fresh) != 0 {
		t.Errorf("accepted %+v again (%v)", fresh, err)
	}
	_, met := judge(blockersOfATest(), before)
	if len(met) != 1 || met[0].By != "ben" || met[0].Detail != "what it is" {
		t.Errorf("met %+v", met)
	}
}

// A letter goes with the record that it is about, once that is accepted as nobody's; everything else blocks until it is named.
func TestJudgeTellsBlockersFromAccepted(t *testing.T) {
	all := blockersOfATest()
	fresh, err := Ask{Accept: []string{"orders/0@7", "forged"}, Why: "x"}.accept(all, marks{}, "anna", 5)
	if err != nil {
		t.Fatal(err)
	}
	blocking, met := judge(all, marksOf(fresh))
	var left []string
	for _, b := range blocking {
		left = append(left, b.What)
	}
	if got := strings.Join(left, ", "); got != "hold, finance.journal doubled, finance.journal missing" || len(met) != 3 {
		t.Errorf("%s block, %d are accepted", got, len(met))
	}
	out := leavesOut(met)
	if len(out) != 1 || !out[schemas.Position{Topic: "finance.journal", Offset: 9}] {
		t.Errorf("the books leave out %v", out)
	}
	// Somebody who writes an acceptance of an effect that is owed gains nothing by it.
	owed := marksOf([]Acceptance{{Check: "finance.journal", Kind: "missing", Position: "orders/1@2", ID: "owed", By: "mallory", Why: "x"}})
	if _, met := judge(all, owed); len(met) != 0 {
		t.Errorf("an effect that is owed was accepted: %+v", met)
	}
}

// Only what is too many may stand: what lacks can be brought, and a table can be loaded again.
func TestWhatHasACure(t *testing.T) {
	for _, x := range []struct {
		f    audit.Finding
		cure string
	}{
		{audit.Finding{Check: "finance.journal", Kind: audit.Doubled}, ""},
		{audit.Finding{Check: "finance.journal", Kind: audit.Altered}, ""},
		{audit.Finding{Check: "finance.journal", Kind: audit.Altered, Lacks: true}, "no record of its own content stands: restore the partition"},
		{audit.Finding{Check: "finance.journal", Kind: audit.Missing, Lacks: true, Do: "replay it"}, "replay it"},
		{audit.Finding{Check: "table journal_lines", Kind: audit.Altered, Do: "delete the row"}, "delete the row; what ClickHouse shows can always be loaded again"},
	} {
		if got := cureOf(x.f); (got == "") != (x.cure == "") || !strings.HasPrefix(got, x.cure) {
			t.Errorf("%s %s: %q, want %q", x.f.Check, x.f.Kind, got, x.cure)
		}
	}
}

// A finding of an earlier period concerns this one where it is in the journal, whose open items are carried on.
func TestWhoseFindingsAre(t *testing.T) {
	places := map[string][]string{"here": {"ACME|2026-03"}, "before": {"ACME|2026-02"}, "after": {"ACME|2026-04"}, "others": {"EVIL|2026-03"}}
	for id, want := range map[string]whose{"here": thePeriods, "before": earlier, "after": anothers, "others": anothers, "nowhere": nobodys} {
		if got := whoseIs(audit.Finding{Check: "finance.journal", ID: id}, places, "ACME", "2026-03"); got != want {
			t.Errorf("%s is %d's, want %d", id, got, want)
		}
	}
	if whoseIs(audit.Finding{Check: "inventory.deltas", ID: "before"}, places, "ACME", "2026-03") != anothers {
		t.Error("a stock delta of an earlier period concerns this one")
	}
}

// A manifest without acceptances has the bytes, and so the hash, that it had before there were any; one with them is sealed over them.
func TestManifestWithAcceptances(t *testing.T) {
	m := someManifest(t)
	text, err := m.JSON()
	if err != nil || strings.Contains(string(text), "accepted") {
		t.Errorf("a manifest without acceptances speaks of them (%v)", err)
	}
	was := m.Hash
	m.Accepted = []Acceptance{{Check: "finance.journal", Kind: "doubled", Position: "finance.journal/1@4", By: "anna", Why: "known"}}
	if err := m.seal(); err != nil || m.Hash == was {
		t.Errorf("an acceptance has no part in the hash (%v)", err)
	}
	if text, err = m.JSON(); err != nil {
		t.Fatal(err)
	}
	if back, err := ParseManifest(text); err != nil || len(back.Accepted) != 1 {
		t.Errorf("read back %+v: %v", back.Accepted, err)
	}
	if _, err := ParseManifest([]byte(strings.Replace(string(text), "anna", "ben", 1))); !errors.Is(err, ErrManifest) {
		t.Errorf("another name: %v", err)
	}
}

// A link with a hash of another length is nobody's, and no reason to fall over.
func TestForgedLinkOfAnotherLength(t *testing.T) {
	c := newChainCheck()
	c.takeLink(&schemas.JournalLink{Partition: 1, Previous: chain.Start(), Offsets: []int64{0}, Hashes: [][]byte{{1}}, Records: 1}, schemas.Position{Topic: schemas.TopicChain})
	if found := c.findings(nil); len(found) != 1 || found[0].Kind != "forged" {
		t.Errorf("found %+v", found)
	}
}
