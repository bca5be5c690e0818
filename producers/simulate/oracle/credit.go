package oracle

import (
	"fmt"
	"math/big"

	"github.com/throughline/throughline/schemas"
)

// credited: the customer is owed something back.
func (s *story) credited(x *schemas.CreditMemoIssued) error {
	o := s.orders[x.OrderID]
	rate := s.creditRate(x, o)
	s.memoRate[x.CreditMemoID] = rate
	e := s.entry(&x.Meta, x.Currency, rate)
	owed := zero()
	for _, cl := range x.Lines {
		if cl.Kind == schemas.LineKindGIFT_CARD {
			continue
		}
		a, err := s.creditLine(e, x, cl)
		if err != nil {
			return err
		}
		owed = sum(owed, a.net, a.freight, a.tax())
		for _, t := range a.taxes {
			e.once("2300", t.jurisdiction, t.amount)
		}
	}
	fee := num(x.RestockingFee.V)
	e.cr("4400", "", fee)
	if o != nil && o.prepaid {
		e.cr("2150", x.CreditMemoID, minus(owed, fee))
	} else {
		e.cr("1100", x.InvoiceID, minus(owed, fee))
	}
	return e.post()
}

// creditRate is that of the prepaid order, else of the shipment or invoice that is credited.
func (s *story) creditRate(x *schemas.CreditMemoIssued, o *order) *big.Rat {
	switch {
	case o == nil:
		return rateOf(x.FX)
	case o.prepaid:
		return o.rate
	}
	for _, cl := range x.Lines {
		if from := s.lots[cl.ShipmentID+"/"+cl.ShipmentLineID]; from != nil {
			return from.rate
		}
	}
	return s.invoiceRate[x.InvoiceID]
}

// creditLine posts all of a line but its tax and what is owed for it, and answers its amounts.
func (s *story) creditLine(e *entry, x *schemas.CreditMemoIssued, cl schemas.CreditLine) (a amounts, err error) {
	if cl.Kind == schemas.LineKindCHARGE {
		a = amountsOf(cl.Amounts)
		return a, e.charge(cl.ChargeCode, a.net)
	}
	l, err := s.line(x.OrderID, cl.OrderLineID)
	if err != nil {
		return a, err
	}
	q, key := num(cl.Quantity.BaseQty), x.OrderID+"/"+cl.OrderLineID
	if cl.Goods == schemas.CreditedGoodsNOT_SHIPPED { // the last ones of what was invoiced
		l.unshipped = plus(l.unshipped, q)
		a = l.part(minus(l.billed, l.unshipped), q)
		e.dr("1150", key, plus(a.net, a.freight))
		return a, nil
	}
	a = l.part(l.credited, q)
	l.credited = plus(l.credited, q)
	s.onVoid(&x.Meta, func() { l.credited = minus(l.credited, q) })
	if !cl.CreditsFreight {
		a.freight = zero()
	}
	e.dr("4300", "", a.net)
	e.dr("4200", "", a.freight)
	if cl.Goods == schemas.CreditedGoodsKEPT {
		return a, nil
	}
	from := s.lots[cl.ShipmentID+"/"+cl.ShipmentLineID]
	if cl.Goods != schemas.CreditedGoodsEXPECTED_BACK || from == nil {
		return a, fmt.Errorf("credited goods %q of shipment line %q are unknown", cl.Goods, cl.ShipmentLineID)
	}
	s.creditCost[x.CreditMemoID+"/"+cl.LineID] = from.unit
	e.own("1260", key, value(*cl.Quantity, from.unit))
	e.own("5000", "", neg(value(*cl.Quantity, from.unit)))
	return a, nil
}

// writtenOff: what is given up was worth what its invoice said.
func (s *story) writtenOff(x *schemas.ReceivableWrittenOff) error {
	e := s.entry(&x.Meta, x.Amount.Currency, s.invoiceRate[x.InvoiceID])
	loss := num(x.Amount.Amount)
	if x.TaxRelief != nil {
		e.dr("2300", x.TaxJurisdiction, num(x.TaxRelief.Amount))
		loss = minus(loss, num(x.TaxRelief.Amount))
	}
	e.dr("6300", "", loss)
	e.cr("1100", x.InvoiceID, num(x.Amount.Amount))
	return e.post()
}

func (s *story) cardSold(x *schemas.GiftCardSold) error {
	e := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX))
	account, key := "", x.PaymentRef
	switch x.PaidInto {
	case schemas.PaidIntoORDER_DEPOSIT:
		account, key = "2100", x.OrderID
	case schemas.PaidIntoRECEIVABLE:
		account = "1100"
	case schemas.PaidIntoPSP:
		account = "1050"
	case schemas.PaidIntoBANK_CLEARING:
		account = "1060"
	case schemas.PaidIntoBANK:
		account = "1000"
	default:
		return fmt.Errorf("paid into %q", x.PaidInto)
	}
	e.dr(account, key, num(x.Amount.Amount))
	e.cr("2200", x.CardRef, num(x.Amount.Amount))
	return e.post()
}
