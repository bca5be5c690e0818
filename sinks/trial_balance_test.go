package sinks

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// The trial balance adds up entries by their shape; it is what their legs add up to one by one, whatever shapes they have, whatever was loaded twice, and
// without what stands in another ledger.
func TestTrialBalanceIsTheSumOfItsLegs(t *testing.T) {
	_, conn := migrated(t)
	rng := rand.New(rand.NewPCG(11, 20))
	accounts := []string{"1100", "1150", "2300", "4000", "4100"}
	var entries []schemas.Event
	for n := range 300 {
		j := entryOf(exampleOf[*schemas.ShipmentShipped]("shipment.shipped", n, "SO-1"), "SO-1")
		j.Meta.LegalEntity, j.Meta.Period = []string{"ACME-US", "ACME-EU"}[n%2], []string{"2026-01", "2026-02"}[rng.IntN(2)]
		if n%17 == 0 {
			j.Ledger = "IFRS"
		}
		leg := j.Lines[0]
		j.Lines = nil
		for i := range 1 + rng.IntN(6) { // an account may come twice, and on both sides
			leg.LineNo, leg.Account, leg.AmountFn = int32(i+1), accounts[rng.IntN(len(accounts))], schemas.NewDecimal(rng.Int64N(20_001)-10_000, 4)
			j.Lines = append(j.Lines, leg)
		}
		entries = append(entries, j)
	}
	put(t, conn, "journal_lines", entries...)
	put(t, conn, "journal_lines", entries[:100]...)
	got := columnOf(t, conn, "SELECT concat(legal_entity, ' ', period, ' ', account, ' ', currency, ' ', toString(debit), ' ', toString(credit), ' ', toString(balance)) AS line FROM trial_balance ORDER BY line")
	want := columnOf(t, conn, `SELECT concat(legal_entity, ' ', period, ' ', account, ' ', functional_currency, ' ', toString(sumIf(amount_fn, amount_fn > 0)), ' ',
		toString(-sumIf(amount_fn, amount_fn < 0)), ' ', toString(sum(amount_fn))) AS line FROM journal_lines WHERE ledger = 'PRIMARY'
		GROUP BY legal_entity, period, account, functional_currency ORDER BY line`)
	if len(want) != 2*2*len(accounts) || !slices.Equal(got, want) {
		t.Errorf("the trial balance is\n%q, its legs are\n%q", got, want)
	}
}
