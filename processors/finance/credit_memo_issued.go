package finance

import "github.com/throughline/throughline/schemas"

// creditMemoIssued takes back what was invoiced (domain.md §2.3): for GOODS that come back or are kept 4300 N, 4200 F where
// freight is credited, 2300 T; for goods that were invoiced and never shipped 1150 N+F and 2300 T; for a CHARGE the account of
// its code and 2300 T. All of it is owed to the customer, 2150 or 1100, less the restocking fee on 4400. Goods expected back
// turn their cost into a right to recover them, 1260 against 5000; they are stock only when they arrive.
func creditMemoIssued(d *draft, x *schemas.CreditMemoIssued) error {
	if err := d.open(x.Currency, x.FX); err != nil {
		return err
	}
	if x.Funding == nil {
		return missing("funding")
	}
	d.about("channel", x.Channel, "credit_memo_id", x.CreditMemoID, "customer_ref", x.CustomerRef,
		"invoice_id", x.InvoiceID, "order_id", x.OrderID, "rma_id", x.RMAID)
	d.room(5*len(x.Lines) + 4)
	switch x.Funding.Settles {
	case schemas.SettlesCREDIT_MEMO:
		d.lead(refundsPayable, d.named("credit_memo", x.CreditMemoID))
	case schemas.SettlesRECEIVABLE:
		d.lead(receivable, d.named("invoice", x.InvoiceID, "credit_memo", x.CreditMemoID))
	default:
		return contract("funding.settles of a credit memo is neither CREDIT_MEMO nor RECEIVABLE")
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		if l.Kind == schemas.LineKindGIFT_CARD {
			continue
		}
		credited, err := d.credit(i, x, l)
		if err != nil {
			return err
		}
		d.owe(credited.Neg())
	}
	if fee := x.RestockingFee.Or(noAmount); !fee.IsZero() {
		d.money(restockingFees, "", fee.Neg(), nil)
		d.owe(fee)
	}
	return nil
}

// credit books one line and gives what the customer is credited for it.
func (d *draft) credit(i int, x *schemas.CreditMemoIssued, l *schemas.CreditLine) (schemas.Decimal, error) {
	a, err := d.amounts(i, l.Amounts, l.Basis, l.StatesTax)
	if err != nil {
		return noAmount, err
	}
	it := itemOf(l.OrderLineID, l.Stock, l.Quantity)
	whole := a.Net.Add(a.FreightNet)
	if l.Kind == schemas.LineKindCHARGE {
		return whole.Add(d.taxes(a.Taxes, true, true)), d.charge(i, l.ChargeCode, whole, &it)
	}
	key := d.orderLine(x.OrderID, l.OrderLineID, "credit_memo", x.CreditMemoID, l.LineID)
	switch l.Goods {
	case schemas.CreditedGoodsNOT_SHIPPED:
		d.money(shippedNotInvoiced, key, whole, &it)
		return whole.Add(d.taxes(a.Taxes, true, true)), nil
	case schemas.CreditedGoodsEXPECTED_BACK:
		if l.Quantity == nil {
			return noAmount, contract(inLine(i, "quantity") + " of goods expected back is absent")
		}
		cost, err := d.cost(i, l.Cost, l.Quantity)
		if err != nil {
			return noAmount, err
		}
		credited := d.returned(a, l.CreditsFreight, &it)
		d.worth(rightToRecover, key, cost, &it)
		d.worth(costOfGoods, "", cost.Neg(), &it)
		return credited, nil
	case schemas.CreditedGoodsKEPT:
		return d.returned(a, l.CreditsFreight, &it), nil
	}
	return noAmount, contract(inLine(i, "goods") + " does not say what becomes of the goods")
}

// returned takes revenue back; freight and its taxes only where they are credited.
func (d *draft) returned(a *schemas.LineAmounts, withFreight bool, it *item) schemas.Decimal {
	d.money(salesReturns, "", a.Net, it)
	sum := a.Net
	if withFreight {
		d.money(freightRevenue, "", a.FreightNet, it)
		sum = sum.Add(a.FreightNet)
	}
	return sum.Add(d.taxes(a.Taxes, withFreight, true))
}
