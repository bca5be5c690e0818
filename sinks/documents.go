package sinks

import (
	"slices"
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
	case *schemas.OrderChanged:
		return to.with("order_id", x.OrderID).with("change_id", x.ChangeID)
	case *schemas.OrderLineCancelled:
		return to.with("order_id", x.OrderID).with("cancellation_id", x.CancellationID)
	case *schemas.OrderClosed:
		return to.with("order_id", x.OrderID).with("closing_id", x.ClosingID)
	case *schemas.CancellationRequested:
		return to.with("order_id", x.OrderID).with("cancellation_id", x.CancellationID)
	case *schemas.FulfillmentReleased:
		return to.with("order_id", x.OrderID).with("fulfillment_id", x.FulfillmentID)
	case *schemas.FulfillmentPicked:
		return to.with("order_id", x.OrderID).with("fulfillment_id", x.FulfillmentID)
	case *schemas.FulfillmentPacked:
		return to.with("order_id", x.OrderID).with("fulfillment_id", x.FulfillmentID)
	case *schemas.FulfillmentShortShipped:
		return to.with("order_id", x.OrderID).with("fulfillment_id", x.FulfillmentID).with("short_id", x.ShortID)
	case *schemas.FulfillmentStopConfirmed:
		return to.with("order_id", x.OrderID).with("fulfillment_id", x.FulfillmentID).with("cancellation_id", x.CancellationID).with("stop_id", x.StopID)
	case *schemas.FulfillmentStopRejected:
		return to.with("order_id", x.OrderID).with("fulfillment_id", x.FulfillmentID).with("cancellation_id", x.CancellationID).with("stop_id", x.StopID)
	case *schemas.ShipmentShipped:
		return to.with("order_id", x.OrderID).with("shipment_id", x.ShipmentID).with("fulfillment_id", x.FulfillmentID)
	case *schemas.ShipmentVoided:
		return to.with("order_id", x.OrderID).with("shipment_id", x.ShipmentID).with("void_id", x.VoidID)
	case *schemas.ShipmentDelivered:
		return to.with("order_id", x.OrderID).with("shipment_id", x.ShipmentID).with("delivery_id", x.DeliveryID)
	case *schemas.ShipmentDeliveryFailed:
		return to.with("order_id", x.OrderID).with("shipment_id", x.ShipmentID).with("attempt_id", x.AttemptID)
	case *schemas.ShipmentReturnedToSender:
		return to.with("order_id", x.OrderID).with("shipment_id", x.ShipmentID).with("return_id", x.ReturnID)
	case *schemas.ShipmentLost:
		return to.with("order_id", x.OrderID).with("shipment_id", x.ShipmentID).with("loss_id", x.LossID).with("claim_id", x.ClaimID)
	}
	return stockDocuments(to, e)
}

func stockDocuments(to refs, e schemas.Event) refs {
	switch x := e.(type) {
	case *schemas.InventoryExpected:
		return to.with("expectation_id", x.ExpectationID)
	case *schemas.InventoryExpectationChanged:
		return to.with("expectation_id", x.ExpectationID).with("change_id", x.ChangeID)
	case *schemas.InventoryReceived:
		return to.with("receipt_id", x.ReceiptID)
	case *schemas.InventoryReserved:
		return to.with("order_id", x.OrderID).with("reservation_id", x.ReservationID).with("transfer_id", x.TransferID)
	case *schemas.InventoryReservationReleased:
		return to.with("order_id", x.OrderID).with("reservation_id", x.ReservationID).with("transfer_id", x.TransferID).with("release_id", x.ReleaseID)
	case *schemas.InventoryAdjusted:
		return to.with("adjustment_id", x.AdjustmentID)
	case *schemas.InventoryStatusChanged:
		return to.with("change_id", x.ChangeID)
	case *schemas.InventoryTransferDispatched:
		return to.with("transfer_id", x.TransferID).with("dispatch_id", x.DispatchID)
	case *schemas.InventoryTransferReceived:
		return to.with("transfer_id", x.TransferID).with("dispatch_id", x.DispatchID).with("receipt_id", x.ReceiptID)
	case *schemas.InventorySnapshotTaken:
		return to.with("snapshot_id", x.SnapshotID)
	case *schemas.InventoryCostRevalued:
		return to.with("revaluation_id", x.RevaluationID)
	case *schemas.InventoryPolicyChanged:
		return to.with("change_id", x.ChangeID)
	case *schemas.ReturnAuthorised:
		return to.with("order_id", x.OrderID).with("rma_id", x.RMAID).with("credit_memo_id", x.CreditMemoID)
	case *schemas.ReturnReceived:
		return to.with("order_id", x.OrderID).with("receipt_id", x.ReceiptID).with("rma_id", x.RMAID).with("credit_memo_id", x.CreditMemoID).with("shipment_id", x.ShipmentID).
			with("returned_to_sender_id", x.ReturnedToSenderID)
	case *schemas.ReturnDispositioned:
		return to.with("order_id", x.OrderID).with("receipt_id", x.ReceiptID).with("rma_id", x.RMAID).with("credit_memo_id", x.CreditMemoID).with("disposition_id", x.DispositionID)
	case *schemas.ReturnClosedNotReceived:
		return to.with("order_id", x.OrderID).with("rma_id", x.RMAID).with("credit_memo_id", x.CreditMemoID).with("closing_id", x.ClosingID)
	case *schemas.EventVoided:
		return to.with("void_id", x.VoidID)
	case *schemas.RuleSuperseded:
		return to.with("plan_id", x.PlanID)
	}
	return moneyDocuments(to, e)
}

