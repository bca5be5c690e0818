package admission

import (
	"slices"
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

func dollars(n string) schemas.Money {
	return schemas.Money{Amount: schemas.MustDecimal(n), Currency: "USD"}
}

// waitingEvent is an event, what it waits for by domain.md §1.7, and what brings that.
type waitingEvent struct {
	event  schemas.Event
	waits  []string
	before []schemas.Event
	comes  []schemas.Event
}

func waitingMoves() []waitingEvent {
	o, s := order("O1"), ship("O1", "S1", "1")
	back := returned("O1", "T1", "", "1")
	back.Against, back.ShipmentID, back.ReturnedToSenderID = schemas.ReturnAgainstUNDELIVERED, "S1", "RTS1"
	rts := &schemas.ShipmentReturnedToSender{Meta: meta("rts", "RTS1"), ReturnID: "RTS1", ShipmentID: "S1", OrderID: "O1", Lines: []schemas.ReturningLine{{ShipmentLineID: "a", Quantity: qty("1")}}}
	closing := &schemas.ReturnClosedNotReceived{Meta: meta("closing", "N1"), ClosingID: "N1", RMAID: "RMA", OrderID: "O1", CreditMemoID: "C1", Outcome: schemas.NotReceivedOutcomeWRITTEN_OFF,
		Lines: []schemas.NotReceivedLine{{LineID: "r", Quantity: qty("1")}}}
	reservation := reserve("", "R1", "3")
	reservation.TransferID = "T1"
	return []waitingEvent{
		{delivered("X1", "S1"), []string{"shipment:S1"}, []schemas.Event{o}, []schemas.Event{s}},
		{&schemas.ShipmentDeliveryFailed{Meta: meta("attempt", "X1"), AttemptID: "X1", ShipmentID: "S1", OrderID: "O1", Reason: "away"}, []string{"shipment:S1"}, []schemas.Event{o}, []schemas.Event{s}},
		{&schemas.ShipmentLost{Meta: meta("loss", "X1"), LossID: "X1", ShipmentID: "S1", OrderID: "O1", Liable: schemas.LiablePartyNOBODY}, []string{"shipment:S1"}, []schemas.Event{o}, []schemas.Event{s}},
		{rts, []string{"shipment:S1"}, []schemas.Event{o}, []schemas.Event{s}},
		{back, []string{"returning:RTS1"}, []schemas.Event{o, s}, []schemas.Event{rts}},
		{billed("B1", "5"), []string{"shipment:S1"}, []schemas.Event{o}, []schemas.Event{s}},
		{closing, []string{"rma:RMA", "credit:C1"}, []schemas.Event{o, s}, []schemas.Event{authorise("RMA", "1"), credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, "1")}},
		{dispatch("D1", "3"), []string{"reservation:R1"}, nil, []schemas.Event{reservation}},
		{arrive("A1", "D1", "2"), []string{"dispatch:D1"}, []schemas.Event{reservation}, []schemas.Event{dispatch("D1", "3")}},
		{&schemas.ShipmentVoided{Meta: void("V1", s).Meta, VoidID: "V1", ShipmentID: "S1", OrderID: "O1", Reason: "label"}, []string{"event:" + s.Meta.EventID.String()}, []schemas.Event{o}, []schemas.Event{s}},
		{authorise("RMA", "1"), []string{"order"}, nil, []schemas.Event{o}},
		{&schemas.CancellationRequested{Meta: meta("cancellation", "Q1"), OrderID: "O1", CancellationID: "Q1", Reason: "test", By: "CUSTOMER",
			Lines: []schemas.RequestedCancellation{{LineID: "1", Quantity: qty("1")}}}, []string{"order"}, nil, []schemas.Event{o}},
	}
}

