package onlineretail

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline/throughline/schemas"
)

// The anomalies of domain.md §5.1, on the real rows.

func (w whole) document(t *testing.T, no string) *document {
	t.Helper()
	i := slices.IndexFunc(w.set.documents, func(d document) bool { return d.no == no })
	if i < 0 {
		t.Fatalf("no invoice %s", no)
	}
	return &w.set.documents[i]
}

func (d *document) all() []schemas.Event {
	var events []schemas.Event
	d.emit(func(e schemas.Event) bool { events = append(events, e); return true })
	return events
}

func find[E schemas.Event](t *testing.T, d *document) E {
	t.Helper()
	for _, e := range d.all() {
		if found, ok := e.(E); ok {
			return found
		}
	}
	var none E
	t.Fatalf("%s has no %s", d.no, none.EventType())
	return none
}

func TestInvoicesWithTwoTimestampsTakeTheEarliest(t *testing.T) {
	w := load541909(t)
	earliest, two := map[string]time.Time{}, map[string]bool{}
	for _, r := range w.rows {
		known, ok := earliest[r.InvoiceNo]
		if ok && !known.Equal(r.InvoiceDate) {
			two[r.InvoiceNo] = true
		}
		if !ok || r.InvoiceDate.Before(known) {
			earliest[r.InvoiceNo] = r.InvoiceDate
		}
	}
	if len(two) != 43 {
		t.Errorf("%d invoices with two times, want 43", len(two))
	}
	for i := range w.set.documents {
		d := &w.set.documents[i]
		if got := d.at.Format(time.DateTime); got != earliest[d.no].Format(time.DateTime) {
			t.Fatalf("%s is of %s, want %s", d.no, got, earliest[d.no])
		}
	}
}

func TestTimesAreLondons(t *testing.T) {
	w := load541909(t)
	winter, summer := find[*schemas.OrderAccepted](t, w.document(t, "536365")), find[*schemas.OrderAccepted](t, w.document(t, "560776"))
	if winter.Meta.OccurredAt.String() != "2010-12-01T08:26:00Z" || winter.Meta.OccurredTZOffset != "Z" || winter.Meta.TimeQuality != schemas.TimeQualityASSUMED_ZONE {
		t.Errorf("winter: %+v", winter.Meta)
	}
	if summer.Meta.OccurredAt.String() != "2011-07-21T07:44:00Z" || summer.Meta.OccurredTZOffset != "+01:00" {
		t.Errorf("summer: %+v", summer.Meta)
	}
}

func TestInterleavedInvoiceIsOneDocument(t *testing.T) {
	w := load541909(t)
	at := []int{}
	for i, r := range w.rows {
		if r.InvoiceNo == "542806" {
			at = append(at, i)
		}
	}
	if at[len(at)-1]-at[0] == len(at)-1 {
		t.Fatal("542806 is one run of rows: it tests nothing")
	}
	d := w.document(t, "542806")
	if len(d.lines) != len(at) {
		t.Fatalf("%d lines, %d rows", len(d.lines), len(at))
	}
	for i, l := range d.lines {
		if r := w.rows[at[i]]; l.sku != strings.ToUpper(r.StockCode) || l.qty != r.Quantity {
			t.Errorf("line %s is not row %d of the invoice", l.id, i+1)
		}
	}
}

func TestCodesThatDifferByCaseAreOneSKU(t *testing.T) {
	w := load541909(t)
	codes, folded := map[string]bool{}, map[string]bool{}
	manual := ""
	for _, r := range w.rows {
		codes[r.StockCode], folded[strings.ToUpper(r.StockCode)] = true, true
		if r.StockCode == "m" {
			manual = r.InvoiceNo
		}
	}
	if len(codes) != 4_070 || len(folded) != 3_958 {
		t.Errorf("%d codes, %d without case", len(codes), len(folded))
	}
	for e := range w.set.Reference() {
		if x, ok := e.(*schemas.ReferenceItem); ok && x.SKU != strings.ToUpper(x.SKU) {
			t.Errorf("SKU %s", x.SKU)
		}
	}
	if d := w.document(t, manual); !d.has[Manual] {
		t.Errorf("invoice %s: the row m is no manual row", manual)
	}
}

