package admission

import (
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
	case *schemas.EventVoided:
		need("event:" + x.Meta.Correction.CorrectedEventID.String())
	default:
		needDocuments(need, e)
	}
	return needs
}

func needDocuments(need func(string), e schemas.Event) {
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
		if x.OrderID == "" {
			return
		}
		// The issue cost that it quotes is the shipment's: whatever is valued waits for its value.
		for i := range x.Lines {
			needNamed(need, "shipment:", x.Lines[i].ShipmentID)
		}
	case *schemas.RefundIssued:
		if x.Settles == schemas.SettlesCREDIT_MEMO {
			needNamed(need, "credit:", x.CreditMemoID)
		}
		if x.Settles == "" {
			need("settles: tell what the refund settles (CREDIT_MEMO, CUSTOMER_DEPOSIT or RECEIVABLE)")
		}
	}
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
	switch x := e.(type) {
	case *schemas.OrderAccepted:
		return x.OrderID
	case *schemas.OrderLineCancelled:
		return x.OrderID
	case *schemas.InventoryReserved:
		return x.OrderID
	case *schemas.InventoryReservationReleased:
		return x.OrderID
	case *schemas.FulfillmentPicked:
		return x.OrderID
	case *schemas.FulfillmentPacked:
		return x.OrderID
	case *schemas.FulfillmentShortShipped:
		return x.OrderID
	case *schemas.ShipmentShipped:
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
	}
	return ""
}
