package admission

import (
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// What one event puts on a control account, another one must find there: under the same key, at the same cost and at the same rate (domain.md §2.2, §2.8.3).

func atDelivery3() *schemas.OrderAccepted {
	o := order("O1")
	o.Control = schemas.ControlTransfer{Point: schemas.TransferPointAT_DELIVERY}
	return o
}

func amounts(net string) *schemas.LineAmounts {
	d := schemas.MustDecimal(net)
	return &schemas.LineAmounts{Gross: d, Net: d, FreightNet: zero, Total: d}
}

func rma(line string) *schemas.ReturnAuthorised {
	return &schemas.ReturnAuthorised{Meta: meta("rma", "R1"), RMAID: "R1", OrderID: "O1", Reason: "x", Policy: schemas.RefundPolicyON_SCAN,
		Lines: []schemas.AuthorisedLine{{LineID: "1", OrderLineID: line, Stock: stock("A"), Quantity: qty("1")}}}
}

func closing(line, memoLine string) *schemas.ReturnClosedNotReceived {
	return &schemas.ReturnClosedNotReceived{Meta: meta("closing", "X1"), ClosingID: "X1", RMAID: "R1", OrderID: "O1", CreditMemoID: "C1", Outcome: schemas.NotReceivedOutcomeWRITTEN_OFF,
		Lines: []schemas.NotReceivedLine{{LineID: "1", OrderLineID: line, CreditMemoLineID: memoLine, Quantity: qty("1")}}}
}

// blind is a return that came before anything was credited.
func blind(id, shipment, n string) *schemas.ReturnReceived {
	r := returned("O1", id, shipment, n)
	r.Against = schemas.ReturnAgainstBLIND
	return r
}

func outcome(id string, o schemas.ReturnOutcome, n, value string) *schemas.ReturnDispositioned {
	x := disposed("O1", id, "T1", n)
	x.Lines[0].Outcome = o
	if value != "" {
		x.Lines[0].RecoverableValue = schemas.Some(schemas.MustDecimal(value))
	}
	return x
}

// A document need not say which line of the order it is about where what it names says so.
func TestTheOrdersLineIsFoundThroughWhatIsNamed(t *testing.T) {
	memo := func() *schemas.CreditMemoIssued { return credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, "1") }
	named := func() *schemas.InvoiceIssued {
		x := invoice("O1", "I1", "S1")
		q := qty("3")
		x.Lines[0].OrderLineID, x.Lines[0].Quantity, x.Lines[0].Amounts = "", &q, amounts("97.99")
		return x
	}
	byMemo := returned("O1", "T1", "", "1")
	byMemo.CreditMemoID, byMemo.Lines[0].CreditMemoLineID, byMemo.Lines[0].OrderLineID = "C1", "a", ""
	byShipment := blind("T1", "S1", "1")
	byShipment.Lines[0].OrderLineID = ""
	memoOfShipment := memo()
	memoOfShipment.Lines[0].OrderLineID, memoOfShipment.Lines[0].ShipmentID, memoOfShipment.Lines[0].ShipmentLineID = "", "S1", "a"
	for what, c := range map[string][]schemas.Event{
		"an invoice with amounts of its own": {named()},
		"a return by its memo's line":        {memo(), byMemo},
		"a return by its shipment":           {memo(), byShipment},
		"a memo by its shipment's line":      {memoOfShipment, returned("O1", "T1", "S1", "1")},
		"a closing whose rma names none":     {rma(""), memo(), closing("1", "a")},
		"a blind return that goes back":      {blind("T1", "S1", "1"), outcome("D1", schemas.ReturnOutcomeRETURN_TO_CUSTOMER, "1", "")},
	} {
		t.Run(what, func(t *testing.T) {
			k := bookDesk(t)
			k.say(order("O1"), ship("O1", "S1", "3"))
			if what != "an invoice with amounts of its own" {
				k.say(invoice("O1", "I1", "S1"))
			}
			k.say(c...)
			k.clean(0)
			k.open("1150 1260", nil)
		})
	}
	k := bookDesk(t)
	second := named()
	second.Meta, second.InvoiceID = meta("invoice", "I2"), "I2"
	k.say(order("O1"), ship("O1", "S1", "3"), named(), second)
	if got := k.codes(); len(got) != 1 || got[0] != "OVER_COMMITTED" {
		t.Errorf("billing a shipment's line twice told %v", got)
	}
}

