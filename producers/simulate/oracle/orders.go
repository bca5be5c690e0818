package oracle

import (
	"fmt"
	"math/big"

	"github.com/throughline/throughline/schemas"
)

// order is what was agreed.
type order struct {
	id       string
	prepaid  bool
	ours     bool // the goods, until they arrive
	currency string
	rate     *big.Rat // of a prepaid order in a foreign currency
	lines    map[string]*line
}

// line is what was agreed about one line, and how far along it the documents have come, in base units: a warehouse
// counts pieces where a customer orders cases.
type line struct {
	shelf                                Shelf
	qty                                  *big.Rat
	whole                                amounts
	open                                 *big.Rat // demand that nothing was reserved for
	shipped, billed, credited, unshipped *big.Rat
}

// amounts are those of a line or of a part of it.
type amounts struct {
	gross, net, freight *big.Rat
	funder              string // who bears the discount, where it is not us
	taxes               []tax
}

type tax struct {
	jurisdiction string
	amount       *big.Rat
}

// lot is a part of a line that left in a shipment.
type lot struct {
	amounts
	id       string // of the shipment line
	line     string // order and line
	stock    schemas.StockRef
	qty      schemas.Quantity
	currency string
	unit     *big.Rat // cost
	rate     *big.Rat
}

// parcel is a shipment.
type parcel struct {
	ours bool // until it arrives
	lots []*lot
}

// amountsOf reads stated amounts. Tax that a marketplace remits is not ours.
func amountsOf(a *schemas.LineAmounts) amounts {
	out := amounts{gross: num(a.Gross), net: num(a.Net), freight: num(a.FreightNet)}
	for _, d := range a.Discounts {
		if d.FundedBy != schemas.FundedBySELLER {
			out.funder = string(d.FundedBy)
		}
	}
	out.taxes = taxesOf(a.Taxes)
	return out
}

func taxesOf(stated []schemas.TaxAmount) (out []tax) {
	for _, t := range stated {
		if t.Remitter == schemas.TaxRemitterSELLER {
			out = append(out, tax{t.Jurisdiction, num(t.Amount)})
		}
	}
	return out
}

// part is what n of the line are worth after the first from.
func (l *line) part(from, n *big.Rat) amounts {
	out := amounts{gross: between(l.whole.gross, from, n, l.qty), net: between(l.whole.net, from, n, l.qty),
		freight: between(l.whole.freight, from, n, l.qty), funder: l.whole.funder}
	for _, t := range l.whole.taxes {
		out.taxes = append(out.taxes, tax{t.jurisdiction, between(t.amount, from, n, l.qty)})
	}
	return out
}

func (a amounts) tax() *big.Rat {
	t := zero()
	for _, x := range a.taxes {
		t.Add(t, x.amount)
	}
	return t
}

func (s *story) line(orderID, lineID string) (*line, error) {
	if o := s.orders[orderID]; o != nil && o.lines[lineID] != nil {
		return o.lines[lineID], nil
	}
	return nil, fmt.Errorf("line %s of order %s is unknown", lineID, orderID)
}

func (s *story) accepted(x *schemas.OrderAccepted) (err error) {
	o := &order{id: x.OrderID, prepaid: x.Terms == schemas.TermsPREPAID, ours: x.Control.Point == schemas.TransferPointAT_DELIVERY,
		currency: x.Currency, lines: map[string]*line{}}
	s.orders[o.id] = o
	if o.prepaid && o.currency != functional {
		if o.rate = rateOf(x.FX); o.rate == nil {
			if o.rate, err = s.spot(o.currency, accountingDate(&x.Meta)); err != nil {
				return err
			}
		}
	}
	for _, l := range x.Lines {
		if l.Kind != schemas.LineKindGOODS {
			continue
		}
		o.lines[l.LineID] = newLine(shelfOf(*l.Stock), l.Quantity, &l.Amounts)
		s.move(&x.Meta, shelfOf(*l.Stock), openDemand, num(l.Quantity.BaseQty))
	}
	return nil
}

