package schemas

import (
	"fmt"
	"strconv"
	"time"
)

// CheckContract checks the field rules that a schema cannot say (domain.md §1): that an event names its document, that quantities are quantities, that amounts
// add up. The error is a *PoisonError of class CONTRACT that names fields, never values. It does not ask for what admission completes.
func CheckContract(e Event) error {
	c := &contractCheck{}
	c.meta(e)
	switch x := e.(type) {
	case *OrderAccepted:
		c.order(x)
	case *OrderLineCancelled:
		c.text("order_id", x.OrderID)
		c.text("cancellation_id", x.CancellationID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) { c.positive("lines.quantity", &x.Lines[i].Quantity) })
	case *InventoryReceived:
		c.received(x)
	case *InventoryReserved:
		c.reserved(x)
	case *InventoryReservationReleased:
		c.text("release_id", x.ReleaseID)
		c.text("reservation_id", x.ReservationID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			c.positive("lines.quantity", &x.Lines[i].Quantity)
			c.stock("lines.stock", &x.Lines[i].Stock)
		})
	case *InventoryAdjusted:
		c.adjusted(x)
	case *ShipmentShipped:
		c.shipped(x)
	default:
		c.fulfillment(e)
	}
	return c.err
}

type contractCheck struct{ err error }

func (c *contractCheck) fail(format string, args ...any) {
	if c.err == nil {
		c.err = &PoisonError{Class: DeadLetterClassCONTRACT, Reason: fmt.Sprintf(format, args...)}
	}
}

func (c *contractCheck) text(field, value string) {
	if value == "" {
		c.fail("%s is empty", field)
	}
}

// textIn joins the name of the field only where there is something to say.
func (c *contractCheck) textIn(record, field, value string) {
	if value == "" {
		c.fail("%s.%s is empty", record, field)
	}
}

func (c *contractCheck) meta(e Event) {
	m := e.Header()
	if m.EventID.IsZero() {
		c.fail("meta.event_id is zero: derive it from the source document (schemas.SourceID)")
	}
	if m.EventType != "" && m.EventType != e.EventType() {
		c.fail("meta.event_type is not %s", e.EventType())
	}
	c.text("meta.legal_entity", m.LegalEntity)
	c.text("meta.source.system", m.Source.System)
	c.text("meta.source.doc_type", m.Source.DocType)
	c.text("meta.source.doc_id", m.Source.DocID)
	c.dates(m)
	// What admission stamps may not come from outside: it would be taken for ours.
	if m.AdmittedAt.Set || m.Intake != nil || m.ThreadSequence.Set || m.RuleSet != "" || m.Period != "" || m.RecordedAt.Set {
		c.fail("meta holds what only admission stamps (recorded_at, admitted_at, rule_set, period, thread_sequence, intake)")
	}
	c.correction(e)
}

// The books know years of four digits. What occurred on the last of their days may be a day later where its entity keeps its books.
var firstDate, lastDate = DateOf(time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)), DateOf(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))

// dates checks that an event belongs to a period that has a name.
func (c *contractCheck) dates(m *Meta) {
	switch {
	case m.OccurredAt <= 0:
		c.fail("meta.occurred_at is not set")
	case DateOf(m.OccurredAt.Time()) >= lastDate:
		c.fail("meta.occurred_at is not before 9999-12-31: is it in microseconds?")
	case m.DocumentDate.Set && (m.DocumentDate.V < firstDate || m.DocumentDate.V > lastDate):
		c.fail("meta.document_date is not between 1970-01-01 and 9999-12-31: is it in days?")
	}
}

// correction checks that what corrects an event names one that it can correct.
func (c *contractCheck) correction(e Event) {
	if !Corrects(e) {
		return
	}
	m := e.Header()
	if m.Correction == nil || m.Correction.CorrectedEventID.IsZero() {
		c.fail("meta.correction.corrected_event_id is missing: %s names what it corrects", e.EventType())
		return
	}
	corrected := m.Correction.CorrectedEventType
	if entry, ok := Lookup(corrected); !ok || entry.Kind != Fact || entry.Topic == "" || entry.Topic == TopicPeriods {
		c.fail("meta.correction.corrected_event_type is no event that can be voided")
	}
	switch only := correctsOnly(e); {
	case only != "" && corrected != only:
		c.fail("meta.correction.corrected_event_type is not %s", only)
	case only == "" && (corrected == "shipment.voided" || corrected == "refund.failed" || corrected == "payment.capture_failed"):
		c.fail("meta.correction.corrected_event_type: what reverses an event is not corrected itself; publish the fact again as a new document version")
	}
	if x, ok := e.(*RuleSuperseded); ok {
		c.superseded(x)
	}
}

