package finance

import (
	"strconv"

	"github.com/throughline/throughline/schemas"
)

// freightCostBilled books a carrier's bill against what its shipments accrued (domain.md §2.3): 2060 the accrued amount as it stands there, 6200 what the
// bill differs by, 1310 input tax, against 2000. An accrual in the bill's currency but at another rate leaves its difference on 7000; one in another
// currency is taken off 6200 again and the whole bill is put there, so that each currency balances.
func freightCostBilled(d *draft, x *schemas.FreightCostBilled) error {
	if err := d.open(x.Amount.Currency, x.FX); err != nil {
		return err
	}
	d.about("bill_id", x.BillID, "carrier", x.Carrier, "carrier_invoice", x.CarrierInvoice, "order_id", x.OrderID)
	d.room(3*len(x.Shipments) + 4)
	d.lead(payable, d.named("vendor", x.Carrier))
	exchanged := noAmount
	for i := range x.Shipments {
		s := &x.Shipments[i]
		difference := s.Amount
		if s.Accrued != nil {
			stood, err := d.accrued(i, s)
			if err != nil {
				return err
			}
			d.leg(accruedFreight, d.named("shipment", s.ShipmentID), s.Accrued.Amount, s.Accrued.Currency, stood, nil)
			if s.Accrued.Currency == d.currency {
				difference = difference.Sub(s.Accrued.Amount)
				exchanged = exchanged.Add(d.valued(s.Accrued.Amount, d.fx)).Sub(stood)
			} else {
				d.leg(freightOut, "", s.Accrued.Amount.Neg(), s.Accrued.Currency, stood.Neg(), nil)
			}
		}
		d.gather(freightOut, "", "", difference)
	}
	tax := x.Tax.Or(noAmount)
	d.gather(inputTax, d.named("jurisdiction", x.TaxJurisdiction, "vendor", x.Carrier), x.TaxJurisdiction, tax)
	d.owe(x.Amount.Amount.Add(tax).Neg())
	d.leg(realisedFX, "", noAmount, d.functional, exchanged, nil)
	return nil
}

// accrued is what an accrual stands at in functional currency.
func (d *draft) accrued(i int, s *schemas.BilledShipment) (schemas.Decimal, error) {
	field := "shipments[" + strconv.Itoa(i) + "].accrued_functional"
	switch {
	case s.AccruedFunctional == nil && s.Accrued.Currency == d.functional:
		return s.Accrued.Amount, nil
	case s.AccruedFunctional == nil:
		return noAmount, missing(field)
	case s.AccruedFunctional.Currency != d.functional && d.fx == nil:
		return noAmount, missing("fx")
	case s.AccruedFunctional.Currency != d.functional:
		return noAmount, contract(field + ".currency is not the functional currency")
	case s.Accrued.Currency == d.functional && !s.Accrued.Amount.Equal(s.AccruedFunctional.Amount):
		return noAmount, contract(field + " is not accrued, and both are in one currency")
	}
	return s.AccruedFunctional.Amount, nil
}
