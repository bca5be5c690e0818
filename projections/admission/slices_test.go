package admission

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// standing is what one document took of order line 1.
type standing struct {
	event   schemas.Event
	amounts *schemas.LineAmounts
	basis   *schemas.AllocationBasis
	n       int64
}

// recomputes holds amounts against their basis, as processors/finance does.
func recomputes(t *testing.T, what string, a *schemas.LineAmounts, b *schemas.AllocationBasis) {
	t.Helper()
	cut := func(total schemas.Decimal) schemas.Decimal {
		return schemas.Slice(total, b.QtyBefore, b.QtyThis, b.OrderedQty, 2, schemas.HalfUp)
	}
	discount, tax := zero, zero
	for _, d := range a.Discounts {
		discount = discount.Add(d.Amount)
	}
	for _, x := range a.Taxes {
		tax = tax.Add(x.Amount)
	}
	slack := schemas.NewDecimal(int64(len(a.Taxes)), 2)
	if !cut(b.Gross).Equal(a.Gross) || !cut(b.Net).Equal(a.Net) || !cut(b.Freight).Equal(a.FreightNet) || !a.Gross.Sub(discount).Equal(a.Net) ||
		cut(b.Tax).Sub(tax).Abs().Cmp(slack) > 0 {
		t.Errorf("%s: amounts %+v are not what their basis %+v gives", what, a, b)
	}
}

// whole wants what stands to sum to the line, discount by discount and tax by tax.
func whole(t *testing.T, what string, all []standing, line *schemas.LineAmounts, freight bool) {
	t.Helper()
	sum := schemas.LineAmounts{Gross: zero, Net: zero, FreightNet: zero, Total: zero}
	for _, s := range all {
		add(&sum, s.amounts)
	}
	same(t, what+": gross", sum.Gross, line.Gross.Text())
	same(t, what+": net", sum.Net, line.Net.Text())
	if freight {
		same(t, what+": freight", sum.FreightNet, line.FreightNet.Text())
	}
	for i := range line.Discounts {
		same(t, what+": discount "+line.Discounts[i].Reason, sum.Discounts[i].Amount, line.Discounts[i].Amount.Text())
	}
	for i := range line.Taxes {
		same(t, what+": tax of "+line.Taxes[i].Jurisdiction, sum.Taxes[i].Amount, line.Taxes[i].Amount.Text())
	}
}

const pieces = 11

// awkward is an order of 11 A, none of whose amounts can be divided by 11.
func awkward(point schemas.TransferPoint) *schemas.OrderAccepted {
	o := order("O1")
	o.Lines[0].Quantity, o.Control = qty(fmt.Sprint(pieces)), schemas.ControlTransfer{Point: point}
	return o
}

// play takes random quantities and takes random ones of them back, until the whole line stands; each step goes through take and back.
func play(t *testing.T, seed uint64, k *desk, take func(id string, n int64) standing, back func(id string, s standing)) []standing {
	r := rand.New(rand.NewPCG(seed, 7))
	var all []standing
	taken := int64(0)
	for step := 0; taken < pieces; step++ {
		id := fmt.Sprintf("X%d", step)
		if len(all) > 0 && step < 40 && r.IntN(5) < 2 {
			i := r.IntN(len(all))
			back(id, all[i])
			taken -= all[i].n
			all = append(all[:i], all[i+1:]...)
			continue
		}
		s := take(id, 1+r.Int64N(min(4, pieces-taken)))
		recomputes(t, fmt.Sprintf("seed %d step %d", seed, step), s.amounts, s.basis)
		taken += s.n
		all = append(all, s)
	}
	k.clean(0)
	return all
}

