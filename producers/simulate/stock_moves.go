package simulate

import (
	"github.com/throughline/throughline/schemas"
)

// anItem is one that is ours.
func (r *run) anItem() *item { return r.items[r.rng.IntN(len(r.items)-1)] }

// transfer moves stock to another warehouse: reserved, dispatched, and received in two parts.
func (r *run) transfer(at schemas.Time) {
	from, it, id := pick(r, r.places...), r.anItem(), r.id("TR")
	to := from
	for to == from {
		to = pick(r, r.places...)
	}
	const n = 6
	r.take(it, from, it.base(n), at+second)
	stock, there := it.at(from), it.at(to)
	refs := []string{"transfer_id", id}
	r.say(at+2*second, &schemas.InventoryReserved{ReservationID: "RSV-" + id, Serves: schemas.ReservationServesTRANSFER, TransferID: id,
		Hardness: schemas.HardnessHARD, Lines: []schemas.ReservationLine{{LineID: "1", Stock: stock, Quantity: it.quantity(n)}}},
		allocations("RSV-"+id, "reserved"), refs...)
	leaves := r.later(at, 1, 0)
	r.sayLocally(leaves, &schemas.InventoryTransferDispatched{TransferID: id, DispatchID: "DSP-" + id, FromLocation: from, ToLocation: to,
		Eta: schemas.Some(localDate(leaves) + 3), Lines: []schemas.DispatchedLine{{LineID: "1", Stock: stock, Quantity: it.quantity(n), ReservationID: "RSV-" + id}}},
		warehouse(from, "transfer", id, "dispatched"), refs...)
	for i, part := range []int64{4, 2} {
		arrives, receipt := r.later(leaves, 3+i, 0), "TRR-"+id+"-"+string(rune('A'+i))
		r.sayLocally(arrives, &schemas.InventoryTransferReceived{TransferID: id, ReceiptID: receipt, DispatchID: "DSP-" + id, ToLocation: to,
			Lines: []schemas.TransferredLine{{LineID: "1", Stock: there, Quantity: it.quantity(part)}}}, warehouse(to, "transfer receipt", receipt, "received"), refs...)
		r.then(arrives+second, func() { r.stock[shelf{it, to}] += it.base(part) })
	}
}

// expectDelivery orders at a supplier, who then says that it will be more, and later, and delivers.
func (r *run) expectDelivery(at schemas.Time) {
	place, it, id := pick(r, r.places...), r.anItem(), r.id("PO")
	due := localDate(at) + 5
	first, more := it.pieces(20), it.pieces(24)
	refs := []string{"po_id", id}
	supplier := func(transition string) schemas.Source {
		return schemas.Source{System: "procurement", Instance: "acme", DocType: "purchase order", DocID: id, Transition: transition}
	}
	r.say(at, &schemas.InventoryExpected{ExpectationID: id, DocumentType: schemas.InboundDocumentPURCHASE_ORDER, SupplierRef: "V-ASIA",
		Lines: []schemas.ExpectedLine{{LineID: "1", Stock: it.at(place), Quantity: first, DueDate: due, Confidence: schemas.ConfidenceMEDIUM}}}, supplier("expected"), refs...)
	r.say(r.later(at, 2, 0), &schemas.InventoryExpectationChanged{ExpectationID: id, ChangeID: id + "-1", Lines: []schemas.ChangedExpectation{{LineID: "1",
		Stock: it.at(place), Before: first, After: more, DueBefore: due, DueAfter: due + 1, Confidence: schemas.ConfidenceHIGH}}}, supplier("changed"), refs...)
	arrives := r.later(at, 6, 0)
	receipt := r.id("RCP")
	r.sayLocally(arrives, &schemas.InventoryReceived{ReceiptID: receipt, SupplierRef: "V-ASIA", Lines: []schemas.ReceiptLine{{LineID: "1", PoID: id, PoLineID: "1",
		Stock: it.at(place), Accepted: more, ExpectedDocument: id, ExpectedDate: schemas.Some(due + 1), ExpectedConsumed: schemas.Some(more.BaseQty)}}},
		warehouse(place, "receipt", receipt, "received"), "receipt_id", receipt, "po_id", id)
	r.then(arrives+second, func() { r.stock[shelf{it, place}] += it.base(24) })
}

