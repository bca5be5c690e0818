package admission

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// completion stamps one event. complete changes the event only; apply changes the thread, after everything is known to be well.
type completion struct {
	*folding
	t          *thread
	entity     *schemas.ReferenceEntity
	effective  schemas.Date
	rounding   schemas.RoundingMode
	exceptions []schemas.Event
	needs      []string
	document   *schemas.ThreadDocument // what later events may quote
	docKind    string
	original   schemas.Event // of a correction
	id         schemas.UUID

	freed   map[slicedLine][]schemas.ThreadSlice // free places of the lines that the event takes some of
	touched []slicedLine                         // keys of freed, in their order
	held    []schemas.ThreadSlice                // places that the event takes and its bases do not say

	orderLines index
	ordered    *schemas.OrderAccepted // the order as it stood before the event
	quoted     map[string]*index      // of documents that lines name
}

// quote finds the line of a document that another one quotes, by its own id or by that of the order's line; nil where there is none.
func (c *completion) quote(doc *schemas.ThreadDocument, by string, id func(*schemas.DocumentLine) string, want string) *schemas.DocumentLine {
	key := by + "\x00" + doc.DocumentID
	if c.quoted == nil {
		c.quoted = map[string]*index{}
	}
	if c.quoted[key] == nil {
		c.quoted[key] = &index{}
	}
	if i := c.quoted[key].find(len(doc.Lines), func(i int) string { return id(&doc.Lines[i]) }, want); i >= 0 {
		return &doc.Lines[i]
	}
	return nil
}

func ownID(l *schemas.DocumentLine) string     { return l.LineID }
func orderedID(l *schemas.DocumentLine) string { return l.OrderLineID }

func (c *completion) complete(e schemas.Event) error {
	c.id = e.Header().EventID
	if err := c.envelope(e.Header()); err != nil {
		return err
	}
	if x, ok := e.(*schemas.PaymentCaptureFailed); ok {
		if err := c.captureFailed(x); err != nil {
			return err
		}
	}
	if err := c.twice(e); err != nil {
		return err
	}
	if err := c.body(e); err != nil {
		return err
	}
	if len(c.needs) > 0 {
		return &waiting{c.needs}
	}
	return nil
}

// envelope stamps when, by whose clock, under which rules and into which period.
func (c *completion) envelope(m *schemas.Meta) error {
	on := schemas.DateOf(m.OccurredAt.Time())
	entity, zone, ok := c.env.Reference.Entity(m.LegalEntity, on, c.at)
	if !ok {
		return &waiting{[]string{referencePrefix + "entity:" + m.LegalEntity}}
	}
	set, ok := c.env.Reference.RuleSet(c.at)
	if !ok {
		return &waiting{[]string{referencePrefix + "rule_set"}}
	}
	c.entity, c.rounding = entity, schemas.HalfUp
	if set.Rounding == schemas.RoundingHALF_EVEN {
		c.rounding = schemas.HalfEven
	}
	c.effective = schemas.EffectiveDate(m.OccurredAt, zone)
	if m.DocumentDate.Set {
		c.effective = m.DocumentDate.V
	}
	m.EffectiveDate = schemas.Some(c.effective)
	m.AdmittedAt = schemas.Some(c.at)
	m.RuleSet = set.Name
	m.Period, m.OriginalPeriod, m.Late = c.env.Reference.Judge(m.LegalEntity, c.effective, c.at)
	m.Hydration = &schemas.Hydration{EntityVersion: entity.Version}
	return nil
}

func (c *completion) body(e schemas.Event) error {
	switch x := e.(type) {
	case *schemas.OrderAccepted:
		return c.orderAccepted(x)
	case *schemas.OrderLineCancelled:
		return c.lineCancelled(x)
	case *schemas.InventoryReceived:
		return c.received(x)
	case *schemas.InventoryReserved:
		return c.reserved(x)
	case *schemas.InventoryReservationReleased:
		return c.reservationReleased(x)
	case *schemas.InventoryAdjusted:
		return c.adjusted(x)
	case *schemas.FulfillmentShortShipped:
		return c.shortShipped(x)
	case *schemas.ShipmentShipped:
		return c.shipped(x)
	case *schemas.InvoiceIssued:
		return c.invoiced(x)
	case *schemas.CreditMemoIssued:
		return c.credited(x)
	case *schemas.ReturnReceived:
		return c.returned(x)
	case *schemas.ReturnDispositioned:
		return c.dispositioned(x)
	}
	if schemas.Corrects(e) {
		return c.corrected(e)
	}
	return c.moves(e)
}

// item finds a SKU's reference data, or notes that it must be waited for.
func (c *completion) item(sku string) *schemas.ReferenceItem {
	item, ok := c.env.Reference.Item(sku, c.effective, c.at)
	if !ok {
		c.lack(referencePrefix + "item:" + sku)
	}
	return item
}

func (c *completion) lack(need string) {
	for _, n := range c.needs {
		if n == need {
			return
		}
	}
	c.needs = append(c.needs, need)
}

// standardCost is the cost basis of a quantity at the SKU's standard cost.
func (c *completion) standardCost(sku string, base schemas.Decimal) *schemas.CostBasis {
	item := c.item(sku)
	if item == nil {
		return nil
	}
	return costOf(item.CostMethod, item.UnitCost, base, item.Version, item.Currency)
}

// costOf freezes a cost: R4(base quantity x unit cost), four decimals on both legs (domain.md §2.5.4).
func costOf(method schemas.CostMethod, unit, base schemas.Decimal, version, currency string) *schemas.CostBasis {
	return &schemas.CostBasis{Method: method, UnitCost: unit, CostAmount: base.MulRound(unit, 4, schemas.HalfUp), CostVersion: version, Currency: currency}
}

// spot is the rate of a currency on the effective date; nil where the currency is the entity's own.
func (c *completion) spot(currency string, kind schemas.RateType) *schemas.Fx {
	if currency == c.entity.FunctionalCurrency {
		return nil
	}
	r, ok := c.env.Reference.Rate(currency, c.entity.FunctionalCurrency, c.effective, c.at)
	if !ok {
		c.lack(referencePrefix + "rate:" + currency + "/" + c.entity.FunctionalCurrency)
		return nil
	}
	return &schemas.Fx{TxnCurrency: currency, FunctionalCurrency: c.entity.FunctionalCurrency, Rate: r.Rate, RateType: kind, RateDate: r.RateDate, RateSource: r.Source}
}

// exception tells of a condition that this event brought about.
func (c *completion) exception(code, summary string, e schemas.Event) {
	x := schemas.NewException(code, summary, schemas.Owner(e.EventType()), e)
	// The same condition on a thousand lines is one exception: they share an id.
	if !slices.ContainsFunc(c.exceptions, func(o schemas.Event) bool { return o.Header().EventID == x.Meta.EventID }) {
		c.exceptions = append(c.exceptions, x)
	}
}

func (c *completion) exponent(currency string) (uint8, error) {
	n, err := schemas.CurrencyExponent(currency)
	if err != nil {
		return 0, contract("currency: %s", strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return n, nil
}
