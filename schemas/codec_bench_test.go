package schemas_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/throughline/throughline/schemas"
)

// tenLineOrder is a canonical order as admission writes it: ten lines of goods, each with a discount, a tax and a cost.
func tenLineOrder() *schemas.OrderAccepted {
	at := schemas.TimeOf(time.Date(2011, 3, 1, 9, 30, 0, 0, time.UTC))
	o := &schemas.OrderAccepted{
		OrderID: "SO-2011-000123", OrderVersion: "1", CustomerRef: "C-17850", ShipToCountry: "GB", Channel: "web", Currency: "GBP",
		Terms: schemas.TermsPREPAID, Control: schemas.ControlTransfer{Point: schemas.TransferPointAT_SHIPMENT},
		TenderPlan: []schemas.Tender{{Method: schemas.PaymentMethodCARD, Amount: schemas.MustDecimal("1026.00")}},
	}
	o.Meta = schemas.Meta{
		EventID: schemas.NamedID("bench"), EventType: o.EventType(), SchemaVersion: 1, LegalEntity: "UK", OccurredAt: at, OccurredTZOffset: "Z",
		TimeQuality:   schemas.TimeQualityEXACT,
		Source:        schemas.Source{System: "shopify", Instance: "uk-shop", DocType: "order", DocID: "000123", Transition: "created", DeliveryAttempt: 1},
		CorrelationID: o.OrderID, SubjectRefs: schemas.StringMapOf("order_id", o.OrderID, "customer_ref", "C-17850"),
		RecordedAt: schemas.Some(at), EffectiveDate: schemas.Some(schemas.DateOf(at.Time())), AdmittedAt: schemas.Some(at), RuleSet: "2011-1", Period: "2011-03",
		ThreadSequence: schemas.Some(int64(0)), Hydration: &schemas.Hydration{EntityVersion: "1"},
		Intake:      &schemas.IntakeRef{Topic: "intake.orders", Partition: 3, Offset: 123456, ContentHash: bytes.Repeat([]byte{7}, 33)},
		Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
	for i := range 10 {
		o.Lines = append(o.Lines, schemas.OrderLine{
			LineID: fmt.Sprint(i + 1), Kind: schemas.LineKindGOODS,
			Stock:         &schemas.StockRef{SKU: fmt.Sprintf("85123A-%d", i), Location: "WH-1", StockStatus: schemas.StockStatusAVAILABLE, Owner: schemas.StockOwnerOWN},
			Quantity:      schemas.Quantity{Qty: schemas.MustDecimal("2"), UOM: "EA", BaseQty: schemas.MustDecimal("2"), BaseUOM: "EA"},
			RequestedDate: schemas.Some(schemas.DateOf(at.Time())), UnitPrice: schemas.Some(schemas.MustDecimal("50.00000000")),
			Amounts: schemas.LineAmounts{
				Gross: schemas.MustDecimal("100.0000"), Net: schemas.MustDecimal("90.0000"), FreightNet: schemas.MustDecimal("5.0000"), Total: schemas.MustDecimal("102.6000"),
				Discounts: []schemas.Discount{{Amount: schemas.MustDecimal("10.0000"), Reason: "SPRING", FundedBy: schemas.FundedBySELLER}},
				Taxes: []schemas.TaxAmount{{Jurisdiction: "GB", Rate: schemas.MustDecimal("0.0800000000"), Base: schemas.MustDecimal("95.0000"),
					Amount: schemas.MustDecimal("7.6000"), Remitter: schemas.TaxRemitterSELLER, On: schemas.TaxOnITEM}},
			},
			CostEstimate: &schemas.CostBasis{Method: schemas.CostMethodSTANDARD, UnitCost: schemas.MustDecimal("14.12500000"), CostAmount: schemas.MustDecimal("28.2500"),
				CostVersion: "1", Currency: "GBP"},
		})
	}
	return o
}

func offlineCodec() *schemas.Codec { return schemas.NewCodec(nil, schemas.OfflineIDs()) }

func orderValue(tb testing.TB) []byte {
	value, err := offlineCodec().Encode(tenLineOrder())
	if err != nil {
		tb.Fatal(err)
	}
	return value
}

// Decoding a ten-line order into a reused value costs two allocations at most, encoding into a buffer none.
func TestAllocations(t *testing.T) {
	c, order, value := offlineCodec(), tenLineOrder(), orderValue(t)
	buffer := make([]byte, 0, 2*len(value))
	var reused schemas.OrderAccepted
	var meta schemas.Meta
	ctx := context.Background()
	for _, limit := range []struct {
		name string
		most float64
		do   func() error
	}{
		{"encode", 0, func() error { _, err := c.AppendEncode(buffer[:0], order); return err }},
		{"decode into a reused value", 2, func() error { return c.DecodeInto(ctx, value, &reused) }},
		{"decode the header", 2, func() error { _, err := c.DecodeHeader(ctx, value, &meta); return err }},
	} {
		got := testing.AllocsPerRun(200, func() {
			if err := limit.do(); err != nil {
				t.Fatal(err)
			}
		})
		if got > limit.most {
			t.Errorf("%s: %v allocations, want at most %v", limit.name, got, limit.most)
		}
	}
}

// hamba reads and writes with the structs that its own generator makes, *big.Rat for decimals, as its documentation advises.
func hambaSchema(tb testing.TB) avro.Schema {
	text, _, _ := schemas.SchemaText("order.accepted")
	schema, err := avro.ParseWithCache(text, "", &avro.SchemaCache{})
	if err != nil {
		tb.Fatal(err)
	}
	return schema
}

func hambaOrder(tb testing.TB) OrderAccepted {
	var o OrderAccepted
	if err := avro.Unmarshal(hambaSchema(tb), orderValue(tb)[5:], &o); err != nil {
		tb.Fatal(err)
	}
	return o
}

// hamba's generated struct of our bytes encodes to bytes that give our event again.
func TestHambaReadsWhatWeWrite(t *testing.T) {
	theirs, err := avro.Marshal(hambaSchema(t), hambaOrder(t))
	if err != nil {
		t.Fatal(err)
	}
	value := orderValue(t)
	back, _, err := offlineCodec().Decode(context.Background(), append(value[:5:5], theirs...))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := offlineCodec().Encode(back); err != nil || !bytes.Equal(again, value) {
		t.Errorf("through hamba: %d bytes (%v), want the same %d", len(again), err, len(value))
	}
}

func BenchmarkEncode(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		c, order := offlineCodec(), tenLineOrder()
		buffer := make([]byte, 0, 8192)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.AppendEncode(buffer[:0], order); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hamba", func(b *testing.B) {
		schema, order := hambaSchema(b), hambaOrder(b)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := avro.Marshal(schema, &order); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	ctx := context.Background()
	b.Run("ours, reused", func(b *testing.B) {
		c, value := offlineCodec(), orderValue(b)
		var o schemas.OrderAccepted
		b.ReportAllocs()
		for b.Loop() {
			if err := c.DecodeInto(ctx, value, &o); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ours, fresh", func(b *testing.B) {
		c, value := offlineCodec(), orderValue(b)
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := c.Decode(ctx, value); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hamba, reused", func(b *testing.B) {
		schema, value := hambaSchema(b), orderValue(b)
		var o OrderAccepted
		b.ReportAllocs()
		for b.Loop() {
			if err := avro.Unmarshal(schema, value[5:], &o); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hamba, fresh", func(b *testing.B) {
		schema, value := hambaSchema(b), orderValue(b)
		b.ReportAllocs()
		for b.Loop() {
			var o OrderAccepted
			if err := avro.Unmarshal(schema, value[5:], &o); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPartial reads the envelope only. hamba does it with a reader schema that has nothing else, resolved against the writer's.
func BenchmarkPartial(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		c, value := offlineCodec(), orderValue(b)
		var m schemas.Meta
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.DecodeHeader(context.Background(), value, &m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hamba", func(b *testing.B) {
		writer, value := hambaSchema(b), orderValue(b)
		record := writer.(*avro.RecordSchema)
		meta, err := avro.NewRecordSchema(record.Name(), record.Namespace(), record.Fields()[:1])
		if err != nil {
			b.Fatal(err)
		}
		resolved, err := avro.NewSchemaCompatibility().Resolve(meta, writer)
		if err != nil {
			b.Fatal(err)
		}
		var o struct {
			Meta Meta `avro:"meta"`
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := avro.Unmarshal(resolved, value[5:], &o); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkResolve reads a body that a newer version of the schema wrote: hamba's resolving decoder between two of our own passes.
func BenchmarkResolve(b *testing.B) {
	text, _, _ := schemas.SchemaText("order.accepted")
	newer := strings.TrimSuffix(text, "]}") + `,{"name":"zz","type":"string","default":""}]}`
	fake := srfake.New()
	defer fake.Close()
	client, err := sr.NewClient(sr.URLs(fake.URL()))
	if err != nil {
		b.Fatal(err)
	}
	added, err := client.CreateSchema(context.Background(), "orders.OrderAccepted", sr.Schema{Schema: newer})
	if err != nil {
		b.Fatal(err)
	}
	c := schemas.NewCodec(schemas.NewRegistry(client), nil)
	value := append([]byte{0, 0, 0, 0, byte(added.ID)}, append(orderValue(b)[5:], 0)...)
	var o schemas.OrderAccepted
	b.ReportAllocs()
	for b.Loop() {
		if err := c.DecodeInto(context.Background(), value, &o); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkContentHash(b *testing.B) {
	order := tenLineOrder()
	b.ReportAllocs()
	for b.Loop() {
		schemas.ContentHash(order)
	}
}
