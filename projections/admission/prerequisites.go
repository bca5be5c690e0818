package admission

import (
	"cmp"
	"slices"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// missing lists what e waits for and has not come (domain.md §1.7). Nothing else waits.
func (t *thread) missing(e schemas.Event) []string {
	var needs []string
	need := func(fact string) {
		if !t.satisfied(fact) && !slices.Contains(needs, fact) {
			needs = append(needs, fact)
		}
	}
	if id := orderOf(e); id != "" && e.EventType() != "order.accepted" {
		need("order")
	}
	switch x := e.(type) {
	case *schemas.InventoryReservationReleased:
		need("reservation:" + x.ReservationID)
	case *schemas.ShipmentShipped:
		for i := range x.Lines {
			needNamed(need, "reservation:", x.Lines[i].ReservationID)
		}
	case *schemas.FulfillmentShortShipped:
		for i := range x.Lines {
			needNamed(need, "reservation:", x.Lines[i].ReservationID)
		}
	case *schemas.ReturnDispositioned:
		need("receipt:" + x.ReceiptID)
	case *schemas.DisputeLost:
		need("dispute:" + x.DisputeID)
	case *schemas.DisputeWon:
		need("dispute:" + x.DisputeID)
	default:
		t.needDocuments(need, e)
	}
	needNamed(need, "version:", quotedVersion(e))
	if schemas.Corrects(e) {
		need("event:" + e.Header().Correction.CorrectedEventID.String())
	}
	return needs
}

// quotedVersion is the order version that an event was made by, where it says so: what a change of the order alters must not be sliced by what stood before it.
func quotedVersion(e schemas.Event) string {
	switch x := e.(type) {
	case *schemas.FulfillmentReleased:
		return x.OrderVersion
	case *schemas.FulfillmentShortShipped:
		return x.OrderVersion
	case *schemas.ShipmentShipped:
		return x.OrderVersion
	case *schemas.OrderLineCancelled:
		return x.OrderVersion
	case *schemas.OrderChanged:
		return x.PreviousVersion
	case *schemas.InventoryReserved:
		return x.OrderVersion
	case *schemas.InvoiceIssued:
		return x.OrderVersion
	}
	return ""
}

func (t *thread) needDocuments(need func(string), e schemas.Event) {
	switch x := e.(type) {
	case *schemas.InvoiceIssued:
		if x.OrderID == "" {
			return // an invoice without an order is never held
		}
		for i := range x.Lines {
			if x.Lines[i].Kind == schemas.LineKindGOODS || x.Lines[i].Kind == "" {
				needNamed(need, "shipment:", x.Lines[i].ShipmentID)
			}
		}
	case *schemas.CreditMemoIssued:
		if x.OrderID == "" {
			return // nor a credit note
		}
		needNamed(need, "invoice:", x.InvoiceID)
		for i := range x.Lines {
			needNamed(need, "shipment:", x.Lines[i].ShipmentID)
		}
	case *schemas.ReturnReceived:
		if x.OrderID != "" || x.CreditMemoID == "" { // else it stands in the credit memo's thread, and the authorisation that came before that in its own
			needNamed(need, "rma:", x.RMAID)
		}
		if x.Against == schemas.ReturnAgainstCREDITED {
			needNamed(need, "credit:", x.CreditMemoID) // the cost that comes back to stock is what the memo put on 1260: whatever is valued waits for its value
		}
		if x.OrderID == "" {
			return
		}
		// The issue cost that it quotes is the shipment's: whatever is valued waits for its value.
		for i := range x.Lines {
			needNamed(need, "shipment:", x.Lines[i].ShipmentID)
		}
		needNamed(need, "returning:", x.ReturnedToSenderID)
		if x.Against == schemas.ReturnAgainstUNDELIVERED {
			needNamed(need, "shipment:", x.ShipmentID)
		}
	case *schemas.RefundIssued:
		if x.Settles == schemas.SettlesCREDIT_MEMO {
			needNamed(need, "credit:", x.CreditMemoID)
		}
		if x.Settles == "" {
			need("settles: tell what the refund settles (CREDIT_MEMO, CUSTOMER_DEPOSIT or RECEIVABLE)")
		}
	default:
		t.needMoves(need, e)
	}
}

// needMoves lists what goods on their way, between places or back, refer to.
func (t *thread) needMoves(need func(string), e schemas.Event) {
	switch x := e.(type) {
	case *schemas.ShipmentDelivered:
		need("shipment:" + x.ShipmentID)
	case *schemas.ShipmentDeliveryFailed:
		need("shipment:" + x.ShipmentID)
	case *schemas.ShipmentReturnedToSender:
		need("shipment:" + x.ShipmentID)
	case *schemas.ShipmentLost:
		need("shipment:" + x.ShipmentID)
	case *schemas.FreightCostBilled:
		for i := range x.Shipments {
			if !t.knows(leftFact(x.Shipments[i].ShipmentID)) { // a carrier bills the label of what was voided too
				need("shipment:" + x.Shipments[i].ShipmentID)
			}
		}
	case *schemas.InventoryTransferDispatched:
		for i := range x.Lines {
			needNamed(need, "reservation:", x.Lines[i].ReservationID)
		}
	case *schemas.InventoryTransferReceived:
		need("dispatch:" + dispatchOf(x)) // the cost that it quotes is the dispatch's: whatever is valued waits for its value
	case *schemas.ReturnClosedNotReceived:
		if x.OrderID != "" || x.CreditMemoID == "" {
			need("rma:" + x.RMAID)
		}
		needNamed(need, "credit:", x.CreditMemoID) // the cost that it gives up is the credit memo's
	}
}

// dispatchOf is the dispatch that a receipt of transferred goods answers: one that names none answers the transfer's only one.
func dispatchOf(x *schemas.InventoryTransferReceived) string {
	return cmp.Or(x.DispatchID, x.TransferID)
}

func needNamed(need func(string), prefix, id string) {
	if id != "" {
		need(prefix + id)
	}
}

// satisfied says whether a prerequisite has come. Reference data is asked for by completing the event, never here.
func (t *thread) satisfied(fact string) bool {
	if id, ok := strings.CutPrefix(fact, "event:"); ok {
		u, err := schemas.ParseUUID(id)
		return err == nil && t.admitted(u)
	}
	return t.knows(fact)
}

// admitted says whether the thread's canonical log holds an event.
func (t *thread) admitted(id schemas.UUID) bool {
	_, seen := t.seenOffset(id)
	return seen && !slices.ContainsFunc(t.progress.Holds, func(h schemas.ThreadHold) bool { return h.EventID == id })
}

// orderOf is the order that e belongs to, "" where it belongs to none.
func orderOf(e schemas.Event) string {
	if id, always := schemas.OrderOf(e); always {
		return id
	}
	switch x := e.(type) {
	case *schemas.InventoryReserved:
		return x.OrderID
	case *schemas.InventoryReservationReleased:
		return x.OrderID
	case *schemas.ReturnAuthorised:
		return x.OrderID
	case *schemas.ReturnClosedNotReceived:
		return x.OrderID
	case *schemas.ReturnReceived:
		return x.OrderID
	case *schemas.ReturnDispositioned:
		return x.OrderID
	}
	return moneyOrderOf(e)
}

func moneyOrderOf(e schemas.Event) string {
	switch x := e.(type) {
	case *schemas.InvoiceIssued:
		return x.OrderID
	case *schemas.CreditMemoIssued:
		return x.OrderID
	case *schemas.ReceivableWrittenOff:
		return x.OrderID
	case *schemas.GiftCardSold:
		return x.OrderID
	case *schemas.PaymentCaptured:
		return x.OrderID
	case *schemas.RefundIssued:
		return x.OrderID
	case *schemas.MarketplaceFeeCharged:
		return x.OrderID
	case *schemas.ReceivableRecovered:
		return x.OrderID
	case *schemas.ReceivableReclassified:
		return x.OrderID
	case *schemas.GiftCardRevoked:
		return x.OrderID
	case *schemas.FreightCostBilled:
		return x.OrderID
	case *schemas.PaymentAuthorized:
		return x.OrderID
	case *schemas.PaymentVoided:
		return x.OrderID
	case *schemas.PaymentCaptureFailed:
		return x.OrderID
	case *schemas.RefundFailed:
		return x.OrderID
	}
	return ""
}

// factsOf is what an admitted event lets others find.
func factsOf(e schemas.Event) string {
	switch x := e.(type) {
	case *schemas.OrderAccepted:
		return "order"
	case *schemas.InventoryReserved:
		return "reservation:" + x.ReservationID
	case *schemas.ShipmentShipped:
		return "shipment:" + x.ShipmentID
	case *schemas.InvoiceIssued:
		return "invoice:" + x.InvoiceID
	case *schemas.CreditMemoIssued:
		return "credit:" + x.CreditMemoID
	case *schemas.ReturnReceived:
		return "receipt:" + x.ReceiptID
	case *schemas.DisputeOpened:
		return "dispute:" + x.DisputeID
	case *schemas.DisputeWon:
		return movedFact("won", x.DisputeID, x.FX, "")
	case *schemas.PaymentCaptured:
		if failedCapture(x) {
			return ""
		}
		return movedFact("payment", x.PaymentID, x.FX, x.OrderID)
	case *schemas.RefundIssued:
		return movedFact("refund", x.RefundID, x.FX, cmp.Or(x.OrderID, x.CreditMemoID))
	case *schemas.InventoryTransferDispatched:
		return "dispatch:" + x.DispatchID
	case *schemas.ShipmentReturnedToSender:
		return "returning:" + x.ReturnID
	case *schemas.ReturnAuthorised:
		return "rma:" + x.RMAID
	}
	return ""
}

// notedOf is what an event lets be known beside its own document: the order's version, which shipments' freight was billed, a capture's failure, or that money or
// goods moved by a document that others need not find.
func notedOf(e schemas.Event) []string {
	version := ""
	switch x := e.(type) {
	case *schemas.OrderAccepted:
		version = x.OrderVersion
	case *schemas.OrderChanged:
		version = x.OrderVersion
	case *schemas.FreightCostBilled:
		var billed []string
		for i := range x.Shipments {
			if x.Shipments[i].Accrued != nil { // it takes the accrual off, so that no other bill does
				billed = append(billed, billedFact(x.Shipments[i].ShipmentID))
			}
		}
		return billed
	case *schemas.InventoryReceived:
		return []string{partOf("goods receipt:"+x.ReceiptID, len(x.Lines), func(i int) string { return x.Lines[i].LineID })}
	case *schemas.InventoryAdjusted:
		return []string{partOf("count:"+x.AdjustmentID, len(x.Lines), func(i int) string { return x.Lines[i].LineID })}
	case *schemas.InventoryTransferReceived:
		return []string{partOf("arrival:"+x.ReceiptID, len(x.Lines), func(i int) string { return x.Lines[i].LineID })}
	case *schemas.InventoryReservationReleased:
		return []string{partOf("release:"+x.ReleaseID, len(x.Lines), func(i int) string { return x.Lines[i].LineID })}
	case *schemas.OrderLineCancelled:
		return []string{partOf("cancellation:"+x.CancellationID, len(x.Lines), func(i int) string { return x.Lines[i].LineID })}
	case *schemas.FulfillmentShortShipped:
		return []string{partOf("short:"+x.ShortID, len(x.Lines), func(i int) string { return x.Lines[i].OrderLineID })}
	case *schemas.ReturnDispositioned:
		return []string{partOf("disposition:"+x.DispositionID, len(x.Lines), func(i int) string { return x.Lines[i].LineID })}
	case *schemas.RefundIssued:
		return []string{"refunded:" + x.RefundID}
	case *schemas.PayoutPaid:
		return []string{"paid out:" + x.PayoutID}
	case *schemas.DisputeWon:
		return []string{endedFact(x.DisputeID)}
	case *schemas.DisputeLost:
		return []string{endedFact(x.DisputeID)}
	case *schemas.PaymentCaptureFailed:
		if x.Meta.Correction == nil {
			return []string{failedFact(x.PaymentID, x.Amount, x.Meta.OccurredAt, x.Meta.EventID)}
		}
	}
	if version == "" {
		return nil
	}
	return []string{"version:" + version}
}

// partOf names a document with its lines, where one may be carried out line by line: what a customer cancelled in one request is stopped where it can be, and
// then the rest; a warehouse says line by line what it unloads.
func partOf(document string, n int, line func(int) string) string {
	lines := make([]string, n)
	for i := range n {
		lines[i] = line(i)
	}
	return document + "\x00" + schemas.NamedID(lines...).String()
}

func billedFact(shipment string) string { return "billed:" + shipment }

// leftFact says that a shipment was booked once, though it has been voided since.
func leftFact(shipment string) string { return "voided:shipment:" + shipment }
