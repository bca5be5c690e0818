package simulate

import (
	"fmt"
	"slices"
	"testing"

	"github.com/throughline/throughline/schemas"
)

func sumOf(amounts map[string]schemas.Decimal) schemas.Decimal {
	total := schemas.NewDecimal(0, 4)
	for _, a := range amounts {
		total = total.Add(a)
	}
	return total
}

func TestBooksBalance(t *testing.T) {
	for seed := range uint64(8) {
		c, events := story(t, seed, 120)
		want := c.Expected()
		if total := sumOf(want.Balances); !total.IsZero() {
			t.Errorf("seed %d: balances sum to %s", seed, total)
		}
		for month, movements := range want.Periods {
			if total := sumOf(movements); !total.IsZero() {
				t.Errorf("seed %d: movements of %s sum to %s", seed, month, total)
			}
		}
		byCurrency := map[string]schemas.Decimal{}
		for _, currencies := range want.Currencies {
			for currency, amount := range currencies {
				byCurrency[currency] = byCurrency[currency].Add(amount)
			}
		}
		for currency, total := range byCurrency {
			if !total.IsZero() {
				t.Errorf("seed %d: amounts in %s sum to %s", seed, currency, total)
			}
		}
		var n int64
		for _, count := range want.Events {
			n += count
		}
		if int(n) != len(events) {
			t.Errorf("seed %d: the oracle heard %d of %d events", seed, n, len(events))
		}
	}
}

// What is left open must be what the plots leave open, and nothing else: an order whose shipment was voided, a return that nobody
// credited or inspected, a dispute that is not decided, gift cards not spent.
func TestFinishedThreadsLeaveNothingOpen(t *testing.T) {
	for seed := range uint64(8) {
		c, events := story(t, seed, 150)
		excused := openKeys(events)
		for item, amount := range c.Expected().Open {
			if item.Account == "2200" {
				if amount.Sign() > 0 {
					t.Errorf("seed %d: card %s was spent beyond its worth by %s", seed, item.Key, amount)
				}
				continue
			}
			if !excused[item.Account+" "+item.Key] {
				t.Errorf("seed %d: %s %s stands at %s %s", seed, item.Account, item.Key, amount, item.Currency)
			}
		}
	}
}

func openKeys(events []schemas.Event) map[string]bool {
	open := map[string]bool{}
	byID := map[schemas.UUID]schemas.Event{}
	for _, e := range events {
		byID[e.Header().EventID] = e
		switch x := e.(type) {
		case *schemas.EventVoided:
			if s, ok := byID[x.Meta.Correction.CorrectedEventID].(*schemas.ShipmentShipped); ok {
				open["2100 "+s.OrderID] = true
			}
		case *schemas.ReturnReceived:
			if x.Against == schemas.ReturnAgainstBLIND {
				open["1260 "+x.ReceiptID] = true
			}
		case *schemas.ReturnDispositioned:
			if x.OrderID == "" {
				delete(open, "1260 "+x.ReceiptID)
			}
		case *schemas.DisputeOpened:
			open["1070 "+x.DisputeID] = true
		case *schemas.DisputeLost:
			delete(open, "1070 "+x.DisputeID)
		}
	}
	return open
}

func TestShelvesAreSound(t *testing.T) {
	for seed := range uint64(8) {
		c, _ := story(t, seed, 150)
		for shelf, p := range c.Expected().Positions {
			free := p.OnHand.Sub(p.Unavailable).Sub(p.Reserved)
			for name, q := range map[string]schemas.Decimal{"on hand": p.OnHand, "unavailable": p.Unavailable, "reserved": p.Reserved, "free": free} {
				if q.Sign() < 0 {
					t.Errorf("seed %d: %s at %s: %s is %s", seed, shelf.SKU, shelf.Location, name, q)
				}
			}
			if !p.Inbound.IsZero() || !p.InboundReturns.IsZero() {
				t.Errorf("seed %d: %s at %s: %s, and %s of returns, are expected after all has come", seed, shelf.SKU, shelf.Location, p.Inbound, p.InboundReturns)
			}
			if !p.OpenDemand.IsZero() {
				t.Errorf("seed %d: %s at %s: open demand %s after all orders are done", seed, shelf.SKU, shelf.Location, p.OpenDemand)
			}
		}
	}
}