// What was billed ahead stands on 1150 at its own invoice's rate, whatever other lines were billed at.
func TestAShipmentTakesTheRateAtWhichItsLineWasBilledAhead(t *testing.T) {
	o := euroOrder(schemas.TermsON_ACCOUNT)
	b, q := stock("B"), qty("1")
	o.Lines = append(o.Lines, schemas.OrderLine{LineID: "3", Kind: schemas.LineKindGOODS, Stock: &b, Quantity: q, Amounts: *amounts("100")})
	ahead := onDay(10, &schemas.InvoiceIssued{Meta: meta("invoice", "I9"), InvoiceID: "I9", OrderID: "O1", Currency: "EUR",
		Lines: []schemas.InvoiceLine{{LineID: "b", Kind: schemas.LineKindGOODS, OrderLineID: "3", Quantity: &q}}})
	billed := euroInvoice(invoice("O1", "I1", "S1"))
	last := ship("O1", "S3", "1")
	last.Lines[0].OrderLineID, last.Lines[0].Stock = "3", b
	k := bookDesk(t)
	k.say(o, ahead, onDay(20, ship("O1", "S1", "1")), billed, onDay(25, last))
	k.clean(0)
	k.open("1150", nil)
}

// The spot of a day is no rate at which a processor settled: 1050 would keep the difference for ever.
func TestAForeignStatementSaysItsRate(t *testing.T) {
	fee := &schemas.PSPFeeCharged{Meta: meta("fee", "F1"), FeeID: "F1", PSP: "stripe", FeeType: schemas.PSPFeeTypeFEE, Amount: euros("3"), PaymentID: "P1"}
	market := &schemas.MarketplaceFeeCharged{Meta: meta("market fee", "F2"), FeeID: "F2", Marketplace: "amazon", FeeType: "COMMISSION", Amount: euros("3")}
	paid := &schemas.PayoutPaid{Meta: meta("payout", "O1"), PayoutID: "O1", BatchID: "B1", PSP: "stripe", Amount: euros("97")}
	for _, e := range []schemas.Event{fee, market, paid} {
		k := bookDesk(t)
		k.say(e)
		k.died(schemas.DeadLetterClassCONTRACT, "fx is missing: say at which rate")
	}
	k := bookDesk(t)
	fee.FX, paid.FX = euroAt("1.12"), euroAt("1.12")
	fee.Meta, paid.Meta = meta("fee", "F1"), meta("payout", "O1")
	taken := onDay(1, &schemas.PaymentCaptured{Meta: meta("payment", "P1"), PaymentID: "P1", Method: schemas.PaymentMethodCARD, Amount: euros("100"),
		Funding: &schemas.Funding{Terms: schemas.TermsPREPAID, Settles: schemas.SettlesCUSTOMER_DEPOSIT}})
	k.say(taken, fee, onDay(10, &schemas.PaymentSettled{Meta: meta("settlement", "S1"), SettlementID: "S1", BatchID: "B1", PSP: "stripe", PaymentID: "P1", Gross: euros("100"),
		Fee: schemas.MustDecimal("3"), Net: schemas.MustDecimal("97"), FeeBookedOnPayment: true, SettlementFX: euroAt("1.12")}), onDay(20, paid))
	k.clean(0)
	k.open("1050", nil)
}

