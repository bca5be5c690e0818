package oracle

import (
	"fmt"
	"math/big"

	"github.com/throughline/throughline/schemas"
)

const (
	onHand      = "on_hand"
	unavailable = "unavailable"
	reserved    = "reserved"
	openDemand  = "open_demand"
	inbound     = "inbound"
	returning   = "inbound_returns" // nobody counts on it
	safetyStock = "safety_stock"
)

// move is one change of one bucket.
type move struct {
	shelf  Shelf
	bucket string
	qty    *big.Rat
}

func shelfOf(r schemas.StockRef) Shelf { return Shelf{r.SKU, r.Location} }

func (s *story) shift(shelf Shelf, bucket string, qty *big.Rat) {
	if s.shelves[shelf] == nil {
		s.shelves[shelf] = map[string]*big.Rat{}
	}
	tally(s.shelves[shelf], bucket, qty)
}

// move changes a bucket, and remembers it where the event will be voided.
func (s *story) move(m *schemas.Meta, shelf Shelf, bucket string, qty *big.Rat) {
	s.shift(shelf, bucket, qty)
	if u := s.voided[m.EventID]; u != nil {
		u.moves = append(u.moves, move{shelf, bucket, qty})
	}
}

func (s *story) received(x *schemas.InventoryReceived) error {
	e := s.entry(&x.Meta, functional, nil)
	for _, l := range x.Lines {
		s.move(&x.Meta, shelfOf(l.Stock), onHand, num(l.Accepted.BaseQty))
		if l.Stock.StockStatus != schemas.StockStatusAVAILABLE {
			s.move(&x.Meta, shelfOf(l.Stock), unavailable, num(l.Accepted.BaseQty))
		}
		if l.ExpectedConsumed.Set {
			s.move(&x.Meta, shelfOf(l.Stock), inbound, neg(num(l.ExpectedConsumed.V)))
		}
		if l.Stock.Owner == schemas.StockOwnerCONSIGNED {
			continue
		}
		standard, err := s.unitCost(l.Stock.SKU, &x.Meta)
		if err != nil {
			return err
		}
		paid := standard
		if l.UnitCost.Set {
			paid = num(l.UnitCost.V)
		}
		e.dr("1200", "", value(l.Accepted, standard))
		e.cr("2050", "", value(l.Accepted, paid))
		e.dr("5200", "", minus(value(l.Accepted, paid), value(l.Accepted, standard)))
	}
	return e.post()
}

func (s *story) adjusted(x *schemas.InventoryAdjusted) error {
	e := s.entry(&x.Meta, functional, nil)
	for _, l := range x.Lines {
		unit, err := s.unitCost(l.Stock.SKU, &x.Meta)
		if err != nil {
			return err
		}
		s.move(&x.Meta, shelfOf(l.Stock), onHand, num(l.Quantity.BaseQty))
		if l.FromHold {
			s.move(&x.Meta, shelfOf(l.Stock), unavailable, num(l.Quantity.BaseQty))
		}
		e.dr("1200", "", value(l.Quantity, unit))
		if l.Reason == schemas.AdjustmentReasonOPENING {
			e.cr("3000", "", value(l.Quantity, unit))
		} else {
			e.cr("5100", "", value(l.Quantity, unit))
		}
	}
	return e.post()
}

func (s *story) reserved(x *schemas.InventoryReserved) error {
	for _, l := range x.Lines {
		s.reservations[x.ReservationID+"/"+l.LineID] = shelfOf(l.Stock)
		if x.Hardness == schemas.HardnessSOFT {
			continue
		}
		s.move(&x.Meta, shelfOf(l.Stock), reserved, num(l.Quantity.BaseQty))
		if x.Serves == schemas.ReservationServesORDER_LINE {
			if err := s.demand(&x.Meta, x.OrderID, l.LineID, neg(num(l.Quantity.BaseQty))); err != nil {
				return err
			}
		}
	}
	return nil
}

// demand changes the open demand of an order line, where the order put it.
func (s *story) demand(m *schemas.Meta, orderID, lineID string, qty *big.Rat) error {
	l, err := s.line(orderID, lineID)
	if err == nil {
		s.need(m, l, qty)
	}
	return err
}

func (s *story) need(m *schemas.Meta, l *line, qty *big.Rat) {
	l.open = plus(l.open, qty)
	s.move(m, l.shelf, openDemand, qty)
	s.onVoid(m, func() { l.open = minus(l.open, qty) })
}

