package admission

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// A leg that clears a balance does so at the rate at which that was booked; at any other, functional currency stays behind for ever (domain.md §2.5.5).
// Where the thread holds what was booked, its rate is stamped; where the event names a document that the thread will hold, it waits for that, as whatever is
// valued waits for its value; where the thread can never know, the producer must say.

// foreign says that amounts of a currency are converted.
func (c *completion) foreign(currency string) bool { return currency != c.entity.FunctionalCurrency }

// documents are those of one kind that stand in the thread, in the order of admission.
func (c *completion) documents(kind string) (all []*schemas.ThreadDocument) {
	for _, fact := range c.t.progress.Facts {
		if id, ok := strings.CutPrefix(fact, kind+":"); ok {
			if d := c.t.document(kind, id); d != nil {
				all = append(all, d)
			}
		}
	}
	return all
}

// rateOf is the one rate at which documents stand; several says that they stand at more than one.
func rateOf(documents []*schemas.ThreadDocument) (fx *schemas.Fx, several bool) {
	for _, d := range documents {
		switch {
		case d.FX == nil:
		case fx == nil:
			fx = d.FX
		case !fx.Rate.Equal(d.FX.Rate):
			return fx, true
		}
	}
	return fx, false
}

// quotedRate is the rate of a document that is named, for which the event waits; nil where that is in another currency.
func (c *completion) quotedRate(kind, id, currency string) *schemas.Fx {
	d := c.t.document(kind, id)
	switch {
	case d == nil:
		c.lack(kind + ":" + id)
	case d.Currency == currency:
		return d.FX
	}
	return nil
}

// receivableRate is the rate at which a receivable stands on 1100: its invoice's. Where none is named it is that of all the order's invoices, or, before the
// first, of the shipments whose rate they will copy; nil where nothing is booked yet.
func (c *completion) receivableRate(field, invoice, currency string) (*schemas.Fx, error) {
	if invoice != "" {
		return c.quotedRate("invoice", invoice, currency), nil
	}
	for _, kind := range []string{"invoice", "shipment"} {
		switch fx, several := rateOf(c.documents(kind)); {
		case several:
			return nil, contract("%s is missing, and the order's documents stand at several rates: name the invoice, or say at which rate it was booked", field)
		case fx != nil && fx.TxnCurrency == currency:
			return fx, nil
		}
	}
	return nil, nil
}

// clearedByCapture is the rate of the balance that a capture settles: the order's for deposits of a prepaid order, which its producer cannot overrule.
func (c *completion) clearedByCapture(x *schemas.PaymentCaptured) (err error) {
	if order := c.t.order(); x.OrderID != "" && order.Terms == schemas.TermsPREPAID {
		x.BookedFX = order.FX
		return nil
	}
	switch {
	case x.BookedFX != nil || !c.foreign(x.Amount.Currency) || x.Funding == nil || x.Funding.Settles != schemas.SettlesRECEIVABLE:
	case x.OrderID == "":
		return contract("booked_fx is missing: say at which rate the receivable was booked, which the payment settles")
	default:
		x.BookedFX, err = c.receivableRate("booked_fx", x.InvoiceID, x.Amount.Currency)
	}
	return err
}

// clearedByRefund is the rate of the balance that a refund settles.
func (c *completion) clearedByRefund(x *schemas.RefundIssued) (err error) {
	if order := c.t.order(); x.OrderID != "" && order.Terms == schemas.TermsPREPAID {
		x.BookedFX = order.FX
		return nil
	}
	if x.BookedFX != nil || !c.foreign(x.Amount.Currency) {
		return nil
	}
	switch {
	case x.Settles == schemas.SettlesCUSTOMER_DEPOSIT:
		if d := c.t.document("payment", x.PaymentID); d != nil {
			x.BookedFX = d.FX
		}
	case x.CreditMemoID != "":
		x.BookedFX = c.quotedRate("credit", x.CreditMemoID, x.Amount.Currency)
	case x.OrderID == "":
		return contract("booked_fx is missing: say at which rate the receivable was booked, which the refund settles")
	default:
		x.BookedFX, err = c.receivableRate("booked_fx", x.InvoiceID, x.Amount.Currency)
	}
	return err
}

// writtenOff values what is given up as it was booked: no cash moves, so 6300 loses what 1100 held and no difference arises, as with the discount of a customer's
// payment. That is why the event needs no second rate. In an order's thread the named invoice is the better witness than what the producer says.
func (c *completion) writtenOff(x *schemas.ReceivableWrittenOff) error {
	if c.foreign(x.Amount.Currency) && (x.FX == nil || x.OrderID != "" && x.InvoiceID != "") {
		fx, err := c.writeOffRate(x)
		if err != nil {
			return err
		}
		x.FX = fx
		if fx == nil && len(c.needs) == 0 {
			return contract("fx is missing: name the invoice that is given up, or say at which rate it was booked")
		}
	}
	return c.rate(&x.FX, x.Amount.Currency)
}