func waitingMoney() []waitingEvent {
	o, r, c := order("O1"), refund("O1", "F1", "5", schemas.SettlesCUSTOMER_DEPOSIT), capture("O1", "P1", "5")
	opened := &schemas.DisputeOpened{Meta: meta("dispute", "D1"), DisputeID: "D1", PaymentID: "P1", PSP: "psp", ReasonCode: "x", Amount: dollars("5")}
	return []waitingEvent{
		{&schemas.DisputeWon{Meta: meta("dispute", "D1 won"), DisputeID: "D1", PaymentID: "P1", PSP: "psp", Amount: dollars("5")}, []string{"dispute:D1"}, nil, []schemas.Event{opened}},
		{&schemas.RefundFailed{Meta: void("V1", r).Meta, FailureID: "V1", RefundID: "F1", OrderID: "O1", Amount: r.Amount, Reason: "closed"}, []string{"event:" + r.Meta.EventID.String()}, []schemas.Event{o}, []schemas.Event{r}},
		{&schemas.PaymentCaptureFailed{Meta: void("V2", c).Meta, FailureID: "V2", PaymentID: "P1", OrderID: "O1", Method: c.Method, Amount: c.Amount, Reason: "declined"}, []string{"event:" + c.Meta.EventID.String()}, []schemas.Event{o}, []schemas.Event{c}},
		{&schemas.ReceivableRecovered{Meta: meta("recovery", "X1"), RecoveryID: "X1", OrderID: "O1", Amount: dollars("5")}, []string{"order"}, nil, []schemas.Event{o}},
		{&schemas.GiftCardRevoked{Meta: meta("card", "X1"), RevocationID: "X1", CardRef: "G1", OrderID: "O1", CreditMemoID: "C1", Amount: dollars("5"), Settles: schemas.SettlesCREDIT_MEMO}, []string{"order"}, nil, []schemas.Event{o}},
	}
}

// What is on its way, goes back, or takes a fact back, waits for what it names, and for nothing else (domain.md §1.7).
func TestWhatMovesWaitsForWhatItNames(t *testing.T) {
	for _, c := range slices.Concat(waitingMoves(), waitingMoney()) {
		k := newDesk(t)
		k.say(c.before...)
		k.say(c.event)
		if held, want := k.held(), c.event.EventType()+" waits for "+strings.Join(c.waits, ", "); len(held) != 1 || held[0] != want {
			t.Errorf("%s: held %q, want %q; letters %q", c.event.EventType(), held, want, k.reasons())
			continue
		}
		k.say(c.comes...)
		if len(k.held()) > 0 || len(k.letters) > 0 {
			t.Errorf("%s: held %q, letters %q", c.event.EventType(), k.held(), k.reasons())
		}
		if got := k.canonical[len(k.canonical)-1]; got.EventType() != c.event.EventType() {
			t.Errorf("last admitted: %s, want %s", got.EventType(), c.event.EventType())
		}
	}
}

// Fees, settlements, payouts, bank lines, remittances, and what only concerns stock wait for nothing.
func TestWhatWaitsForNothing(t *testing.T) {
	on := schemas.Date(20_500)
	more := qty("5")
	for _, e := range []schemas.Event{
		&schemas.PSPFeeCharged{Meta: meta("fee", "1"), FeeID: "1", PSP: "psp", FeeType: schemas.PSPFeeTypeFEE, Amount: dollars("1"), PaymentID: "P1"},
		&schemas.PaymentSettled{Meta: meta("settlement", "1"), SettlementID: "1", BatchID: "B1", PSP: "psp", Kind: schemas.SettledKindPAYMENT, PaymentID: "P1", OrderID: "O9",
			Gross: dollars("5"), Net: schemas.MustDecimal("5")},
		&schemas.PayoutPaid{Meta: meta("payout", "1"), PayoutID: "1", BatchID: "B1", PSP: "psp", Amount: dollars("5")},
		&schemas.PayoutFailed{Meta: meta("payout", "2"), FailureID: "F", PayoutID: "2", BatchID: "B1", PSP: "psp", Amount: dollars("5"), Reason: "unknown"},
		&schemas.BankStatementLineMatched{Meta: meta("line", "1"), BankAccount: "b", LineID: "1", Amount: dollars("5"), Matched: schemas.MatchedKindPAYOUT, MatchedID: "9", OrderID: "O9"},
		&schemas.CustomerPaymentApplied{Meta: meta("remittance", "1"), RemittanceID: "1", Currency: "USD",
			Lines: []schemas.AppliedLine{{LineID: "1", InvoiceID: "I9", OrderID: "O9", Paid: schemas.MustDecimal("5")}}},
		&schemas.GiftCardBreakageRecognised{Meta: meta("breakage", "1"), BreakageID: "1", CardRef: "G1", Amount: dollars("5")},
		&schemas.InventoryExpected{Meta: meta("po", "1"), ExpectationID: "PO", DocumentType: schemas.InboundDocumentPURCHASE_ORDER,
			Lines: []schemas.ExpectedLine{{LineID: "1", Stock: stock("A"), Quantity: qty("4"), DueDate: on}}},
		&schemas.InventoryExpectationChanged{Meta: meta("po", "2"), ExpectationID: "P2", ChangeID: "2",
			Lines: []schemas.ChangedExpectation{{LineID: "1", Stock: stock("A"), Before: qty("4"), After: more, DueBefore: on, DueAfter: on + 1}}},
		&schemas.InventoryStatusChanged{Meta: meta("status", "1"), ChangeID: "1", Reason: "test", Lines: []schemas.StatusLine{{LineID: "1", Stock: stock("A"), Quantity: more,
			FromStatus: schemas.StockStatusAVAILABLE, ToStatus: schemas.StockStatusBLOCKED}}},
	} {
		k := newDesk(t)
		k.say(e)
		if len(k.held())+len(k.letters) > 0 || len(k.canonical) != 1 {
			t.Errorf("%s: held %q, letters %q, %d admitted", e.EventType(), k.held(), k.reasons(), len(k.canonical))
		}
	}
}