// superseded: admission cannot see letters, so that an event without an entry must be told by its letter from one whose entry would be posted once more.
func (c *contractCheck) superseded(x *RuleSuperseded) {
	if x.OldRuleSet == "" && (!x.LetterID.Set || x.LetterID.V.IsZero()) {
		c.fail("old_rule_set and letter_id are missing: name the set under which the entry stands, or the dead letter of an event that has none")
	}
	c.text("new_rule_set", x.NewRuleSet)
}

// correctsOnly is the one type that e can correct, "" where any will do.
func correctsOnly(e Event) string {
	switch e.(type) {
	case *ShipmentVoided:
		return "shipment.shipped"
	case *RefundFailed:
		return "refund.issued"
	case *PaymentCaptureFailed:
		return "payment.captured"
	}
	return ""
}

// lines wants at least one line, and each id once.
func (c *contractCheck) lines(field string, n int, id func(int) string, check func(int)) {
	if n == 0 {
		c.fail("%s is empty", field)
	}
	taken := takenIn(n)
	for i := range n {
		if name := id(i); name == "" || taken(name, i, id) {
			c.fail("%s: every line needs an id of its own", field)
		}
		check(i)
	}
}

// fewLines is up to how many lines looking back is cheaper than a map.
const fewLines = 24

// takenIn gives the function that says whether a name stood at an earlier one of n lines.
func takenIn(n int) func(name string, i int, id func(int) string) bool {
	if n <= fewLines {
		return func(name string, i int, id func(int) string) bool {
			for j := range i {
				if id(j) == name {
					return true
				}
			}
			return false
		}
	}
	seen := make(map[string]bool, n)
	return func(name string, _ int, _ func(int) string) bool {
		before := seen[name]
		seen[name] = true
		return before
	}
}

func (c *contractCheck) positive(field string, q *Quantity) {
	c.quantity(field, q)
	if q.BaseQty.Sign() <= 0 || q.Qty.Sign() <= 0 {
		c.fail("%s is not positive", field)
	}
}

func (c *contractCheck) quantity(field string, q *Quantity) {
	c.textIn(field, "uom", q.UOM)
	c.textIn(field, "base_uom", q.BaseUOM)
	if q.Qty.Sign() != q.BaseQty.Sign() {
		c.fail("%s: qty and base_qty differ in sign", field)
	}
	if q.UOM == q.BaseUOM && !q.Qty.Equal(q.BaseQty) {
		c.fail("%s: qty and base_qty differ in one unit", field)
	}
}

func (c *contractCheck) stock(field string, s *StockRef) {
	c.textIn(field, "sku", s.SKU)
	c.textIn(field, "location", s.Location)
}

func (c *contractCheck) currency(field, code string) {
	if _, err := CurrencyExponent(code); err != nil {
		c.fail("%s is no ISO 4217 code in upper case", field)
	}
}

func (c *contractCheck) currencyIn(record, field, code string) {
	if _, err := CurrencyExponent(code); err != nil {
		c.currency(record+"."+field, code)
	}
}

func (c *contractCheck) money(field string, m *Money) { c.currencyIn(field, "currency", m.Currency) }

// fx checks a rate that a source states.
func (c *contractCheck) fx(field string, x *Fx, currency string) {
	if x == nil {
		return
	}
	c.currencyIn(field, "functional_currency", x.FunctionalCurrency)
	if x.TxnCurrency != currency {
		c.fail("%s.txn_currency is not the event's currency", field)
	}
	if x.Rate.Sign() <= 0 {
		c.fail("%s.rate is not positive", field)
	}
}

// amounts checks that a line adds up: net = gross - discounts; total = net + freight + the taxes that the seller remits (domain.md §1.3).
func (c *contractCheck) amounts(field string, a *LineAmounts) {
	if a == nil {
		return
	}
	net, total := a.Gross, a.Net.Add(a.FreightNet)
	for i := range a.Discounts {
		net = net.Sub(a.Discounts[i].Amount)
	}
	for i := range a.Taxes {
		c.textIn(field, "taxes.jurisdiction", a.Taxes[i].Jurisdiction)
		if a.Taxes[i].Remitter != TaxRemitterMARKETPLACE {
			total = total.Add(a.Taxes[i].Amount)
		}
	}
	if !net.Equal(a.Net) {
		c.fail("%s: net is not gross less discounts", field)
	}
	if !total.Equal(a.Total) {
		c.fail("%s: total is not net plus freight_net plus the taxes that the seller remits", field)
	}
}

func (c *contractCheck) kind(field string, kind LineKind, charge string) {
	if kind == LineKindCHARGE && charge == "" {
		c.fail("%s.charge_code is missing on a CHARGE line", field)
	}
}

func (c *contractCheck) order(x *OrderAccepted) {
	c.text("order_id", x.OrderID)
	c.text("channel", x.Channel)
	c.currency("currency", x.Currency)
	c.fx("fx", x.FX, x.Currency)
	c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
		l := &x.Lines[i]
		c.kind("lines", l.Kind, l.ChargeCode)
		c.positive("lines.quantity", &l.Quantity)
		c.amounts("lines.amounts", &l.Amounts)
		if l.Kind == LineKindGOODS || l.Kind == "" {
			if l.Stock == nil {
				c.fail("lines.stock is missing on a GOODS line")
			} else {
				c.stock("lines.stock", l.Stock)
			}
		}
	})
}

