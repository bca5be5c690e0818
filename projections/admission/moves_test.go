package admission

import (
	"testing"
	"time"

	"github.com/throughline/throughline/schemas"
)

var due = schemas.Some(schemas.DateOf(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)))

func dispatch(id, n string) *schemas.InventoryTransferDispatched {
	return &schemas.InventoryTransferDispatched{Meta: meta("dispatch", id), TransferID: "T1", DispatchID: id, FromLocation: "DC1", ToLocation: "DC2", Eta: due,
		Lines: []schemas.DispatchedLine{{LineID: "1", Stock: stock("A"), Quantity: qty(n), ReservationID: "R1"}}}
}

func arrive(id, dispatch, n string) *schemas.InventoryTransferReceived {
	return &schemas.InventoryTransferReceived{Meta: meta("transfer receipt", id), TransferID: "T1", ReceiptID: id, DispatchID: dispatch, ToLocation: "DC2",
		Lines: []schemas.TransferredLine{{LineID: "1", Stock: schemas.StockRef{SKU: "A", Location: "DC2"}, Quantity: qty(n)}}}
}

// A transfer's receipt waits for its dispatch, which waits for its reservation; both are valued alike, and what was on its way is used up once.
func TestTransfer(t *testing.T) {
	k := newDesk(t)
	k.say(arrive("A1", "D1", "2"), dispatch("D1", "3"))
	if len(k.held()) != 2 {
		t.Fatalf("held %q, want both", k.held())
	}
	r := reserve("", "R1", "3")
	r.TransferID = "T1"
	k.say(r)
	k.clean(0)
	same(t, "reserved_consumed", last[*schemas.InventoryTransferDispatched](k).Lines[0].ReservedConsumed.V, "3")
	got := last[*schemas.InventoryTransferReceived](k).Lines[0]
	same(t, "expected_consumed", got.ExpectedConsumed.V, "2")
	same(t, "cost", got.Cost.CostAmount, "28.2500")
	if got.ExpectedDate != due {
		t.Errorf("expected_date %v, want the dispatch's", got.ExpectedDate)
	}
	k.say(arrive("A2", "D1", "2"))
	k.clean(1) // one more than was on its way
	same(t, "expected_consumed", last[*schemas.InventoryTransferReceived](k).Lines[0].ExpectedConsumed.V, "1")
}

func delivered(id, shipment string) *schemas.ShipmentDelivered {
	return &schemas.ShipmentDelivered{Meta: meta("delivery", id), DeliveryID: id, ShipmentID: shipment, OrderID: "O1"}
}

// Goods that are ours until they arrive leave their way once: delivered, lost or brought back.
func TestGoodsAtDeliveryTermsLeaveTheirWayOnce(t *testing.T) {
	lose := func(id, shipment string) *schemas.ShipmentLost {
		return &schemas.ShipmentLost{Meta: meta("loss", id), LossID: id, ShipmentID: shipment, OrderID: "O1", Liable: schemas.LiablePartyCARRIER}
	}
	back := func(id, shipment string) *schemas.ReturnReceived {
		r := returned("O1", id, shipment, "2")
		r.Against, r.ShipmentID = schemas.ReturnAgainstUNDELIVERED, shipment
		return r
	}
	ends := map[string]func(id string) schemas.Event{
		"delivered": func(id string) schemas.Event { return delivered(id, "S1") },
		"lost":      func(id string) schemas.Event { return lose(id, "S1") },
		"back":      func(id string) schemas.Event { return back(id, "S1") },
	}
	for first, one := range ends {
		for second, other := range ends {
			k := newDesk(t)
			o := order("O1")
			o.Control = schemas.ControlTransfer{Point: schemas.TransferPointAT_DELIVERY}
			k.say(o, one("X1"), ship("O1", "S1", "2"))
			k.clean(0)
			k.say(other("X2"))
			k.died(schemas.DeadLetterClassCONTRACT, "delivered, lost or brought back before")
			k.say(void("V1", one("X1")), other("X3"))
			if len(k.letters) > 0 {
				t.Errorf("%s, voided, then %s: %q", first, second, k.reasons())
			}
		}
	}
}

// A delivery copies what its shipment says, whole.
func TestDeliveryCopiesTheShipment(t *testing.T) {
	k := newDesk(t)
	k.say(order("O1"), ship("O1", "S1", "2"), delivered("X1", "S1"))
	k.clean(0)
	s, d := last[*schemas.ShipmentShipped](k), last[*schemas.ShipmentDelivered](k)
	if len(d.Lines) != 1 || d.Currency != "USD" || d.Lines[0].OrderLineID != "1" || !d.Lines[0].Amounts.Total.Equal(s.Lines[0].Amounts.Total) ||
		!d.Lines[0].Cost.CostAmount.Equal(s.Lines[0].Cost.CostAmount) || !d.Lines[0].Quantity.BaseQty.Equal(schemas.MustDecimal("2")) {
		t.Errorf("delivered %+v", d.Lines)
	}
	partly := delivered("X2", "S1")
	one := qty("1")
	partly.Lines = []schemas.DeliveredLine{{ShipmentLineID: "a", Quantity: &one}}
	k.say(partly)
	k.died(schemas.DeadLetterClassCONTRACT, "delivered whole")
}