func TestRepeatedRowsStay(t *testing.T) {
	w := load541909(t)
	type content struct {
		invoice, code, description, customer string
		quantity                             int64
		at                                   time.Time
		price                                schemas.Decimal
	}
	seen, copies := map[content]bool{}, 0
	for _, r := range w.rows {
		c := content{r.InvoiceNo, r.StockCode, r.Description, r.CustomerID, r.Quantity, r.InvoiceDate, r.UnitPrice}
		if seen[c] {
			copies++
		}
		seen[c] = true
	}
	if copies != 5_268 {
		t.Errorf("%d exact copies, want 5,268", copies)
	}
	lines := 0
	for i := range w.set.documents {
		for j, l := range w.set.documents[i].lines {
			if lines++; l.id == "" || j > 0 && l.id == w.set.documents[i].lines[j-1].id {
				t.Fatalf("line %q of %s", l.id, w.set.documents[i].no)
			}
		}
	}
	if lines != 541_909 {
		t.Errorf("%d lines", lines)
	}
}

func TestOddPrices(t *testing.T) {
	w := load541909(t)
	negative, mills := []string{}, 0
	for _, r := range w.rows {
		if r.UnitPrice.Sign() < 0 {
			negative = append(negative, r.InvoiceNo)
		}
		if r.UnitPrice.Equal(schemas.NewDecimal(1, 3)) {
			mills++
		}
	}
	if len(negative) != 2 || mills != 4 {
		t.Errorf("negative prices on %v, %d prices of 0.001", negative, mills)
	}
	sum := schemas.Decimal{}
	for _, no := range []string{"A563185", "A563186", "A563187"} {
		e := find[*schemas.ReceivableWrittenOff](t, w.document(t, no))
		if e.OrderID != "" || e.InvoiceID != "" || !e.Amount.Amount.Abs().Equal(schemas.MustDecimal("11062.06")) {
			t.Errorf("%+v: want a thread of its own", e)
		}
		sum = sum.Add(e.Amount.Amount)
	}
	if !sum.Equal(schemas.MustDecimal("11062.06")) {
		t.Errorf("the three write-offs make %s", sum)
	}
	order := find[*schemas.OrderAccepted](t, w.document(t, "550193"))
	for _, l := range order.Lines {
		if l.Stock.SKU == "PADS" && l.Amounts.Total.Sub(l.Amounts.FreightNet).String() != "0.001" {
			t.Errorf("0.001 became %s", l.Amounts.Net)
		}
	}
}

// Cancelled minutes after they were placed, but invoiced and credited: they stay documents.
func TestHugeOrdersStayDocuments(t *testing.T) {
	w := load541909(t)
	for _, test := range []struct{ sale, credit, pieces, value string }{
		{"581483", "C581484", "80995", "168469.60"},
		{"541431", "C541433", "74215", "77183.60"},
	} {
		order, memo := find[*schemas.OrderAccepted](t, w.document(t, test.sale)), find[*schemas.CreditMemoIssued](t, w.document(t, test.credit))
		value := schemas.MustDecimal(test.value)
		if len(order.Lines) != 1 || order.Lines[0].Quantity.Qty.String() != test.pieces || !order.Lines[0].Amounts.Total.Equal(value) {
			t.Errorf("order %+v", order.Lines)
		}
		if len(memo.Lines) != 1 || memo.Lines[0].Goods != schemas.CreditedGoodsEXPECTED_BACK || !memo.Lines[0].Amounts.Total.Equal(value) {
			t.Errorf("credit note %+v", memo.Lines)
		}
		if memo.OrderID != "" || memo.Meta.SubjectRefs.Get("matched_orders") != test.sale {
			t.Errorf("credit note of order %q, refs %v: want the match in subject_refs only", memo.OrderID, memo.Meta.SubjectRefs)
		}
	}
}

