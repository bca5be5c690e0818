package sinks

import (
	"context"
	"strconv"
	"testing"

	"github.com/throughline/throughline/schemas"
)

// lifeRecords are the bytes of what a complete order of ten lines says on the topics that order_lines loads and moves lines: accepted, shipped, invoiced.
func lifeRecords(tb testing.TB, codec *schemas.Codec, lines int) (values [][]byte) {
	tb.Helper()
	b := &orderBook{map[string]int{}}
	for i := range lines / 30 {
		order := "SO-" + strconv.Itoa(1_000_000+i)
		accepted, invoiced := b.accepted(order), b.invoiced(order, "1", 1)
		shipped := b.shipped(order, atShipment)
		invoiced.Lines = invoiced.Lines[:0]
		for n := range 10 {
			line, q := strconv.Itoa(n+1), pieces(3)
			accepted.Lines = append(accepted.Lines, asks(line, "SKU-"+strconv.Itoa((i+n)%4000), 3))
			shipped.Lines = append(shipped.Lines, leaves(line, "SKU-"+strconv.Itoa((i+n)%4000), 3, 3))
			invoiced.Lines = append(invoiced.Lines, schemas.InvoiceLine{LineID: line, Kind: schemas.LineKindGOODS, OrderLineID: line, Stock: stockOf("SKU-1"), Quantity: &q})
		}
		for _, e := range []schemas.Event{accepted, shipped, invoiced} {
			v, err := codec.Encode(e)
			if err != nil {
				tb.Fatal(err)
			}
			values = append(values, v)
		}
	}
	return values
}

// BenchmarkOrderLines is what table order_lines costs: own code, and with the engine, for each line that an event moves.
func BenchmarkOrderLines(b *testing.B) {
	codec := schemas.NewCodec(nil, schemas.OfflineIDs())
	const lines = benchLines / 30 * 30
	values := lifeRecords(b, codec, lines)
	block, err := NewBlock(orderLineColumns())
	if err != nil {
		b.Fatal(err)
	}
	events := []schemas.Event{&schemas.OrderAccepted{}, &schemas.ShipmentShipped{}, &schemas.InvoiceIssued{}}
	take := func() {
		d := schemas.Delivery{Position: schemas.Position{Topic: "orders"}, AppendTime: 1298970000000000}
		for i, v := range values {
			d.Event, d.Offset = events[i%3], int64(i)
			if err := codec.DecodeInto(context.Background(), v, d.Event); err != nil {
				b.Fatal(err)
			}
			if err := block.Take(func(block *Block) error { return orderLineRows(context.Background(), d, block) }); err != nil {
				b.Fatal(err)
			}
		}
		if block.Lines() != lines {
			b.Fatalf("%d lines in the block, want %d", block.Lines(), lines)
		}
	}
	b.Run("decode+rows", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			take()
			block.Reset()
		}
		b.ReportMetric(float64(b.Elapsed())/float64(b.N)/lines, "ns/line")
	})
	b.Run("insert", func(b *testing.B) {
		_, conn := migrated(b)
		measure(b, conn, func() {
			take()
			if err := Insert(context.Background(), conn, "order_lines_log", block, orderLineColumns()); err != nil {
				b.Fatal(err)
			}
			block.Reset()
		})
	})
}