func moneyDocuments(to refs, e schemas.Event) refs {
	switch x := e.(type) {
	case *schemas.PaymentAuthorized:
		return to.with("order_id", x.OrderID).with("payment_id", x.PaymentID).with("authorization_id", x.AuthorizationID)
	case *schemas.PaymentVoided:
		return to.with("order_id", x.OrderID).with("payment_id", x.PaymentID).with("authorization_id", x.AuthorizationID).with("void_id", x.VoidID)
	case *schemas.PaymentCaptured:
		return to.with("order_id", x.OrderID).with("payment_id", x.PaymentID).with("invoice_id", x.InvoiceID)
	case *schemas.PaymentCaptureFailed:
		return to.with("order_id", x.OrderID).with("payment_id", x.PaymentID).with("failure_id", x.FailureID)
	case *schemas.RefundFailed:
		return to.with("order_id", x.OrderID).with("refund_id", x.RefundID).with("payment_id", x.PaymentID).with("credit_memo_id", x.CreditMemoID).with("failure_id", x.FailureID)
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
	case *schemas.DisputeWon:
		return to.with("order_id", x.OrderID).with("dispute_id", x.DisputeID).with("payment_id", x.PaymentID)
	case *schemas.DisputeLost:
		return to.with("order_id", x.OrderID).with("dispute_id", x.DisputeID).with("payment_id", x.PaymentID).with("credit_memo_id", x.CreditMemoID)
	case *schemas.PayoutPaid:
		return to.with("payout_id", x.PayoutID).with("batch_id", x.BatchID)
	case *schemas.PayoutFailed:
		return to.with("payout_id", x.PayoutID).with("batch_id", x.BatchID).with("failure_id", x.FailureID)
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
	default:
		return receivableDocuments(to, e)
	}
}

func receivableDocuments(to refs, e schemas.Event) refs {
	switch x := e.(type) {
	case *schemas.InvoiceIssued:
		return to.with("order_id", x.OrderID).with("invoice_id", x.InvoiceID)
	case *schemas.CreditMemoIssued:
		return to.with("order_id", x.OrderID).with("credit_memo_id", x.CreditMemoID).with("invoice_id", x.InvoiceID).with("rma_id", x.RMAID)
	case *schemas.ReceivableWrittenOff:
		return to.with("order_id", x.OrderID).with("invoice_id", x.InvoiceID).with("write_off_id", x.WriteOffID)
	case *schemas.GiftCardSold:
		return to.with("order_id", x.OrderID).with("invoice_id", x.InvoiceID).with("sale_id", x.SaleID)
	case *schemas.ReceivableRecovered:
		return to.with("order_id", x.OrderID).with("invoice_id", x.InvoiceID).with("write_off_id", x.WriteOffID).with("recovery_id", x.RecoveryID)
	case *schemas.ReceivableReclassified:
		return to.with("order_id", x.OrderID).with("invoice_id", x.InvoiceID).with("reclassification_id", x.ReclassificationID)
	case *schemas.CustomerPaymentApplied:
		of := func(id func(*schemas.AppliedLine) string) string {
			return each(len(x.Lines), func(i int) string { return id(&x.Lines[i]) })
		}
		return to.with("remittance_id", x.RemittanceID).with("invoice_ids", of(func(l *schemas.AppliedLine) string { return l.InvoiceID })).
			with("order_ids", of(func(l *schemas.AppliedLine) string { return l.OrderID }))
	case *schemas.GiftCardRevoked:
		return to.with("order_id", x.OrderID).with("invoice_id", x.InvoiceID).with("credit_memo_id", x.CreditMemoID).with("revocation_id", x.RevocationID)
	case *schemas.GiftCardBreakageRecognised:
		return to.with("breakage_id", x.BreakageID)
	case *schemas.FreightCostBilled:
		return to.with("order_id", x.OrderID).with("bill_id", x.BillID).with("shipment_ids", each(len(x.Shipments), func(i int) string { return x.Shipments[i].ShipmentID }))
	}
	return to
}

// each joins the ids that n lines name, each once, by spaces: a document about several others is no one of them's.
func each(n int, id func(int) string) string {
	var all []string
	for i := range n {
		if s := id(i); s != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return strings.Join(all, " ")
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