func TestStoryIsRich(t *testing.T) {
	c, events := story(t, 11, 400)
	want := c.Expected()
	for _, account := range []string{"1000", "1050", "1055", "1060", "1070", "1100", "1110", "1150", "1200", "1210", "1220", "1260", "1300", "1310", "1320", "2000", "2050", "2060", "2100", "2150",
		"2200", "2300", "3000", "4000", "4100", "4200", "4300", "4400", "4500", "4900", "5000", "5100", "5200", "5300", "6100", "6110", "6120", "6130", "6140", "6200", "6300", "6400", "7000", "7900"} {
		if _, ok := want.Balances[account]; !ok {
			t.Errorf("account %s is never touched", account)
		}
	}
	if len(want.Periods) < 4 {
		t.Errorf("%d months, want at least 4", len(want.Periods))
	}
	seen := whatHappens(events)
	for _, what := range richStory {
		if !seen[what] {
			t.Errorf("the story has no %q", what)
		}
	}
}

// richStory is what a long story must hold beside every type of event.
var richStory = []string{"short BACKORDER", "short CANCEL", "short SUBSTITUTE", "short WAIT", "credit NOT_SHIPPED", "credit EXPECTED_BACK", "credit KEPT",
	"return RESTOCK", "return SCRAP", "return REFURBISH", "return VENDOR", "return RETURN_TO_CUSTOMER", "returned CREDITED", "returned BLIND", "returned UNDELIVERED",
	"paid CARD", "paid WALLET", "paid MARKETPLACE", "paid GIFT_CARD", "paid BANK", "paid COD", "refund CUSTOMER_DEPOSIT", "refund CREDIT_MEMO", "refund RECEIVABLE",
	"void invoice.issued", "void shipment.shipped", "void payment.captured", "void inventory.adjusted", "void inventory.received", "void psp.fee_charged",
	"void gift_card.sold", "void customer_payment.applied", "void credit_memo.issued", "void return.authorised", "order USD PREPAID AT_SHIPMENT", "order USD PREPAID AT_DELIVERY", "order EUR PREPAID AT_SHIPMENT", "order GBP PREPAID AT_SHIPMENT",
	"order USD ON_ACCOUNT AT_SHIPMENT", "order EUR ON_ACCOUNT AT_SHIPMENT", "order USD COD AT_SHIPMENT", "order USD PREPAID AT_PICKUP", "settled PAYMENT", "settled REFUND", "settled DISPUTE",
	"settled elsewhere true", "lost CARRIER", "lost NOBODY", "never came WRITTEN_OFF", "never came BILLED_AGAIN", "capture failed after it was booked true",
	"capture failed after it was booked false", "applied USD", "applied EUR", "applied with a discount true", "applied with a deduction true", "reclassified RECEIVABLE",
	"reclassified ROUNDING", "line changed", "line added", "line dropped", "won with the fee true", "won with the fee false"}

// whatHappens names the kinds of things that a story holds.
func whatHappens(events []schemas.Event) map[string]bool {
	seen := map[string]bool{}
	for _, e := range events {
		switch x := e.(type) {
		case *schemas.FulfillmentShortShipped:
			seen["short "+string(x.Lines[0].Outcome)] = true
		case *schemas.CreditMemoIssued:
			seen["credit "+string(x.Lines[0].Goods)] = true
		case *schemas.ReturnDispositioned:
			for _, l := range x.Lines {
				seen["return "+string(l.Outcome)] = true
			}
		case *schemas.PaymentCaptured:
			seen["paid "+string(x.Method)] = true
		case *schemas.RefundIssued:
			seen["refund "+string(x.Settles)] = true
		case *schemas.EventVoided:
			seen["void "+x.Meta.Correction.CorrectedEventType] = true
		case *schemas.OrderAccepted:
			seen["order "+x.Currency+" "+string(x.Terms)+" "+string(x.Control.Point)] = true
		case *schemas.PaymentSettled:
			seen["settled "+string(x.Kind)] = true
			seen[fmt.Sprintf("settled elsewhere %t", x.Settlement != nil)] = true
		case *schemas.ReturnReceived:
			seen["returned "+string(x.Against)] = true
		default:
			whatHappensLate(e, seen)
		}
	}
	return seen
}