func (c *completion) writeOffRate(x *schemas.ReceivableWrittenOff) (*schemas.Fx, error) {
	if order := c.t.order(); x.OrderID != "" && order.Terms == schemas.TermsPREPAID {
		return order.FX, nil // what became a receivable was its deposit
	}
	return c.receivableRate("fx", x.InvoiceID, x.Amount.Currency)
}

// reclassifiedRate moves a balance at the rate at which it stands.
func (c *completion) reclassifiedRate(x *schemas.ReceivableReclassified) error {
	order := c.t.order()
	switch {
	case x.FX != nil || !c.foreign(x.Amount.Currency):
	case x.OrderID != "" && order.Terms == schemas.TermsPREPAID && order.Currency == x.Amount.Currency:
		x.FX = order.FX
	case x.InvoiceID != "" && (x.FromRole == receivableRole || x.ToRole == receivableRole):
		x.FX = c.quotedRate("invoice", x.InvoiceID, x.Amount.Currency)
	}
	return c.rate(&x.FX, x.Amount.Currency)
}

// receivableRole is 1100 in the chart of accounts.
const receivableRole = "RECEIVABLE"

// cardRate is the rate at which the price of a gift card stands: 2100 knows the order's only, and an invoice that is named is paid at its own.
func (c *completion) cardRate(x *schemas.GiftCardSold) error {
	order := c.t.order()
	switch {
	case x.FX != nil || x.OrderID == "" || order.Currency != x.Amount.Currency || !c.foreign(x.Amount.Currency):
	case x.PaidInto == schemas.PaidIntoORDER_DEPOSIT:
		x.FX = c.orderRate(order)
	case x.PaidInto == schemas.PaidIntoRECEIVABLE && x.InvoiceID != "":
		x.FX = c.quotedRate("invoice", x.InvoiceID, x.Amount.Currency)
	}
	return c.rate(&x.FX, x.Amount.Currency)
}

// movedBy notes the rate at which money moved, for what the processor says of it later. Only a payment's own thread hears that.
func (c *completion) movedBy(kind, id string, fx *schemas.Fx) {
	if fx != nil && strings.HasPrefix(c.t.name, "payment:") {
		c.document, c.docKind = &schemas.ThreadDocument{DocumentID: id, Currency: fx.TxnCurrency, FX: fx}, kind
	}
}

// movedFact is what movedBy lets others find.
func movedFact(kind, id string, fx *schemas.Fx, order string) string {
	if fx == nil || order != "" {
		return ""
	}
	return kind + ":" + id
}

// settledRate wants the rate of what the processor's own statement books: 1050 of the payment or batch is cleared at the settlement's, and the spot of the day would leave a difference there
// for ever.
func (c *completion) settledRate(fx **schemas.Fx, currency, what string) error {
	if *fx == nil && c.foreign(currency) {
		return contract("fx is missing: say at which rate %s (the processor's statement has it)", what)
	}
	return c.rate(fx, currency)
}

// disputed completes what ends a dispute: 1070 stands at the rate of its beginning, which the thread has seen.
func (c *completion) disputed(fx, booked **schemas.Fx, id, currency string) error {
	if d := c.t.document("dispute", id); *booked == nil && d != nil && d.Currency == currency {
		*booked = d.FX
	}
	return c.cleared(fx, booked, currency, "the dispute was booked")
}

// lostDispute is disputed; what a loss settles on 2100 or 2150 stands at the rate of an order that this thread does not know.
func (c *completion) lostDispute(x *schemas.DisputeLost) error {
	if x.FX == nil && c.foreign(x.Amount.Currency) && x.Settles != schemas.SettlesLOSS {
		return contract("fx is missing: say at which rate the deposit or the credit memo stands that the lost dispute settles")
	}
	return c.disputed(&x.FX, &x.BookedFX, x.DisputeID, x.Amount.Currency)
}

// cleared refuses a foreign amount that clears what nobody says how it was booked: the spot of the day would be a guess, and 7000 would miss the difference.
func (c *completion) cleared(fx, booked **schemas.Fx, currency, what string) error {
	if *booked == nil && c.foreign(currency) {
		return contract("booked_fx is missing: say at which rate %s", what)
	}
	return c.booked(fx, *booked, currency)
}

// settled: what stands on 1050 of a payment stands there at the rate at which the money moved; the batch takes it at the settlement's.
func (c *completion) settled(x *schemas.PaymentSettled) error {
	if _, err := c.exponent(x.Gross.Currency); err != nil {
		return err
	}
	if d := c.moved(x); x.BookedFX == nil && d != nil && d.Currency == x.Gross.Currency {
		x.BookedFX = d.FX
	}
	if x.BookedFX == nil && c.foreign(x.Gross.Currency) {
		return contract("booked_fx is missing: say at which rate the payment, refund or dispute was booked, which is settled")
	}
	if err := c.ours(x.BookedFX); err != nil {
		return err
	}
	if x.Settlement != nil {
		return c.rate(&x.SettlementFX, x.Settlement.Currency)
	}
	return c.rate(&x.SettlementFX, x.Gross.Currency)
}

