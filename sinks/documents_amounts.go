package sinks

import "github.com/throughline/throughline/schemas"

// total is what an event amounts to in its own currency, where it amounts to anything: the sum of a document's lines, or the money that moved.
func total(e schemas.Event) (amount schemas.Decimal, currency string, ok bool) {
	switch x := e.(type) {
	case *schemas.OrderAccepted:
		for i := range x.Lines {
			amount = amount.Add(x.Lines[i].Amounts.Total)
		}
		return amount, x.Currency, true
	case *schemas.ShipmentShipped:
		for i := range x.Lines {
			amount = amount.Add(lineTotal(x.Lines[i].Amounts))
		}
		return amount, x.Currency, true
	case *schemas.InvoiceIssued:
		for i := range x.Lines {
			amount = amount.Add(lineTotal(x.Lines[i].Amounts))
		}
		return amount, x.Currency, true
	case *schemas.CreditMemoIssued:
		for i := range x.Lines {
			amount = amount.Add(lineTotal(x.Lines[i].Amounts))
		}
		return amount.Sub(x.RestockingFee.Or(schemas.Decimal{})), x.Currency, true
	case *schemas.ShipmentDelivered:
		for i := range x.Lines {
			amount = amount.Add(lineTotal(x.Lines[i].Amounts))
		}
		return amount, x.Currency, x.Currency != ""
	case *schemas.CustomerPaymentApplied:
		for i := range x.Lines {
			amount = amount.Add(x.Lines[i].Paid)
		}
		return amount, x.Currency, true
	case *schemas.InventoryCostRevalued:
		for i := range x.Lines {
			amount, currency = amount.Add(x.Lines[i].Amount), x.Lines[i].Currency
		}
		return amount, currency, true
	}
	if m := moved(e); m != nil {
		return m.Amount, m.Currency, true
	}
	return schemas.Decimal{}, "", false
}

func lineTotal(a *schemas.LineAmounts) schemas.Decimal {
	if a == nil {
		return schemas.Decimal{}
	}
	return a.Total
}

// moved is the money of an event that is one movement.
func moved(e schemas.Event) *schemas.Money {
	switch x := e.(type) {
	case *schemas.PaymentSettled:
		return &x.Gross
	case *schemas.ReceivableWrittenOff:
		return &x.Amount
	case *schemas.ReceivableRecovered:
		return &x.Amount
	case *schemas.ReceivableReclassified:
		return &x.Amount
	case *schemas.GiftCardSold:
		return &x.Amount
	case *schemas.GiftCardRevoked:
		return &x.Amount
	case *schemas.GiftCardBreakageRecognised:
		return &x.Amount
	case *schemas.FreightCostBilled:
		return &x.Amount
	case *schemas.PaymentAuthorized:
		return &x.Amount
	case *schemas.PaymentVoided:
		return &x.Amount
	case *schemas.PaymentCaptured:
		return &x.Amount
	case *schemas.PaymentCaptureFailed:
		return &x.Amount
	case *schemas.RefundIssued:
		return &x.Amount
	case *schemas.RefundFailed:
		return &x.Amount
	case *schemas.PSPFeeCharged:
		return &x.Amount
	case *schemas.MarketplaceFeeCharged:
		return &x.Amount
	case *schemas.DisputeOpened:
		return &x.Amount
	case *schemas.DisputeWon:
		return &x.Amount
	case *schemas.DisputeLost:
		return &x.Amount
	case *schemas.PayoutPaid:
		return &x.Amount
	case *schemas.PayoutFailed:
		return &x.Amount
	case *schemas.BankStatementLineMatched:
		return &x.Amount
	}
	return nil
}
