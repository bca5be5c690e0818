package finance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// BenchmarkShipment derives a ten-line shipment with slices to verify, 60 legs: what the hot path of a busy warehouse costs.
func BenchmarkShipment(b *testing.B) {
	x := tenLineShipment(b)
	b.ReportAllocs()
	for b.Loop() {
		derived, err := Derive(x)
		if err != nil || len(derived) != 1 {
			b.Fatalf("%d events, %v", len(derived), err)
		}
	}
	derived, _ := Derive(x)
	b.ReportMetric(float64(len(derived[0].(*schemas.JournalEntry).Lines)), "legs")
}

func BenchmarkCapture(b *testing.B) {
	w := newWorld(&testing.T{})
	x := w.build(parse(&testing.T{}, "psp payment.captured P-1 by CARD, amount 108.53 USD"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Derive(x); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCharges derives an invoice of ten charges, each of which is looked up in the chart.
func BenchmarkCharges(b *testing.B) {
	x := newWorld(&testing.T{}).build(parse(&testing.T{}, "billing invoice.issued INV-1 on-account"+strings.Repeat("; charge FREIGHT 1.00; charge MANUAL 2.00", 5)))
	b.ReportAllocs()
	for b.Loop() {
		if derived, err := Derive(x); err != nil || len(derived) != 1 {
			b.Fatalf("%d events, %v", len(derived), err)
		}
	}
}

// TestShipmentAllocations bounds what one derivation allocates: the entry, its legs, its keys, its ids; never something per leg.
func TestShipmentAllocations(t *testing.T) {
	x := tenLineShipment(t)
	allocations := testing.AllocsPerRun(100, func() {
		if _, err := Derive(x); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 20 {
		t.Errorf("%v allocations for a ten-line shipment, at most 20 expected", allocations)
	}
}

func tenLineShipment(tb testing.TB) schemas.Event {
	w := newWorld(&testing.T{})
	order, shipment := "shop order.accepted SO-1 prepaid, discount 10.00, freight 7.00, tax 8.25 % US-CA", "wms shipment.shipped SH-1 of SO-1"
	for i := range 10 {
		sku := fmt.Sprintf("SKU-%05d", i)
		w.costs[sku] = schemas.NewDecimal(1_412_500_000+int64(i), 8)
		order += fmt.Sprintf("; 3 × %s @ 33.3%d", sku, i)
		shipment += fmt.Sprintf("; 2 × %s", sku)
	}
	w.build(parse(&testing.T{}, order))
	x := w.build(parse(&testing.T{}, shipment))
	if _, err := Derive(x); err != nil {
		tb.Fatal(err)
	}
	return x
}
