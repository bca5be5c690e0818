package oracle

import (
	"math/big"

	"github.com/throughline/throughline/schemas"
)

// Line is one line of an order.
type Line struct{ Order, Line string }

// Units are what became of an order line, in base units. What is open is ordered and neither shipped nor cancelled, however it came to be so.
type Units struct{ Ordered, Shipped, Cancelled, Invoiced, Credited, CreditedUnshipped, Returned schemas.Decimal }

// counted keeps one tally of a goods line, and lets a void take it back. A line that nobody ordered, or a charge, has none.
func (s *story) counted(m *schemas.Meta, order, line, what string, qty *big.Rat) {
	tallies := s.lines[Line{order, line}]
	if tallies == nil {
		return
	}
	tally(tallies, what, qty)
	s.onVoid(m, func() { tally(tallies, what, neg(qty)) })
}

func (s *story) begins(order, line string) {
	if s.lines[Line{order, line}] == nil {
		s.lines[Line{order, line}] = map[string]*big.Rat{}
	}
}

// count is about quantities and nothing else.
func (s *story) count(e schemas.Event) {
	m := e.Header()
	switch x := e.(type) {
	case *schemas.OrderAccepted:
		for _, l := range x.Lines {
			if l.Kind == schemas.LineKindGOODS {
				s.begins(x.OrderID, l.LineID)
				s.counted(m, x.OrderID, l.LineID, "ordered", num(l.Quantity.BaseQty))
			}
		}
	case *schemas.OrderChanged:
		for _, l := range x.Lines {
			if l.Kind != schemas.LineKindGOODS {
				continue
			}
			s.begins(x.OrderID, l.LineID)
			if l.Before != nil {
				s.counted(m, x.OrderID, l.LineID, "ordered", neg(num(l.Before.Quantity.BaseQty)))
			}
			if l.After != nil {
				s.counted(m, x.OrderID, l.LineID, "ordered", num(l.After.Quantity.BaseQty))
			}
		}
	case *schemas.OrderLineCancelled:
		for _, l := range x.Lines {
			s.counted(m, x.OrderID, l.LineID, "cancelled", num(l.Quantity.BaseQty))
		}
	case *schemas.ShipmentShipped:
		for _, l := range x.Lines {
			s.counted(m, x.OrderID, l.OrderLineID, "shipped", num(l.Quantity.BaseQty))
		}
	case *schemas.InvoiceIssued:
		for _, l := range x.Lines {
			if l.Kind == schemas.LineKindGOODS {
				s.counted(m, x.OrderID, l.OrderLineID, "invoiced", s.billedUnits(l))
			}
		}
	case *schemas.CreditMemoIssued:
		for _, l := range x.Lines {
			if l.Kind != schemas.LineKindGOODS || l.Quantity == nil {
				continue
			}
			s.counted(m, x.OrderID, l.OrderLineID, "credited", num(l.Quantity.BaseQty))
			if l.Goods == schemas.CreditedGoodsNOT_SHIPPED {
				s.counted(m, x.OrderID, l.OrderLineID, "unshipped", num(l.Quantity.BaseQty))
			}
		}
	case *schemas.ReturnReceived:
		for _, l := range x.Lines {
			s.counted(m, x.OrderID, l.OrderLineID, "returned", num(l.Quantity.BaseQty))
		}
	}
}

// billedUnits of a line are its own, or those of the shipment line that it bills.
func (s *story) billedUnits(l schemas.InvoiceLine) *big.Rat {
	if l.Quantity != nil {
		return num(l.Quantity.BaseQty)
	}
	if from := s.lots[l.ShipmentID+"/"+l.ShipmentLineID]; from != nil {
		return num(from.qty.BaseQty)
	}
	return zero()
}

func (w *writer) units(t map[string]*big.Rat) Units {
	return Units{Ordered: w.decimal(t["ordered"], 6), Shipped: w.decimal(t["shipped"], 6), Cancelled: w.decimal(t["cancelled"], 6), Invoiced: w.decimal(t["invoiced"], 6),
		Credited: w.decimal(t["credited"], 6), CreditedUnshipped: w.decimal(t["unshipped"], 6), Returned: w.decimal(t["returned"], 6)}
}