// A carrier bills a label whether or not the goods left with it.
func TestACarriersBillForAVoidedShipment(t *testing.T) {
	bill := func() *schemas.FreightCostBilled {
		return &schemas.FreightCostBilled{Meta: meta("freight", "B1"), BillID: "B1", Carrier: "UPS", OrderID: "O1", Amount: dollars("10"),
			Shipments: []schemas.BilledShipment{{ShipmentID: "S1", Amount: schemas.MustDecimal("10")}}}
	}
	labelled := func() *schemas.ShipmentShipped {
		s, p := ship("O1", "S1", "1"), dollars("10")
		s.LabelPrice = &p
		return s
	}
	cost := map[string]string{"6200": "10", "2000 vendor:UPS": "-10"}
	k := bookDesk(t)
	k.say(order("O1"), labelled(), void("V1", labelled()), bill())
	k.clean(0)
	k.open("2060 6200 2000", cost)

	k = bookDesk(t)
	k.say(order("O1"), labelled(), bill(), void("V1", labelled()))
	if got := k.codes(); len(got) != 1 || got[0] != "OVER_COMMITTED" {
		t.Errorf("voiding a shipment whose freight was billed told %v", got)
	}
	k.say(void("V2", bill()), again(bill())) // what the exception asks for
	k.clean(0)
	k.open("2060 6200 2000", cost)

	k = bookDesk(t)
	k.say(order("O1"), bill())
	if held := k.held(); len(held) != 1 {
		t.Errorf("a bill for what never shipped: held %v, letters %v", held, k.reasons())
	}
}

// However often a piece is refurbished and whatever becomes of it, no more is written off than it had cost.
func TestWhatIsRefurbishedIsWrittenOffOnce(t *testing.T) {
	const refurbish, scrap, restock = schemas.ReturnOutcomeREFURBISH, schemas.ReturnOutcomeSCRAP, schemas.ReturnOutcomeRESTOCK
	for what, c := range map[string]struct {
		back   string
		events []schemas.Event
		want   string // of 5100
	}{
		"refurbished, scrapped":           {"1", []schemas.Event{outcome("D1", refurbish, "1", "4.1250"), outcome("D2", scrap, "1", "")}, "14.125"},
		"refurbished twice":               {"1", []schemas.Event{outcome("D1", refurbish, "1", "4.1250"), outcome("D2", refurbish, "1", "4")}, "10.125"},
		"one of three, all scrapped":      {"3", []schemas.Event{outcome("D1", refurbish, "1", "4.1250"), outcome("D2", scrap, "2", ""), outcome("D3", scrap, "1", "")}, "42.375"},
		"one of two, one back into stock": {"2", []schemas.Event{outcome("D1", refurbish, "1", "4.1250"), outcome("D2", restock, "1", ""), outcome("D3", scrap, "1", "")}, "19.125"},
		"its void too":                    {"1", []schemas.Event{outcome("D1", refurbish, "1", "4.1250"), void("V1", outcome("D1", refurbish, "1", "4.1250")), outcome("D2", scrap, "1", "")}, "14.125"},
		"a scrapping voided":              {"1", []schemas.Event{outcome("D1", refurbish, "1", "4.1250"), outcome("D2", scrap, "1", ""), void("V1", outcome("D2", scrap, "1", "")), outcome("D3", scrap, "1", "")}, "14.125"},
	} {
		t.Run(what, func(t *testing.T) {
			k := bookDesk(t)
			k.say(order("O1"), ship("O1", "S1", "3"), credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, c.back), returned("O1", "T1", "S1", c.back))
			k.say(c.events...)
			k.clean(0)
			if got := k.books()["5100"]; got != c.want {
				t.Errorf("5100 is %s, want %s", got, c.want)
			}
		})
	}
}