// domain.md §2.5 rule 2 and §2.8(6): the slices of a line that stands whole sum to it, whatever was taken back on the way.
func TestSlicesSumWhateverWasVoided(t *testing.T) {
	takes := map[string]func(k *desk, id string, n int64) standing{
		"shipments": func(k *desk, id string, n int64) standing {
			e := ship("O1", id, fmt.Sprint(n))
			k.say(e)
			l := last[*schemas.ShipmentShipped](k).Lines[0]
			return standing{e, l.Amounts, l.Basis, n}
		},
		"invoices": func(k *desk, id string, n int64) standing {
			e := bill("O1", id, fmt.Sprint(n))
			k.say(e)
			l := last[*schemas.InvoiceIssued](k).Lines[0]
			return standing{e, l.Amounts, l.Basis, n}
		},
		"credits of what shipped": func(k *desk, id string, n int64) standing {
			return credited(k, id, schemas.CreditedGoodsKEPT, n)
		},
		"credits of what did not ship": func(k *desk, id string, n int64) standing {
			return credited(k, id, schemas.CreditedGoodsNOT_SHIPPED, n)
		},
	}
	for name, take := range takes {
		for seed := range uint64(60) {
			k := newDesk(t)
			o := awkward(schemas.TransferPointAT_SHIPMENT)
			k.say(o)
			switch name {
			case "credits of what shipped":
				k.say(ship("O1", "S", fmt.Sprint(pieces)))
			case "credits of what did not ship":
				k.say(bill("O1", "I", fmt.Sprint(pieces)))
			}
			all := play(t, seed, k, func(id string, n int64) standing { return take(k, id, n) }, func(id string, s standing) { k.say(void(id, s.event)) })
			whole(t, fmt.Sprintf("%s, seed %d", name, seed), all, &o.Lines[0].Amounts, name != "credits of what shipped")
			if free := k.st.Get(progressKey("O1")).(*schemas.ThreadProgress).Slices; strings.Contains(fmt.Sprint(freePlaces(free)), "true") {
				t.Errorf("%s, seed %d: the line stands whole, and %v is free", name, seed, free)
			}
		}
	}
}

func credited(k *desk, id string, goods schemas.CreditedGoods, n int64) standing {
	e := credit("O1", id, goods, fmt.Sprint(n))
	k.say(e)
	l := last[*schemas.CreditMemoIssued](k).Lines[0]
	return standing{e, l.Amounts, l.Basis, n}
}

func freePlaces(all []schemas.ThreadSlice) (free []bool) {
	for i := range all {
		free = append(free, all[i].TakenBy == "")
	}
	return free
}

// The same of goods that are ours until they arrive: what is lost or brought back is earned by what ships in its place, and a shipment arrives in parts.
func TestSlicesSumWhateverNeverArrived(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 11))
		k := newDesk(t)
		o := awkward(schemas.TransferPointAT_DELIVERY)
		k.say(o)
		var arrived []standing
		here := int64(0)
		for n := 0; here < pieces; n++ {
			s := fmt.Sprintf("S%d", n)
			left := 1 + r.Int64N(min(5, pieces-here))
			k.say(ship("O1", s, fmt.Sprint(left)))
			for part := 0; left > 0; part++ {
				id, q := fmt.Sprintf("%s.%d", s, part), 1+r.Int64N(left)
				of := qty(fmt.Sprint(q))
				var e schemas.Event
				switch what := r.IntN(4); {
				case what == 0 && n < 20:
					e = &schemas.ShipmentLost{Meta: meta("loss", id), LossID: id, ShipmentID: s, OrderID: "O1", Liable: schemas.LiablePartyCARRIER,
						Lines: []schemas.LostLine{{ShipmentLineID: "a", Quantity: &of}}}
				case what == 1 && n < 20:
					e = undelivered(id, s, fmt.Sprint(q))
				default:
					e = deliveredPart(id, s, fmt.Sprint(q))
				}
				k.say(e)
				if r.IntN(4) == 0 { // it was not so
					k.say(void("V"+id, e))
					continue
				}
				if _, ok := e.(*schemas.ShipmentDelivered); ok {
					l := last[*schemas.ShipmentDelivered](k).Lines[0]
					recomputes(t, fmt.Sprintf("seed %d, %s", seed, id), l.Amounts, l.Basis)
					arrived, here = append(arrived, standing{e, l.Amounts, l.Basis, q}), here+q
				}
				left -= q
			}
		}
		k.clean(0)
		whole(t, fmt.Sprintf("seed %d", seed), arrived, &o.Lines[0].Amounts, true)
		same(t, "shipped", k.line("O1", "1").Shipped, fmt.Sprint(pieces))
	}
}

