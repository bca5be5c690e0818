package compose_test

import (
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/schemas"

	deltas "github.com/throughline/throughline/processors/atp"
)

// flow is a quantity that comes to a shelf or leaves it, and what it is worth there.
type flow struct {
	stock *schemas.StockRef
	qty   schemas.Decimal // signed, base unit
	cost  schemas.Decimal // signed
}

// flows are what an event says of stock on hand, and what it says of its worth beside: revaluation, refurbishment.
func flows(e schemas.Event) (out []flow) {
	in := func(stock *schemas.StockRef, q schemas.Decimal, c *schemas.CostBasis) {
		out = append(out, flow{stock, q, c.CostAmount})
	}
	away := func(stock *schemas.StockRef, q schemas.Decimal, c *schemas.CostBasis) {
		out = append(out, flow{stock, q.Neg(), c.CostAmount.Neg()})
	}
	switch x := e.(type) {
	case *schemas.InventoryReceived:
		for i := range x.Lines {
			in(&x.Lines[i].Stock, x.Lines[i].Accepted.BaseQty, x.Lines[i].Cost)
		}
	case *schemas.InventoryAdjusted:
		for i := range x.Lines {
			in(&x.Lines[i].Stock, x.Lines[i].Quantity.BaseQty, x.Lines[i].Cost)
		}
	case *schemas.InventoryTransferDispatched:
		for i := range x.Lines {
			away(&x.Lines[i].Stock, x.Lines[i].Quantity.BaseQty, x.Lines[i].Cost)
		}
	case *schemas.InventoryTransferReceived:
		for i := range x.Lines {
			in(&x.Lines[i].Stock, x.Lines[i].Quantity.BaseQty, x.Lines[i].Cost)
		}
	case *schemas.InventoryCostRevalued:
		for i := range x.Lines {
			out = append(out, flow{&x.Lines[i].Stock, schemas.Decimal{}, x.Lines[i].Amount})
		}
	case *schemas.ShipmentShipped:
		for i := range x.Lines {
			away(&x.Lines[i].Stock, x.Lines[i].Quantity.BaseQty, x.Lines[i].Cost)
		}
	case *schemas.ReturnReceived:
		for i := range x.Lines {
			in(&x.Lines[i].Stock, x.Lines[i].Quantity.BaseQty, x.Lines[i].Cost)
		}
	case *schemas.ReturnDispositioned:
		for i := range x.Lines {
			l := &x.Lines[i]
			switch l.Outcome {
			case schemas.ReturnOutcomeRESTOCK:
			case schemas.ReturnOutcomeREFURBISH:
				out = append(out, flow{&l.Stock, schemas.Decimal{}, l.RecoverableValue.V.Sub(l.Cost.CostAmount)})
			default:
				away(&l.Stock, l.Quantity.BaseQty, l.Cost)
			}
		}
	}
	return out
}

// stockIsWorthItsCost is invariant 4: 1200 of a SKU is the sum of what moved times its stamped cost, of goods that are ours; and what is on hand is what was
// received, adjusted, transferred and returned, less what was shipped and disposed of.
func (c *checked) stockIsWorthItsCost() {
	originals := map[schemas.UUID]schemas.Event{}
	c.canonical(func(d schemas.Delivery) { originals[d.Event.Header().EventID] = d.Event })
	worth, onHand := map[string]schemas.Decimal{}, map[string]schemas.Decimal{}
	c.canonical(func(d schemas.Delivery) {
		e, back := d.Event, schemas.Reverses(d.Event)
		if back {
			e = originals[e.Header().Correction.CorrectedEventID]
		}
		for _, f := range flows(e) {
			if back {
				f.qty, f.cost = f.qty.Neg(), f.cost.Neg()
			}
			shelf := f.stock.SKU + "|" + f.stock.Location
			onHand[shelf] = onHand[shelf].Add(f.qty)
			if f.stock.Owner != schemas.StockOwnerCONSIGNED {
				worth[f.stock.SKU] = worth[f.stock.SKU].Add(f.cost)
			}
		}
	})
	for _, j := range c.entries() {
		for i := range j.Lines {
			if l := &j.Lines[i]; l.Account == "1200" {
				worth[l.SKU] = worth[l.SKU].Sub(l.AmountFn)
			}
		}
	}
	for sku, left := range worth {
		if !left.IsZero() {
			c.errorf("1200 of %s differs by %s from what moved times its cost", sku, left.Text())
		}
	}
	for _, shelf := range c.w.positions.Keys("") {
		if p := c.w.positions.Get(shelf).(*schemas.StockPosition); !p.OnHand.Equal(onHand[shelf]) {
			c.errorf("%s: %s on hand, but %s came and went", shelf, p.OnHand.Text(), onHand[shelf].Text())
		}
	}
}

// voidsNegate is invariant 5, for every type of event: what follows from an event and from its void is nothing, account by account and bucket by bucket.
func (c *checked) voidsNegate() {
	tried := map[string]int{}
	c.canonical(func(d schemas.Delivery) {
		e := d.Event
		if schemas.Corrects(e) || tried[e.EventType()] >= 25 {
			return
		}
		tried[e.EventType()]++
		sum := map[string]schemas.Decimal{}
		for _, x := range []schemas.Event{e, c.voidOf(e)} {
			c.sumUp(x, sum)
		}
		for what, left := range sum {
			if !left.IsZero() {
				c.errorf("%s %s and its void leave %s on %s", e.EventType(), e.Header().EventID, left.Text(), what)
			}
		}
	})
	for _, entry := range schemas.Catalog {
		if entry.Kind == schemas.Fact && entry.Topic != "" && entry.Topic != schemas.TopicPeriods && tried[entry.Type] == 0 &&
			entry.Type != "shipment.voided" && entry.Type != "refund.failed" {
			c.errorf("no %s was voided", entry.Type)
		}
	}
}

// voidOf is the void of a canonical event as admission would let it through.
func (c *checked) voidOf(e schemas.Event) schemas.Event {
	original, err := schemas.EncodeEmbedded(e)
	if err != nil {
		c.w.t.Fatal(err)
	}
	m := *e.Header()
	v := &schemas.EventVoided{Meta: m, VoidID: "V", Reason: "test"}
	v.Meta.EventType, v.Meta.EventID = v.EventType(), schemas.NamedID("void", m.EventID.String())
	v.Meta.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: m.EventID, CorrectedEventType: e.EventType(),
		Original: original, StandingRuleSet: m.RuleSet}
	return v
}

func (c *checked) sumUp(e schemas.Event, sum map[string]schemas.Decimal) {
	entries, err := finance.Derive(e)
	moved, err2 := deltas.Derive(e)
	if err != nil || err2 != nil {
		c.errorf("deriving from %s: %v %v", e.EventType(), err, err2)
	}
	for _, x := range append(entries, moved...) {
		switch d := x.(type) {
		case *schemas.JournalEntry:
			for i := range d.Lines {
				l := &d.Lines[i]
				sum[l.Account+" "+l.ControlKey+" "+l.Currency] = sum[l.Account+" "+l.ControlKey+" "+l.Currency].Add(l.AmountTxn)
				sum[l.Account+" functional"] = sum[l.Account+" functional"].Add(l.AmountFn)
			}
		case *schemas.StockDelta:
			for _, l := range d.Lines {
				sum[d.Location+" "+l.SKU+" "+string(l.Bucket)] = sum[d.Location+" "+l.SKU+" "+string(l.Bucket)].Add(l.Qty)
			}
		}
	}
}
