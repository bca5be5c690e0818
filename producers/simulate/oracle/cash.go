package oracle

import (
	"fmt"
	"math/big"

	"github.com/throughline/throughline/schemas"
)

func (s *story) hearMoney(e schemas.Event) error {
	switch x := e.(type) {
	case *schemas.ReceivableWrittenOff:
		return s.writtenOff(x)
	case *schemas.GiftCardSold:
		return s.cardSold(x)
	case *schemas.PaymentCaptured:
		return s.captured(x)
	case *schemas.RefundIssued:
		return s.refunded(x)
	case *schemas.PSPFeeCharged:
		return s.fee(&x.Meta, pspAccount(x.FeeType), x.PaymentID, x.BatchID, x.Amount, x.Tax, x.FX)
	case *schemas.MarketplaceFeeCharged:
		account := "6110"
		if x.FeeType == schemas.MarketplaceFeeTypeCOMMISSION {
			account = "6140"
		}
		return s.fee(&x.Meta, account, x.PaymentID, x.BatchID, x.Amount, x.Tax, x.FX)
	case *schemas.PaymentSettled:
		return s.settled(x)
	case *schemas.PayoutPaid:
		p := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX))
		p.dr("1060", x.PayoutID, num(x.Amount.Amount))
		p.cr("1050", x.BatchID, num(x.Amount.Amount))
		return p.post()
	case *schemas.BankStatementLineMatched:
		b := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX))
		b.dr("1000", x.BankAccount, num(x.Amount.Amount))
		b.at(either(x.BookedFX, b.rate), "1060", x.MatchedID, neg(num(x.Amount.Amount)))
		b.gain()
		return b.post()
	case *schemas.DisputeOpened:
		d := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX))
		d.dr("1070", x.DisputeID, num(x.Amount.Amount))
		d.dr("6120", "", num(x.Fee.V))
		d.cr("1050", x.PaymentID, plus(num(x.Amount.Amount), num(x.Fee.V)))
		return d.post()
	case *schemas.DisputeLost:
		return s.disputeLost(x)
	case *schemas.DisputeWon:
		return s.disputeWon(x)
	}
	return s.hearLate(e)
}

// hearLate is about money that came late, came back or will never come.
func (s *story) hearLate(e schemas.Event) error {
	switch x := e.(type) {
	case *schemas.PayoutFailed:
		p := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX))
		p.dr("1050", x.BatchID, num(x.Amount.Amount))
		p.at(either(x.BookedFX, p.rate), "1060", x.PayoutID, neg(num(x.Amount.Amount)))
		p.gain()
		return p.post()
	case *schemas.CustomerPaymentApplied:
		return s.applied(x)
	case *schemas.ReceivableRecovered:
		return s.recovered(x)
	case *schemas.ReceivableReclassified:
		return s.reclassified(x)
	case *schemas.GiftCardRevoked:
		return s.revoked(x)
	case *schemas.GiftCardBreakageRecognised:
		b := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX))
		b.dr("2200", x.CardRef, num(x.Amount.Amount))
		b.cr("4500", "", num(x.Amount.Amount))
		return b.post()
	case *schemas.FreightCostBilled:
		return s.freight(x)
	}
	return fmt.Errorf("the oracle has not been told what follows from it")
}

func either(fx *schemas.Fx, other *big.Rat) *big.Rat {
	if fx == nil {
		return other
	}
	return num(fx.Rate)
}

// money is the account that a way of paying moves, and the key it stands under.
func money(method schemas.PaymentMethod, id, card string) (account, key string) {
	switch method {
	case schemas.PaymentMethodGIFT_CARD, schemas.PaymentMethodSTORE_CREDIT:
		return "2200", card
	case schemas.PaymentMethodBANK:
		return "1060", id
	}
	return "1050", id
}

// captured: the customer's money is ours to receive. A deposit stands at the rate of its order, whatever the rate of the day.
func (s *story) captured(x *schemas.PaymentCaptured) error {
	e := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX))
	account, key := money(x.Method, x.PaymentID, x.CardRef)
	e.dr(account, key, num(x.Amount.Amount))
	switch o := s.orders[x.OrderID]; {
	case o != nil && o.prepaid:
		e.at(o.rate, "2100", o.id, neg(num(x.Amount.Amount)))
	case o != nil: // what an invoice put there
		e.at(s.invoiceRate[x.InvoiceID], "1100", x.InvoiceID, neg(num(x.Amount.Amount)))
	default:
		e.at(either(x.BookedFX, e.rate), "1100", x.InvoiceID, neg(num(x.Amount.Amount)))
	}
	e.gain()
	return e.post()
}

