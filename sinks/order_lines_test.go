package sinks

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/throughline/throughline/schemas"
)

// orderBook writes what systems say of orders, each event with an id and a place in its order's log of its own.
type orderBook struct{ said map[string]int }

func said[E schemas.Event](b *orderBook, eventType, order string) E {
	n := b.said[order]
	b.said[order]++
	e := exampleOf[E](eventType, n, order)
	m := e.Header()
	m.EventID = schemas.NamedID("order lines", order, strconv.Itoa(n))
	m.ThreadSequence, m.LegalEntity = schemas.Some(int64(n)), "ACME-US"
	return e
}

func pieces(n int64) schemas.Quantity {
	q := schemas.NewDecimal(n*1_000_000, 6)
	return schemas.Quantity{Qty: q, UOM: "EA", BaseQty: q, BaseUOM: "EA"}
}

func stockOf(sku string) *schemas.StockRef { return &schemas.StockRef{SKU: sku, Location: "DC1"} }

// asks is a line of an order, "1 A 10".
func asks(line, sku string, n int64) schemas.OrderLine {
	l := schemas.Example("order.accepted").(*schemas.OrderAccepted).Lines[0]
	l.LineID, l.Kind, l.Stock, l.Quantity = line, schemas.LineKindGOODS, stockOf(sku), pieces(n)
	return l
}

func (b *orderBook) accepted(order string, lines ...schemas.OrderLine) *schemas.OrderAccepted {
	e := said[*schemas.OrderAccepted](b, "order.accepted", order)
	e.OrderID, e.Lines = order, lines
	return e
}

func (b *orderBook) changed(order string, lines ...schemas.ChangedLine) *schemas.OrderChanged {
	e := said[*schemas.OrderChanged](b, "order.changed", order)
	e.OrderID, e.Lines = order, lines
	return e
}

func changes(before, after *schemas.OrderLine) schemas.ChangedLine {
	state := func(l *schemas.OrderLine) *schemas.OrderLineState {
		if l == nil {
			return nil
		}
		return &schemas.OrderLineState{Stock: l.Stock, Quantity: l.Quantity, Amounts: l.Amounts}
	}
	c := schemas.ChangedLine{Kind: schemas.LineKindGOODS, Before: state(before), After: state(after)}
	if before != nil {
		c.LineID = before.LineID
	} else {
		c.LineID = after.LineID
	}
	return c
}

func (b *orderBook) cancelled(order, line string, n int64, from schemas.ReleasedFrom) *schemas.OrderLineCancelled {
	e := said[*schemas.OrderLineCancelled](b, "order.line_cancelled", order)
	e.OrderID, e.Lines = order, []schemas.CancelledLine{{LineID: line, Quantity: pieces(n), ReleasedFrom: from, Stock: stockOf("A")}}
	return e
}

func (b *orderBook) short(order, line string, n int64, outcome schemas.ShortOutcome) *schemas.FulfillmentShortShipped {
	e := said[*schemas.FulfillmentShortShipped](b, "fulfillment.short_shipped", order)
	e.OrderID, e.Lines = order, []schemas.ShortLine{{OrderLineID: line, Stock: *stockOf("A"), Quantity: pieces(n), Cause: schemas.ShortCauseDAMAGED, Outcome: outcome, ReservationID: "RV"}}
	return e
}

// leaves is a shipped line: taken of n were reserved or demanded.
func leaves(line, sku string, n, taken int64) schemas.ShipmentLine {
	return schemas.ShipmentLine{LineID: line, OrderLineID: line[:1], Stock: *stockOf(sku), Quantity: pieces(n), ReservedConsumed: schemas.Some(pieces(taken).BaseQty)}
}

func (b *orderBook) shipped(order string, point schemas.TransferPoint, lines ...schemas.ShipmentLine) *schemas.ShipmentShipped {
	e := said[*schemas.ShipmentShipped](b, "shipment.shipped", order)
	e.OrderID, e.Lines, e.Control = order, lines, &schemas.ControlTransfer{Point: point}
	return e
}