func authorise(id, n string) *schemas.ReturnAuthorised {
	return &schemas.ReturnAuthorised{Meta: meta("rma", id), RMAID: id, OrderID: "O1", Reason: "test", Policy: schemas.RefundPolicyON_RECEIPT, ExpectedDate: due,
		Lines: []schemas.AuthorisedLine{{LineID: "r", OrderLineID: "1", Stock: stock("A"), Quantity: qty(n)}}}
}

// A return waits for the authorisation it names, uses up what was expected under its date, and a closing ends the rest.
func TestReturnUsesUpWhatWasExpected(t *testing.T) {
	k := newDesk(t)
	r := returned("O1", "RR", "S1", "1")
	r.RMAID = "RMA"
	k.say(order("O1"), ship("O1", "S1", "3"), r)
	if len(k.held()) != 1 {
		t.Fatalf("held %q, want the return", k.held())
	}
	k.say(authorise("RMA", "3"))
	k.clean(0)
	got := last[*schemas.ReturnReceived](k).Lines[0]
	same(t, "expected_consumed", got.ExpectedConsumed.V, "1")
	if got.ExpectedDate != due {
		t.Errorf("expected_date %v, want the authorisation's", got.ExpectedDate)
	}
	k.say(&schemas.ReturnClosedNotReceived{Meta: meta("closing", "C1"), ClosingID: "C1", RMAID: "RMA", OrderID: "O1", Outcome: schemas.NotReceivedOutcomeWRITTEN_OFF,
		Lines: []schemas.NotReceivedLine{{LineID: "r", Quantity: qty("2")}}})
	k.clean(0)
	closed := last[*schemas.ReturnClosedNotReceived](k).Lines[0]
	same(t, "ended", closed.ExpectedConsumed.V, "2")
	same(t, "cost", closed.Cost.CostAmount, "28.25")
}

// S42: partial captures, an authorization that is let go, and what is captured beyond it.
func TestS42CapturesWithinTheAuthorization(t *testing.T) {
	dollars := func(n string) schemas.Money { return schemas.Money{Amount: schemas.MustDecimal(n), Currency: "USD"} }
	authorized := &schemas.PaymentAuthorized{Meta: meta("authorization", "A1"), AuthorizationID: "A1", PaymentID: "P1", OrderID: "O1", Method: schemas.PaymentMethodCARD, Amount: dollars("100")}
	letGo := func(id, n string) schemas.Event {
		return &schemas.PaymentVoided{Meta: meta("authorization void", id), VoidID: id, AuthorizationID: "A1", PaymentID: "P1", OrderID: "O1", Amount: dollars(n)}
	}
	part := func(id, n string) schemas.Event {
		c := capture("O1", id, n)
		c.PaymentID = "P1"
		return c
	}
	k := newDesk(t)
	k.say(order("O1"), authorized, part("C1", "60"), part("C2", "25"), letGo("V1", "15"))
	k.clean(0)
	k.say(letGo("V2", "15"))
	k.clean(1) // the hold is released once
	k.say(part("C3", "0.01"))
	k.clean(2)
	k = newDesk(t)
	k.say(order("O1"), part("C1", "60")) // nobody said what was authorized
	k.clean(0)
}

// A payout that failed is taken back at the rate at which it was booked, which only its source knows.
func TestPayoutFailedAbroadSaysItsRate(t *testing.T) {
	failed := func(id, currency string) *schemas.PayoutFailed {
		return &schemas.PayoutFailed{Meta: meta("payout failure", id), FailureID: id, PayoutID: "P1", BatchID: "B1", PSP: "psp", Reason: "closed",
			Amount: schemas.Money{Amount: schemas.MustDecimal("97"), Currency: currency}}
	}
	k := newDesk(t)
	k.say(failed("F1", "USD"))
	k.clean(0)
	k.say(failed("F2", "EUR"))
	k.died(schemas.DeadLetterClassCONTRACT, "booked_fx is missing")
}

func billed(id, n string) *schemas.FreightCostBilled {
	return &schemas.FreightCostBilled{Meta: meta("freight bill", id), BillID: id, Carrier: "UPS", OrderID: "O1", Amount: schemas.Money{Amount: schemas.MustDecimal(n), Currency: "USD"},
		Shipments: []schemas.BilledShipment{{ShipmentID: "S1", Amount: schemas.MustDecimal(n)}}}
}

// The first bill takes off what the shipment accrued; a voided one leaves it to the next.
func TestFreightAccrualIsTakenOffOnce(t *testing.T) {
	k := newDesk(t)
	s := ship("O1", "S1", "1")
	s.LabelPrice = &schemas.Money{Amount: schemas.MustDecimal("6.40"), Currency: "USD"}
	first := billed("B1", "7")
	k.say(order("O1"), first, s)
	k.clean(0)
	if got := last[*schemas.FreightCostBilled](k).Shipments[0]; got.Accrued == nil || !got.Accrued.Amount.Equal(schemas.MustDecimal("6.40")) || got.AccruedFunctional.Currency != "USD" {
		t.Fatalf("accrued %+v", got.Accrued)
	}
	k.say(billed("B2", "1"))
	if got := last[*schemas.FreightCostBilled](k).Shipments[0]; got.Accrued != nil {
		t.Errorf("the second bill takes off %s once more", got.Accrued.Amount.Text())
	}
	k.say(void("V1", first), billed("B3", "7"))
	k.clean(0)
	if got := last[*schemas.FreightCostBilled](k).Shipments[0]; got.Accrued == nil {
		t.Error("B1 is taken back, and with it what it took off: B3 must take it off")
	}
}