func newLine(shelf Shelf, q schemas.Quantity, a *schemas.LineAmounts) *line {
	return &line{shelf: shelf, qty: num(q.BaseQty), whole: amountsOf(a), open: num(q.BaseQty), shipped: zero(), billed: zero(), credited: zero(), unshipped: zero()}
}

// changed: what was open of a line is open of what it says now, with what is ordered more or less. Nobody is told of charges that change.
func (s *story) changed(x *schemas.OrderChanged) error {
	o := s.orders[x.OrderID]
	if o == nil {
		return fmt.Errorf("order %s is unknown", x.OrderID)
	}
	for _, c := range x.Lines {
		l := o.lines[c.LineID]
		if l == nil {
			l = newLine(shelfOf(*c.After.Stock), c.After.Quantity, &c.After.Amounts)
			o.lines[c.LineID] = l
			s.move(&x.Meta, l.shelf, openDemand, l.open)
			continue
		}
		s.move(&x.Meta, l.shelf, openDemand, neg(l.open))
		was := l.qty
		if c.After == nil {
			delete(o.lines, c.LineID)
			continue
		}
		l.shelf, l.qty, l.whole = shelfOf(*c.After.Stock), num(c.After.Quantity.BaseQty), amountsOf(&c.After.Amounts)
		l.open = sum(l.open, l.qty, neg(was))
		s.move(&x.Meta, l.shelf, openDemand, l.open)
	}
	return nil
}

func (s *story) cancelled(x *schemas.OrderLineCancelled) error {
	for _, l := range x.Lines {
		if l.ReleasedFrom == schemas.ReleasedFromOPEN_DEMAND {
			if err := s.demand(&x.Meta, x.OrderID, l.LineID, neg(num(l.Quantity.BaseQty))); err != nil {
				return err
			}
		}
	}
	return nil
}

// shipped: stock leaves, revenue comes.
func (s *story) shipped(x *schemas.ShipmentShipped) error {
	o := s.orders[x.OrderID]
	if o == nil {
		return fmt.Errorf("order %s is unknown", x.OrderID)
	}
	rate := o.rate
	if !o.prepaid && o.currency != functional {
		var err error
		if rate, err = s.spot(o.currency, accountingDate(&x.Meta)); err != nil {
			return err
		}
	}
	e, p := s.entry(&x.Meta, o.currency, rate), &parcel{ours: o.ours}
	s.parcels[x.ShipmentID] = p
	for _, sl := range x.Lines {
		l, err := s.line(o.id, sl.OrderLineID)
		if err != nil {
			return err
		}
		unit, err := s.unitCost(sl.Stock.SKU, &x.Meta)
		if err != nil {
			return err
		}
		q := num(sl.Quantity.BaseQty)
		this := &lot{amounts: l.part(l.shipped, q), id: sl.LineID, line: o.id + "/" + sl.OrderLineID, stock: sl.Stock, qty: sl.Quantity,
			currency: o.currency, unit: unit, rate: rate}
		l.shipped = plus(l.shipped, q)
		s.onVoid(&x.Meta, func() { l.shipped = minus(l.shipped, q) })
		s.lots[x.ShipmentID+"/"+sl.LineID], p.lots = this, append(p.lots, this)
		s.leave(x, sl, l)
		stock := "1200"
		if sl.Stock.Owner == schemas.StockOwnerCONSIGNED {
			stock = "2050"
		}
		e.own(stock, "", neg(value(sl.Quantity, unit)))
		if o.ours {
			e.own("1220", x.ShipmentID, value(sl.Quantity, unit))
			continue
		}
		e.own("5000", "", value(sl.Quantity, unit))
		e.earn(this)
	}
	if x.LabelPrice != nil {
		if x.LabelPrice.Currency != functional {
			return fmt.Errorf("a label in %s", x.LabelPrice.Currency)
		}
		e.own("6200", "", num(x.LabelPrice.Amount))
		e.own("2060", x.ShipmentID, neg(num(x.LabelPrice.Amount)))
		s.accrued[x.ShipmentID] = num(x.LabelPrice.Amount)
	}
	return e.post()
}

