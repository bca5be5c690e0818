package onlineretail

import (
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// dataPath finds the shared data beside the repository's root.
func dataPath(t testing.TB, name string) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(filepath.Dir(dir), "shared", "data", "uci_online_retail", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("NOT TESTED: the real data set is absent (%v): put shared/data beside the repository", err)
	}
	return path
}

type whole struct {
	rows []Row
	set  *Dataset
	err  error
}

// all reads the whole file once for all tests.
var all = sync.OnceValue(func() whole {
	rows, total, err := Open("../../../shared/data/uci_online_retail/by-day.tar.gz")
	if err != nil {
		return whole{err: err}
	}
	w := whole{rows: make([]Row, 0, total)}
	for r, err := range rows {
		if err != nil {
			return whole{err: err}
		}
		w.rows = append(w.rows, r)
	}
	w.set, w.err = Convert(rowsOf(w.rows))
	return w
})

func load541909(t testing.TB) whole {
	t.Helper()
	dataPath(t, "by-day.tar.gz")
	w := all()
	if w.err != nil {
		t.Fatal(w.err)
	}
	return w
}

func rowsOf(rows []Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// The table of domain.md §5.1, line by line.
func TestClassTotals(t *testing.T) {
	w := load541909(t)
	if len(w.rows) != 541_909 || len(w.set.documents) != 25_900 {
		t.Fatalf("%d rows of %d invoices", len(w.rows), len(w.set.documents))
	}
	sum, rows := schemas.Decimal{}, int64(0)
	for _, test := range []struct {
		class                   Class
		rows, invoices, pieces  int64
		value                   string
		skipInvoices, skipCount bool // where the table gives none
	}{
		{class: Merchandise, rows: 527_761, invoices: 19_773, pieces: 5_577_103, value: "10271433.063"},
		{class: FreeGoods, rows: 400, invoices: 51, pieces: 15_149, value: "0"},
		{class: Return, rows: 8_704, invoices: 3_422, pieces: -272_030, value: "-478724.18"},
		{class: Freight, rows: 1_973, value: "291401.65", skipInvoices: true, skipCount: true}, // 8 of the 1,981 have no price
		{class: FreightCredit, rows: 129, invoices: 126, pieces: -150, value: "-11939.53"},
		{class: DiscountCredit, rows: 77, invoices: 65, pieces: -1_194, value: "-5696.22"},
		{class: Manual, rows: 322, value: "78112.82", skipInvoices: true, skipCount: true}, // 6 of the 328 have no price
		{class: ManualCredit, rows: 244, invoices: 223, pieces: -4_066, value: "-146784.46"},
		{class: MarketplaceFee, rows: 34, value: "-221520.50", skipInvoices: true, skipCount: true},
		{class: BankCharge, rows: 25, value: "-7340.64", skipInvoices: true, skipCount: true},
		{class: BankChargeBilled, rows: 12, value: "165.001", skipInvoices: true, skipCount: true},
		{class: Commission, rows: 16, invoices: 16, pieces: -16, value: "-7933.43"},
		{class: Sample, rows: 2, value: "63.05", skipInvoices: true, skipCount: true},
		{class: SampleCredit, rows: 61, value: "-3112.44", skipInvoices: true, skipCount: true},
		{class: GiftCard, rows: 31, invoices: 27, pieces: 33, value: "685.81"},
		{class: WriteOff, rows: 3, invoices: 3, pieces: 3, value: "-11062.06"},
		{class: Loss, rows: 1_336, invoices: 1_336, pieces: -206_957, value: "0"},
		{class: Found, rows: 762, invoices: 753, pieces: 52_876, value: "0"},
		{class: Unpriced, rows: 14, value: "0", skipInvoices: true, skipCount: true},
		{class: GiftCardUnpriced, rows: 3, invoices: 3, value: "0", skipCount: true},
	} {
		got := w.set.Total(test.class)
		if got.Rows != test.rows || !got.Value.Equal(schemas.MustDecimal(test.value)) ||
			!test.skipInvoices && got.Invoices != test.invoices || !test.skipCount && got.Quantity != test.pieces {
			t.Errorf("%s: %+v; want %+v", test.class, got, test)
		}
		sum, rows = sum.Add(got.Value), rows+got.Rows
	}
	if rows != 541_909 || !sum.Equal(schemas.MustDecimal("9747747.934")) {
		t.Errorf("all classes: %d rows, %s", rows, sum)
	}
}

// domain.md §5.1, "Events".
func TestEventCounts(t *testing.T) {
	w := load541909(t)
	want := map[string]int{
		"order.accepted": 19_785, "inventory.reserved": 19_785, "fulfillment.picked": 19_785, "fulfillment.packed": 19_785,
		"shipment.shipped": 19_785, "invoice.issued": 19_968, "credit_memo.issued": 3_763, "return.received": 3_422,
		"return.dispositioned": 3_422, "inventory.adjusted": 2_089, "marketplace_fee.charged": 50, "psp.fee_charged": 25,
		"gift_card.sold": 31, "receivable.written_off": 3, "inventory.received": 3_919,
	}
	got, ids, total := map[string]int{}, map[schemas.UUID]bool{}, int64(0)
	for e := range w.set.Events() {
		got[e.EventType()]++
		ids[e.Header().EventID] = true
		total++
		if e.Header().EventID != schemas.SourceID(e.Header().Source) || e.Header().EventType != e.EventType() {
			t.Fatalf("%+v is not the envelope of a %s", e.Header(), e.EventType())
		}
		if err := schemas.CheckContract(e); err != nil {
			t.Fatalf("%s of %s: %v", e.EventType(), e.Header().Source.DocID, err)
		}
		if schemas.Thread(e) == "" {
			t.Fatalf("%s of %s has no thread", e.EventType(), e.Header().Source.DocID)
		}
	}
	for eventType, n := range want {
		if got[eventType] != n {
			t.Errorf("%s: %d, want %d", eventType, got[eventType], n)
		}
		delete(got, eventType)
	}
	if len(got) > 0 {
		t.Errorf("events of no other type: %v", got)
	}
	reference, announced := w.set.Len()
	if total != 135_617 || announced != total || len(ids) != 135_617 {
		t.Errorf("%d events, %d announced, %d ids; want 135,617", total, announced, len(ids))
	}
	n := int64(0)
	for e := range w.set.Reference() {
		n++
		if topic, key := schemas.Route(e); topic == "" || len(key) == 0 {
			t.Fatalf("%s has no place", e.EventType())
		}
	}
	if n != 3_944 || reference != n {
		t.Errorf("%d reference records, %d announced; want 3,943 items and one entity", n, reference)
	}
}

// Two passes over the same rows give the same bytes, and the events belong to the caller: spoiling one spoils no other.
func TestEventsAreAFunctionOfTheRows(t *testing.T) {
	w := load541909(t)
	again, err := Convert(rowsOf(w.rows))
	if err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull(again.Events())
	defer stop()
	n := 0
	for e := range w.set.Events() {
		other, ok := next()
		if !ok {
			t.Fatal("fewer events the second time")
		}
		if n++; n%97 == 0 && schemas.ContentHash(e) != schemas.ContentHash(other) {
			t.Fatalf("%s of %s differs", e.EventType(), e.Header().Source.DocID)
		}
		for i := range e.Header().SubjectRefs {
			e.Header().SubjectRefs[i].Value = "spoilt"
		}
	}
}

// What a warehouse cannot know, it does not say: admission completes it.
func TestWarehouseEventsCarryNoMoney(t *testing.T) {
	for e := range load541909(t).set.Events() {
		bad := false
		switch x := e.(type) {
		case *schemas.ShipmentShipped:
			bad = x.Currency != "" || x.FX != nil || x.Funding != nil || x.Control != nil || x.Channel != "" || x.LabelPrice != nil
			for _, l := range x.Lines {
				bad = bad || l.Amounts != nil || l.Cost != nil || l.Basis != nil || l.ReservationID == "" || l.ReservedConsumed.Set || l.DemandConsumed.Set
			}
		case *schemas.InventoryReceived:
			bad = x.Lines[0].Cost != nil || x.Lines[0].UnitCost.Set
		case *schemas.InventoryAdjusted:
			for _, l := range x.Lines {
				bad = bad || l.Cost != nil
			}
		case *schemas.ReturnReceived:
			for _, l := range x.Lines {
				bad = bad || l.Cost != nil
			}
			bad = bad || x.CreditMemoID == "" || x.OrderID != ""
		case *schemas.ReturnDispositioned:
			for _, l := range x.Lines {
				bad = bad || l.Cost != nil
			}
			bad = bad || x.CreditMemoID == ""
		case *schemas.InvoiceIssued:
			for _, l := range x.Lines {
				goods := l.Kind == schemas.LineKindGOODS
				bad = bad || goods != (l.Amounts == nil) || goods != (l.ShipmentID != "") || goods != (l.ShipmentLineID != "") || goods == (l.ChargeCode != "")
			}
		}
		if bad {
			t.Fatalf("%s of %s: %+v", e.EventType(), e.Header().Source.DocID, e)
		}
	}
}