func (s *story) released(x *schemas.InventoryReservationReleased) error {
	for _, l := range x.Lines {
		q := num(l.Quantity.BaseQty)
		s.move(&x.Meta, shelfOf(l.Stock), reserved, neg(q))
		if x.StateAtRelease == schemas.ReservationStatePICKED || x.StateAtRelease == schemas.ReservationStatePACKED {
			s.move(&x.Meta, shelfOf(l.Stock), unavailable, q)
		}
		if x.ReturnsTo == schemas.ReturnsToOPEN_DEMAND {
			if err := s.demand(&x.Meta, x.OrderID, l.LineID, q); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *story) short(x *schemas.FulfillmentShortShipped) error {
	for _, l := range x.Lines {
		q := num(l.Quantity.BaseQty)
		switch l.Outcome {
		case schemas.ShortOutcomeWAIT:
			continue
		case schemas.ShortOutcomeBACKORDER, schemas.ShortOutcomeSUBSTITUTE:
			if err := s.demand(&x.Meta, x.OrderID, l.OrderLineID, q); err != nil {
				return err
			}
		}
		s.move(&x.Meta, shelfOf(l.Stock), reserved, neg(q))
		if l.Cause == schemas.ShortCauseSTOCK_NOT_FOUND || l.Cause == schemas.ShortCauseDAMAGED {
			s.move(&x.Meta, shelfOf(l.Stock), unavailable, q)
		}
	}
	return nil
}

func (s *story) returned(x *schemas.ReturnReceived) error {
	e := s.entry(&x.Meta, functional, nil)
	for _, l := range x.Lines {
		unit, err := s.unitCost(l.Stock.SKU, &x.Meta)
		switch x.Against {
		case schemas.ReturnAgainstCREDITED:
			unit = s.creditCost[x.CreditMemoID+"/"+l.CreditMemoLineID]
		case schemas.ReturnAgainstUNDELIVERED:
			if unit = nil; s.lots[x.ShipmentID+"/"+l.LineID] != nil {
				unit = s.lots[x.ShipmentID+"/"+l.LineID].unit
			}
		}
		if err != nil || unit == nil {
			return fmt.Errorf("cost of line %s is unknown", l.LineID)
		}
		s.receiptCost[x.ReceiptID+"/"+l.LineID] = unit
		s.move(&x.Meta, shelfOf(l.Stock), onHand, num(l.Quantity.BaseQty))
		s.move(&x.Meta, shelfOf(l.Stock), unavailable, num(l.Quantity.BaseQty))
		s.arrive(&x.Meta, x.RMAID+x.ReturnedToSenderID+"/"+l.LineID, num(l.Quantity.BaseQty))
		e.dr("1200", "", value(l.Quantity, unit))
		if x.Against == schemas.ReturnAgainstUNDELIVERED {
			e.own("1220", x.ShipmentID, neg(value(l.Quantity, unit)))
		} else {
			e.cr("1260", keyOf(x.OrderID, x.ReceiptID, l.OrderLineID), value(l.Quantity, unit))
		}
	}
	return e.post()
}

// keyOf is the order line, or the receipt of what nobody announced.
func keyOf(orderID, receiptID, lineID string) string {
	if orderID == "" {
		return receiptID
	}
	return orderID + "/" + lineID
}

func (s *story) dispositioned(x *schemas.ReturnDispositioned) error {
	e := s.entry(&x.Meta, functional, nil)
	for _, l := range x.Lines {
		unit, q := s.receiptCost[x.ReceiptID+"/"+l.ReceiptLineID], num(l.Quantity.BaseQty)
		if unit == nil {
			return fmt.Errorf("receipt line %s is unknown", l.ReceiptLineID)
		}
		full, kept := value(l.Quantity, unit), num(l.RecoverableValue.V)
		switch l.Outcome {
		case schemas.ReturnOutcomeRESTOCK:
		case schemas.ReturnOutcomeSCRAP:
			e.dr("5100", "", full)
			e.cr("1200", "", full)
		case schemas.ReturnOutcomeREFURBISH:
			e.dr("5100", "", minus(full, kept))
			e.cr("1200", "", minus(full, kept))
			continue // it stays where it is
		case schemas.ReturnOutcomeVENDOR:
			e.dr("1300", "", kept)
			e.dr("5100", "", minus(full, kept))
			e.cr("1200", "", full)
		case schemas.ReturnOutcomeRETURN_TO_CUSTOMER:
			e.dr("1260", keyOf(x.OrderID, x.ReceiptID, l.OrderLineID), full)
			e.cr("1200", "", full)
		default:
			return fmt.Errorf("outcome %q is unknown", l.Outcome)
		}
		s.move(&x.Meta, shelfOf(l.Stock), unavailable, neg(q))
		if l.Outcome != schemas.ReturnOutcomeRESTOCK {
			s.move(&x.Meta, shelfOf(l.Stock), onHand, neg(q))
		}
	}
	return e.post()
}