// earn books the revenue of a lot: the customer has it now.
func (e *entry) earn(this *lot) {
	e.dr("1150", this.line, plus(this.net, this.freight))
	if discount := minus(this.gross, this.net); this.funder == "" {
		e.dr("4100", "", discount)
	} else {
		e.once("1320", this.funder, discount)
	}
	e.cr("4000", "", this.gross)
	e.cr("4200", "", this.freight)
}

func (s *story) leave(x *schemas.ShipmentShipped, sl schemas.ShipmentLine, l *line) {
	q := num(sl.Quantity.BaseQty)
	s.move(&x.Meta, shelfOf(sl.Stock), onHand, neg(q))
	if from, ok := s.reservations[sl.ReservationID+"/"+sl.OrderLineID]; ok {
		s.move(&x.Meta, from, reserved, neg(q))
		return
	}
	s.need(&x.Meta, l, neg(q))
}

// invoiced: what was shipped is owed now, and the tax on it.
func (s *story) invoiced(x *schemas.InvoiceIssued) error {
	o, rate := s.orders[x.OrderID], rateOf(x.FX)
	if o != nil {
		rate = o.rate
		for _, l := range x.Lines {
			if from := s.lots[l.ShipmentID+"/"+l.ShipmentLineID]; from != nil {
				rate = from.rate
			}
		}
	}
	s.invoiceRate[x.InvoiceID] = rate
	e := s.entry(&x.Meta, x.Currency, rate)
	owed := zero()
	for _, il := range x.Lines {
		if il.Kind == schemas.LineKindGIFT_CARD {
			continue
		}
		a, err := s.billedAmounts(x, il)
		if err != nil {
			return err
		}
		if il.Kind == schemas.LineKindCHARGE {
			if err := e.charge(il.ChargeCode, neg(a.net)); err != nil {
				return err
			}
		} else {
			e.cr("1150", x.OrderID+"/"+il.OrderLineID, plus(a.net, a.freight))
		}
		owed = sum(owed, a.net, a.freight, a.tax())
		for _, t := range a.taxes {
			e.once("2300", t.jurisdiction, neg(t.amount))
		}
	}
	if o != nil && o.prepaid {
		e.dr("2100", o.id, owed)
	} else {
		e.dr("1100", x.InvoiceID, owed)
	}
	return e.post()
}

// billedAmounts of a line are its own, or those of the shipment line that it names, or the next part of the order line.
func (s *story) billedAmounts(x *schemas.InvoiceIssued, il schemas.InvoiceLine) (a amounts, err error) {
	from := s.lots[il.ShipmentID+"/"+il.ShipmentLineID]
	switch {
	case il.Amounts != nil:
		a = amountsOf(il.Amounts)
	case from != nil:
		a = from.amounts
	default:
		l, err := s.line(x.OrderID, il.OrderLineID)
		if err != nil {
			return a, err
		}
		a = l.part(l.billed, num(il.Quantity.BaseQty))
		l.billed = plus(l.billed, num(il.Quantity.BaseQty))
	}
	if il.StatesTax {
		a.taxes = taxesOf(il.StatedTaxes)
	}
	return a, nil
}

// charge debits the account of a charge code.
func (e *entry) charge(code string, amount *big.Rat) error {
	account := map[string]string{"FREIGHT": "4200", "DISCOUNT": "4100", "MANUAL": "4900", "BANK_CHARGE": "6100", "SAMPLE": "6400",
		"RESTOCKING": "4400", "REBILL_RETURN": "4300"}[code]
	if account == "" {
		return fmt.Errorf("charge code %q has no account", code)
	}
	if account[0] == '4' {
		e.dr(account, "", amount)
	} else {
		e.once(account, "", amount)
	}
	return nil
}
