package oracle

import (
	"slices"
	"strconv"
	"testing"

	"github.com/throughline/throughline/schemas"
)

var dec = schemas.MustDecimal

func usd(amount string) schemas.Money { return schemas.Money{Amount: dec(amount), Currency: "USD"} }

func pieces(n string) schemas.Quantity {
	return schemas.Quantity{Qty: dec(n), UOM: "EA", BaseQty: dec(n), BaseUOM: "EA"}
}

func stock(sku string) schemas.StockRef { return schemas.StockRef{SKU: sku, Location: "DC1"} }

func exampleItems() (out []schemas.Event) {
	for sku, cost := range map[string]string{"A": "14.1250", "B": "9.5000", "C": "4.0000"} {
		out = append(out, &schemas.ReferenceItem{SKU: sku, UnitCost: dec(cost)})
	}
	return out
}

func exampleOrder() *schemas.OrderAccepted {
	o := &schemas.OrderAccepted{OrderID: "SO-1001", Terms: schemas.TermsPREPAID, Currency: "USD"}
	for i, l := range [][7]string{{"A", "3", "99.99", "6.67", "93.32", "7.70", "4.67"}, {"B", "2", "40.00", "2.67", "37.33", "3.08", "1.87"}, {"C", "1", "9.99", "0.66", "9.33", "0.77", "0.46"}} {
		ref := stock(l[0])
		o.Lines = append(o.Lines, schemas.OrderLine{LineID: strconv.Itoa(i + 1), Kind: schemas.LineKindGOODS, Stock: &ref, Quantity: pieces(l[1]),
			Amounts: schemas.LineAmounts{Gross: dec(l[2]), Discounts: []schemas.Discount{{Amount: dec(l[3]), FundedBy: schemas.FundedBySELLER}}, Net: dec(l[4]),
				FreightNet: dec(l[6]), Taxes: []schemas.TaxAmount{{Jurisdiction: "US-TX", Amount: dec(l[5]), Remitter: schemas.TaxRemitterSELLER}}}})
	}
	return o
}

func shipped(id string, lines ...schemas.ShipmentLine) *schemas.ShipmentShipped {
	return &schemas.ShipmentShipped{ShipmentID: id, OrderID: "SO-1001", Lines: lines}
}

func shippedLine(id, sku, n string) schemas.ShipmentLine {
	return schemas.ShipmentLine{LineID: id, OrderLineID: id, Stock: stock(sku), Quantity: pieces(n), ReservationID: "R"}
}

func billed(id, shipment string, lines ...string) *schemas.InvoiceIssued {
	x := &schemas.InvoiceIssued{InvoiceID: id, OrderID: "SO-1001", Currency: "USD"}
	for _, l := range lines {
		x.Lines = append(x.Lines, schemas.InvoiceLine{LineID: l, Kind: schemas.LineKindGOODS, OrderLineID: l, ShipmentID: shipment, ShipmentLineID: l})
	}
	return x
}

