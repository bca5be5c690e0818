package admission

import "github.com/throughline/throughline/schemas"

func (c *completion) orderAccepted(x *schemas.OrderAccepted) error {
	if c.t.knows("order") {
		return contract("the order was accepted before under another event id: change it by order.changed")
	}
	exponent, err := c.exponent(x.Currency)
	if err != nil {
		return err
	}
	for i := range x.Lines {
		c.taxesAgree(x, x.Currency, x.Lines[i].Amounts.Taxes, exponent)
	}
	if x.FX == nil {
		kind := schemas.RateTypeSPOT
		if x.Terms == schemas.TermsPREPAID {
			kind = schemas.RateTypePREPAYMENT
		}
		x.FX = c.spot(x.Currency, kind)
	}
	return c.ours(x.FX)
}

func (c *completion) lineCancelled(x *schemas.OrderLineCancelled) error {
	order := c.t.order()
	for i := range x.Lines {
		l := &x.Lines[i]
		line, progress, err := c.orderLine(order, l.LineID)
		if err != nil {
			return err
		}
		if err := sameUnit(line, &l.Quantity); err != nil {
			return err
		}
		if !goods(line.Kind) && l.ReleasedFrom == schemas.ReleasedFromOPEN_DEMAND {
			return contract("lines.released_from is OPEN_DEMAND on a line that never ships and so makes no demand: say NONE")
		}
		if l.Stock == nil || l.ReleasedFrom == schemas.ReleasedFromOPEN_DEMAND {
			l.Stock = line.Stock // demand stands under the SKU that is ordered now, whatever the shop still calls it
		}
		l.DemandDate, l.DemandLocation = demandOf(line)
		if progress.Shipped.Add(progress.Cancelled).Add(l.Quantity.BaseQty).Cmp(line.Quantity.BaseQty) > 0 {
			c.exception("OVER_COMMITTED", "shipped and cancelled exceed ordered", x)
		}
	}
	return nil
}

// demandOf is the date and the place under which a line's demand stands.
func demandOf(line *schemas.OrderLine) (schemas.Opt[schemas.Date], string) {
	if line.Stock == nil {
		return line.RequestedDate, ""
	}
	return line.RequestedDate, line.Stock.Location
}

func demandSKU(line *schemas.OrderLine) string {
	if line.Stock == nil {
		return ""
	}
	return line.Stock.SKU
}

// funding is constant per order, so that postings need no payment history.
func funding(order *schemas.OrderAccepted) *schemas.Funding {
	if order.Terms == schemas.TermsPREPAID {
		return &schemas.Funding{Terms: order.Terms, Settles: schemas.SettlesCUSTOMER_DEPOSIT}
	}
	return &schemas.Funding{Terms: order.Terms, Settles: schemas.SettlesRECEIVABLE}
}

// orderRate is the rate under which an order's documents stand: the order's own where it is prepaid (IFRIC 22), else the spot of the document's date.
func (c *completion) orderRate(order *schemas.OrderAccepted) *schemas.Fx {
	if order.Terms == schemas.TermsPREPAID {
		return order.FX
	}
	return c.spot(order.Currency, schemas.RateTypeSPOT)
}
