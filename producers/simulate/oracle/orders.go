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
	unit *big.Rat // cost
	rate *big.Rat
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
	o := &order{id: x.OrderID, prepaid: x.Terms == schemas.TermsPREPAID, currency: x.Currency, lines: map[string]*line{}}
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
		o.lines[l.LineID] = &line{shelf: shelfOf(*l.Stock), qty: num(l.Quantity.BaseQty), whole: amountsOf(&l.Amounts),
			shipped: zero(), billed: zero(), credited: zero(), unshipped: zero()}
		s.move(&x.Meta, shelfOf(*l.Stock), openDemand, num(l.Quantity.BaseQty))
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
	e := s.entry(&x.Meta, o.currency, rate)
	for _, sl := range x.Lines {
		l, err := s.line(o.id, sl.OrderLineID)
		if err != nil {
			return err
		}
		unit, err := s.unitCost(sl.Stock.SKU, &x.Meta)
		if err != nil {
			return err
		}
		this := &lot{amounts: l.part(l.shipped, num(sl.Quantity.BaseQty)), unit: unit, rate: rate}
		l.shipped = plus(l.shipped, num(sl.Quantity.BaseQty))
		s.lots[x.ShipmentID+"/"+sl.LineID] = this
		s.leave(x, sl, l)
		e.dr("1150", o.id+"/"+sl.OrderLineID, plus(this.net, this.freight))
		if discount := minus(this.gross, this.net); this.funder == "" {
			e.dr("4100", "", discount)
		} else {
			e.once("1320", this.funder, discount)
		}
		e.cr("4000", "", this.gross)
		e.cr("4200", "", this.freight)
		stock := "1200"
		if sl.Stock.Owner == schemas.StockOwnerCONSIGNED {
			stock = "2050"
		}
		e.own("5000", "", value(sl.Quantity, unit))
		e.own(stock, "", neg(value(sl.Quantity, unit)))
	}
	return e.post()
}

func (s *story) leave(x *schemas.ShipmentShipped, sl schemas.ShipmentLine, l *line) {
	q := num(sl.Quantity.BaseQty)
	s.move(&x.Meta, shelfOf(sl.Stock), onHand, neg(q))
	if from, ok := s.reservations[sl.ReservationID+"/"+sl.OrderLineID]; ok {
		s.move(&x.Meta, from, reserved, neg(q))
		return
	}
	s.move(&x.Meta, l.shelf, openDemand, neg(q))
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
