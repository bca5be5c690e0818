package finance

import (
	"testing"

	"github.com/throughline/throughline/schemas"
)

// threads is how many completed threads every run plays.
const threads = 10_000

// TestThreads: ten thousand completed threads, each derived in its own order and again shuffled with duplicates. Every entry balances (draft.balanced would
// make a letter of it, and there is none); both orders give the same ledger; every control account is zero for every key in transaction currency, and in
// functional currency but for what rounding leaves on 2100, 2150 and 1050 (domain.md §2.8, 1-5); 1200 is quantity times cost per SKU.
func TestThreads(t *testing.T) {
	control := map[string]bool{}
	for _, a := range Chart() {
		control[a.Code] = a.Control && a.Code != goodsReceived
	}
	played := map[string]int{}
	for n := range threads {
		s := newStory(seed, n)
		billed := s.shipments()
		if s.order.Terms == schemas.TermsPREPAID {
			s.paid(billed)
		}
		ledger, lines := s.ledger(t, s.events)
		shuffled := append(append([]schemas.Event{}, s.events...), s.events[:s.IntN(len(s.events))]...)
		s.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, _ := s.ledger(t, shuffled)
		for k, sums := range ledger {
			if !sums[0].Equal(again[k][0]) || !sums[1].Equal(again[k][1]) || !sums[2].Equal(again[k][2]) {
				t.Fatalf("thread %d: %+v is %v, and %v in another order", n, k, sums, again[k])
			}
		}
		s.closes(t, control, ledger, lines)
		for _, e := range s.events {
			played[e.EventType()]++
		}
	}
	if len(played) < 20 {
		t.Errorf("only %d types of events were played: %v", len(played), played)
	}
}

// ledger sums the entries of events by leg; an event that comes twice counts once, as every reader of the journal does by id.
func (s *story) ledger(t *testing.T, events []schemas.Event) (sums map[leg][3]schemas.Decimal, lines int) {
	t.Helper()
	sums = map[leg][3]schemas.Decimal{}
	seen := map[schemas.UUID]bool{}
	for _, e := range events {
		entry := deriveEntry(t, e)
		if entry == nil || seen[entry.Meta.EventID] {
			continue
		}
		seen[entry.Meta.EventID] = true
		sumByLeg(sums, entry)
		lines += len(entry.Lines)
	}
	return sums, lines
}

// closes checks what a completed thread leaves behind.
func (s *story) closes(t *testing.T, control map[string]bool, ledger map[leg][3]schemas.Decimal, lines int) {
	t.Helper()
	txn, functional, rest := map[[3]string]schemas.Decimal{}, map[[2]string]schemas.Decimal{}, noAmount
	stock := map[string][2]schemas.Decimal{}
	for k, sums := range ledger {
		rest = rest.Add(sums[1])
		if k.account == inventory {
			stock[k.sku] = [2]schemas.Decimal{stock[k.sku][0].Add(sums[1]), stock[k.sku][1].Add(sums[2])}
		}
		if control[k.account] {
			key, by := [3]string{k.account, k.key, k.currency}, [2]string{k.account, k.key}
			txn[key], functional[by] = txn[key].Add(sums[0]), functional[by].Add(sums[1])
		}
	}
	for k, sum := range txn {
		if !sum.IsZero() {
			t.Fatalf("thread %s: %v stands at %s", s.id, k, sum)
		}
	}
	slack := schemas.NewDecimal(int64(lines), 2)
	for k, sum := range functional {
		rounds := s.fx != nil && (k[0] == customerDeposits || k[0] == refundsPayable || k[0] == pspClearing)
		if !sum.IsZero() && (!rounds || sum.Abs().Cmp(slack) > 0) {
			t.Fatalf("thread %s: %v stands at %s in functional currency", s.id, k, sum)
		}
	}
	if !rest.IsZero() {
		t.Fatalf("thread %s: the ledger sums to %s", s.id, rest)
	}
	for i := range s.order.Lines {
		sku := s.order.Lines[i].Stock.SKU
		if v, posted := stock[sku]; posted && !v[0].Equal(v[1].MulRound(s.costs[i], 4, schemas.HalfUp)) {
			t.Fatalf("thread %s: %s of %s stand at %s on 1200", s.id, v[1], sku, v[0])
		}
	}
}