// What closes a return that never came gives up the cost that its credit memo recognised, not the standard of its own day.
func TestClosedReturnTakesTheCreditsCost(t *testing.T) {
	k := newDesk(t)
	memo := credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, "1")
	memo.Lines[0].ShipmentID, memo.Lines[0].ShipmentLineID = "S1", "a"
	closing := &schemas.ReturnClosedNotReceived{Meta: meta("closing", "N1"), ClosingID: "N1", RMAID: "RMA", OrderID: "O1", CreditMemoID: "C1",
		Outcome: schemas.NotReceivedOutcomeBILLED_AGAIN, Lines: []schemas.NotReceivedLine{{LineID: "r", CreditMemoLineID: "a", Quantity: qty("1")}}}
	k.say(order("O1"), ship("O1", "S1", "1"))
	dearer := item("A", "20")
	dearer.Version, dearer.EffectiveFrom = "2", schemas.DateOf(start.Time())-1
	k.refer(dearer)
	k.say(closing, authorise("RMA", "1"), memo)
	k.clean(0)
	got := last[*schemas.ReturnClosedNotReceived](k).Lines[0]
	same(t, "cost", got.Cost.CostAmount, "14.125")
	same(t, "expected_consumed", got.ExpectedConsumed.V, "1")
	if got.OrderLineID != "1" || got.Stock.SKU != "A" {
		t.Errorf("closed line %+v, want what was authorised", got)
	}
}

// A remittance in another currency must say at which rate each invoice was booked; in the books' own it need not.
func TestRemittanceSaysTheBookedRate(t *testing.T) {
	applied := func(currency string, booked *schemas.Fx) *schemas.CustomerPaymentApplied {
		return &schemas.CustomerPaymentApplied{Meta: meta("remittance", currency), RemittanceID: "R", Currency: currency,
			Lines: []schemas.AppliedLine{{LineID: "1", InvoiceID: "I1", Paid: schemas.MustDecimal("5"), BookedFX: booked}}}
	}
	rate := &schemas.Fx{TxnCurrency: "EUR", FunctionalCurrency: "USD", Rate: schemas.MustDecimal("1.1"), RateType: schemas.RateTypeSPOT, RateSource: "ECB"}
	k := newDesk(t)
	k.refer(&schemas.ReferenceRate{Base: "EUR", Quote: "USD", RateDate: schemas.DateOf(start.Time()), Version: "1", Rate: schemas.MustDecimal("1.2"), Source: "ECB"})
	k.say(applied("USD", nil))
	k.clean(0)
	k.say(applied("EUR", nil))
	k.died(schemas.DeadLetterClassCONTRACT, "booked_fx is missing")
	k.say(again(applied("EUR", rate)))
	k.clean(0)
	if got := last[*schemas.CustomerPaymentApplied](k).FX; got == nil || !got.Rate.Equal(schemas.MustDecimal("1.2")) {
		t.Errorf("the payment's own rate is %+v, want the spot of its day", got)
	}
}
