package admission

import (
	"testing"

	"github.com/throughline/throughline/schemas"
)

// later values goods at 20 from now on.
func (k *desk) dearer() {
	dear := item("A", "20")
	dear.Version = "2"
	k.refer(dear)
}

// Goods that were sold at shipment and come back undelivered meet their credit memo on 1260; 1220 never had them (domain.md §2.3).
func TestUndeliveredGoodsThatWereSold(t *testing.T) {
	back := func(memo string) *schemas.ReturnReceived {
		r := returned("O1", "T1", "S1", "2")
		r.Against, r.ShipmentID, r.CreditMemoID = schemas.ReturnAgainstUNDELIVERED, "S1", memo
		return r
	}
	for want, r := range map[schemas.ReturnAgainst]*schemas.ReturnReceived{schemas.ReturnAgainstBLIND: back(""), schemas.ReturnAgainstCREDITED: back("C1")} {
		k := newDesk(t)
		k.say(order("O1"), ship("O1", "S1", "2"), credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, "2"), r)
		k.clean(0)
		if got := last[*schemas.ReturnReceived](k).Against; got != want {
			t.Errorf("with memo %q it answers %s, want %s", r.CreditMemoID, got, want)
		}
	}
	k := newDesk(t)
	o := order("O1")
	o.Control = schemas.ControlTransfer{Point: schemas.TransferPointAT_DELIVERY}
	k.say(o, ship("O1", "S1", "2"), back(""))
	k.clean(0)
	if got := last[*schemas.ReturnReceived](k).Against; got != schemas.ReturnAgainstUNDELIVERED {
		t.Errorf("what was still ours answers %s", got)
	}
}

// What comes back costs what the credit memo put on 1260, whatever a piece costs today, and the return waits for the memo that it names.
func TestReturnedGoodsCostWhatWasCredited(t *testing.T) {
	memo := credit("O1", "C1", schemas.CreditedGoodsEXPECTED_BACK, "1")
	for name, edit := range map[string]func(*schemas.ReturnReceived){
		"by the memo's line":      func(r *schemas.ReturnReceived) { r.Lines[0].CreditMemoLineID = "a" },
		"by the order's line":     func(*schemas.ReturnReceived) {},
		"naming the shipment too": func(r *schemas.ReturnReceived) { r.Lines[0].ShipmentID = "S1" },
	} {
		t.Run(name, func(t *testing.T) {
			k := newDesk(t)
			k.say(order("O1"), ship("O1", "S1", "2"))
			was := last[*schemas.ShipmentShipped](k).Lines[0].Cost.UnitCost.Text()
			k.dearer()
			k.say(ship("O1", "S2", "1"))
			same(t, "what ships now costs", last[*schemas.ShipmentShipped](k).Lines[0].Cost.UnitCost, "20")
			r := returned("O1", "T1", "", "1")
			r.CreditMemoID = "C1"
			edit(r)
			k.say(r)
			if held := k.held(); len(held) != 1 {
				t.Fatalf("held %v, want the return until its memo comes", held)
			}
			k.say(memo)
			k.clean(0)
			same(t, "the memo's cost", last[*schemas.CreditMemoIssued](k).Lines[0].Cost.UnitCost, was)
			same(t, "the return's cost", last[*schemas.ReturnReceived](k).Lines[0].Cost.UnitCost, was)
		})
	}
}

