package embedded

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/shopspring/decimal"
)

const benchTable = `CREATE OR REPLACE TABLE throughline.bench (
	id UUID, event_id UUID, owner LowCardinality(String), document String, amount Decimal(38, 4), quantity Decimal(38, 6),
	at DateTime64(6, 'UTC'), admitted DateTime64(3, 'UTC'), partition UInt16, offset UInt64, account String, currency LowCardinality(String)
) ENGINE = ReplacingMergeTree ORDER BY (account, id)`

// benchBlock is a row shape like a journal line's: 12 columns, about 170 bytes.
type benchBlock struct {
	id, event         proto.ColUUID
	owner, currency   *proto.ColLowCardinality[string]
	document, account proto.ColStr
	amount, quantity  proto.ColDecimal128
	at, admitted      *proto.ColDateTime64
	partition         proto.ColUInt16
	offset            proto.ColUInt64
}

func newBenchBlock() *benchBlock {
	return &benchBlock{
		owner: proto.NewLowCardinality(new(proto.ColStr)), currency: proto.NewLowCardinality(new(proto.ColStr)),
		at: new(proto.ColDateTime64).WithPrecision(proto.PrecisionMicro), admitted: new(proto.ColDateTime64).WithPrecision(proto.PrecisionMilli),
	}
}

func (b *benchBlock) add(i int) {
	id := everyID(uint64(i))
	b.id.Append(id)
	b.event.Append(id)
	b.owner.Append("billing")
	b.currency.Append("USD")
	b.document.Append(fmt.Sprintf("SO-%08d", i))
	b.account.Append([]string{"1150", "4000", "2300", "5000"}[i%4])
	b.amount.Append(proto.Decimal128(proto.Int128FromInt(i)))
	b.quantity.Append(proto.Decimal128(proto.Int128FromInt(i)))
	b.at.Append(epoch)
	b.admitted.Append(epoch)
	b.partition.Append(uint16(i % 8))
	b.offset.Append(uint64(i))
}

func (b *benchBlock) input() proto.Input {
	return proto.Input{
		{Name: "id", Data: &b.id}, {Name: "event_id", Data: &b.event}, {Name: "owner", Data: b.owner}, {Name: "document", Data: &b.document},
		{Name: "amount", Data: proto.Alias(&b.amount, "Decimal(38, 4)")}, {Name: "quantity", Data: proto.Alias(&b.quantity, "Decimal(38, 6)")},
		{Name: "at", Data: b.at}, {Name: "admitted", Data: b.admitted}, {Name: "partition", Data: &b.partition}, {Name: "offset", Data: &b.offset},
		{Name: "account", Data: &b.account}, {Name: "currency", Data: b.currency},
	}
}

// BenchmarkInsert compares the ways of inserting 65,536 or 524,288 rows through clickhouse-go, encoding included.
func BenchmarkInsert(b *testing.B) {
	c := startClickHouse(b, nil)
	conn := connect(b, c, nil)
	ctx := b.Context()
	report := func(b *testing.B, rows int) {
		b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
	}
	for _, shape := range []struct{ blocks, optimize int }{{1, 1}, {1, 0}, {8, 1}, {8, 0}} {
		blocks := shape.blocks
		b.Run(fmt.Sprintf("InsertFormat/blocks=%d/optimize_on_insert=%d", blocks, shape.optimize), func(b *testing.B) {
			ctx := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0, "optimize_on_insert": shape.optimize}))
			if err := conn.Exec(ctx, benchTable); err != nil {
				b.Fatal(err)
			}
			const rows = 65_536
			block := newBenchBlock()
			for i := range rows {
				block.add(i)
			}
			var body proto.Buffer
			b.ResetTimer()
			for range b.N {
				body.Reset()
				for range blocks {
					if err := (proto.Block{Columns: 12, Rows: rows}).EncodeRawBlock(&body, 0, block.input()); err != nil {
						b.Fatal(err)
					}
				}
				if err := conn.InsertFormat(ctx, "Native", "INSERT INTO throughline.bench", bytes.NewReader(body.Buf)); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(body.Buf)))
			report(b, rows*blocks)
		})
	}
	b.Run("row API", func(b *testing.B) {
		const rows = 65_536
		if err := conn.Exec(ctx, benchTable); err != nil {
			b.Fatal(err)
		}
		for range b.N {
			batch, err := conn.PrepareBatch(ctx, "INSERT INTO throughline.bench")
			if err != nil {
				b.Fatal(err)
			}
			for i := range rows {
				id := everyID(uint64(i))
				amount := decimal.New(int64(i), -4)
				if err := batch.Append(id, id, "billing", "SO-1", amount, amount, epoch, epoch, uint16(1), uint64(i), "1150", "USD"); err != nil {
					b.Fatal(err)
				}
			}
			if err := batch.Send(); err != nil {
				b.Fatal(err)
			}
		}
		report(b, rows)
	})
}

// BenchmarkRequest measures what a query costs that does nothing: a connection, a pipe and HTTP.
func BenchmarkRequest(b *testing.B) {
	c := startClickHouse(b, nil)
	conn := connect(b, c, nil)
	for b.Loop() {
		if err := conn.Exec(b.Context(), "SELECT 1"); err != nil {
			b.Fatal(err)
		}
	}
}
