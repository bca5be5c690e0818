package admission

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/schemas"
)

// bookDesk is a desk with rates, whose canonical log finance books.
func bookDesk(t *testing.T) *desk {
	k := abroad(t)
	k.refer(&schemas.ReferenceRuleSet{Name: "2010-01", Version: "1"})
	return k
}

// books are the balances in functional currency by account and control key, zeros left out, that finance derives from what was admitted.
func (k *desk) books() map[string]string {
	k.t.Helper()
	sums := map[string]schemas.Decimal{}
	for _, e := range k.canonical {
		out, err := finance.Derive(e)
		if err != nil {
			k.t.Fatalf("finance refuses %s: %v", e.EventType(), err)
		}
		for _, o := range out {
			entry, ok := o.(*schemas.JournalEntry)
			if !ok {
				continue
			}
			for i := range entry.Lines {
				l := &entry.Lines[i]
				key := strings.TrimSpace(l.Account + " " + l.ControlKey)
				sums[key] = sums[key].Add(l.AmountFn)
			}
		}
	}
	texts := map[string]string{}
	for key, sum := range sums {
		if !sum.IsZero() {
			texts[key] = sum.Text()
		}
	}
	return texts
}

// open wants these balances on the accounts that want names, and no other ones there.
func (k *desk) open(accounts string, want map[string]string) {
	k.t.Helper()
	got := k.books()
	maps.DeleteFunc(got, func(key, _ string) bool {
		account, _, _ := strings.Cut(key, " ")
		return !slices.Contains(strings.Fields(accounts), account)
	})
	if !maps.Equal(got, want) {
		k.t.Errorf("%s stand at %v, want %v", accounts, got, want)
	}
}