// A memo takes the cost at which its goods came back, or else were billed, and not that of the order's first shipment.
func TestAMemoFindsTheCostOfItsGoods(t *testing.T) {
	memo := func() *schemas.CreditMemoIssued {
		x := credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, "1")
		x.InvoiceID = "I2"
		return x
	}
	for what, events := range map[string][]schemas.Event{
		"which came before it":    {blind("T1", "S2", "1"), memo()},
		"which its invoice says":  {memo(), func() schemas.Event { r := returned("O1", "T1", "S2", "1"); r.CreditMemoID = "C1"; return r }()},
		"credited again, voided":  {blind("T1", "S2", "1"), memo(), void("V1", memo()), again(memo())},
		"whatever names it first": {blind("T1", "S2", "1"), func() schemas.Event { x := memo(); x.InvoiceID = ""; return x }()},
	} {
		k := bookDesk(t)
		k.say(order("O1"), ship("O1", "S1", "1"))
		k.dearer()
		k.say(ship("O1", "S2", "2"), invoice("O1", "I1", "S1"), invoice("O1", "I2", "S2"))
		k.say(events...)
		k.clean(0)
		if got := last[*schemas.CreditMemoIssued](k).Lines[0].Cost.UnitCost.Text(); got != "20" {
			t.Errorf("%s: the memo's cost is %s, want that of S2, 20", what, got)
		}
		k.open("1260", nil)
	}
	// What came back is credited once: the next memo has the first shipment's cost again.
	k := bookDesk(t)
	k.say(order("O1"), ship("O1", "S1", "1"))
	k.dearer()
	k.say(ship("O1", "S2", "2"), blind("T1", "S2", "1"), credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, "1"), credit("O1", "C2", schemas.CreditedGoodsEXPECTED_BACK, "1"))
	k.clean(0)
	if got := last[*schemas.CreditMemoIssued](k).Lines[0].Cost.UnitCost.Text(); got != "14.125" {
		t.Errorf("the second memo's cost is %s", got)
	}
}

// Nothing incomplete is let through (domain.md §1.3): what finance would refuse is completed, or refused where its producer is told.
func TestMemosAndLabelsThatFinanceWouldRefuse(t *testing.T) {
	stated := func(line string) *schemas.CreditMemoIssued {
		x := credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, "1")
		x.Lines[0].Amounts, x.Lines[0].OrderLineID = amounts("31.11"), line
		return x
	}
	k := bookDesk(t)
	k.say(order("O1"), ship("O1", "S1", "1"), stated("1"))
	k.clean(0)
	k.open("1260", map[string]string{"1260 line:O1/1": "14.125"})

	k = bookDesk(t)
	k.say(order("O1"), ship("O1", "S1", "1"), stated(""))
	k.died(schemas.DeadLetterClassCONTRACT, "lines.stock or lines.quantity is missing")

	k = bookDesk(t)
	deposit := stated("1")
	deposit.Funding = &schemas.Funding{Terms: schemas.TermsPREPAID, Settles: schemas.SettlesCUSTOMER_DEPOSIT}
	k.say(order("O1"), ship("O1", "S1", "1"), deposit)
	k.died(schemas.DeadLetterClassCONTRACT, "funding.settles of a credit memo is CREDIT_MEMO or RECEIVABLE")

	k = bookDesk(t)
	s := ship("O1", "S1", "1")
	s.LabelPrice = &schemas.Money{Amount: schemas.MustDecimal("10"), Currency: "CAD"}
	k.say(order("O1"), s)
	k.died(schemas.DeadLetterClassCONTRACT, "label_price is in neither")

	k = bookDesk(t)
	o := order("O1")
	o.Terms = schemas.TermsON_ACCOUNT
	r := refund("O1", "R1", "33.68", schemas.SettlesCREDIT_MEMO)
	r.CreditMemoID, r.Method = "C1", schemas.PaymentMethodBANK
	k.say(o, ship("O1", "S1", "3"), invoice("O1", "I1", "S1"), credit("O1", "C1", schemas.CreditedGoodsKEPT, "1"), r)
	k.died(schemas.DeadLetterClassCONTRACT, "was set against the receivable")
}

