package atp

import (
	"math/rand/v2"
	"strconv"

	"github.com/throughline/throughline/schemas"
)

// generator makes random stock events as admission lets them through: few SKUs and places, so that lines meet in one bucket.
type generator struct{ *rand.Rand }

func oneOf[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

func (g *generator) stock() schemas.StockRef {
	return schemas.StockRef{
		SKU: "SKU-" + strconv.Itoa(g.IntN(6)), Location: oneOf(g, "DC1", "DC2"),
		StockStatus: oneOf(g, "", schemas.StockStatusAVAILABLE, schemas.StockStatusQUALITY, schemas.StockStatusDAMAGED),
	}
}

// number is up to 40.000000, with decimals now and then.
func (g *generator) number() schemas.Decimal {
	return schemas.NewDecimal(1_000_000*(1+g.Int64N(40))+g.Int64N(2)*g.Int64N(1_000_000), 6)
}

func (g *generator) quantity() schemas.Quantity {
	q := g.number()
	return schemas.Quantity{Qty: q, UOM: "EA", BaseQty: q, BaseUOM: "EA"}
}

func (g *generator) optional() schemas.Opt[schemas.Decimal] {
	if g.IntN(2) == 0 {
		return schemas.Opt[schemas.Decimal]{}
	}
	return schemas.Some(g.number())
}

func (g *generator) date() schemas.Opt[schemas.Date] {
	if g.IntN(3) == 0 {
		return schemas.Opt[schemas.Date]{}
	}
	return schemas.Some(schemas.Date(20_500 + g.Int32N(3)))
}

func (g *generator) place() (sku, location string) {
	if g.IntN(2) == 0 {
		return "", ""
	}
	s := g.stock()
	return s.SKU, s.Location
}

func lines[L any](g *generator, line func() L) (all []L) {
	for range 1 + g.IntN(8) {
		all = append(all, line())
	}
	return all
}

func (g *generator) order() schemas.Event {
	return &schemas.OrderAccepted{OrderID: "SO", Channel: "web", Terms: schemas.TermsPREPAID, Currency: "USD", Lines: lines(g, func() schemas.OrderLine {
		s := g.stock()
		return schemas.OrderLine{LineID: "1", Stock: &s, Quantity: g.quantity(), RequestedDate: g.date()}
	})}
}

func (g *generator) cancelled() schemas.Event {
	return &schemas.OrderLineCancelled{OrderID: "SO", CancellationID: "CA", Reason: "r", By: "CUSTOMER", Lines: lines(g, func() schemas.CancelledLine {
		s := g.stock()
		_, location := g.place()
		return schemas.CancelledLine{LineID: "1", Stock: &s, Quantity: g.quantity(), DemandDate: g.date(), DemandLocation: location,
			ReleasedFrom: oneOf(g, schemas.ReleasedFromOPEN_DEMAND, schemas.ReleasedFromNONE)}
	})}
}

func (g *generator) received() schemas.Event {
	return &schemas.InventoryReceived{ReceiptID: "R", Lines: lines(g, func() schemas.ReceiptLine {
		return schemas.ReceiptLine{LineID: "1", Stock: g.stock(), Accepted: g.quantity(), ExpectedConsumed: g.optional(), ExpectedDate: g.date(), ExpectedDocument: oneOf(g, "", "PO-1", "PO-2")}
	})}
}

func (g *generator) reserved() schemas.Event {
	return &schemas.InventoryReserved{ReservationID: "RV", OrderID: "SO", Hardness: oneOf(g, schemas.HardnessHARD, schemas.HardnessHARD, schemas.HardnessSOFT),
		Serves: oneOf(g, schemas.ReservationServesORDER_LINE, schemas.ReservationServesTRANSFER), Lines: lines(g, func() schemas.ReservationLine {
			sku, location := g.place()
			return schemas.ReservationLine{LineID: "1", Stock: g.stock(), Quantity: g.quantity(), DemandConsumed: schemas.Some(g.number()), DemandSKU: sku, DemandLocation: location, DemandDate: g.date()}
		})}
}

func (g *generator) released() schemas.Event {
	return &schemas.InventoryReservationReleased{ReleaseID: "RL", ReservationID: "RV", OrderID: "SO", Reason: "r", ReturnsTo: oneOf(g, schemas.ReturnsToOPEN_DEMAND, schemas.ReturnsToNOTHING),
		StateAtRelease: oneOf(g, schemas.ReservationStateRESERVED, schemas.ReservationStateRELEASED, schemas.ReservationStatePICKED, schemas.ReservationStatePACKED), Lines: lines(g, func() schemas.ReleaseLine {
			sku, location := g.place()
			return schemas.ReleaseLine{LineID: "1", Stock: g.stock(), Quantity: g.quantity(), DemandSKU: sku, DemandLocation: location, DemandDate: g.date()}
		})}
}

func (g *generator) adjusted() schemas.Event {
	return &schemas.InventoryAdjusted{AdjustmentID: "AD", Lines: lines(g, func() schemas.AdjustmentLine {
		q := g.quantity()
		if g.IntN(2) == 0 {
			q.Qty, q.BaseQty = q.Qty.Neg(), q.BaseQty.Neg()
		}
		return schemas.AdjustmentLine{LineID: "1", Stock: g.stock(), Quantity: q, FromHold: g.IntN(2) == 0, Reason: oneOf(g, schemas.AdjustmentReasonOPENING, schemas.AdjustmentReasonCOUNT)}
	})}
}

func (g *generator) short() schemas.Event {
	return &schemas.FulfillmentShortShipped{FulfillmentID: "F", ShortID: "SS", OrderID: "SO", Lines: lines(g, func() schemas.ShortLine {
		sku, location := g.place()
		return schemas.ShortLine{OrderLineID: "1", Stock: g.stock(), Quantity: g.quantity(), ReservationID: oneOf(g, "", "RV"), DemandSKU: sku, DemandLocation: location, DemandDate: g.date(),
			Cause:   oneOf(g, schemas.ShortCauseSTOCK_NOT_FOUND, schemas.ShortCauseDAMAGED, schemas.ShortCauseCAPACITY, schemas.ShortCauseCARRIER, schemas.ShortCauseDATA),
			Outcome: oneOf(g, schemas.ShortOutcomeBACKORDER, schemas.ShortOutcomeCANCEL, schemas.ShortOutcomeSUBSTITUTE, schemas.ShortOutcomeWAIT)}
	})}
}

func (g *generator) shipped() schemas.Event {
	return &schemas.ShipmentShipped{ShipmentID: "SH", OrderID: "SO", Lines: lines(g, func() schemas.ShipmentLine {
		sku, location := g.place()
		reservedSKU, reservedLocation := g.place()
		return schemas.ShipmentLine{LineID: "1", OrderLineID: "1", Stock: g.stock(), Quantity: g.quantity(), ReservationID: oneOf(g, "", "RV"), ReservedSKU: reservedSKU, ReservedLocation: reservedLocation,
			ReservedConsumed: schemas.Some(g.number()), DemandConsumed: schemas.Some(g.number()), DemandSKU: sku, DemandLocation: location, DemandDate: g.date()}
	})}
}

func (g *generator) returned() schemas.Event {
	if g.IntN(2) == 0 {
		return &schemas.ReturnReceived{ReceiptID: "RR", RMAID: oneOf(g, "", "RMA"), ShipmentID: oneOf(g, "", "SH"), Against: schemas.ReturnAgainstCREDITED, Lines: lines(g, func() schemas.ReturnLine {
			return schemas.ReturnLine{LineID: "1", Stock: g.stock(), Quantity: g.quantity(), ExpectedConsumed: g.optional(), ExpectedDate: g.date()}
		})}
	}
	return &schemas.ReturnDispositioned{DispositionID: "RD", ReceiptID: "RR", Lines: lines(g, func() schemas.DispositionLine {
		return schemas.DispositionLine{LineID: "1", ReceiptLineID: "1", Stock: g.stock(), Quantity: g.quantity(), Outcome: oneOf(g, schemas.ReturnOutcomeRESTOCK, schemas.ReturnOutcomeSCRAP,
			schemas.ReturnOutcomeREFURBISH, schemas.ReturnOutcomeVENDOR, schemas.ReturnOutcomeRETURN_TO_CUSTOMER)}
	})}
}