func (b *orderBook) invoiced(order, line string, n int64) *schemas.InvoiceIssued {
	e := said[*schemas.InvoiceIssued](b, "invoice.issued", order)
	q := pieces(n)
	e.OrderID = order
	e.Lines = []schemas.InvoiceLine{{LineID: "1", Kind: schemas.LineKindGOODS, OrderLineID: line, Stock: stockOf("A"), Quantity: &q},
		{LineID: "2", Kind: schemas.LineKindCHARGE, ChargeCode: "FREIGHT", OrderLineID: line, Quantity: &q}}
	return e
}

func (b *orderBook) credited(order, line string, n int64, goods schemas.CreditedGoods) *schemas.CreditMemoIssued {
	e := said[*schemas.CreditMemoIssued](b, "credit_memo.issued", order)
	q := pieces(n)
	e.OrderID, e.Lines = order, []schemas.CreditLine{{LineID: "1", Kind: schemas.LineKindGOODS, Goods: goods, OrderLineID: line, Stock: stockOf("A"), Quantity: &q}}
	return e
}

func (b *orderBook) returned(order, line string, n int64, against schemas.ReturnAgainst) *schemas.ReturnReceived {
	e := said[*schemas.ReturnReceived](b, "return.received", order)
	e.OrderID, e.Against, e.Lines = order, against, []schemas.ReturnLine{{LineID: "1", OrderLineID: line, Stock: *stockOf("A"), Quantity: pieces(n)}}
	return e
}

// taken back: an event.voided, or a shipment.voided, of an event.
func (b *orderBook) voided(t *testing.T, eventType, order string, original schemas.Event) schemas.Event {
	t.Helper()
	e := said[schemas.Event](b, eventType, order)
	body, err := schemas.EncodeEmbedded(original)
	if err != nil {
		t.Fatal(err)
	}
	e.Header().Correction = &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: original.Header().EventID,
		CorrectedEventType: original.EventType(), Original: body}
	return e
}

// held is what stock deltas say is open or reserved for an order.
func held(order string, n int64) *schemas.StockDelta {
	d := movedStock(len(order), "A", schemas.BucketRESERVED, strconv.FormatInt(n, 10), "")
	d.Meta.EventID, d.Meta.CorrelationID = schemas.NamedID("held", order, strconv.FormatInt(n, 10)), order
	return d
}

// conserved is the view's rows of an order: line, SKU and unit; ordered, shipped, cancelled, open and gap; invoiced and unbilled; credited, kept and returned;
// the code and what is missing.
func conserved(t *testing.T, conn driver.Conn, order string) []string {
	t.Helper()
	return columnOf(t, conn, `SELECT concat(order_line_id, ' ', sku, ' ', base_uom, ': ', toString(ordered), ' = ', toString(shipped), ' + ', toString(cancelled), ' + ', toString(open),
		if(gap = 0, '', concat(', gap ', toString(gap))), if(stock_gap = 0, '', concat(', stock ', toString(stock_gap))), '; ', toString(invoiced), ' billed, ', toString(unbilled), ' not; ',
		toString(credited), ' credited, ', toString(kept), ' kept, ', toString(returned), ' back; ', code, ' ', missing_event)
		FROM order_conservation WHERE order_id = '`+order+`' ORDER BY order_line_id`)
}