// What was given up and comes back after all is told, whichever is heard of first.
func TestGoodsThatComeBackAfterTheyWereGivenUp(t *testing.T) {
	back := func() schemas.Event {
		r := returned("O1", "T1", "S1", "1")
		r.RMAID, r.CreditMemoID = "R1", "C1"
		return r
	}
	for what, events := range map[string][]schemas.Event{"given up first": {closing("", ""), back()}, "back first": {back(), closing("", "")}} {
		k := bookDesk(t)
		k.say(order("O1"), ship("O1", "S1", "1"), rma("1"), credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, "1"))
		k.say(events...)
		if got := k.codes(); len(got) != 1 || got[0] != "OVER_COMMITTED" || len(k.letters) > 0 {
			t.Errorf("%s: told %v, letters %v", what, got, k.reasons())
		}
		k.say(void("V1", closing("", "")))
		k.open("1260 5100", nil)
	}
}

// Goods that were the seller's until they arrive, and do not, were never sold: a memo that says otherwise is told, whichever of the two is heard of first.
func TestWhatNeverArrivesWasNotSold(t *testing.T) {
	memo := func(goods schemas.CreditedGoods) *schemas.CreditMemoIssued { return credit("O1", "C1", goods, "3") }
	back := func() schemas.Event {
		r := returned("O1", "T1", "S1", "3")
		r.Against, r.ShipmentID = schemas.ReturnAgainstUNDELIVERED, "S1"
		return r
	}
	for what, events := range map[string][]schemas.Event{
		"credited first": {memo(schemas.CreditedGoodsEXPECTED_BACK), back()},
		"back first":     {back(), memo(schemas.CreditedGoodsEXPECTED_BACK)},
	} {
		k := bookDesk(t)
		k.say(atDelivery3(), ship("O1", "S1", "3"), invoice("O1", "I1", "S1"))
		k.say(events...)
		if got := k.codes(); strings.Join(got, " ") != "OVER_COMMITTED" || len(k.letters) > 0 {
			t.Errorf("%s: told %v, letters %v", what, got, k.reasons())
		}
		k.say(void("V1", memo(schemas.CreditedGoodsEXPECTED_BACK)), again(memo(schemas.CreditedGoodsNOT_SHIPPED))) // what the exception asks for
		k.clean(0)
		k.open("1150 1220 1260 4300", nil)
	}
}

// Goods that change places belong to whom they belonged to before.
func TestTheOwnerOfGoodsOnTheirWay(t *testing.T) {
	sent, arrived := stock("A"), stock("A")
	sent.Owner, arrived.Location = schemas.StockOwnerCONSIGNED, "DC2"
	k := bookDesk(t)
	k.say(&schemas.InventoryTransferDispatched{Meta: meta("transfer", "D1"), TransferID: "T1", DispatchID: "D1", FromLocation: "DC1", ToLocation: "DC2",
		Lines: []schemas.DispatchedLine{{LineID: "1", Stock: sent, Quantity: qty("2")}}},
		&schemas.InventoryTransferReceived{Meta: meta("transfer receipt", "R1"), TransferID: "T1", DispatchID: "D1", ReceiptID: "R1", ToLocation: "DC2",
			Lines: []schemas.TransferredLine{{LineID: "1", Stock: arrived, Quantity: qty("2")}}})
	k.clean(0)
	k.open("1200 1210", nil)

	k = bookDesk(t)
	s, r := ship("O1", "S1", "2"), returned("O1", "T1", "S1", "2")
	s.Lines[0].Stock.Owner = schemas.StockOwnerCONSIGNED
	r.Against, r.ShipmentID = schemas.ReturnAgainstUNDELIVERED, "S1"
	k.say(atDelivery3(), s, r, outcome("D1", schemas.ReturnOutcomeSCRAP, "2", ""))
	k.clean(0)
	k.open("1200 1220", nil)
	if owner := last[*schemas.ReturnDispositioned](k).Lines[0].Stock.Owner; owner != schemas.StockOwnerCONSIGNED {
		t.Errorf("what is scrapped is of %s", owner)
	}
}