func (c *contractCheck) received(x *InventoryReceived) {
	c.text("receipt_id", x.ReceiptID)
	c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
		c.notNegative("lines.accepted", &x.Lines[i].Accepted) // a receipt that was none is voided; goods that go back are adjusted out
		if x.Lines[i].Rejected != nil {
			c.notNegative("lines.rejected", x.Lines[i].Rejected)
		}
		c.stock("lines.stock", &x.Lines[i].Stock)
		if x.Lines[i].ExpectedDocument != "" && !x.Lines[i].ExpectedConsumed.Set {
			c.fail("lines.expected_consumed is missing: say how much of lines.expected_document this receipt uses up, or it stays inbound for ever")
		}
	})
}

func (c *contractCheck) reserved(x *InventoryReserved) {
	c.text("reservation_id", x.ReservationID)
	if (x.OrderID == "") == (x.TransferID == "") {
		c.fail("a reservation names an order_id or a transfer_id, and not both")
	}
	if x.OrderID != "" && x.Serves == ReservationServesTRANSFER {
		c.fail("serves is TRANSFER, and order_id is named: an order's reservation serves its lines")
	}
	c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
		c.positive("lines.quantity", &x.Lines[i].Quantity)
		c.stock("lines.stock", &x.Lines[i].Stock)
	})
}

func (c *contractCheck) adjusted(x *InventoryAdjusted) {
	c.text("adjustment_id", x.AdjustmentID)
	c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
		c.quantity("lines.quantity", &x.Lines[i].Quantity)
		c.stock("lines.stock", &x.Lines[i].Stock)
		if x.Lines[i].Quantity.BaseQty.IsZero() {
			c.fail("lines.quantity is zero: nothing is adjusted")
		}
	})
}

func (c *contractCheck) shipped(x *ShipmentShipped) {
	c.text("shipment_id", x.ShipmentID)
	c.text("order_id", x.OrderID)
	c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
		l := &x.Lines[i]
		c.text("lines.order_line_id", l.OrderLineID)
		c.positive("lines.quantity", &l.Quantity)
		c.stock("lines.stock", &l.Stock)
		c.amounts("lines.amounts", l.Amounts)
	})
	if x.LabelPrice != nil {
		c.money("label_price", x.LabelPrice)
	}
}

func ordinal(i int) string { return strconv.Itoa(i) }

func (c *contractCheck) fulfillment(e Event) {
	switch x := e.(type) {
	case *FulfillmentPicked:
		c.text("fulfillment_id", x.FulfillmentID)
		c.text("order_id", x.OrderID)
		c.lines("lines", len(x.Lines), ordinal, func(i int) {
			c.text("lines.order_line_id", x.Lines[i].OrderLineID)
			c.positive("lines.quantity", &x.Lines[i].Quantity)
		})
	case *FulfillmentPacked:
		c.text("fulfillment_id", x.FulfillmentID)
		c.text("order_id", x.OrderID)
		c.lines("packages", len(x.Packages), func(i int) string { return x.Packages[i].PackageID }, func(int) {})
	case *FulfillmentShortShipped:
		c.text("short_id", x.ShortID)
		c.text("order_id", x.OrderID)
		c.lines("lines", len(x.Lines), ordinal, func(i int) {
			c.text("lines.order_line_id", x.Lines[i].OrderLineID)
			c.positive("lines.quantity", &x.Lines[i].Quantity)
			c.stock("lines.stock", &x.Lines[i].Stock)
		})
	case *ReturnReceived:
		c.text("receipt_id", x.ReceiptID)
		undelivered := x.Against == ReturnAgainstUNDELIVERED
		if undelivered && x.OrderID == "" {
			c.fail("order_id is missing: what comes back undelivered was shipped for an order; say BLIND where nobody knows which")
		}
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			c.positive("lines.quantity", &x.Lines[i].Quantity)
			c.stock("lines.stock", &x.Lines[i].Stock)
			if undelivered && x.ShipmentID == "" && x.Lines[i].ShipmentID == "" {
				c.fail("shipment_id is missing: what comes back undelivered names the shipment that it was in")
			}
		})
	case *ReturnDispositioned:
		c.text("disposition_id", x.DispositionID)
		c.text("receipt_id", x.ReceiptID)
		c.lines("lines", len(x.Lines), func(i int) string { return x.Lines[i].LineID }, func(i int) {
			c.text("lines.receipt_line_id", x.Lines[i].ReceiptLineID)
			c.positive("lines.quantity", &x.Lines[i].Quantity)
			c.stock("lines.stock", &x.Lines[i].Stock)
		})
	default:
		c.onTheWay(e)
	}
}
