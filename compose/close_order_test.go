package compose_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/compose/closing"
	"github.com/throughline/throughline/schemas"
)

// A period that has not ended where its entity keeps its books is not closed, nor one before an earlier period that holds postings; neither refusal announces
// anything. A close that is announced for after the end is let through, a soft one too, and one out of order says so in its manifest.
func TestAPeriodIsClosedAfterItsEndAndInOrder(t *testing.T) {
	w := booksOf(t, nil, nil)
	stop := w.ticks()
	desk := w.closingDesk()
	refused := func(ask closing.Ask, says ...string) {
		t.Helper()
		_, _, err := desk.Close(t.Context(), ask)
		for _, s := range says {
			if !errors.Is(err, closing.ErrRefused) || !strings.Contains(err.Error(), s) {
				t.Errorf("closing %s: %v, want a refusal that says %q", ask.Period, err, s)
			}
		}
		if n := w.count(schemas.TopicPeriods); n != 0 {
			t.Fatalf("closing %s announced something", ask.Period)
		}
	}
	next := func(year int, month time.Month) time.Time { return time.Date(year, month+1, 1, 0, 0, 0, 0, newYork(t)) }
	thisMonth := time.Now().In(newYork(t))
	now := thisMonth.Format("2006-01")
	ends := next(thisMonth.Year(), thisMonth.Month())
	refused(closing.Ask{Entity: wardEntity, Period: now}, now+" of "+wardEntity+" ends at "+ends.Format(time.RFC3339), "--at", "--soft")
	refused(closing.Ask{Entity: wardEntity, Period: now, At: ends.Add(-time.Second)}, "ends at")
	refused(closing.Ask{Entity: wardEntity, Period: now, At: ends}, wardPeriod, "throughline close "+wardPeriod+" --entity "+wardEntity, "--out-of-order") // it has ended by then, and its predecessor is open
	refused(closing.Ask{Entity: wardEntity, Period: "2036-01", OutOfOrder: true}, "ends at")

	soft, blockers, err := desk.Close(t.Context(), closing.Ask{Entity: wardEntity, Period: now, Soft: true})
	if err != nil || !slices.Contains(soft.EarlierOpen, wardPeriod) {
		t.Errorf("a soft close of this month: %v, %v; the manifest says that %v are open", err, blockers, soft.EarlierOpen)
	}
	const after = "2026-02"
	out, blockers, err := desk.Close(t.Context(), closing.Ask{Entity: wardEntity, Period: after, OutOfOrder: true, Ahead: 3 * time.Second})
	if err != nil || !slices.Equal(out.EarlierOpen, []string{wardPeriod}) {
		t.Errorf("closing out of order: %v, %v; the manifest says that %v are open", err, blockers, out.EarlierOpen)
	}
	in, blockers, err := desk.Close(t.Context(), closing.Ask{Entity: wardEntity, Period: wardPeriod, Ahead: 3 * time.Second})
	if err != nil || len(in.EarlierOpen) != 0 {
		t.Errorf("closing the first period: %v, %v; the manifest says that %v are open", err, blockers, in.EarlierOpen)
	}
	if again, _, err := desk.Close(t.Context(), closing.Ask{Entity: wardEntity, Period: after}); err != nil || len(again.EarlierOpen) != 0 {
		t.Errorf("closing once more what is closed: %v; the manifest says that %v are open", err, again.EarlierOpen)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func newYork(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