// exampleStory is the worked example of domain.md §2.7, without the settlements, which change no balance.
func exampleStory() []schemas.Event {
	receipt := &schemas.InventoryReceived{ReceiptID: "P"}
	reservation := &schemas.InventoryReserved{ReservationID: "R", OrderID: "SO-1001", Hardness: schemas.HardnessHARD, Serves: schemas.ReservationServesORDER_LINE}
	for i, l := range [][3]string{{"A", "10", "3"}, {"B", "5", "2"}, {"C", "5", "1"}} {
		ref := stock(l[0])
		ref.StockStatus = schemas.StockStatusAVAILABLE
		receipt.Lines = append(receipt.Lines, schemas.ReceiptLine{Stock: ref, Accepted: pieces(l[1])})
		reservation.Lines = append(reservation.Lines, schemas.ReservationLine{LineID: strconv.Itoa(i + 1), Stock: ref, Quantity: pieces(l[2])})
	}
	one := pieces("1")
	payout := func(amount string) []schemas.Event {
		return []schemas.Event{&schemas.PayoutPaid{PayoutID: amount, Amount: usd(amount)}, &schemas.BankStatementLineMatched{MatchedID: amount, Amount: usd(amount)}}
	}
	return slices.Concat([]schemas.Event{
		receipt,
		&schemas.GiftCardSold{CardRef: "G", PaidInto: schemas.PaidIntoBANK, Amount: usd("50.00")},
		exampleOrder(),
		&schemas.PaymentCaptured{PaymentID: "PAY", OrderID: "SO-1001", Method: schemas.PaymentMethodCARD, Amount: usd("108.53")},
		&schemas.PaymentCaptured{PaymentID: "GC", OrderID: "SO-1001", Method: schemas.PaymentMethodGIFT_CARD, CardRef: "G", Amount: usd("50.00")},
		&schemas.PSPFeeCharged{FeeType: schemas.PSPFeeTypeFEE, PaymentID: "PAY", Amount: usd("3.45")},
		reservation,
		shipped("SH-1", shippedLine("1", "A", "2"), shippedLine("2", "B", "2")),
		billed("INV-1", "SH-1", "1", "2"),
		&schemas.FulfillmentShortShipped{OrderID: "SO-1001", Lines: []schemas.ShortLine{{OrderLineID: "1", Stock: stock("A"), Quantity: one,
			Cause: schemas.ShortCauseDAMAGED, Outcome: schemas.ShortOutcomeCANCEL, ReservationID: "R"}}},
		&schemas.InventoryAdjusted{Lines: []schemas.AdjustmentLine{{Stock: stock("A"), Quantity: pieces("-1"), Reason: schemas.AdjustmentReasonDAMAGE, FromHold: true}}},
		&schemas.OrderLineCancelled{OrderID: "SO-1001", Lines: []schemas.CancelledLine{{LineID: "1", Quantity: one, ReleasedFrom: schemas.ReleasedFromNONE}}},
		&schemas.RefundIssued{RefundID: "RF-1", PaymentID: "PAY", OrderID: "SO-1001", Method: schemas.PaymentMethodCARD, Settles: schemas.SettlesCUSTOMER_DEPOSIT, Amount: usd("35.24")},
		shipped("SH-2", shippedLine("3", "C", "1")),
		billed("INV-2", "SH-2", "3"),
		&schemas.CreditMemoIssued{CreditMemoID: "CM", OrderID: "SO-1001", InvoiceID: "INV-1", Currency: "USD", RestockingFee: schemas.Some(dec("2.00")),
			Lines: []schemas.CreditLine{{LineID: "1", Kind: schemas.LineKindGOODS, Goods: schemas.CreditedGoodsEXPECTED_BACK, OrderLineID: "2", ShipmentID: "SH-1", ShipmentLineID: "2", Quantity: &one}}},
		&schemas.RefundIssued{RefundID: "RF-2", PaymentID: "PAY", OrderID: "SO-1001", CreditMemoID: "CM", Method: schemas.PaymentMethodCARD, Settles: schemas.SettlesCREDIT_MEMO, Amount: usd("18.21")},
		&schemas.ReturnReceived{ReceiptID: "RET", OrderID: "SO-1001", CreditMemoID: "CM", Against: schemas.ReturnAgainstCREDITED,
			Lines: []schemas.ReturnLine{{LineID: "1", OrderLineID: "2", CreditMemoLineID: "1", Stock: stock("B"), Quantity: one}}},
		&schemas.ReturnDispositioned{ReceiptID: "RET", OrderID: "SO-1001", Lines: []schemas.DispositionLine{{ReceiptLineID: "1", OrderLineID: "2", Stock: stock("B"), Quantity: one, Outcome: schemas.ReturnOutcomeSCRAP}}},
	}, payout("51.63"), []schemas.Event{
		&schemas.DisputeOpened{DisputeID: "D", PaymentID: "PAY", Amount: usd("10.56"), Fee: schemas.Some(dec("15.00"))},
		&schemas.DisputeLost{DisputeID: "D", Amount: usd("10.56"), Settles: schemas.SettlesLOSS},
	}, payout("-25.56"))
}