// 7,432 returned lines are covered by earlier sales of the code to the customer, 51 partly, 1,221 (165 of them name no customer) not at all.
func TestReturnsAndEarlierSales(t *testing.T) {
	w := load541909(t)
	earlier, covered, partly, uncovered, several := sales{}, 0, 0, 0, 0
	for i := range w.set.documents {
		d := &w.set.documents[i]
		for j := range d.lines {
			l := &d.lines[j]
			if l.class == Merchandise {
				earlier.add(d, l)
			}
			if l.class != Return {
				continue
			}
			switch orders, left := earlier.take(d, l); {
			case left == 0:
				covered++
			case len(orders) > 0:
				partly++
			default:
				uncovered++
			}
		}
		if strings.Contains(d.matched, ",") {
			several++
		}
	}
	if covered != 7_432 || partly != 51 || uncovered != 1_221 {
		t.Errorf("%d returned lines covered, %d partly, %d not; want 7,432, 51 and 1,221", covered, partly, uncovered)
	}
	if several == 0 {
		t.Error("no credit note matches several sales")
	}
}

func TestInvoicesOfUnpricedGiftsYieldNothing(t *testing.T) {
	w := load541909(t)
	var silent []string
	for i := range w.set.documents {
		if len(w.set.documents[i].all()) == 0 {
			silent = append(silent, w.set.documents[i].no)
			if !w.set.documents[i].has[GiftCardUnpriced] {
				t.Errorf("%s yields nothing", w.set.documents[i].no)
			}
		}
	}
	if len(silent) != 3 {
		t.Errorf("%v yield nothing, want three", silent)
	}
}

// The freight of every invoice is in its order or on its invoice, to the last digit.
func TestFreightSumsExactly(t *testing.T) {
	w := load541909(t)
	inGoods, charged := 0, 0
	for i := range w.set.documents {
		d := &w.set.documents[i]
		if !d.has[Freight] {
			continue
		}
		want, got := schemas.Decimal{}, schemas.Decimal{}
		for _, l := range d.of(func(c Class) bool { return c == Freight }) {
			want = want.Add(l.value())
		}
		if d.sale() {
			for _, l := range find[*schemas.OrderAccepted](t, d).Lines {
				got = got.Add(l.Amounts.FreightNet)
			}
			inGoods++
		}
		for _, l := range find[*schemas.InvoiceIssued](t, d).Lines {
			if l.ChargeCode == "FREIGHT" && !l.Amounts.Total.IsZero() {
				got = got.Add(l.Amounts.Total)
				charged++
			}
		}
		if !got.Equal(want) {
			t.Errorf("%s: freight %s, want %s", d.no, got, want)
		}
	}
	if charged != 79 || inGoods+charged != 1_973 {
		t.Errorf("%d invoices with freight in the goods, %d with a charge; want 79 charges", inGoods, charged)
	}
}

func TestOneRecordOfTheLargestDocumentFits(t *testing.T) {
	w := load541909(t)
	longest := slices.MaxFunc(w.set.documents, func(a, b document) int { return len(a.lines) - len(b.lines) })
	if len(longest.lines) < 1_100 {
		t.Fatalf("%s has %d lines", longest.no, len(longest.lines))
	}
	codec := schemas.NewCodec(nil, schemas.OfflineIDs())
	for _, e := range longest.all() {
		body, err := codec.Encode(e)
		if err != nil || len(body) > 1<<20 {
			t.Errorf("%s: %d bytes, %v", e.EventType(), len(body), err)
		}
	}
}

func TestCountries(t *testing.T) {
	names, rows := map[string]bool{}, map[string]int{}
	for _, r := range load541909(t).rows {
		names[r.Country] = true
		rows[r.Country]++
	}
	if len(names) != 38 || rows["Unspecified"] != 446 || rows["European Community"] != 61 {
		t.Errorf("%d countries, %d rows unspecified, %d of the European Community", len(names), rows["Unspecified"], rows["European Community"])
	}
	for name := range names {
		code := countryCode(name)
		if none := name == "Unspecified" || name == "European Community" || name == "Channel Islands"; none != (code == "") || len(code) != 2 && !none {
			t.Errorf("%s is %q", name, code)
		}
	}
}
