package onlineretail

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/schemas"
)

// The settings of domain.md §5.1.
const (
	System   = "onlineretail"
	Entity   = "UCI-GB"
	Location = "UCI-WH"
	Channel  = "onlineretail"

	currency = "GBP"
	zoneName = "Europe/London"
	baseUnit = "EA"
)

// Dataset is the whole file, grouped and classed: all that Reference and Events need. It is immutable.
type Dataset struct {
	documents []document
	items     []item // by SKU
	totals    [classes]Total
	events    int64
}

// Total is the control total of a class (the table of domain.md §5.1).
type Total struct {
	Rows     int64
	Invoices int64
	Quantity int64
	Value    schemas.Decimal // GBP
}

// document is one invoice: its rows in file order, wherever they stood.
type document struct {
	no       string
	customer string
	country  string
	at       time.Time // in the company's zone
	lines    []line
	has      [classes]bool
	matched  string // earlier sales that a credit note may belong to
}

type line struct {
	id    string // ordinal of the row within its invoice: rows repeat, so content is no key
	sku   string
	class Class
	qty   int64
	price schemas.Decimal
	note  string
}

func (l *line) value() schemas.Decimal { return l.price.Mul(schemas.NewDecimal(l.qty, 0)) }

// Convert groups and classes all rows. It fails on the first bad row, with its file and line.
func Convert(rows iter.Seq2[Row, error]) (*Dataset, error) {
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil, fmt.Errorf("loading zone %s: %w: install tzdata, or build with -tags timetzdata", zoneName, err)
	}
	all, documents, err := group(rows)
	if err != nil {
		return nil, err
	}
	d := &Dataset{documents: documents}
	items := make(map[string]*item, 1<<12)
	sales := make(sales, 1<<18)
	for i := range documents {
		doc := &documents[i]
		if err := d.read(doc, all[doc.no], zone); err != nil {
			return nil, err
		}
		delete(all, doc.no) // the rows are not needed any more
		count(items, doc)
		sales.match(doc)
		d.events += int64(doc.events())
	}
	d.setItems(items)
	return d, nil
}

// group collects the rows of each invoice: not a run of rows, because 542806 is interleaved with another. Documents stand in the order
// of their first rows.
func group(rows iter.Seq2[Row, error]) (map[string][]Row, []document, error) {
	all := make(map[string][]Row, 1<<15)
	var documents []document
	for r, err := range rows {
		if err != nil {
			return nil, nil, err
		}
		of, known := all[r.InvoiceNo]
		if !known {
			documents = append(documents, document{no: r.InvoiceNo, customer: r.CustomerID, country: countryCode(r.Country)})
		}
		all[r.InvoiceNo] = append(of, r)
	}
	return all, documents, nil
}

// read classes the rows of doc and adds them to the control totals.
func (d *Dataset) read(doc *document, rows []Row, zone *time.Location) error {
	earliest, priced := rows[0].InvoiceDate, false
	for i := range rows {
		priced = priced || !rows[i].UnitPrice.IsZero()
		if rows[i].InvoiceDate.Before(earliest) { // 43 invoices have two times
			earliest = rows[i].InvoiceDate
		}
	}
	doc.at = time.Date(earliest.Year(), earliest.Month(), earliest.Day(), earliest.Hour(), earliest.Minute(), earliest.Second(), 0, zone)
	doc.lines = make([]line, len(rows))
	for i := range rows {
		r := &rows[i]
		sku := strings.ToUpper(r.StockCode) // 112 codes differ only by case
		class, err := classify(r, sku, priced || r.CustomerID != "")
		if err != nil {
			return fmt.Errorf("%s:%d: invoice %s, stock code %s, quantity %d, price %s: %w", r.File, r.Line, r.InvoiceNo, r.StockCode, r.Quantity, r.UnitPrice, err)
		}
		doc.lines[i] = line{id: strconv.Itoa(i + 1), sku: sku, class: class, qty: r.Quantity, price: r.UnitPrice, note: r.Description}
		t := &d.totals[class]
		if !doc.has[class] {
			doc.has[class] = true
			t.Invoices++
		}
		t.Rows++
		t.Quantity += r.Quantity
		t.Value = t.Value.Add(doc.lines[i].value())
	}
	return nil
}

// Len is the number of events that Reference and Events give.
func (d *Dataset) Len() (reference, events int64) { return int64(len(d.items)) + 1, d.events }

// Total is the control total of a class.
func (d *Dataset) Total(c Class) Total { return d.totals[c] }

// Events gives every event, the opening receipts first, then document by document. It may be called again; the same rows give the same
// events, byte for byte. The events are the caller's.
func (d *Dataset) Events() iter.Seq[schemas.Event] {
	return func(yield func(schemas.Event) bool) {
		for i := range d.items {
			if it := &d.items[i]; it.opening > 0 && !yield(it.opened()) {
				return
			}
		}
		for i := range d.documents {
			if !d.documents[i].emit(yield) {
				return
			}
		}
	}
}

// Reference gives the reference data that the events need: the entity, and every SKU with its cost. Publish it first.
func (d *Dataset) Reference() iter.Seq[schemas.Event] {
	return func(yield func(schemas.Event) bool) {
		if !yield(entity()) {
			return
		}
		for i := range d.items {
			if !yield(d.items[i].reference()) {
				return
			}
		}
	}
}

func (d *Dataset) setItems(items map[string]*item) {
	for _, sku := range slices.Sorted(maps.Keys(items)) {
		d.items = append(d.items, *items[sku])
		if items[sku].opening > 0 {
			d.events++
		}
	}
}