// inspect puts a piece on hold and frees it again, most times.
func (r *run) inspect(at schemas.Time) {
	place, it := pick(r, r.places...), r.anItem()
	r.take(it, place, it.base(1), at+second)
	available, held := schemas.StockStatusAVAILABLE, pick(r, schemas.StockStatusBLOCKED, schemas.StockStatusDAMAGED, schemas.StockStatusQUALITY)
	change := func(at schemas.Time, from, to schemas.StockStatus) {
		id := r.id("SC")
		r.sayLocally(at, &schemas.InventoryStatusChanged{ChangeID: id, Reason: "INSPECTION", Lines: []schemas.StatusLine{{LineID: "1", Stock: it.at(place),
			Quantity: it.quantity(1), FromStatus: from, ToStatus: to}}}, warehouse(place, "status change", id, "changed"), "change_id", id)
	}
	change(at+2*second, available, held)
	if held == schemas.StockStatusQUALITY {
		change(r.later(at, 1, 0), held, schemas.StockStatusBLOCKED)
		return
	}
	freed := r.later(at, 2, 0)
	change(freed, held, available)
	r.then(freed+second, func() { r.stock[shelf{it, place}] += it.base(1) })
}

// revalue writes a shelf's worth up or down, as a periodic run would that trues costs up.
func (r *run) revalue(at schemas.Time) {
	place, it, id := pick(r, r.places...), r.anItem(), r.id("RV")
	onHand := schemas.NewDecimal(max(r.stock[shelf{it, place}], it.base(1)), 3).Round(6, schemas.Down)
	was := it.cost.Round(8, schemas.Down)
	is := was.Add(schemas.NewDecimal(r.rng.Int64N(4001)-2000, 4))
	r.say(at, &schemas.InventoryCostRevalued{RevaluationID: id, Reason: "PERIODIC_AVERAGE", Lines: []schemas.RevaluedLine{{LineID: "1", Stock: it.at(place),
		BaseUOM: it.uom, OldUnitCost: was, NewUnitCost: is, OnHand: onHand, Amount: onHand.MulRound(is.Sub(was), 4, schemas.HalfUp), Currency: Functional}}},
		erp("revaluation", id, "revalued"), "revaluation_id", id)
}

// keepBack changes how much of an item is never promised.
func (r *run) keepBack(at schemas.Time) {
	s := shelf{r.anItem(), pick(r, r.places...)}
	was, is := r.kept[s], s.item.base(1+r.rng.Int64N(3))
	if is == was {
		is = 0
	}
	r.kept[s] = is
	id := r.id("PC")
	r.say(at, &schemas.InventoryPolicyChanged{ChangeID: id, Lines: []schemas.PolicyLine{{LineID: "1", Stock: s.item.at(s.place), BaseUOM: s.item.uom,
		Before: schemas.StockPolicy{SafetyStock: schemas.NewDecimal(was, 3)}, After: schemas.StockPolicy{SafetyStock: schemas.NewDecimal(is, 3), LeadTimeDays: schemas.Some(int32(7))}}}},
		schemas.Source{System: "oms", Instance: "acme", DocType: "policy", DocID: id, Transition: "changed"}, "change_id", id)
}

// photograph tells what the warehouse believes is there. Nobody takes it over.
func (r *run) photograph(at schemas.Time) {
	place, it, id := pick(r, r.places...), r.anItem(), r.id("SN")
	r.say(at, &schemas.InventorySnapshotTaken{SnapshotID: id, AsOf: at - minute, Lines: []schemas.SnapshotLine{{LineID: "1", Stock: it.at(place), BaseUOM: it.uom,
		OnHand: schemas.NewDecimal(r.stock[shelf{it, place}], 3)}}}, warehouse(place, "snapshot", id, "taken"), "snapshot_id", id)
}

// breakage: part of an old card will never be spent.
func (r *run) breakage(at schemas.Time) {
	part := schemas.NewDecimal(30000, 4)
	for _, card := range r.cards {
		if card.from >= at || card.worth.Cmp(part) <= 0 {
			continue
		}
		card.worth = card.worth.Sub(part)
		id := r.id("BR")
		r.say(at, &schemas.GiftCardBreakageRecognised{BreakageID: id, CardRef: card.ref, Amount: schemas.Money{Amount: part, Currency: Functional}},
			erp("breakage", id, "recognised"), "gift_card", card.ref)
		return
	}
}