// Without an order, an authorisation that came before its credit memo stands in a thread of its own: a return that names both does not wait for it for ever.
func TestAReturnWithoutAnOrderThatNamesBoth(t *testing.T) {
	a := authorise("RMA", "1")
	a.OrderID = ""
	a.Lines[0].OrderLineID = ""
	memo := credit("", "C1", schemas.CreditedGoodsEXPECTED_BACK, "1")
	s, amounts := stock("A"), order("O1").Lines[0].Amounts
	amounts.FreightNet, amounts.Total = zero, schemas.MustDecimal("101.02")
	memo.Funding = &schemas.Funding{Terms: schemas.TermsON_ACCOUNT, Settles: schemas.SettlesRECEIVABLE}
	memo.Lines[0].OrderLineID, memo.Lines[0].Stock, memo.Lines[0].Amounts = "", &s, &amounts
	r := returned("", "T1", "", "1")
	r.RMAID, r.CreditMemoID, r.Lines[0].OrderLineID, r.Lines[0].CreditMemoLineID = "RMA", "C1", "", "a"
	closing := &schemas.ReturnClosedNotReceived{Meta: meta("closing", "N1"), ClosingID: "N1", RMAID: "RMA", CreditMemoID: "C1", Outcome: schemas.NotReceivedOutcomeWRITTEN_OFF,
		Lines: []schemas.NotReceivedLine{{LineID: "r", CreditMemoLineID: "a", Quantity: qty("1")}}}
	k := newDesk(t)
	k.say(a, r, closing, memo)
	k.clean(0)
	same(t, "the return's cost", last[*schemas.ReturnReceived](k).Lines[0].Cost.UnitCost, last[*schemas.CreditMemoIssued](k).Lines[0].Cost.UnitCost.Text())
	same(t, "what never came costs", last[*schemas.ReturnClosedNotReceived](k).Lines[0].Cost.UnitCost, last[*schemas.CreditMemoIssued](k).Lines[0].Cost.UnitCost.Text())
}

// Amounts that a credit memo states stand, and more than there is to credit is told as with amounts that are completed.
func TestStatedCreditsAreHeldAgainstTheOrder(t *testing.T) {
	stated := func(n, net string) *schemas.CreditMemoIssued {
		x := credit("O1", "C1", schemas.CreditedGoodsKEPT, n)
		d := schemas.MustDecimal(net)
		x.Lines[0].Amounts = &schemas.LineAmounts{Gross: d, Net: d, FreightNet: zero, Total: d}
		return x
	}
	for _, c := range []struct {
		n, net string
		told   int
	}{{"1", "31.00", 0}, {"2", "62.21", 1}, {"1", "1000", 1}} {
		k := newDesk(t)
		k.say(order("O1"), ship("O1", "S1", "1"), stated(c.n, c.net))
		k.clean(c.told)
		same(t, "credited", k.line("O1", "1").Credited, c.n)
	}
}

// A credit memo gives back the taxes that were invoiced, by the invoice's rate and in its jurisdiction, piece for piece; what was invoiced by the order's rate comes back by that
// (domain.md §4.2 rule 4).
func TestCreditMemosGiveBackTheInvoicesTax(t *testing.T) {
	d := schemas.MustDecimal
	first, second := invoice("O1", "I1", "S1"), invoice("O1", "I2", "S2")
	first.Lines[0].StatesTax = true
	first.Lines[0].StatedTaxes = []schemas.TaxAmount{{Jurisdiction: "US-NJ", Rate: d("0.06625"), Base: d("62.21"), Amount: d("4.12")}}
	k := newDesk(t)
	k.say(order("O1"), ship("O1", "S1", "2"), first, ship("O1", "S2", "1"), second)
	k.raised = nil
	var sums = map[string]schemas.Decimal{}
	for _, id := range []string{"C1", "C2", "C3"} {
		k.say(credit("O1", id, schemas.CreditedGoodsKEPT, "1"))
		l := last[*schemas.CreditMemoIssued](k).Lines[0]
		total := l.Amounts.Net.Add(l.Amounts.FreightNet)
		for _, tax := range l.Amounts.Taxes {
			sums[tax.Jurisdiction] = sums[tax.Jurisdiction].Add(tax.Amount)
			if tax.Remitter != schemas.TaxRemitterMARKETPLACE {
				total = total.Add(tax.Amount)
			}
		}
		same(t, id+" total", l.Amounts.Total, total.Text())
		if l.StatesTax != (id != "C3") {
			t.Errorf("%s states tax: %t", id, l.StatesTax)
		}
	}
	k.clean(0)
	same(t, "New Jersey's", sums["US-NJ"], "4.12")
	same(t, "New York's", sums["US-NY"], last[*schemas.ShipmentShipped](k).Lines[0].Amounts.Taxes[0].Amount.Text())
}