func whatHappensLate(e schemas.Event, seen map[string]bool) {
	switch x := e.(type) {
	case *schemas.ShipmentLost:
		seen["lost "+string(x.Liable)] = true
	case *schemas.ReturnClosedNotReceived:
		seen["never came "+string(x.Outcome)] = true
	case *schemas.PaymentCaptureFailed:
		seen[fmt.Sprintf("capture failed after it was booked %t", x.Meta.Correction != nil)] = true
	case *schemas.CustomerPaymentApplied:
		seen["applied "+x.Currency] = true
		for _, l := range x.Lines {
			seen[fmt.Sprintf("applied with a discount %t", l.Discount.Set)] = true
			seen[fmt.Sprintf("applied with a deduction %t", l.Deduction.Set)] = true
		}
	case *schemas.ReceivableReclassified:
		seen["reclassified "+x.ToRole] = true
	case *schemas.DisputeWon:
		seen[fmt.Sprintf("won with the fee %t", x.FeeRefunded.Set)] = true
	case *schemas.OrderChanged:
		for _, l := range x.Lines {
			seen["line "+map[[2]bool]string{{true, true}: "changed", {false, true}: "added", {true, false}: "dropped"}[[2]bool{l.Before != nil, l.After != nil}]] = true
		}
	}
}

// A story that is shuffled keeps its order per document, loses nothing and doubles what it was told to.
func TestInterleave(t *testing.T) {
	_, events := story(t, 12, 100)
	for seed := range uint64(10) {
		how := Shuffle{Duplicates: 20, Late: 30, Window: int(seed%2) * 200}
		shuffled := Interleave(seed, events, how)
		seen := map[schemas.UUID]bool{}
		first := slices.DeleteFunc(slices.Clone(shuffled), func(e schemas.Event) bool {
			double := seen[e.Header().EventID]
			seen[e.Header().EventID] = true
			return double
		})
		if len(first) != len(events) || len(shuffled) <= len(events)*11/10 {
			t.Errorf("seed %d: %d events, %d of them new, from %d", seed, len(shuffled), len(first), len(events))
		}
		checkDocuments(t, events, first)
		if !slices.EqualFunc(shuffled, Interleave(seed, events, how), func(a, b schemas.Event) bool { return a.Header().EventID == b.Header().EventID }) {
			t.Errorf("seed %d gave two orders", seed)
		}
	}
}

func checkDocuments(t *testing.T, events, shuffled []schemas.Event) {
	t.Helper()
	got := map[[2]string]Document{}
	for _, d := range Documents(shuffled) {
		got[[2]string{d.Topic, d.Key}] = d
	}
	for _, d := range Documents(events) {
		if !slices.Equal(d.Events, got[[2]string{d.Topic, d.Key}].Events) {
			t.Errorf("document %s on %s lost its order", d.Key, d.Topic)
		}
	}
}

func TestOverlap(t *testing.T) {
	_, events := story(t, 13, 100)
	a, b := Overlap(1, events, Shuffle{})
	in := func(events []schemas.Event) map[schemas.UUID]bool {
		ids := map[schemas.UUID]bool{}
		for _, e := range events {
			ids[e.Header().EventID] = true
		}
		return ids
	}
	left, right, both := in(a), in(b), 0
	for _, e := range events {
		id := e.Header().EventID
		if !left[id] && !right[id] {
			t.Errorf("%s %s comes from nobody", e.EventType(), id)
		}
		if left[id] && right[id] {
			both++
		}
	}
	if both < len(events)/5 || len(left) == len(events) || len(right) == len(events) {
		t.Errorf("of %d events %d come from both, %d from the first, %d from the second", len(events), both, len(left), len(right))
	}
}