// Money that moved once is told where another version of its document says so again, until one of the two is voided.
func TestMoneyThatMovedTwiceIsTold(t *testing.T) {
	back := func() *schemas.RefundIssued { return refund("O1", "R1", "5", schemas.SettlesCUSTOMER_DEPOSIT) }
	won := &schemas.DisputeWon{Meta: meta("dispute won", "D1"), DisputeID: "D1", PaymentID: "P1", PSP: "stripe", Amount: dollars("10")}
	lost := &schemas.DisputeLost{Meta: meta("dispute lost", "D1"), DisputeID: "D1", PaymentID: "P1", PSP: "stripe", Amount: dollars("10"), Settles: schemas.SettlesLOSS}
	opened := &schemas.DisputeOpened{Meta: meta("dispute", "D1"), DisputeID: "D1", PaymentID: "P1", PSP: "stripe", Amount: dollars("10")}
	paid := func() *schemas.PayoutPaid {
		return &schemas.PayoutPaid{Meta: meta("payout", "O1"), PayoutID: "O1", BatchID: "B1", PSP: "stripe", Amount: dollars("97")}
	}
	for what, c := range map[string]struct{ events []schemas.Event }{
		"a refund":               {[]schemas.Event{order("O1"), capture("O1", "P1", "5"), back(), again(back())}},
		"a dispute won and lost": {[]schemas.Event{opened, won, lost}},
		"a payout":               {[]schemas.Event{paid(), again(paid())}},
	} {
		k := bookDesk(t)
		k.say(c.events...)
		if got := k.codes(); strings.Join(got, " ") != "DOCUMENT_TWICE" || len(k.letters) > 0 {
			t.Errorf("%s: told %v, letters %v", what, got, k.reasons())
		}
	}
	k := bookDesk(t)
	k.say(order("O1"), capture("O1", "P1", "5"), back(), void("V1", back()), again(back()))
	k.clean(0)
}

// A loss or a return is taken back though its shipment was voided since and has other lines now.
func TestTakingBackALossOfAShipmentThatWasCorrected(t *testing.T) {
	lost := func() schemas.Event {
		return &schemas.ShipmentLost{Meta: meta("loss", "L1"), LossID: "L1", ShipmentID: "S1", OrderID: "O1", Liable: schemas.LiablePartyNOBODY, Lines: []schemas.LostLine{{ShipmentLineID: "a"}}}
	}
	back := func() schemas.Event {
		r := returned("O1", "T1", "S1", "1")
		r.Against, r.ShipmentID = schemas.ReturnAgainstUNDELIVERED, "S1"
		return r
	}
	for what, gone := range map[string]func() schemas.Event{"lost": lost, "brought back": back} {
		second := again(ship("O1", "S1", "1", "1"))
		second.Lines[0].LineID, second.Lines[1].LineID = "x", "y"
		k := bookDesk(t)
		k.say(atDelivery3(), ship("O1", "S1", "1", "1"), gone(), void("V1", ship("O1", "S1", "1", "1")))
		if got := k.codes(); strings.Join(got, " ") != "OVER_COMMITTED" {
			t.Errorf("%s: voiding its shipment told %v", what, got)
		}
		k.say(second, void("V2", gone()))
		if len(k.letters) > 0 || len(k.held()) > 0 {
			t.Fatalf("%s: letters %v, held %v", what, k.reasons(), k.held())
		}
		same(t, what+": shipped", k.line("O1", "1").Shipped, "2")
		k.open("5100 1220", map[string]string{"1220 shipment:S1": "28.25"})
		k.raised = nil
		k.say(ship("O1", "S2", "1"))
		k.clean(0)
		gross := zero
		for _, e := range k.canonical {
			if s, ok := e.(*schemas.ShipmentShipped); ok && s.Meta.EventID != ship("O1", "S1", "1", "1").Meta.EventID {
				for i := range s.Lines {
					gross = gross.Add(s.Lines[i].Amounts.Gross)
				}
			}
		}
		same(t, what+": all three pieces", gross, "99.99")
	}
}