func (s *story) refunded(x *schemas.RefundIssued) error {
	e := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX))
	account, key := money(x.Method, x.PaymentID, x.CardRef)
	if x.Method == schemas.PaymentMethodBANK {
		key = x.RefundID
	}
	e.cr(account, key, num(x.Amount.Amount))
	o := s.orders[x.OrderID]
	switch x.Settles {
	case schemas.SettlesCUSTOMER_DEPOSIT:
		e.at(o.rate, "2100", o.id, num(x.Amount.Amount))
	case schemas.SettlesCREDIT_MEMO:
		e.at(o.rate, "2150", x.CreditMemoID, num(x.Amount.Amount))
	case schemas.SettlesRECEIVABLE:
		e.at(s.memoRate[x.CreditMemoID], "1100", x.InvoiceID, num(x.Amount.Amount))
	default:
		return fmt.Errorf("refund settles %q", x.Settles)
	}
	e.gain()
	return e.post()
}

func pspAccount(kind schemas.PSPFeeType) string {
	return map[schemas.PSPFeeType]string{schemas.PSPFeeTypeFEE: "6100", schemas.PSPFeeTypeRESERVE: "1055", schemas.PSPFeeTypeTOPUP: "1000",
		schemas.PSPFeeTypeFUNDED_PROMOTION: "1320", schemas.PSPFeeTypeUNKNOWN: "9000"}[kind]
}

func (s *story) fee(m *schemas.Meta, account, payment, batch string, amount schemas.Money, tax schemas.Opt[schemas.Decimal], fx *schemas.Fx) error {
	e := s.entry(m, amount.Currency, rateOf(fx))
	key := payment
	if key == "" {
		key = batch
	}
	e.dr(account, "", num(amount.Amount))
	e.dr("1310", "", num(tax.V))
	e.cr("1050", key, plus(num(amount.Amount), num(tax.V)))
	return e.post()
}

// settled: what stood on the payment stands on the batch. What rates changed in between is gain or loss; a fee that stands on the payment
// was booked at the settlement's rate.
func (s *story) settled(x *schemas.PaymentSettled) error {
	e := s.entry(&x.Meta, x.Gross.Currency, rateOf(x.SettlementFX))
	moved := num(x.Gross.Amount)
	if x.FeeBookedOnPayment {
		moved = minus(moved, num(x.Fee))
		e.at(either(x.BookedFX, e.rate), "1050", x.PaymentID, neg(num(x.Gross.Amount)))
		e.dr("1050", x.PaymentID, num(x.Fee))
	} else {
		e.at(either(x.BookedFX, e.rate), "1050", x.PaymentID, neg(moved))
	}
	if x.Settlement == nil {
		e.dr("1050", x.BatchID, moved)
	} else {
		e.dr("7000", "", moved)
		other := s.entry(&x.Meta, x.Settlement.Currency, nil)
		other.own("1050", x.BatchID, num(x.Settlement.Amount))
		other.own("7000", "", neg(num(x.Settlement.Amount)))
		e.legs, e.err = append(e.legs, other.legs...), other.err
	}
	e.gain()
	return e.post()
}

func (s *story) disputeLost(x *schemas.DisputeLost) error {
	e := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX))
	e.at(either(x.BookedFX, e.rate), "1070", x.DisputeID, neg(num(x.Amount.Amount)))
	switch x.Settles {
	case schemas.SettlesCUSTOMER_DEPOSIT:
		e.dr("2100", x.OrderID, num(x.Amount.Amount))
	case schemas.SettlesCREDIT_MEMO:
		e.dr("2150", x.CreditMemoID, num(x.Amount.Amount))
	case schemas.SettlesLOSS:
		loss := num(x.Amount.Amount)
		for i := range x.TaxRelief {
			e.dr("2300", x.TaxRelief[i].Jurisdiction, num(x.TaxRelief[i].Amount))
			loss = minus(loss, num(x.TaxRelief[i].Amount))
		}
		e.dr("6130", "", loss)
	default:
		return fmt.Errorf("dispute settles %q", x.Settles)
	}
	e.gain()
	return e.post()
}