func mustConserve(t *testing.T, conn driver.Conn, order string, want ...string) {
	t.Helper()
	if got := conserved(t, conn, order); !slices.Equal(got, want) {
		t.Errorf("%s is\n%s\nwant\n%s", order, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const (
	atShipment = schemas.TransferPointAT_SHIPMENT
	atDelivery = schemas.TransferPointAT_DELIVERY
)

// Two lines of one SKU are two promises: what is short on one is not made good by the other. S33 of the catalogue is line 1.
func TestConservationIsByLine(t *testing.T) {
	_, conn := migrated(t)
	b := &orderBook{map[string]int{}}
	card, charge := asks("3", "A", 1), asks("4", "A", 1)
	card.Kind, card.Stock, charge.Kind, charge.Stock, charge.ChargeCode = schemas.LineKindGIFT_CARD, nil, schemas.LineKindCHARGE, nil, "FREIGHT"
	accepted := b.accepted("SO-1", asks("1", "A", 10), asks("2", "A", 5), card, charge)
	put(t, conn, "order_lines", accepted)
	put(t, conn, "stock_deltas", held("SO-1", 15))
	mustConserve(t, conn, "SO-1", "1 A EA: 10 = 0 + 0 + 10; 0 billed, 0 not; 0 credited, 0 kept, 0 back; E11 shipment.shipped or order.line_cancelled",
		"2 A EA: 5 = 0 + 0 + 5; 0 billed, 0 not; 0 credited, 0 kept, 0 back; E11 shipment.shipped or order.line_cancelled")

	left := b.shipped("SO-1", atShipment, leaves("1", "A", 7, 7), leaves("2a", "A", 2, 2), leaves("2b", "A", 3, 3))
	put(t, conn, "order_lines", left, b.short("SO-1", "1", 3, schemas.ShortOutcomeCANCEL))
	put(t, conn, "stock_deltas", held("SO-1", -12), held("SO-1", -3))
	put(t, conn, "order_lines", b.invoiced("SO-1", "1", 4), b.invoiced("SO-1", "2", 5), b.credited("SO-1", "2", 2, schemas.CreditedGoodsEXPECTED_BACK))
	put(t, conn, "order_lines", b.returned("SO-1", "2", 1, schemas.ReturnAgainstCREDITED))
	put(t, conn, "order_lines", accepted, left) // delivered twice
	// What was short and given up is open until somebody cancels it, although no stock stands for it any more.
	mustConserve(t, conn, "SO-1", "1 A EA: 10 = 7 + 0 + 3; 4 billed, 3 not; 0 credited, 4 kept, 0 back; E9 invoice.issued",
		"2 A EA: 5 = 5 + 0 + 0; 5 billed, 0 not; 2 credited, 3 kept, 1 back;  ")

	put(t, conn, "order_lines", b.invoiced("SO-1", "1", 3), b.cancelled("SO-1", "1", 2, schemas.ReleasedFromNONE))
	mustConserve(t, conn, "SO-1", "1 A EA: 10 = 7 + 2 + 1; 7 billed, 0 not; 0 credited, 7 kept, 0 back; E11 shipment.shipped or order.line_cancelled",
		"2 A EA: 5 = 5 + 0 + 0; 5 billed, 0 not; 2 credited, 3 kept, 1 back;  ")

	// The warehouse found the last one after all: it takes no demand, because none stands, and closes the line.
	put(t, conn, "order_lines", b.shipped("SO-1", atShipment, leaves("1", "A", 1, 0)), b.invoiced("SO-1", "1", 1))
	mustConserve(t, conn, "SO-1", "1 A EA: 10 = 8 + 2 + 0; 8 billed, 0 not; 0 credited, 8 kept, 0 back;  ",
		"2 A EA: 5 = 5 + 0 + 0; 5 billed, 0 not; 2 credited, 3 kept, 1 back;  ")
}

// A change moves what is ordered and what it is; its void moves both back, and so does that of a shipment.
func TestConservationOfChangesAndVoids(t *testing.T) {
	_, conn := migrated(t)
	b := &orderBook{map[string]int{}}
	one, dropped, more, added := asks("1", "A", 4), asks("3", "A", 2), asks("1", "B", 6), asks("2", "C", 3)
	put(t, conn, "order_lines", b.accepted("SO-2", one, dropped), b.shipped("SO-2", atShipment, leaves("1", "A", 1, 1)))
	change := b.changed("SO-2", changes(&one, &more), changes(nil, &added), changes(&dropped, nil))
	put(t, conn, "order_lines", change)
	put(t, conn, "stock_deltas", held("SO-2", 8))
	mustConserve(t, conn, "SO-2", "1 B EA: 6 = 1 + 0 + 5; 0 billed, 1 not; 0 credited, 0 kept, 0 back; E9 invoice.issued",
		"2 C EA: 3 = 0 + 0 + 3; 0 billed, 0 not; 0 credited, 0 kept, 0 back; E11 shipment.shipped or order.line_cancelled",
		"3 A EA: 0 = 0 + 0 + 0; 0 billed, 0 not; 0 credited, 0 kept, 0 back;  ")
	put(t, conn, "order_lines", b.voided(t, "event.voided", "SO-2", change))
	put(t, conn, "stock_deltas", held("SO-2", -3))
	mustConserve(t, conn, "SO-2", "1 A EA: 4 = 1 + 0 + 3; 0 billed, 1 not; 0 credited, 0 kept, 0 back; E9 invoice.issued",
		"2 C EA: 0 = 0 + 0 + 0; 0 billed, 0 not; 0 credited, 0 kept, 0 back;  ",
		"3 A EA: 2 = 0 + 0 + 2; 0 billed, 0 not; 0 credited, 0 kept, 0 back; E11 shipment.shipped or order.line_cancelled")

	wrong := b.shipped("SO-3", atShipment, leaves("1", "A", 5, 5))
	put(t, conn, "order_lines", b.accepted("SO-3", asks("1", "A", 5)), wrong)
	void := b.voided(t, "shipment.voided", "SO-3", wrong)
	put(t, conn, "order_lines", void)
	put(t, conn, "order_lines", void)
	put(t, conn, "stock_deltas", held("SO-3", 5))
	mustConserve(t, conn, "SO-3", "1 A EA: 5 = 0 + 0 + 5; 0 billed, 0 not; 0 credited, 0 kept, 0 back; E11 shipment.shipped or order.line_cancelled")
	// A void of what moves no line is no row, one without its original a letter.
	put(t, conn, "order_lines", b.voided(t, "event.voided", "SO-3", exampleOf[*schemas.InventoryReserved]("inventory.reserved", 9, "SO-3")))
	if n := text1(t, conn, "count() FROM order_lines_log FINAL WHERE order_id = 'SO-3'"); n != "3" {
		t.Errorf("%s rows of SO-3, want 3", n)
	}
	block, err := NewBlock(orderLineColumns())
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string) {
		err := block.Take(func(block *Block) error { return orderLineRows(t.Context(), schemas.Delivery{Event: void}, block) })
		if schemas.FateOf(err) != schemas.Poison || block.Rows() != 0 {
			t.Errorf("a void %s gives %v and %d rows", what, err, block.Rows())
		}
	}
	void.Header().Correction.CorrectedEventID = schemas.NamedID("order lines", "SO-3", "another")
	refused("of another event than it carries")
	void.Header().Correction.Original = nil
	refused("without its original")
}

// An increase that had shipped already is no demand: order lines say what the deltas say.
func TestAnIncreaseThatHadShippedIsNotDemanded(t *testing.T) {
	state := func(n int64) *schemas.OrderLineState {
		q := schemas.NewDecimal(n, 0)
		return &schemas.OrderLineState{Stock: &schemas.StockRef{SKU: "A", Location: "DC1"}, Quantity: schemas.Quantity{Qty: q, UOM: "EA", BaseQty: q, BaseUOM: "EA"}}
	}
	m := &lineMoves{}
	m.read(&schemas.OrderChanged{OrderID: "O1", Lines: []schemas.ChangedLine{{LineID: "1", Before: state(3), After: state(6), OpenBefore: schemas.Some(schemas.NewDecimal(0, 0)),
		Satisfied: schemas.Some(schemas.NewDecimal(2, 0))}}})
	if got := m.lines[0].by[demanded]; !got.Equal(schemas.NewDecimal(1, 0)) {
		t.Errorf("demanded %s, want 1: the deltas say 0 + 6 - 3 - 2", got.Text())
	}
}

// A reservation moves demand, so far as there was some; what it reserves beyond that is demanded anew.
func TestAReservationOfMoreThanWasDemanded(t *testing.T) {
	for consumed, want := range map[int64]string{4: "", 1: "3"} {
		m := &lineMoves{}
		m.read(&schemas.InventoryReserved{OrderID: "O1", Lines: []schemas.ReservationLine{{LineID: "1", Stock: *stockOf("A"), Quantity: pieces(4),
			DemandConsumed: schemas.Some(schemas.NewDecimal(consumed, 0))}}})
		got := ""
		for i := range m.lines {
			got += m.lines[i].by[demanded].Text()
		}
		if got != want {
			t.Errorf("of 4 with %d demanded: %q, want %q", consumed, got, want)
		}
	}
}

// Each way in which a line can be wrong has its code, and the gravest one stands.
func TestConservationNamesWhatIsMissing(t *testing.T) {
	_, conn := migrated(t)
	b := &orderBook{map[string]int{}}
	put(t, conn, "order_lines", b.accepted("OVER", asks("1", "A", 2)), b.shipped("OVER", atShipment, leaves("1", "A", 3, 2)))
	mustConserve(t, conn, "OVER", "1 A EA: 2 = 3 + 0 + 0, gap -1; 0 billed, 3 not; 0 credited, 0 kept, 0 back; E8 return.authorised or order.changed")
	put(t, conn, "order_lines", b.invoiced("OVER", "1", 3), b.returned("OVER", "1", 1, schemas.ReturnAgainstBLIND))
	mustConserve(t, conn, "OVER", "1 A EA: 2 = 3 + 0 + 0, gap -1; 3 billed, 0 not; 0 credited, 3 kept, 1 back;  ")

	put(t, conn, "order_lines", b.accepted("TOO LATE", asks("1", "A", 5)), b.cancelled("TOO LATE", "1", 2, schemas.ReleasedFromOPEN_DEMAND), b.shipped("TOO LATE", atShipment, leaves("1", "A", 5, 3)))
	mustConserve(t, conn, "TOO LATE", "1 A EA: 5 = 5 + 2 + 0, gap -2; 0 billed, 5 not; 0 credited, 0 kept, 0 back; E6 return.authorised or order.changed")

	put(t, conn, "order_lines", b.accepted("AHEAD", asks("1", "A", 10)), b.invoiced("AHEAD", "1", 10), b.cancelled("AHEAD", "1", 1, schemas.ReleasedFromOPEN_DEMAND))
	put(t, conn, "stock_deltas", held("AHEAD", 9))
	mustConserve(t, conn, "AHEAD", "1 A EA: 10 = 0 + 1 + 9; 10 billed, -10 not; 0 credited, 10 kept, 0 back; E10 shipment.shipped or credit_memo.issued")
	put(t, conn, "order_lines", b.credited("AHEAD", "1", 1, schemas.CreditedGoodsNOT_SHIPPED), b.shipped("AHEAD", atShipment, leaves("1", "A", 9, 9)))
	put(t, conn, "stock_deltas", held("AHEAD", -9))
	mustConserve(t, conn, "AHEAD", "1 A EA: 10 = 9 + 1 + 0; 10 billed, 0 not; 1 credited, 9 kept, 0 back;  ")

	// The warehouse named no reservation: it stands beside what has left.
	put(t, conn, "order_lines", b.accepted("UNNAMED", asks("1", "A", 4)), b.shipped("UNNAMED", atShipment, leaves("1", "A", 4, 0)), b.invoiced("UNNAMED", "1", 4))
	put(t, conn, "stock_deltas", held("UNNAMED", 4))
	mustConserve(t, conn, "UNNAMED", "1 A EA: 4 = 4 + 0 + 4, gap -4; 4 billed, 0 not; 0 credited, 4 kept, 0 back;  inventory.reservation_released")
	released := said[*schemas.InventoryReservationReleased](b, "inventory.reservation_released", "UNNAMED")
	released.OrderID, released.ReturnsTo, released.Lines = "UNNAMED", schemas.ReturnsToNOTHING, []schemas.ReleaseLine{{LineID: "1", Stock: *stockOf("A"), Quantity: pieces(4)}}
	put(t, conn, "order_lines", released)
	put(t, conn, "stock_deltas", held("UNNAMED", -4))
	mustConserve(t, conn, "UNNAMED", "1 A EA: 4 = 4 + 0 + 0; 4 billed, 0 not; 0 credited, 4 kept, 0 back;  ")

	// Demand moved to another SKU, and something was taken back under the old one: the sum is right, and both shelves are wrong.
	put(t, conn, "order_lines", b.accepted("MOVED", asks("1", "A", 4)), b.shipped("MOVED", atShipment, leaves("1", "A", 4, 4)), b.invoiced("MOVED", "1", 4))
	there := held("MOVED", -2)
	there.Lines[0].SKU, there.Meta.EventID = "B", schemas.NamedID("moved, elsewhere")
	put(t, conn, "stock_deltas", held("MOVED", 2), there)
	mustConserve(t, conn, "MOVED", "1 A EA: 4 = 4 + 0 + 0; 4 billed, 0 not; 0 credited, 4 kept, 0 back;  order.changed, or event.voided of what took it twice")
	if got := text1(t, conn, "toString(below_zero) FROM order_conservation WHERE order_id = 'MOVED'"); got != "-2" {
		t.Errorf("below zero: %s, want -2", got)
	}

	// The second witness: stock lacks an event that the lines have.
	put(t, conn, "order_lines", b.accepted("WITNESS", asks("1", "A", 4)))
	put(t, conn, "stock_deltas", held("WITNESS", 3))
	mustConserve(t, conn, "WITNESS", "1 A EA: 4 = 0 + 0 + 4, stock 1; 0 billed, 0 not; 0 credited, 0 kept, 0 back;  a row of order_lines or of stock_deltas")
}

// What stays ours until it arrives is not to be billed until then, and never where it does not.
func TestConservationOnTheWay(t *testing.T) {
	_, conn := migrated(t)
	b := &orderBook{map[string]int{}}
	put(t, conn, "order_lines", b.accepted("SO-7", asks("1", "A", 6)), b.shipped("SO-7", atDelivery, leaves("1", "A", 6, 6)))
	mustConserve(t, conn, "SO-7", "1 A EA: 6 = 6 + 0 + 0; 0 billed, 6 not; 0 credited, 0 kept, 0 back;  shipment.delivered")
	control, three, one := &schemas.ControlTransfer{Point: atDelivery}, pieces(3), pieces(1)
	delivered := said[*schemas.ShipmentDelivered](b, "shipment.delivered", "SO-7")
	delivered.OrderID, delivered.Control, delivered.Lines = "SO-7", control, []schemas.DeliveredLine{{ShipmentLineID: "1", OrderLineID: "1", Stock: stockOf("A"), Quantity: &three}}
	lost := said[*schemas.ShipmentLost](b, "shipment.lost", "SO-7")
	lost.OrderID, lost.Control, lost.Lines = "SO-7", control, []schemas.LostLine{{ShipmentLineID: "1", OrderLineID: "1", Stock: stockOf("A"), Quantity: &one}}
	put(t, conn, "order_lines", delivered, lost)
	mustConserve(t, conn, "SO-7", "1 A EA: 6 = 6 + 0 + 0; 0 billed, 6 not; 0 credited, 0 kept, 0 back; E9 invoice.issued")
	put(t, conn, "order_lines", b.invoiced("SO-7", "1", 3))
	mustConserve(t, conn, "SO-7", "1 A EA: 6 = 6 + 0 + 0; 3 billed, 3 not; 0 credited, 3 kept, 0 back;  shipment.delivered")
	put(t, conn, "order_lines", b.returned("SO-7", "1", 2, schemas.ReturnAgainstUNDELIVERED))
	mustConserve(t, conn, "SO-7", "1 A EA: 6 = 6 + 0 + 0; 3 billed, 3 not; 0 credited, 3 kept, 2 back;  ")
	if got := text1(t, conn, "concat(toString(undelivered), ' ', toString(in_transit)) FROM order_conservation WHERE order_id = 'SO-7'"); got != "3 0" {
		t.Errorf("undelivered and in transit: %s, want 3 0", got)
	}
}
