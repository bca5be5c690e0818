package admission

import (
	"maps"
	"strings"
	"testing"

	"github.com/throughline/throughline/processors/atp"
	"github.com/throughline/throughline/schemas"
)

// shelf are the buckets that processors/atp derives from what was admitted, by bucket, SKU and place, zeros left out.
func (k *desk) shelf() map[string]string {
	k.t.Helper()
	sums := map[string]schemas.Decimal{}
	for _, e := range k.canonical {
		out, err := atp.Derive(e)
		if err != nil {
			k.t.Fatalf("atp refuses %s: %v", e.EventType(), err)
		}
		for _, o := range out {
			d := o.(*schemas.StockDelta)
			for _, l := range d.Lines {
				key := string(l.Bucket) + " " + l.SKU + "@" + d.Location
				sums[key] = sums[key].Add(l.Qty)
			}
		}
	}
	texts := map[string]string{}
	for key, sum := range sums {
		if !sum.IsZero() {
			texts[key] = sum.Text()
		}
	}
	return texts
}

func toB(l *schemas.ChangedLine) {
	b := stock("B")
	l.After.Stock = &b
}

// The demand of a line is cancelled under the SKU that is ordered now, whatever the shop still calls it.
func TestACancellationAfterTheSKUChanged(t *testing.T) {
	x := cancel("O1", "X1", "1", "3", schemas.ReleasedFromOPEN_DEMAND)
	a := stock("A")
	x.Lines[0].Stock = &a
	k := bookDesk(t)
	k.say(plain("O1"), change("C1", plain("O1"), "3", toB), x)
	k.clean(0)
	if got := k.shelf(); len(got) > 0 {
		t.Errorf("demand stands at %v", got)
	}
}

// A reservation serves what it names, whether or not it says so.
func TestWhatAReservationServes(t *testing.T) {
	r := reserve("", "R1", "3")
	r.TransferID, r.Serves = "T1", schemas.ReservationServesORDER_LINE
	k := bookDesk(t)
	k.say(r, dispatch("D1", "3"), arrive("A1", "D1", "3"))
	k.clean(0)
	if got := k.shelf(); !maps.Equal(got, map[string]string{"ON_HAND A@DC1": "-3", "ON_HAND A@DC2": "3"}) {
		t.Errorf("after the transfer: %v", got)
	}
}

// What came back is inspected where it came back.
func TestADispositionElsewhereIsRefused(t *testing.T) {
	d := disposed("O1", "D1", "T1", "2")
	d.Lines[0].Stock.Location = "DC9"
	k := bookDesk(t)
	k.say(order("O1"), ship("O1", "S1", "3"), returned("O1", "T1", "S1", "2"), d)
	k.died(schemas.DeadLetterClassCONTRACT, "lines.stock.location is not where it came back")
}

// An authorisation's line is found by the order's line where a line of that name is of another SKU.
func TestAReturnWhoseLineIsNamedLikeAnother(t *testing.T) {
	a := authorise("RMA", "2")
	a.Lines[0].LineID = "2"
	a.Lines = append(a.Lines, schemas.AuthorisedLine{LineID: "1", Stock: stock("B"), Quantity: qty("1")})
	r := returned("O1", "T1", "S1", "2")
	r.RMAID = "RMA"
	k := bookDesk(t)
	k.say(order("O1"), ship("O1", "S1", "3"), a, r)
	k.clean(0)
	if got := last[*schemas.ReturnReceived](k).Lines[0].ExpectedConsumed; !got.V.Equal(schemas.MustDecimal("2")) {
		t.Errorf("the return uses up %s of what was authorised", got.V.Text())
	}
}

// What was lost on its way is owed again and stands nowhere as demand: a reservation of its replacement takes none.
func TestAReplacementOfWhatWasLost(t *testing.T) {
	lost := &schemas.ShipmentLost{Meta: meta("loss", "L1"), LossID: "L1", ShipmentID: "S1", OrderID: "O1", Liable: schemas.LiablePartyNOBODY}
	for what, c := range map[string]struct {
		then []schemas.Event
		want map[string]string
	}{
		"reserved, shipped":           {[]schemas.Event{reserve("O1", "R2", "3"), ship("O1", "S2", "3@R2")}, map[string]string{"ON_HAND A@DC1": "-6"}},
		"shipped as it is":            {[]schemas.Event{ship("O1", "S2", "3")}, map[string]string{"ON_HAND A@DC1": "-6"}},
		"reserved, and given up":      {[]schemas.Event{reserve("O1", "R2", "3"), release("O1", "L2", "R2", "3", schemas.ReturnsToNOTHING)}, map[string]string{"ON_HAND A@DC1": "-3"}},
		"reserved, void, shipped":     {[]schemas.Event{reserve("O1", "R2", "3"), void("V1", reserve("O1", "R2", "3")), ship("O1", "S2", "3")}, map[string]string{"ON_HAND A@DC1": "-6"}},
		"reserved, demanded, shipped": {[]schemas.Event{reserve("O1", "R2", "3"), release("O1", "L2", "R2", "3", schemas.ReturnsToOPEN_DEMAND), ship("O1", "S2", "3")}, map[string]string{"ON_HAND A@DC1": "-6"}},
	} {
		k := bookDesk(t)
		k.say(atDelivery3(), reserve("O1", "R1", "3"), ship("O1", "S1", "3@R1"), lost)
		k.say(c.then...)
		k.clean(0)
		if got := k.shelf(); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
		lost.Meta = meta("loss", "L1")
	}
}

