package oracle

import (
	"fmt"
	"math/big"

	"github.com/throughline/throughline/schemas"
)

// hearMoves is about goods between places, on their way and back, and what shelves are said to keep.
func (s *story) hearMoves(e schemas.Event) error {
	switch x := e.(type) {
	case *schemas.InventoryExpected:
		for _, l := range x.Lines {
			s.move(&x.Meta, shelfOf(l.Stock), inbound, num(l.Quantity.BaseQty))
		}
	case *schemas.InventoryExpectationChanged:
		for _, l := range x.Lines {
			s.move(&x.Meta, shelfOf(l.Stock), inbound, minus(num(l.After.BaseQty), num(l.Before.BaseQty)))
		}
	case *schemas.InventoryTransferDispatched:
		return s.dispatch(x)
	case *schemas.InventoryTransferReceived:
		return s.transferred(x)
	case *schemas.InventoryStatusChanged:
		s.held(x)
	case *schemas.InventoryPolicyChanged:
		for _, l := range x.Lines {
			s.move(&x.Meta, shelfOf(l.Stock), safetyStock, minus(num(l.After.SafetyStock), num(l.Before.SafetyStock)))
		}
	case *schemas.InventoryCostRevalued:
		r := s.entry(&x.Meta, functional, nil)
		for _, l := range x.Lines {
			r.dr("1200", "", round(times(num(l.OnHand), minus(num(l.NewUnitCost), num(l.OldUnitCost))), 4))
			r.cr("5300", "", round(times(num(l.OnHand), minus(num(l.NewUnitCost), num(l.OldUnitCost))), 4))
		}
		return r.post()
	case *schemas.ReturnAuthorised:
		for _, l := range x.Lines {
			s.expect(&x.Meta, &coming{shelfOf(l.Stock), returning, x.OrderID + "/" + l.OrderLineID, num(l.Quantity.BaseQty)}, x.RMAID+"/"+l.LineID)
		}
	case *schemas.ReturnClosedNotReceived:
		return s.notReceived(x)
	case *schemas.ShipmentReturnedToSender:
		for _, l := range x.Lines {
			from := s.lots[x.ShipmentID+"/"+l.ShipmentLineID]
			if from == nil {
				return fmt.Errorf("shipment line %s is unknown", l.ShipmentLineID)
			}
			s.expect(&x.Meta, &coming{shelfOf(from.stock), returning, from.line, num(l.Quantity.BaseQty)}, x.ReturnID+"/"+l.ShipmentLineID)
		}
	case *schemas.ShipmentDelivered:
		return s.delivered(x)
	case *schemas.ShipmentLost:
		return s.lost(x)
	default:
		return s.hearMoney(e)
	}
	return nil
}

// coming is what a document lets expect at a shelf and has not come.
type coming struct {
	shelf     Shelf
	bucket    string
	orderLine string
	left      *big.Rat
}

func (s *story) expect(m *schemas.Meta, c *coming, line string) {
	s.coming[line] = c
	s.move(m, c.shelf, c.bucket, c.left)
}

// arrive takes off what was expected as much as is left of it.
func (s *story) arrive(m *schemas.Meta, line string, qty *big.Rat) {
	c := s.coming[line]
	if c == nil {
		return
	}
	if qty.Cmp(c.left) > 0 {
		qty = c.left
	}
	c.left = minus(c.left, qty)
	s.move(m, c.shelf, c.bucket, neg(qty))
}

// dispatch: goods are between two places, and worth what they were.
func (s *story) dispatch(x *schemas.InventoryTransferDispatched) error {
	e := s.entry(&x.Meta, functional, nil)
	for _, l := range x.Lines {
		unit, err := s.unitCost(l.Stock.SKU, &x.Meta)
		if err != nil {
			return err
		}
		line, q := x.DispatchID+"/"+l.LineID, num(l.Quantity.BaseQty)
		s.dispatched[line] = unit
		s.move(&x.Meta, shelfOf(l.Stock), onHand, neg(q))
		if _, ok := s.reservations[l.ReservationID+"/"+l.LineID]; ok {
			s.move(&x.Meta, shelfOf(l.Stock), reserved, neg(q))
		}
		s.expect(&x.Meta, &coming{Shelf{l.Stock.SKU, x.ToLocation}, inbound, "", q}, line)
		e.own("1210", x.TransferID, value(l.Quantity, unit))
		e.own("1200", "", neg(value(l.Quantity, unit)))
	}
	return e.post()
}

func (s *story) transferred(x *schemas.InventoryTransferReceived) error {
	e := s.entry(&x.Meta, functional, nil)
	for _, l := range x.Lines {
		line := x.DispatchID + "/" + l.LineID
		unit := s.dispatched[line]
		if unit == nil {
			return fmt.Errorf("dispatch %s is unknown", x.DispatchID)
		}
		s.arrive(&x.Meta, line, num(l.Quantity.BaseQty))
		s.move(&x.Meta, shelfOf(l.Stock), onHand, num(l.Quantity.BaseQty))
		e.own("1200", "", value(l.Quantity, unit))
		e.own("1210", x.TransferID, neg(value(l.Quantity, unit)))
	}
	return e.post()
}

// held: what is not available is on hand all the same.
func (s *story) held(x *schemas.InventoryStatusChanged) {
	for _, l := range x.Lines {
		q := num(l.Quantity.BaseQty)
		if l.FromStatus != schemas.StockStatusAVAILABLE {
			s.move(&x.Meta, shelfOf(l.Stock), unavailable, neg(q))
		}
		if l.ToStatus != schemas.StockStatusAVAILABLE {
			s.move(&x.Meta, shelfOf(l.Stock), unavailable, q)
		}
	}
}
