package onlineretail

import (
	"time"

	"github.com/throughline/throughline/schemas"
)

// item is what a SKU's rows say together. The file has neither cost nor stock: both follow from all rows by a rule that no order of
// reading can change (domain.md §5.1, "Cost and stock").
type item struct {
	sku     string
	lowest  schemas.Decimal // lowest merchandise sale price; zero where it was never sold at one
	opening int64           // pieces sold, given away and lost
}

var (
	costShare   = schemas.NewDecimal(60, 2)
	unsoldCost  = schemas.NewDecimal(1_0000, costScale)
	openingDay  = time.Date(2010, 11, 30, 9, 0, 0, 0, time.UTC) // winter: the company's zone is UTC then
	referenceAt = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
)

const (
	costScale        = 4
	referenceVersion = "1"
)

// count adds the lines of doc to the items that they are of.
func count(items map[string]*item, doc *document) {
	for i := range doc.lines {
		l := &doc.lines[i]
		if !l.class.goods() {
			continue
		}
		it := items[l.sku]
		if it == nil {
			it = &item{sku: l.sku}
			items[l.sku] = it
		}
		switch l.class {
		case Merchandise:
			it.opening += l.qty
			if it.lowest.IsZero() || l.price.Cmp(it.lowest) < 0 {
				it.lowest = l.price
			}
		case FreeGoods:
			it.opening += l.qty
		case Loss:
			it.opening -= l.qty
		}
	}
}

// cost is 0.60 of the lowest price, rounded half up to four decimals, and 1.0000 for what was never sold at one.
func (it *item) cost() schemas.Decimal {
	if it.lowest.IsZero() {
		return unsoldCost
	}
	return it.lowest.MulRound(costShare, costScale, schemas.HalfUp)
}

func (it *item) reference() schemas.Event {
	return &schemas.ReferenceItem{
		Meta: envelope("reference.item", schemas.Source{DocType: "item", DocID: it.sku, DocVersion: referenceVersion}, referenceAt),
		SKU:  it.sku, EffectiveFrom: schemas.DateOf(referenceAt), Version: referenceVersion, BaseUOM: baseUnit,
		CostMethod: schemas.CostMethodSTANDARD, UnitCost: it.cost(), Currency: currency,
	}
}

// opened is the opening receipt. Like every event of the warehouse it carries no cost: admission takes that from the reference data.
func (it *item) opened() schemas.Event {
	id := "OPEN-" + it.sku
	return &schemas.InventoryReceived{
		Meta:      envelope("inventory.received", schemas.Source{DocType: "receipt", DocID: id, Transition: "received"}, openingDay),
		ReceiptID: id,
		Lines:     []schemas.ReceiptLine{{LineID: "1", Stock: stock(it.sku), Accepted: pieces(it.opening)}},
	}
}

func entity() schemas.Event {
	return &schemas.ReferenceEntity{
		Meta:   envelope("reference.entity", schemas.Source{DocType: "entity", DocID: Entity, DocVersion: referenceVersion}, referenceAt),
		Entity: Entity, EffectiveFrom: schemas.DateOf(referenceAt), Version: referenceVersion, FunctionalCurrency: currency, Zone: zoneName,
	}
}

// envelope is what every event of this source says about itself. at is in the company's zone: the file names none, so the zone is
// assumed, and said to be.
func envelope(eventType string, s schemas.Source, at time.Time) schemas.Meta {
	s.System, s.Instance = System, Entity
	return schemas.Meta{
		EventID: schemas.SourceID(s), EventType: eventType, SchemaVersion: 1, LegalEntity: Entity, Source: s,
		OccurredAt: schemas.TimeOf(at), OccurredTZOffset: at.Format("Z07:00"), TimeQuality: schemas.TimeQualityASSUMED_ZONE,
	}
}

func stock(sku string) schemas.StockRef {
	return schemas.StockRef{SKU: sku, Location: Location, StockStatus: schemas.StockStatusAVAILABLE, Owner: schemas.StockOwnerOWN}
}

func pieces(n int64) schemas.Quantity {
	q := schemas.NewDecimal(n, 0)
	return schemas.Quantity{Qty: q, UOM: baseUnit, BaseQty: q, BaseUOM: baseUnit}
}
