package finance

import (
	"math/rand/v2"
	"strconv"

	"github.com/throughline/throughline/schemas"
)

// story makes one completed thread, an order from its acceptance to the bank statement: in one currency or two, prepaid or on account, control passing at
// shipment or on delivery, in as many partial shipments as it comes, with what goes wrong on the way.
type story struct {
	*generator
	order  *schemas.OrderAccepted
	costs  []schemas.Decimal // unit costs of the lines, four decimals
	events []schemas.Event
	id     string // of the thread; documents are numbered within
	docs   int
	moved  schemas.Decimal // what the batch will pay out
}

func newStory(seed uint64, n int) *story {
	s := &story{generator: &generator{Rand: rand.New(rand.NewPCG(seed, uint64(n))), n: n * 1000}, id: strconv.Itoa(n), moved: noAmount}
	if s.IntN(3) == 0 {
		s.fx = s.rate()
	}
	s.order = &schemas.OrderAccepted{OrderID: "SO-" + s.id, Currency: s.currency(), FX: s.fx, Terms: pickOne(s.generator, schemas.TermsPREPAID, schemas.TermsON_ACCOUNT)}
	s.order.Control.Point = pickOne(s.generator, schemas.TransferPointAT_SHIPMENT, schemas.TransferPointAT_PICKUP, schemas.TransferPointAT_DELIVERY)
	for i := range 1 + s.IntN(3) {
		l := s.orderLine()
		l.LineID, l.Stock.SKU = lineID(i), "SKU-"+s.id+"-"+lineID(i)
		s.order.Lines = append(s.order.Lines, l)
		s.costs = append(s.costs, schemas.NewDecimal(s.Int64N(1_000_000), 4).Round(8, schemas.Down))
	}
	s.add(s.order)
	return s
}

func (s *story) add(e schemas.Event) { s.events = append(s.events, s.stamped(e)) }

func (s *story) doc(prefix string) string {
	s.docs++
	return prefix + "-" + s.id + "-" + strconv.Itoa(s.docs)
}

// spot is another day's rate; nil where there is one currency.
func (s *story) spot() *schemas.Fx {
	if s.fx == nil {
		return nil
	}
	fx := *s.fx
	fx.Rate = fx.Rate.MulRound(schemas.NewDecimal(90+s.Int64N(20), 2), 10, schemas.HalfUp).Add(schemas.NewDecimal(1, 10))
	return &fx
}

// functionalOf is an amount of the order's currency at a rate, in functional currency.
func (s *story) functionalOf(amount schemas.Decimal, fx *schemas.Fx) schemas.Decimal {
	if fx == nil {
		return amount
	}
	return amount.MulRound(fx.Rate, 2, schemas.HalfUp).Round(4, schemas.Down)
}

func (s *story) costOf(line int, q schemas.Quantity) *schemas.CostBasis {
	return &schemas.CostBasis{UnitCost: s.costs[line], CostVersion: "1", Currency: "USD", CostAmount: q.BaseQty.MulRound(s.costs[line], 4, schemas.HalfUp)}
}

// shipments cut the order's lines into parts and send them off; each is delivered or lost where control passes later, and billed.
func (s *story) shipments() (billed schemas.Decimal) {
	billed = noAmount
	done := make([]schemas.Decimal, len(s.order.Lines))
	for open := true; open; {
		open = false
		x := &schemas.ShipmentShipped{ShipmentID: s.doc("SH"), OrderID: s.order.OrderID, Currency: s.order.Currency, FX: s.fx, Control: &s.order.Control}
		for i := range s.order.Lines {
			l := &s.order.Lines[i]
			left := l.Quantity.Qty.Sub(done[i].Add(schemas.NewDecimal(0, 6)))
			this := schemas.NewDecimal(1_000_000*(1+s.Int64N(30)), 6).Min(left)
			if this.Sign() <= 0 {
				continue
			}
			a, b := sliced(l, done[i].Add(schemas.NewDecimal(0, 6)), this, s.order.Currency)
			q := schemas.Quantity{Qty: this, UOM: "EA", BaseQty: this, BaseUOM: "EA"}
			x.Lines = append(x.Lines, schemas.ShipmentLine{LineID: l.LineID, OrderLineID: l.LineID, Stock: *l.Stock, Quantity: q, Amounts: a, Basis: b, Cost: s.costOf(i, q)})
			done[i] = done[i].Add(this)
			open = open || this.Cmp(left) < 0
		}
		if len(x.Lines) > 0 {
			billed = billed.Add(s.sent(x))
		}
	}
	return billed
}