// Taking back what later events have used up is told: their buckets are off by it (domain.md §3.2).
func TestVoidsOfWhatWasUsedUpAreTold(t *testing.T) {
	transfer := func() schemas.Event {
		r := reserve("", "R1", "3")
		r.TransferID = "T1"
		return r
	}
	fromRMA := returned("O1", "T1", "S1", "2")
	fromRMA.RMAID = "RMA"
	opened := func() schemas.Event { return release("O1", "L1", "R1", "3", schemas.ReturnsToOPEN_DEMAND) }
	shipped := []schemas.Event{order("O1"), ship("O1", "S1", "3")}
	for what, c := range map[string]struct {
		events []schemas.Event
		voided schemas.Event
		code   string
	}{
		"a return, put back into stock":      {append(shipped, returned("O1", "T1", "S1", "2"), disposed("O1", "D1", "T1", "2")), returned("O1", "T1", "S1", "2"), "OVER_COMMITTED"},
		"a dispatch that arrived":            {[]schemas.Event{transfer(), dispatch("D1", "3"), arrive("A1", "D1", "3")}, dispatch("D1", "3"), "OVER_COMMITTED"},
		"an authorisation, returned":         {append(shipped, authorise("RMA", "2"), fromRMA), authorise("RMA", "2"), "OVER_COMMITTED"},
		"a release whose demand shipped":     {[]schemas.Event{order("O1"), reserve("O1", "R1", "3"), opened(), ship("O1", "S1", "3")}, opened(), "OVER_COMMITTED"},
		"a short whose demand shipped":       {[]schemas.Event{order("O1"), reserve("O1", "R1", "3"), short("O1", "X1", "R1", "3", schemas.ShortOutcomeBACKORDER), ship("O1", "S1", "3")}, short("O1", "X1", "R1", "3", schemas.ShortOutcomeBACKORDER), "OVER_COMMITTED"},
		"an order that was changed":          {[]schemas.Event{plain("O1"), change("C1", plain("O1"), "5", toB)}, plain("O1"), "OVER_COMMITTED"},
		"a shipment before the SKU changed":  {[]schemas.Event{plain("O1"), ship("O1", "S1", "2"), change("C1", plain("O1"), "3", toB)}, ship("O1", "S1", "2"), "DEMAND_MOVED"},
		"a reservation before it":            {[]schemas.Event{plain("O1"), reserve("O1", "R1", "2"), change("C1", plain("O1"), "3", toB)}, reserve("O1", "R1", "2"), "DEMAND_MOVED"},
		"a cancellation before it":           {[]schemas.Event{plain("O1"), cancel("O1", "X1", "1", "1", schemas.ReleasedFromOPEN_DEMAND), change("C1", plain("O1"), "3", toB)}, cancel("O1", "X1", "1", "1", schemas.ReleasedFromOPEN_DEMAND), "DEMAND_MOVED"},
		"a shipment whose line is as it was": {[]schemas.Event{plain("O1"), ship("O1", "S1", "2"), change("C1", plain("O1"), "5", nil)}, ship("O1", "S1", "2"), ""},
	} {
		t.Run(what, func(t *testing.T) {
			k := bookDesk(t)
			k.say(c.events...)
			k.clean(0)
			k.say(void("V1", c.voided))
			if got := strings.Join(k.codes(), " "); got != c.code || len(k.letters) > 0 {
				t.Errorf("told %q, letters %v, want %q", got, k.reasons(), c.code)
			}
		})
	}
}

// Goods that moved by a document once are told where another version of it says so again.
func TestGoodsThatMovedTwiceAreTold(t *testing.T) {
	received := func() *schemas.InventoryReceived {
		return &schemas.InventoryReceived{Meta: meta("goods receipt", "G1"), ReceiptID: "G1", Lines: []schemas.ReceiptLine{{LineID: "1", Stock: stock("A"), Accepted: qty("10")}}}
	}
	counted := func() *schemas.InventoryAdjusted {
		return &schemas.InventoryAdjusted{Meta: meta("count", "K1"), AdjustmentID: "K1", Lines: []schemas.AdjustmentLine{{LineID: "1", Stock: stock("A"), Quantity: qty("-3"), Reason: schemas.AdjustmentReasonCOUNT}}}
	}
	cancelled := func() *schemas.OrderLineCancelled {
		return cancel("O1", "X1", "1", "1", schemas.ReleasedFromOPEN_DEMAND)
	}
	for what, e := range map[string][]schemas.Event{
		"a receipt":      {received(), again(received())},
		"a count":        {counted(), again(counted())},
		"a cancellation": {order("O1"), cancelled(), again(cancelled())},
		"a release": {order("O1"), reserve("O1", "R1", "3"), release("O1", "L1", "R1", "1", schemas.ReturnsToOPEN_DEMAND),
			again(release("O1", "L1", "R1", "1", schemas.ReturnsToOPEN_DEMAND))},
		"a disposition": {order("O1"), ship("O1", "S1", "3"), returned("O1", "T1", "S1", "2"), disposed("O1", "D1", "T1", "1"), again(disposed("O1", "D1", "T1", "1"))},
	} {
		k := bookDesk(t)
		k.say(e...)
		if got := strings.Join(k.codes(), " "); got != "DOCUMENT_TWICE" || len(k.letters) > 0 {
			t.Errorf("%s: told %q, letters %v", what, got, k.reasons())
		}
	}
	// One request that is carried out line by line is no second version of itself.
	b, o := stock("B"), order("O1")
	o.Lines = append(o.Lines, schemas.OrderLine{LineID: "3", Kind: schemas.LineKindGOODS, Stock: &b, Quantity: qty("1"), Amounts: *amounts("9")})
	rest := again(cancelled())
	rest.Lines[0].LineID = "3"
	k := bookDesk(t)
	k.say(o, cancelled(), rest)
	k.clean(0)
}
