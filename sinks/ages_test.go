package sinks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/schemas"
)

// aged are keys, their legs (date, amount; another currency with its functional amount), and since when they stand open: now, and at the end of January (empty: not at all).
var aged = []struct{ key, legs, now, january string }{
	{"order:SO-1", "2026-01-05 10; 2026-02-03 -4", "2026-01-05", "2026-01-05"},
	{"order:SO-2", "2026-01-05 10; 2026-01-20 -10; 2026-03-02 7; 2026-03-09 1", "2026-03-02", ""},
	{"order:SO-3", "2026-01-05 10; 2026-01-08 -10; 2026-01-20 7; 2026-01-25 -7; 2026-01-28 -3; 2026-02-01 -1", "2026-01-28", "2026-01-28"},
	// What happens within a day has no order: zero is what the day ends at.
	{"order:SO-4", "2026-01-05 10; 2026-01-09 -10; 2026-01-09 7", "2026-01-05", "2026-01-05"},
	{"order:SO-5", "2026-01-05 10; 2026-01-05 -10; 2026-01-09 5", "2026-01-09", "2026-01-09"},
	// From one side to the other without an end at zero.
	{"order:SO-6", "2026-01-05 10; 2026-01-09 -15", "2026-01-05", "2026-01-05"},
	// Not in the order in which they came.
	{"order:SO-7", "2026-03-02 7; 2026-01-05 10; 2026-01-20 -10", "2026-03-02", ""},
	// Settled in its own currency, where exchange has left something; and open anew after that.
	{"order:SO-8", "2026-01-05 10 GBP 12; 2026-01-09 -10 GBP -11.98", "2026-01-05", "2026-01-05"},
	{"order:SO-9", "2026-01-05 10 GBP 12; 2026-01-09 -10 GBP -11.98; 2026-01-11 4 GBP 4.84", "2026-01-11", "2026-01-11"},
	{"order:SO-10", "2026-01-05 10; 2026-01-09 -10", "", ""},
}

func dated(t *testing.T) (all []schemas.Event) {
	t.Helper()
	for i, a := range aged {
		for n, leg := range strings.Split(a.legs, "; ") {
			f := strings.Fields(leg)
			on, err := time.Parse(time.DateOnly, f[0])
			if err != nil {
				t.Fatal(err)
			}
			e := booked("US01", "USD", "4000", map[string]string{"CUSTOMER_DEPOSITS": "2100"},
				openItem{role: "CUSTOMER_DEPOSITS", key: a.key, moves: "receivable.reclassified " + strings.Join(f[1:], " ")})[0].(*schemas.JournalEntry)
			e.Meta.EventID, e.Meta.Period, e.Meta.EffectiveDate = schemas.NamedID("aged", fmt.Sprint(i, n)), f[0][:7], schemas.Some(schemas.DateOf(on))
			all = append(all, e)
		}
	}
	return all
}

// What stands open is as old as what opened it, not as the first thing that moved its key; and what stood open at the end of a period had its age then.
func TestAgesCountFromTheLastZero(t *testing.T) {
	c, conn := migrated(t)
	if err := Migrate(t.Context(), c, twoCharts()); err != nil {
		t.Fatal(err)
	}
	put(t, conn, "journal_lines", dated(t)...)
	today := text1(t, conn, "toDate32(now('UTC'))")
	asOf := func(on, end string) (want []string) {
		for _, a := range aged {
			since := a.now
			if on == "january" {
				since = a.january
			}
			if since != "" {
				want = append(want, a.key+" "+since+" "+text1(t, conn, "dateDiff('day', toDate32(?), toDate32(?))", since, end))
			}
		}
		slices.Sort(want)
		return want
	}
	const says = "SELECT concat(control_key, ' ', toString(opened_on), ' ', toString(age_days)) AS line FROM "
	for from, want := range map[string][]string{
		"control_accounts":                     asOf("now", today),
		"reconciliation":                       asOf("now", today),
		"reconciliation_at(until = '2026-01')": asOf("january", "2026-01-31"),
		"reconciliation_at(until = '2026-03')": asOf("now", "2026-03-31"),
		"reconciliation_at(until = '2199-12')": asOf("now", today), // a period that has not ended
	} {
		if got := columnOf(t, conn, says+from+" ORDER BY line"); !slices.Equal(got, want) {
			t.Errorf("%s is\n%s\nwant\n%s", from, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if got := text1(t, conn, "concat(toString(lines), ' ', toString(last_on)) FROM control_accounts WHERE control_key = 'order:SO-7'"); got != "3 2026-03-02" {
		t.Errorf("legs and the last of them: %s", got)
	}
}
