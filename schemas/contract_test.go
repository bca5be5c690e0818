package schemas

import (
	"errors"
	"strings"
	"testing"
)

// brokenContract is an event that keeps its contract until edit breaks it, and a part of what is said then.
type brokenContract struct {
	name string
	e    Event
	says string
}

func edited[E Event](eventType string, edit func(E)) Event {
	e := asSent(eventType).(E)
	edit(e)
	return e
}

// asSent is the example of an event as a source sends it, without what only admission stamps.
func asSent(eventType string) Event {
	e := Example(eventType)
	m := e.Header()
	m.AdmittedAt, m.Intake, m.ThreadSequence, m.RuleSet, m.Period, m.RecordedAt, m.Correction = Opt[Time]{}, nil, Opt[int64]{}, "", "", Opt[Time]{}, nil
	return e
}

// What the books would believe and no warehouse or shop can have meant is refused, in words that name the field and say what to do.
func TestContractRefusesWhatBooksWouldBelieve(t *testing.T) {
	minus := Quantity{Qty: MustDecimal("-5"), UOM: "EA", BaseQty: MustDecimal("-5"), BaseUOM: "EA"}
	undelivered := func(edit func(*ReturnReceived)) Event {
		return edited("return.received", func(x *ReturnReceived) {
			x.Against, x.OrderID, x.ShipmentID, x.Lines[0].ShipmentID = ReturnAgainstUNDELIVERED, "SO-1", "SH-1", ""
			edit(x)
		})
	}
	lost := func(edit func(*DisputeLost)) Event {
		return edited("dispute.lost", func(x *DisputeLost) {
			x.Settles, x.TaxRelief = SettlesLOSS, []DisputeTaxRelief{{Jurisdiction: "US-CA", Amount: x.Amount.Amount}}
			edit(x)
		})
	}
	for _, c := range []brokenContract{
		{"goods received backwards", edited("inventory.received", func(x *InventoryReceived) { x.Lines[0].Accepted = minus }), "lines.accepted is negative"},
		{"goods rejected backwards", edited("inventory.received", func(x *InventoryReceived) { x.Lines[0].Rejected = &minus }), "lines.rejected is negative"},
		{"undelivered for no order", undelivered(func(x *ReturnReceived) { x.OrderID = "" }), "order_id is missing"},
		{"undelivered in no shipment", undelivered(func(x *ReturnReceived) { x.ShipmentID = "" }), "shipment_id is missing"},
		{"a fee that is paid to the customer", edited("credit_memo.issued", func(x *CreditMemoIssued) { x.RestockingFee = Some(MustDecimal("-7")) }), "restocking_fee is negative"},
		{"freight that is not credited", edited("credit_memo.issued", func(x *CreditMemoIssued) {
			l := &x.Lines[0]
			l.Kind, l.Goods, l.CreditsFreight = LineKindGOODS, CreditedGoodsKEPT, false
			l.Amounts = &LineAmounts{Gross: MustDecimal("10"), Net: MustDecimal("10"), FreightNet: MustDecimal("2"), Total: MustDecimal("12")}
		}), "credits_freight is not set"},
		{"a tax that is stated away", edited("invoice.issued", func(x *InvoiceIssued) {
			l := &x.Lines[0]
			l.StatesTax, l.StatedTaxes = true, nil
			l.Amounts = &LineAmounts{Gross: MustDecimal("10"), Net: MustDecimal("10"), FreightNet: MustDecimal("0"), Total: MustDecimal("11"),
				Taxes: []TaxAmount{{Jurisdiction: "US-CA", Rate: MustDecimal("0.1"), Base: MustDecimal("10"), Amount: MustDecimal("1")}}}
		}), "lines.stated_taxes is empty"},
		{"relief of nobody", lost(func(x *DisputeLost) { x.TaxRelief[0].Jurisdiction = "" }), "tax_relief.jurisdiction is empty"},
		{"relief of nothing", lost(func(x *DisputeLost) { x.TaxRelief[0].Amount = MustDecimal("0") }), "tax_relief.amount is not above zero"},
		{"more relief than loss", lost(func(x *DisputeLost) { x.TaxRelief[0].Amount = x.Amount.Amount.Add(MustDecimal("1")) }), "tax_relief is more than the amount"},
		{"relief of what a memo settles", lost(func(x *DisputeLost) { x.Settles = SettlesCREDIT_MEMO }), "only what settles LOSS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := CheckContract(asSent(c.e.EventType())); err != nil {
				t.Fatalf("the example breaks its contract: %v", err)
			}
			var poison *PoisonError
			if err := CheckContract(c.e); !errors.As(err, &poison) || poison.Class != DeadLetterClassCONTRACT || !strings.Contains(poison.Reason, c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
	for _, fine := range []Event{undelivered(func(*ReturnReceived) {}), lost(func(*DisputeLost) {}),
		edited("inventory.received", func(x *InventoryReceived) {
			x.Lines[0].Accepted.Qty, x.Lines[0].Accepted.BaseQty = NewDecimal(0, 6), NewDecimal(0, 6)
		})} {
		if err := CheckContract(fine); err != nil {
			t.Errorf("%s: %v", fine.EventType(), err)
		}
	}
}
