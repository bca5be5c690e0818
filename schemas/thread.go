package schemas

// Thread is what e belongs to, from its body's own fields (domain.md §1.2, never from subject_refs): the order where there is one, else
// its root document. Two events where one waits for the other (§1.7) always share it. What corrects any event (TakesThread) takes its
// original's, and "" is returned unless the original is embedded by whoever calls.
func Thread(e Event) string {
	if id, always := OrderOf(e); always {
		return orderThread(id)
	}
	switch x := e.(type) {
	case *InventoryExpected:
		return "expected:" + x.ExpectationID
	case *InventoryExpectationChanged:
		return "expected:" + x.ExpectationID
	case *InventoryReceived:
		return "receipt:" + x.ReceiptID
	case *InventoryReserved:
		return first(orderThread(x.OrderID), named("transfer:", x.TransferID))
	case *InventoryReservationReleased:
		return first(orderThread(x.OrderID), named("transfer:", x.TransferID))
	case *InventoryTransferDispatched:
		return "transfer:" + x.TransferID
	case *InventoryTransferReceived:
		return "transfer:" + x.TransferID
	case *InventoryAdjusted:
		return "count:" + x.AdjustmentID
	case *InventoryStatusChanged:
		return "status:" + x.ChangeID
	case *InventorySnapshotTaken:
		return "snapshot:" + x.SnapshotID
	case *InventoryCostRevalued:
		return "revaluation:" + x.RevaluationID
	case *InventoryPolicyChanged:
		return "policy:" + x.ChangeID
	case *PeriodClosed:
		return "period:" + x.Meta.LegalEntity
	case *PeriodReopened:
		return "period:" + x.Meta.LegalEntity
	}
	return documentThread(e)
}

// OrderOf is the order of the events that cannot be without one; always says whether e is such an event.
func OrderOf(e Event) (orderID string, always bool) {
	switch x := e.(type) {
	case *OrderAccepted:
		return x.OrderID, true
	case *OrderChanged:
		return x.OrderID, true
	case *OrderLineCancelled:
		return x.OrderID, true
	case *OrderClosed:
		return x.OrderID, true
	case *CancellationRequested:
		return x.OrderID, true
	case *FulfillmentReleased:
		return x.OrderID, true
	case *FulfillmentPicked:
		return x.OrderID, true
	case *FulfillmentPacked:
		return x.OrderID, true
	case *FulfillmentShortShipped:
		return x.OrderID, true
	case *FulfillmentStopConfirmed:
		return x.OrderID, true
	case *FulfillmentStopRejected:
		return x.OrderID, true
	case *ShipmentShipped:
		return x.OrderID, true
	case *ShipmentVoided:
		return x.OrderID, true
	case *ShipmentDelivered:
		return x.OrderID, true
	case *ShipmentDeliveryFailed:
		return x.OrderID, true
	case *ShipmentReturnedToSender:
		return x.OrderID, true
	case *ShipmentLost:
		return x.OrderID, true
	}
	return "", false
}

// documentThread is the order of documents that may have one, else the document that their thread begins with.
func documentThread(e Event) string {
	switch x := e.(type) {
	case *InvoiceIssued:
		return first(orderThread(x.OrderID), named("invoice:", x.InvoiceID))
	case *CreditMemoIssued:
		return first(orderThread(x.OrderID), named("credit:", x.CreditMemoID))
	case *ReceivableWrittenOff:
		return first(orderThread(x.OrderID), named("invoice:", x.InvoiceID), named("write-off:", x.WriteOffID))
	case *ReceivableRecovered:
		return first(orderThread(x.OrderID), named("invoice:", x.InvoiceID), named("write-off:", x.WriteOffID), named("recovery:", x.RecoveryID))
	case *ReceivableReclassified:
		return first(orderThread(x.OrderID), named("invoice:", x.InvoiceID), named("reclassification:", x.ReclassificationID))
	case *CustomerPaymentApplied:
		return "remittance:" + x.RemittanceID
	case *GiftCardSold:
		return first(orderThread(x.OrderID), named("gift-card:", x.SaleID))
	case *GiftCardRevoked:
		return first(orderThread(x.OrderID), named("credit:", x.CreditMemoID), named("invoice:", x.InvoiceID), named("gift-card:", x.RevocationID))
	case *GiftCardBreakageRecognised:
		return "gift-card:" + x.BreakageID
	case *FreightCostBilled:
		return first(orderThread(x.OrderID), named("freight:", x.BillID))
	case *ReturnAuthorised:
		return first(orderThread(x.OrderID), named("credit:", x.CreditMemoID), named("rma:", x.RMAID))
	case *ReturnReceived:
		return first(orderThread(x.OrderID), named("credit:", x.CreditMemoID), named("rma:", x.RMAID), named("return:", x.ReceiptID))
	case *ReturnDispositioned:
		return first(orderThread(x.OrderID), named("credit:", x.CreditMemoID), named("rma:", x.RMAID), named("return:", x.ReceiptID))
	case *ReturnClosedNotReceived:
		return first(orderThread(x.OrderID), named("credit:", x.CreditMemoID), named("rma:", x.RMAID))
	}
	return paymentThread(e)
}

func paymentThread(e Event) string {
	switch x := e.(type) {
	case *PaymentAuthorized:
		return first(orderThread(x.OrderID), named("payment:", x.PaymentID), named("authorization:", x.AuthorizationID))
	case *PaymentVoided:
		return first(orderThread(x.OrderID), named("payment:", x.PaymentID), named("authorization:", x.AuthorizationID))
	case *PaymentCaptured:
		return first(orderThread(x.OrderID), named("payment:", x.PaymentID))
	case *PaymentCaptureFailed:
		return first(orderThread(x.OrderID), named("payment:", x.PaymentID))
	case *RefundFailed:
		return first(orderThread(x.OrderID), named("credit:", x.CreditMemoID), named("payment:", x.PaymentID), named("refund:", x.RefundID))
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
	case *DisputeWon:
		return "payment:" + x.PaymentID
	case *DisputeLost:
		return "payment:" + x.PaymentID
	case *PayoutPaid:
		return "payout:" + x.PayoutID
	case *PayoutFailed:
		return "payout:" + x.PayoutID
	case *BankStatementLineMatched:
		return "bank:" + x.BankAccount + ":" + x.LineID
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