func undelivered(id, shipment, n string) *schemas.ReturnReceived {
	x := returned("O1", id, shipment, n)
	x.Against, x.ShipmentID = schemas.ReturnAgainstUNDELIVERED, shipment
	return x
}

func deliveredPart(id, shipment, n string) *schemas.ShipmentDelivered {
	x, q := delivered(id, shipment), qty(n)
	x.Lines = []schemas.DeliveredLine{{ShipmentLineID: "a", Quantity: &q}}
	return x
}

// Invoices of shipments, in another order than they left in and with some voided, leave the rest to lines that name none.
func TestNamedAndUnnamedInvoicesShareTheLine(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 13))
		k := newDesk(t)
		o := awkward(schemas.TransferPointAT_SHIPMENT)
		k.say(o, ship("O1", "S0", "2"), ship("O1", "S1", "1"), ship("O1", "S2", "3"), ship("O1", "S3", "1"))
		var all []standing
		left := int64(pieces)
		for _, s := range r.Perm(4) {
			for again := 0; again == 0 || r.IntN(3) == 0; again++ {
				e := invoice("O1", fmt.Sprintf("I%d.%d", s, again), fmt.Sprintf("S%d", s))
				k.say(e)
				l := last[*schemas.InvoiceIssued](k).Lines[0]
				if r.IntN(3) == 0 {
					k.say(void("V"+e.InvoiceID, e))
					continue
				}
				all, left = append(all, standing{e, l.Amounts, l.Basis, 0}), left-int64([]int{2, 1, 3, 1}[s])
				break
			}
		}
		for n := 0; left > 0; n++ {
			q := 1 + r.Int64N(left)
			e := bill("O1", fmt.Sprintf("B%d", n), fmt.Sprint(q))
			k.say(e)
			l := last[*schemas.InvoiceIssued](k).Lines[0]
			recomputes(t, fmt.Sprintf("seed %d", seed), l.Amounts, l.Basis)
			all, left = append(all, standing{e, l.Amounts, l.Basis, q}), left-q
		}
		k.clean(0)
		whole(t, fmt.Sprintf("seed %d", seed), all, &o.Lines[0].Amounts, true)
	}
}

// What fits no free place whole is the whole of several, and its basis says so; taken back, those are free as they were.
func TestAShipmentOfSeveralPlaces(t *testing.T) {
	k := newDesk(t)
	first, both := ship("O1", "S1", "1"), ship("O1", "S3", "2")
	k.say(plain("O1"), first, ship("O1", "S2", "1"), void("V1", first), both)
	k.clean(0)
	l := last[*schemas.ShipmentShipped](k).Lines[0]
	same(t, "gross", l.Amounts.Gross, "66.66")
	same(t, "of", l.Basis.OrderedQty, "2")
	same(t, "qty_before", l.Basis.QtyBefore, "0")
	recomputes(t, "two places", l.Amounts, l.Basis)
	k.say(void("V3", both), ship("O1", "S4", "1"))
	k.clean(0)
	l = last[*schemas.ShipmentShipped](k).Lines[0]
	same(t, "the first place again", l.Basis.QtyBefore, "0")
	same(t, "of the line", l.Basis.OrderedQty, "3")
}