// moved is the thread's note of what is settled, nil where it has none.
func (c *completion) moved(x *schemas.PaymentSettled) *schemas.ThreadDocument {
	switch {
	case x.Kind == schemas.SettledKindREFUND:
		return c.t.document("refund", x.RefundID)
	case x.Kind != schemas.SettledKindDISPUTE:
		return c.t.document("payment", x.PaymentID)
	case x.Gross.Amount.Sign() > 0: // it came back
		return c.t.document("won", x.DisputeID)
	}
	return c.t.document("dispute", x.DisputeID)
}

// shipmentRate is the rate at which an on-account invoice clears 1150: that of the shipments that its lines name, or, where a line names none, of those that took
// the line so far. What is billed before it ships takes the rate of the order's other documents, if they have one, and the shipment takes the invoice's then.
func (c *completion) shipmentRate(x *schemas.InvoiceIssued, order *schemas.OrderAccepted) (*schemas.Fx, error) {
	if !c.foreign(order.Currency) {
		return nil, nil
	}
	var from, charges, shipments []*schemas.ThreadDocument
	unnamed := false
	for i := range x.Lines {
		l := &x.Lines[i]
		s := c.t.document("shipment", l.ShipmentID)
		switch {
		case s != nil && goods(l.Kind):
			from = append(from, s)
		case s != nil:
			charges = append(charges, s)
		case goods(l.Kind):
			if !unnamed {
				unnamed, shipments = true, c.documents("shipment")
			}
			from = append(from, c.took(shipments, l.OrderLineID)...)
		}
	}
	fx, several := rateOf(from)
	switch {
	case several && unnamed:
		return nil, contract("lines.shipment_id is missing, and the order's shipments stand at several rates: name the shipment of each line, and bill each rate by an invoice of its own")
	case several:
		return nil, contract("lines.shipment_id names shipments that stand at several rates: bill each rate by an invoice of its own")
	case fx == nil && unnamed:
		fx = c.aheadRate()
	case fx == nil:
		fx, _ = rateOf(charges)
	}
	if fx == nil {
		fx = c.spot(order.Currency, schemas.RateTypeSPOT)
	}
	return fx, nil
}

// took are the shipments that took some of an order line.
func (c *completion) took(shipments []*schemas.ThreadDocument, line string) (all []*schemas.ThreadDocument) {
	for _, s := range shipments {
		if c.quote(s, "shipment's order line", orderedID, line) != nil {
			all = append(all, s)
		}
	}
	return all
}

// aheadRate is the rate of an order's documents so far, where they have one.
func (c *completion) aheadRate() *schemas.Fx {
	for _, kind := range []string{"invoice", "shipment"} {
		if fx, several := rateOf(c.documents(kind)); fx != nil && !several {
			return fx
		}
	}
	return nil
}

// shippedRate is the rate of a shipment: the order's, or the spot of its date; but what was billed ahead stands on 1150 at its invoice's.
func (c *completion) shippedRate(x *schemas.ShipmentShipped, order *schemas.OrderAccepted) *schemas.Fx {
	if order.Terms == schemas.TermsPREPAID || !c.foreign(order.Currency) {
		return c.orderRate(order)
	}
	for i := range x.Lines {
		if p := c.t.line(x.Lines[i].OrderLineID); p != nil && p.Invoiced.Cmp(p.Shipped) > 0 {
			if fx, several := rateOf(c.billedAhead(p.LineID)); fx != nil && !several {
				return fx
			}
			if fx, several := rateOf(c.documents("invoice")); fx != nil && !several {
				return fx
			}
		}
	}
	return c.orderRate(order)
}

// billedAhead are the invoices that billed an order line without naming a shipment.
func (c *completion) billedAhead(line string) (all []*schemas.ThreadDocument) {
	for _, d := range c.documents("invoice") {
		if slices.ContainsFunc(d.Lines, func(l schemas.DocumentLine) bool { return l.OrderLineID == line && l.Amounts == nil && l.Cost == nil }) {
			all = append(all, d)
		}
	}
	return all
}

// creditRate is the rate of what an on-account credit memo takes back: the invoice's that it names, else the shipments' that its lines name, else that of all the
// order's documents.
func (c *completion) creditRate(x *schemas.CreditMemoIssued, order *schemas.OrderAccepted) (*schemas.Fx, error) {
	if !c.foreign(order.Currency) {
		return nil, nil
	}
	if inv := c.t.document("invoice", x.InvoiceID); inv != nil {
		return inv.FX, nil
	}
	var from []*schemas.ThreadDocument
	for i := range x.Lines {
		if s := c.t.document("shipment", x.Lines[i].ShipmentID); s != nil {
			from = append(from, s)
		}
	}
	if len(from) == 0 {
		from = append(c.documents("invoice"), c.documents("shipment")...)
	}
	switch fx, several := rateOf(from); {
	case several:
		return nil, contract("invoice_id is missing, and what is credited stands at several rates: name the invoice, or credit each rate by a memo of its own")
	case fx != nil:
		return fx, nil
	}
	return c.spot(order.Currency, schemas.RateTypeSPOT), nil
}
