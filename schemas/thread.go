package schemas

// Thread is what e belongs to, from its body's own fields (domain.md §1.2, never from subject_refs): the order where there is one, else
// its root document. Two events where one waits for the other (§1.7) always share it. A void has no thread of its own: it takes its
// original's, and "" is returned unless the original is embedded by whoever calls.
func Thread(e Event) string {
	switch x := e.(type) {
	case *OrderAccepted:
		return orderThread(x.OrderID)
	case *OrderLineCancelled:
		return orderThread(x.OrderID)
	case *FulfillmentPicked:
		return orderThread(x.OrderID)
	case *FulfillmentPacked:
		return orderThread(x.OrderID)
	case *FulfillmentShortShipped:
		return orderThread(x.OrderID)
	case *ShipmentShipped:
		return orderThread(x.OrderID)
	case *InventoryReceived:
		return "receipt:" + x.ReceiptID
	case *InventoryReserved:
		return first(orderThread(x.OrderID), named("transfer:", x.TransferID))
	case *InventoryReservationReleased:
		return first(orderThread(x.OrderID), named("transfer:", x.TransferID))
	case *InventoryAdjusted:
		return "count:" + x.AdjustmentID
	case *PeriodClosed:
		return "period:" + x.Meta.LegalEntity
	case *PeriodReopened:
		return "period:" + x.Meta.LegalEntity
	}
	return moneyThread(e)
}

func moneyThread(e Event) string {
	switch x := e.(type) {
	case *InvoiceIssued:
		return first(orderThread(x.OrderID), named("invoice:", x.InvoiceID))
	case *CreditMemoIssued:
		return first(orderThread(x.OrderID), named("credit:", x.CreditMemoID))
	case *ReceivableWrittenOff:
		return first(orderThread(x.OrderID), named("invoice:", x.InvoiceID), named("write-off:", x.WriteOffID))
	case *GiftCardSold:
		return first(orderThread(x.OrderID), named("gift-card:", x.SaleID))
	case *PaymentCaptured:
		return first(orderThread(x.OrderID), named("payment:", x.PaymentID))
	case *RefundIssued:
		return first(orderThread(x.OrderID), named("credit:", x.CreditMemoID), named("payment:", x.PaymentID), named("refund:", x.RefundID))
	case *PSPFeeCharged:
		return first(named("payment:", x.PaymentID), named("fee:", x.FeeID))
	case *MarketplaceFeeCharged:
		return first(orderThread(x.OrderID), named("payment:", x.PaymentID), named("fee:", x.FeeID))
	case *PaymentSettled:
		return "payment:" + x.PaymentID
	case *DisputeOpened:
		return "payment:" + x.PaymentID
	case *DisputeLost:
		return "payment:" + x.PaymentID
	case *PayoutPaid:
		return "payout:" + x.PayoutID
	case *BankStatementLineMatched:
		return "bank:" + x.BankAccount + ":" + x.LineID
	case *ReturnReceived:
		return first(orderThread(x.OrderID), named("credit:", x.CreditMemoID), named("rma:", x.RMAID), named("return:", x.ReceiptID))
	case *ReturnDispositioned:
		return first(orderThread(x.OrderID), named("credit:", x.CreditMemoID), named("rma:", x.RMAID), named("return:", x.ReceiptID))
	}
	return ""
}

// orderThread is the order id itself: what people search for.
func orderThread(id string) string { return id }

func named(prefix, id string) string {
	if id == "" {
		return ""
	}
	return prefix + id
}

func first(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return ""
}