// The table at the end of domain.md §2.7, worked out by hand.
func TestWorkedExample(t *testing.T) {
	got, err := Expect(exampleItems(), slices.Values(exampleStory()))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"1000": "76.07", "1050": "0", "1060": "0", "1070": "0", "1150": "0", "1200": "143.375", "1260": "0", "2050": "-208.75", "2100": "0",
		"2150": "0", "2200": "0", "2300": "-7.44", "4000": "-116.65", "4100": "7.78", "4200": "-5.44", "4300": "18.67", "4400": "-2.00", "5000": "41.75",
		"5100": "23.625", "6100": "3.45", "6120": "15.00", "6130": "10.56"}
	for account, balance := range want {
		if !got.Balances[account].Equal(dec(balance)) {
			t.Errorf("%s stands at %s, want %s", account, got.Balances[account], balance)
		}
	}
	if len(got.Balances) != len(want) {
		t.Errorf("%d accounts, want %d: %v", len(got.Balances), len(want), got.Balances)
	}
	for sku, onHand := range map[string]string{"A": "7", "B": "3", "C": "4"} {
		p := got.Positions[Shelf{sku, "DC1"}]
		if !p.OnHand.Equal(dec(onHand)) || !p.Reserved.IsZero() || !p.OpenDemand.IsZero() || !p.Unavailable.IsZero() {
			t.Errorf("%s: %+v, want %s on hand and nothing else", sku, p, onHand)
		}
	}
}

// The FX variant of domain.md §2.7: euros kept from 1.10 to 1.12 gain two dollars.
func TestWorkedExampleInEuros(t *testing.T) {
	fx := func(rate string) *schemas.Fx {
		return &schemas.Fx{TxnCurrency: "EUR", FunctionalCurrency: "USD", Rate: dec(rate)}
	}
	eur := func(amount string) schemas.Money { return schemas.Money{Amount: dec(amount), Currency: "EUR"} }
	ref := stock("A")
	story := []schemas.Event{
		&schemas.OrderAccepted{OrderID: "SO-1001", Terms: schemas.TermsPREPAID, Currency: "EUR", FX: fx("1.10"), Lines: []schemas.OrderLine{{LineID: "1",
			Kind: schemas.LineKindGOODS, Stock: &ref, Quantity: pieces("1"), Amounts: schemas.LineAmounts{Gross: dec("100.00"), Net: dec("100.00"), FreightNet: dec("0")}}}},
		&schemas.PaymentCaptured{PaymentID: "PAY", OrderID: "SO-1001", Method: schemas.PaymentMethodCARD, Amount: eur("100.00"), FX: fx("1.10")},
		shipped("SH-1", schemas.ShipmentLine{LineID: "1", OrderLineID: "1", Stock: ref, Quantity: pieces("1")}),
		billed("INV-1", "SH-1", "1"),
		&schemas.PSPFeeCharged{FeeType: schemas.PSPFeeTypeFEE, PaymentID: "PAY", Amount: eur("3.00"), FX: fx("1.12")},
		&schemas.PaymentSettled{PaymentID: "PAY", BatchID: "B", Gross: eur("100.00"), Fee: dec("3.00"), Net: dec("97.00"), FeeBookedOnPayment: true,
			BookedFX: fx("1.10"), SettlementFX: fx("1.12")},
		&schemas.PayoutPaid{PayoutID: "P", BatchID: "B", Amount: eur("97.00"), FX: fx("1.12")},
	}
	story[3].(*schemas.InvoiceIssued).Currency = "EUR"
	got, err := Expect(exampleItems(), slices.Values(story))
	if err != nil {
		t.Fatal(err)
	}
	for account, balance := range map[string]string{"1050": "0", "1060": "108.64", "1150": "0", "2100": "0", "4000": "-110.00", "6100": "3.36", "7000": "-2.00"} {
		if !got.Balances[account].Equal(dec(balance)) {
			t.Errorf("%s stands at %s, want %s", account, got.Balances[account], balance)
		}
	}
}

func TestUnknownThingsAreErrors(t *testing.T) {
	for name, e := range map[string]schemas.Event{
		"an event of no story":  &schemas.PeriodClosed{},
		"a line of no order":    &schemas.OrderLineCancelled{Lines: []schemas.CancelledLine{{LineID: "1", ReleasedFrom: schemas.ReleasedFromOPEN_DEMAND}}},
		"an item without cost":  &schemas.InventoryAdjusted{Lines: []schemas.AdjustmentLine{{Stock: stock("Z"), Quantity: pieces("1")}}},
		"euros without a rate":  &schemas.PayoutPaid{Amount: schemas.Money{Amount: dec("1.00"), Currency: "EUR"}},
		"a refund of something": &schemas.RefundIssued{Method: schemas.PaymentMethodCARD, Amount: usd("1.00")},
	} {
		if _, err := Expect(exampleItems(), slices.Values([]schemas.Event{e})); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