// A change keeps what stands and what a void has freed; what shipped by the old version and is voided then goes out again at what it was worth.
func TestFreePlacesKeepTheirAmountsOverAChange(t *testing.T) {
	k := newDesk(t)
	o := plain("O1")
	first, second := ship("O1", "S1", "1"), ship("O1", "S2", "1")
	k.say(o, first, second, void("V1", first), change("C1", o, "5", nil), void("V2", second))
	k.clean(0)
	var all []standing
	for _, id := range []string{"S3", "S4"} {
		k.say(ship("O1", id, "1"))
		l := last[*schemas.ShipmentShipped](k).Lines[0]
		recomputes(t, id, l.Amounts, l.Basis)
		all = append(all, standing{amounts: l.Amounts})
	}
	k.say(ship("O1", "S5", "3"))
	l := last[*schemas.ShipmentShipped](k).Lines[0]
	recomputes(t, "S5", l.Amounts, l.Basis)
	k.clean(0)
	whole(t, "changed", append(all, standing{amounts: l.Amounts}), &k.st.Get(orderKey("O1")).(*schemas.OrderAccepted).Lines[0].Amounts, true)

	k = newDesk(t) // shorter than where its last slice ended: what stands is kept, what is free is gone
	k.say(o, first, second, void("V1", first), change("C1", o, "1", nil))
	k.clean(0)
	k = newDesk(t)
	k.say(o, first, second, void("V1", first), change("C1", o, "1", func(l *schemas.ChangedLine) {
		l.After.Amounts.Gross, l.After.Amounts.Net = schemas.MustDecimal("33.34"), schemas.MustDecimal("33.34")
	}))
	k.died(schemas.DeadLetterClassCONTRACT, "changes the amounts of what has shipped")
}

// What came back undelivered, or was lost while it was ours, may ship again within the order; where it did, the return cannot be taken back unheard.
func TestWhatNeverArrivedShipsAgain(t *testing.T) {
	for name, gone := range map[string]schemas.Event{
		"brought back": undelivered("R1", "S2", "1"),
		"lost":         &schemas.ShipmentLost{Meta: meta("loss", "R1"), LossID: "R1", ShipmentID: "S2", OrderID: "O1", Liable: schemas.LiablePartyNOBODY},
	} {
		k := newDesk(t)
		o := plain("O1")
		o.Control = schemas.ControlTransfer{Point: schemas.TransferPointAT_DELIVERY}
		k.say(o, ship("O1", "S1", "1"), ship("O1", "S2", "1"), ship("O1", "S3", "1"), gone)
		same(t, name+": shipped", k.line("O1", "1").Shipped, "2")
		k.say(ship("O1", "S4", "1"))
		k.clean(0)
		same(t, name+": qty_before of its place", last[*schemas.ShipmentShipped](k).Lines[0].Basis.QtyBefore, "1")
		d := schemas.MustDecimal
		closing := &schemas.OrderClosed{Meta: meta("closing", "X1"), OrderID: "O1", ClosingID: "X1",
			Lines: []schemas.ClosedLine{{LineID: "1", Ordered: d("3"), Shipped: d("4"), Cancelled: d("0"), Returned: d("1"), Invoiced: d("0")}}}
		k.say(closing)
		k.clean(0)
		k.say(void("V1", gone))
		k.clean(1)
		same(t, name+": shipped after the void", k.line("O1", "1").Shipped, "4")
	}
}

// Progress that was written before it kept places is read, and what is cut off is not.
func TestProgressOfBeforeItKeptPlacesIsRead(t *testing.T) {
	k := newDesk(t)
	k.say(order("O1"), reserve("O1", "R1", "2"), ship("O1", "S1", "1@R1"))
	b, err := encode(nil, progressKey("O1"), k.st.Get(progressKey("O1")))
	if err != nil {
		t.Fatal(err)
	}
	v, err := decode(progressKey("O1"), b[:len(b)-1])
	if err != nil {
		t.Fatal(err)
	}
	if p := v.(*schemas.ThreadProgress); len(p.Lines) != 2 || len(p.Slices) != 0 || !p.Lines[0].Shipped.Equal(schemas.MustDecimal("1")) {
		t.Errorf("read %+v", p)
	}
	for n := 2; n < 30; n++ {
		if _, err := decode(progressKey("O1"), b[:len(b)-n]); err == nil {
			t.Errorf("%d bytes were cut off, and it was read", n)
		}
	}
}
