package sinks

import (
	"context"
	"slices"

	"github.com/throughline/throughline/schemas"
)

// The quantities of an order line that events move, in the order of their columns.
const (
	ordered = iota
	cancelled
	demanded
	shipped
	delivered
	undelivered
	inTransit
	invoiced
	credited
	creditedUnshipped
	returned
	lineQuantities
)

// orderLineColumns: one row an event, the order lines that it moves in arrays that the view unfolds. Quantities are signed, and of the line's base unit.
func orderLineColumns() []Column {
	columns := []Column{
		{"event_id", chUUID}, {"event_type", chText}, {"original_type", chText}, {"legal_entity", chText}, {"order_id", chText}, {"thread_sequence", chInt64},
		{"occurred_at", chTime}, {"admitted_at", chTime}, {"effective_date", chDate}, {"period", chText},
		{"order_line_id", array(chText)}, {"sku", array(chText)}, {"base_uom", array(chText)},
	}
	for _, name := range [lineQuantities]string{"ordered", "cancelled", "demanded", "shipped", "delivered", "undelivered", "in_transit", "invoiced", "credited",
		"credited_unshipped", "returned"} {
		columns = append(columns, Column{name, array(chQty)})
	}
	return append(columns, Column{"topic", chText}, Column{"partition", chInt32}, Column{"offset", chUInt64}, Column{"written_at", chTime})
}

// lineMove is what one line of a document does to the order line that it names.
type lineMove struct {
	line, sku, uom string
	by             [lineQuantities]schemas.Decimal
}

// lineMoves is what an event does to the lines of an order. The zero value is nothing; memory is kept from one to the next.
type lineMoves struct {
	order string
	back  bool // what is read is taken back
	lines []lineMove
}

var noQty = schemas.NewDecimal(0, 6)

// add begins a line; by is changed through set. A line that is none of the order's moves nothing and has no line here.
func (m *lineMoves) add(line, sku string, q *schemas.Quantity) *lineMove {
	m.lines = append(m.lines, lineMove{line: line, sku: sku, uom: q.BaseUOM})
	l := &m.lines[len(m.lines)-1]
	for i := range l.by {
		l.by[i] = noQty
	}
	return l
}

func (l *lineMove) set(quantity int, q schemas.Decimal) *lineMove {
	l.by[quantity] = q
	return l
}

func orderLineRows(_ context.Context, d schemas.Delivery, b *Block) error {
	m := &b.moves
	m.order, m.back, m.lines = "", false, m.lines[:0]
	original := ""
	if e := d.Event; schemas.Reverses(e) {
		was, err := taken(e)
		if err != nil || was == nil {
			return err
		}
		original, m.back = was.EventType(), true
		m.read(was)
	} else {
		m.read(e)
	}
	if m.order == "" || len(m.lines) == 0 {
		return nil
	}
	orderLineCells(b, d, original)
	return nil
}

// taken is the event that a reversal takes back, nil where it never moved an order line.
func taken(e schemas.Event) (schemas.Event, error) {
	c := e.Header().Correction
	if c == nil || !slices.Contains(lineMovers[:], c.CorrectedEventType) {
		return nil, nil
	}
	if c.Original == nil {
		return nil, &schemas.PoisonError{Class: schemas.DeadLetterClassUNHYDRATED, Reason: "meta.correction.original is absent: admission embeds it"}
	}
	was, err := schemas.DecodeEmbedded(c.Original, c.CorrectedEventType)
	if err == nil && was.Header().EventID != c.CorrectedEventID {
		err = &schemas.PoisonError{Class: schemas.DeadLetterClassCONTRACT, Reason: "meta.correction.original is not the event that corrected_event_id names"}
	}
	return was, err
}

// lineMovers are the types that lineMoves.read knows. A rule.superseded books money anew and moves no line.
var lineMovers = [...]string{"order.accepted", "order.changed", "order.line_cancelled", "inventory.reserved", "inventory.reservation_released", "fulfillment.short_shipped",
	"shipment.shipped", "shipment.delivered", "shipment.lost", "invoice.issued", "credit_memo.issued", "return.received"}

func orderLineCells(b *Block, d schemas.Delivery, original string) {
	moves, m := &b.moves, d.Event.Header()
	b.UUID(m.EventID)
	b.Str(d.Event.EventType())
	b.Str(original)
	b.Str(m.LegalEntity)
	b.Str(moves.order)
	b.Int64(m.ThreadSequence.Or(0))
	b.Time(m.OccurredAt)
	b.OptTime(m.AdmittedAt)
	b.OptDate(m.EffectiveDate)
	b.Str(m.Period)
	for i := range moves.lines {
		b.Str(moves.lines[i].line)
	}
	b.End()
	for i := range moves.lines {
		b.Str(moves.lines[i].sku)
	}
	b.End()
	for i := range moves.lines {
		b.Str(moves.lines[i].uom)
	}
	b.End()
	for q := range lineQuantities {
		for i := range moves.lines {
			n := moves.lines[i].by[q]
			if moves.back && !n.IsZero() {
				n = n.Neg()
			}
			b.Decimal(n)
		}
		b.End()
	}
	positionCells(b, d)
	b.Row(len(moves.lines))
}
