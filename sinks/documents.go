package sinks

import (
	"strings"

	"github.com/throughline/throughline/schemas"
)

// refs collects the ids that a body names under their field names; empty ones are left out.
type refs []schemas.StringPair

func (r refs) with(key, value string) refs {
	if value == "" {
		return r
	}
	return append(r, schemas.StringPair{Key: key, Value: value})
}

// documents appends the ids that the body of e names: its own document, and those it refers to.
func documents(to refs, e schemas.Event) refs {
	switch x := e.(type) {
	case *schemas.OrderAccepted:
		return to.with("order_id", x.OrderID)
	case *schemas.OrderLineCancelled:
		return to.with("order_id", x.OrderID)
	case *schemas.FulfillmentPicked:
		return to.with("order_id", x.OrderID).with("fulfillment_id", x.FulfillmentID)
	case *schemas.FulfillmentPacked:
		return to.with("order_id", x.OrderID).with("fulfillment_id", x.FulfillmentID)
	case *schemas.FulfillmentShortShipped:
		return to.with("order_id", x.OrderID).with("fulfillment_id", x.FulfillmentID).with("short_id", x.ShortID)
	case *schemas.ShipmentShipped:
		return to.with("order_id", x.OrderID).with("shipment_id", x.ShipmentID).with("fulfillment_id", x.FulfillmentID)
	case *schemas.InventoryReceived:
		return to.with("receipt_id", x.ReceiptID)
	case *schemas.InventoryReserved:
		return to.with("order_id", x.OrderID).with("reservation_id", x.ReservationID).with("transfer_id", x.TransferID)
	case *schemas.InventoryReservationReleased:
		return to.with("order_id", x.OrderID).with("reservation_id", x.ReservationID).with("transfer_id", x.TransferID)
	case *schemas.InventoryAdjusted:
		return to.with("adjustment_id", x.AdjustmentID)
	case *schemas.ReturnReceived:
		return to.with("order_id", x.OrderID).with("receipt_id", x.ReceiptID).with("rma_id", x.RMAID).with("credit_memo_id", x.CreditMemoID).with("shipment_id", x.ShipmentID)
	case *schemas.ReturnDispositioned:
		return to.with("order_id", x.OrderID).with("receipt_id", x.ReceiptID).with("rma_id", x.RMAID).with("credit_memo_id", x.CreditMemoID)
	}
	return moneyDocuments(to, e)
}

func moneyDocuments(to refs, e schemas.Event) refs {
	switch x := e.(type) {
	case *schemas.InvoiceIssued:
		return to.with("order_id", x.OrderID).with("invoice_id", x.InvoiceID)
	case *schemas.CreditMemoIssued:
		return to.with("order_id", x.OrderID).with("credit_memo_id", x.CreditMemoID).with("invoice_id", x.InvoiceID).with("rma_id", x.RMAID)
	case *schemas.ReceivableWrittenOff:
		return to.with("order_id", x.OrderID).with("invoice_id", x.InvoiceID).with("write_off_id", x.WriteOffID)
	case *schemas.GiftCardSold:
		return to.with("order_id", x.OrderID).with("invoice_id", x.InvoiceID).with("sale_id", x.SaleID)
	case *schemas.PaymentCaptured:
		return to.with("order_id", x.OrderID).with("payment_id", x.PaymentID).with("invoice_id", x.InvoiceID)
	case *schemas.RefundIssued:
		return to.with("order_id", x.OrderID).with("refund_id", x.RefundID).with("payment_id", x.PaymentID).with("credit_memo_id", x.CreditMemoID).with("invoice_id", x.InvoiceID)
	case *schemas.PSPFeeCharged:
		return to.with("fee_id", x.FeeID).with("payment_id", x.PaymentID).with("batch_id", x.BatchID)
	case *schemas.MarketplaceFeeCharged:
		return to.with("order_id", x.OrderID).with("fee_id", x.FeeID).with("payment_id", x.PaymentID).with("batch_id", x.BatchID)
	case *schemas.PaymentSettled:
		return to.with("order_id", x.OrderID).with("settlement_id", x.SettlementID).with("payment_id", x.PaymentID).with("refund_id", x.RefundID).with("dispute_id", x.DisputeID).with("batch_id", x.BatchID)
	case *schemas.DisputeOpened:
		return to.with("order_id", x.OrderID).with("dispute_id", x.DisputeID).with("payment_id", x.PaymentID)
	case *schemas.DisputeLost:
		return to.with("order_id", x.OrderID).with("dispute_id", x.DisputeID).with("payment_id", x.PaymentID).with("credit_memo_id", x.CreditMemoID)
	case *schemas.PayoutPaid:
		return to.with("payout_id", x.PayoutID).with("batch_id", x.BatchID)
	case *schemas.BankStatementLineMatched:
		to = to.with("order_id", x.OrderID).with("bank_line_id", x.LineID)
		switch x.Matched {
		case schemas.MatchedKindPAYOUT:
			return to.with("payout_id", x.MatchedID)
		case schemas.MatchedKindPAYMENT:
			return to.with("payment_id", x.MatchedID)
		case schemas.MatchedKindREFUND:
			return to.with("refund_id", x.MatchedID)
		}
		return to.with("remittance_id", x.MatchedID)
	case *schemas.EventVoided:
		return to.with("void_id", x.VoidID)
	}
	return to
}

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
	case *schemas.ReceivableWrittenOff:
		return &x.Amount
	case *schemas.GiftCardSold:
		return &x.Amount
	case *schemas.PaymentCaptured:
		return &x.Amount
	case *schemas.RefundIssued:
		return &x.Amount
	case *schemas.PSPFeeCharged:
		return &x.Amount
	case *schemas.MarketplaceFeeCharged:
		return &x.Amount
	case *schemas.PaymentSettled:
		return &x.Gross
	case *schemas.DisputeOpened:
		return &x.Amount
	case *schemas.DisputeLost:
		return &x.Amount
	case *schemas.PayoutPaid:
		return &x.Amount
	case *schemas.BankStatementLineMatched:
		return &x.Amount
	}
	return nil
}

// threadKinds begin the threads that are no orders (schemas.Thread).
var threadKinds = [...]string{"receipt:", "transfer:", "count:", "period:", "invoice:", "credit:", "write-off:", "gift-card:", "payment:", "refund:", "fee:", "payout:", "bank:", "rma:", "return:",
	"expected:", "status:", "snapshot:", "revaluation:", "policy:", "recovery:", "reclassification:", "remittance:", "freight:", "authorization:"}

// orderOf is the order that a thread is, "" where it is something else's.
func orderOf(thread string) string {
	for _, kind := range threadKinds {
		if strings.HasPrefix(thread, kind) {
			return ""
		}
	}
	return thread
}
