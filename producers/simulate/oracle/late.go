package oracle

import (
	"fmt"
	"strings"

	"github.com/throughline/throughline/schemas"
)

func (s *story) disputeWon(x *schemas.DisputeWon) error {
	e, amount, fee := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX)), num(x.Amount.Amount), num(x.FeeRefunded.V)
	e.dr("1050", x.PaymentID, plus(amount, fee))
	e.at(either(x.BookedFX, e.rate), "1070", x.DisputeID, neg(amount))
	e.cr("6120", "", fee)
	e.gain()
	return e.post()
}

// applied: what a customer transferred settles invoices at the rate under which each of them stands.
func (s *story) applied(x *schemas.CustomerPaymentApplied) error {
	e, paid := s.entry(&x.Meta, x.Currency, rateOf(x.FX)), zero()
	for _, l := range x.Lines {
		discount, held := num(l.Discount.V), num(l.Deduction.V)
		paid = plus(paid, num(l.Paid))
		e.at(either(l.BookedFX, e.rate), "4100", "", discount) // neither moves cash: both reduce what was booked
		e.at(either(l.BookedFX, e.rate), "1110", l.InvoiceID, held)
		e.at(either(l.BookedFX, e.rate), "1100", l.InvoiceID, neg(sum(num(l.Paid), discount, held)))
	}
	e.dr("1060", x.RemittanceID, paid)
	e.gain()
	return e.post()
}

func (s *story) recovered(x *schemas.ReceivableRecovered) error {
	e, amount := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX)), num(x.Amount.Amount)
	e.dr("1060", x.RecoveryID, amount)
	if x.TaxRelief != nil {
		e.cr("2300", x.TaxJurisdiction, num(x.TaxRelief.Amount))
		amount = minus(amount, num(x.TaxRelief.Amount))
	}
	e.cr("6300", "", amount)
	return e.post()
}

func (s *story) reclassified(x *schemas.ReceivableReclassified) error {
	accounts := map[string]string{"CUSTOMER_DEPOSITS": "2100", "RECEIVABLE": "1100", "REFUNDS_PAYABLE": "2150", "ROUNDING": "7900"}
	from, to := accounts[x.FromRole], accounts[x.ToRole]
	if from == "" || to == "" {
		return fmt.Errorf("from %q to %q", x.FromRole, x.ToRole)
	}
	e := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX))
	if x.FunctionalAmount.Set { // what rounding has left
		left := num(x.FunctionalAmount.V)
		e.legs = append(e.legs, leg{to, bare(x.ToKey), functional, zero(), left}, leg{from, bare(x.FromKey), functional, zero(), neg(left)})
		return e.post()
	}
	e.dr(to, bare(x.ToKey), num(x.Amount.Amount))
	e.cr(from, bare(x.FromKey), num(x.Amount.Amount))
	return e.post()
}

// bare is a key without the kind of document that stands before it.
func bare(key string) string {
	_, id, _ := strings.Cut(key, ":")
	return id
}

func (s *story) revoked(x *schemas.GiftCardRevoked) error {
	e := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX))
	e.dr("2200", x.CardRef, num(x.Amount.Amount))
	switch x.Settles {
	case schemas.SettlesCREDIT_MEMO:
		e.cr("2150", x.CreditMemoID, num(x.Amount.Amount))
	case schemas.SettlesRECEIVABLE:
		e.cr("1100", x.InvoiceID, num(x.Amount.Amount))
	default:
		return fmt.Errorf("a revoked card settles %q", x.Settles)
	}
	return e.post()
}

// freight: the carrier's bill takes off what its shipments accrued, and is cost beyond that.
func (s *story) freight(x *schemas.FreightCostBilled) error {
	e, cost := s.entry(&x.Meta, x.Amount.Currency, rateOf(x.FX)), num(x.Amount.Amount)
	for _, b := range x.Shipments {
		if accrued := s.accrued[b.ShipmentID]; accrued != nil {
			delete(s.accrued, b.ShipmentID)
			e.own("2060", b.ShipmentID, accrued)
			cost = minus(cost, accrued)
		}
	}
	e.dr("6200", "", cost)
	e.dr("1310", "", num(x.Tax.V))
	e.cr("2000", x.Carrier, plus(num(x.Amount.Amount), num(x.Tax.V)))
	return e.post()
}

// delivered: what was ours on the way is the customer's.
func (s *story) delivered(x *schemas.ShipmentDelivered) error {
	p, err := s.parcel(x.ShipmentID)
	if err != nil || !p.ours {
		return err
	}
	e := s.entry(&x.Meta, p.lots[0].currency, p.lots[0].rate)
	for _, l := range p.lots {
		if len(x.Lines) > 0 {
			return fmt.Errorf("only parts of shipment %s are delivered", x.ShipmentID)
		}
		e.own("5000", "", value(l.qty, l.unit))
		e.own("1220", x.ShipmentID, neg(value(l.qty, l.unit)))
		e.earn(l)
	}
	return e.post()
}

func (s *story) parcel(shipment string) (*parcel, error) {
	if p := s.parcels[shipment]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("shipment %s is unknown", shipment)
}

// lost: what was ours is a loss, or the carrier owes it. What was the customer's is only ours to claim.
func (s *story) lost(x *schemas.ShipmentLost) error {
	p, err := s.parcel(x.ShipmentID)
	if err != nil {
		return err
	}
	e := s.entry(&x.Meta, functional, nil)
	for _, l := range p.lots {
		worth := value(l.qty, l.unit)
		if x.Liable == schemas.LiablePartyCARRIER {
			e.own("1300", x.ClaimID, worth)
		} else if p.ours {
			e.own("5100", "", worth)
		}
		if p.ours {
			e.own("1220", x.ShipmentID, neg(worth))
		} else if x.Liable == schemas.LiablePartyCARRIER {
			e.own("5100", "", neg(worth))
		}
	}
	return e.post()
}

// notReceived: what was to come back never will.
func (s *story) notReceived(x *schemas.ReturnClosedNotReceived) error {
	e := s.entry(&x.Meta, functional, nil)
	loss := map[schemas.NotReceivedOutcome]string{schemas.NotReceivedOutcomeWRITTEN_OFF: "5100", schemas.NotReceivedOutcomeBILLED_AGAIN: "5000"}[x.Outcome]
	for _, l := range x.Lines {
		unit, from := s.creditCost[x.CreditMemoID+"/"+l.CreditMemoLineID], s.coming[x.RMAID+"/"+l.LineID]
		if loss == "" || unit == nil || from == nil {
			return fmt.Errorf("outcome %q, or line %s, is unknown", x.Outcome, l.LineID)
		}
		s.arrive(&x.Meta, x.RMAID+"/"+l.LineID, num(l.Quantity.BaseQty))
		e.own(loss, "", value(l.Quantity, unit))
		e.own("1260", from.orderLine, neg(value(l.Quantity, unit)))
	}
	return e.post()
}