func (s *story) sent(x *schemas.ShipmentShipped) schemas.Decimal {
	if s.IntN(3) == 0 {
		x.LabelPrice = &schemas.Money{Amount: s.amount(), Currency: pickOne(s.generator, "USD", s.order.Currency)}
		s.freight(x)
	}
	s.add(x)
	if s.IntN(5) == 0 { // it was announced twice, and one never left
		again := *x
		again.ShipmentID, again.LabelPrice = s.doc("SH"), nil
		s.add(&again)
		v := &schemas.ShipmentVoided{VoidID: s.doc("V"), ShipmentID: again.ShipmentID, OrderID: again.OrderID, Reason: "r"}
		s.embed(v, &again)
		s.events = append(s.events, v)
	}
	if x.Control.Point == schemas.TransferPointAT_DELIVERY {
		if s.IntN(4) == 0 {
			lost := &schemas.ShipmentLost{LossID: s.doc("LO"), ShipmentID: x.ShipmentID, OrderID: x.OrderID, Control: x.Control, Liable: pickOne(s.generator, schemas.LiablePartyCARRIER, schemas.LiablePartyNOBODY)}
			for i := range x.Lines {
				l := &x.Lines[i]
				lost.Lines = append(lost.Lines, schemas.LostLine{ShipmentLineID: l.LineID, OrderLineID: l.OrderLineID, Stock: &l.Stock, Quantity: &l.Quantity, Cost: l.Cost})
			}
			s.add(lost)
			return noAmount // nothing was delivered, and nothing is billed
		}
		d := &schemas.ShipmentDelivered{ShipmentID: x.ShipmentID, OrderID: x.OrderID, DeliveryID: s.doc("DL"), Currency: x.Currency, FX: x.FX, Control: x.Control}
		for i := range x.Lines {
			l := &x.Lines[i]
			d.Lines = append(d.Lines, schemas.DeliveredLine{ShipmentLineID: l.LineID, OrderLineID: l.OrderLineID, Stock: &l.Stock, Quantity: &l.Quantity, Amounts: l.Amounts, Basis: l.Basis, Cost: l.Cost})
		}
		s.add(d)
	}
	return s.bill(x)
}

// freight is the carrier's bill for a label, in whatever currency he keeps, at another day's rate.
func (s *story) freight(x *schemas.ShipmentShipped) {
	b := &schemas.FreightCostBilled{BillID: s.doc("FB"), Carrier: "DHL", OrderID: x.OrderID, Amount: schemas.Money{Amount: s.amount(), Currency: s.order.Currency}, FX: s.spot()}
	worth := schemas.Money{Amount: x.LabelPrice.Amount, Currency: "USD"}
	if x.LabelPrice.Currency != "USD" {
		worth.Amount = s.functionalOf(x.LabelPrice.Amount, s.fx)
	}
	b.Shipments = []schemas.BilledShipment{{ShipmentID: x.ShipmentID, Amount: b.Amount.Amount, Accrued: x.LabelPrice, AccruedFunctional: &worth}}
	s.add(b)
}

func (s *story) bill(x *schemas.ShipmentShipped) schemas.Decimal {
	inv := &schemas.InvoiceIssued{InvoiceID: s.doc("INV"), OrderID: x.OrderID, Currency: x.Currency, FX: s.fx, Funding: &schemas.Funding{Terms: s.order.Terms}}
	due := noAmount
	for i := range x.Lines {
		l := &x.Lines[i]
		inv.Lines = append(inv.Lines, schemas.InvoiceLine{LineID: l.LineID, OrderLineID: l.OrderLineID, ShipmentID: x.ShipmentID, Stock: &l.Stock, Quantity: &l.Quantity, Amounts: l.Amounts, Basis: l.Basis})
		due = due.Add(l.Amounts.Total)
	}
	s.add(inv)
	if s.order.Terms == schemas.TermsON_ACCOUNT && due.Sign() > 0 {
		s.remit(inv.InvoiceID, due)
	}
	return due
}

// remit pays an invoice by transfer, with a discount for paying early now and then.
func (s *story) remit(invoice string, due schemas.Decimal) {
	l := schemas.AppliedLine{LineID: "1", InvoiceID: invoice, Paid: due, BookedFX: s.fx}
	if s.IntN(2) == 0 {
		l.Discount = schemas.Some(due.MulRound(schemas.NewDecimal(2, 2), 2, schemas.HalfUp).Round(4, schemas.Down))
		l.Paid = due.Sub(l.Discount.V)
	}
	fx := s.spot()
	x := &schemas.CustomerPaymentApplied{RemittanceID: s.doc("RM"), Currency: s.order.Currency, FX: fx, Lines: []schemas.AppliedLine{l}}
	s.add(x)
	s.matched(schemas.MatchedKindREMITTANCE, x.RemittanceID, l.Paid, fx)
}

func (s *story) matched(kind schemas.MatchedKind, id string, amount schemas.Decimal, booked *schemas.Fx) {
	s.add(&schemas.BankStatementLineMatched{BankAccount: "main", LineID: s.doc("BL"), Matched: kind, MatchedID: id, BookedFX: booked, FX: s.spot(),
		Amount: schemas.Money{Amount: amount, Currency: s.order.Currency}})
}
