package sinks

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/throughline/throughline/schemas"
)

// benchLines is what one insert of the benchmarks carries: 65,536 legs of entries of five.
const benchLines = 1 << 16

// benchRecords are the bytes of entries of five legs, as finance writes them for a shipment.
func benchRecords(tb testing.TB, codec *schemas.Codec, lines int) [][]byte {
	tb.Helper()
	values := make([][]byte, 0, lines/5)
	for i := range lines / 5 {
		order := "SO-" + strconv.Itoa(1000000+i/12)
		e := schemas.Example("journal.entry").(*schemas.JournalEntry)
		e.Meta.EventID = schemas.NamedID("bench", strconv.Itoa(i))
		e.Meta.CausationID = schemas.Some(schemas.NamedID("cause", strconv.Itoa(i)))
		e.Meta.CorrelationID, e.Meta.Correction, e.Meta.SubjectRefs = order, nil, nil
		e.Meta.Intake, e.Meta.Hydration, e.Meta.Sequence = nil, nil, nil
		e.Meta.OccurredAt = schemas.Time(1298970000000000 + int64(i)*1e6)
		e.CauseType, e.RuleID, e.Ledger, e.FunctionalCurrency = "shipment.shipped", "shipment_shipped", "PRIMARY", "USD"
		e.Dimensions = schemas.StringMapOf("order_id", order, "shipment_id", "SH-"+strconv.Itoa(i/6), "channel", "WEB")
		e.Lines = e.Lines[:0]
		for n, account := range []string{"1150", "4100", "4000", "5000", "1200"} {
			amount := schemas.NewDecimal(int64(i%100000)*100+int64(n), 4)
			l := schemas.JournalLine{LineNo: int32(n + 1), Account: account, AmountTxn: amount, AmountFn: amount, Currency: "USD", OrderLineID: "L" + strconv.Itoa(n), SKU: "SKU-" + strconv.Itoa(i%4000), Location: "DC1"}
			if n >= 3 {
				l.Qty, l.UOM = schemas.Some(schemas.MustDecimal("3.000000")), "EA"
			}
			e.Lines = append(e.Lines, l)
		}
		v, err := codec.Encode(e)
		if err != nil {
			tb.Fatal(err)
		}
		values = append(values, v)
	}
	return values
}

// cpu is the time that this process, and the engine's, have worked.
func cpu() (self, engineTime time.Duration) {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	self = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	// The engine is this process's only child; its threads' ticks are fields 14 and 15 of stat.
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		children, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		for _, pid := range strings.Fields(string(children)) {
			stat, _ := os.ReadFile("/proc/" + pid + "/stat")
			if i := strings.LastIndexByte(string(stat), ')'); i > 0 {
				fields := strings.Fields(string(stat[i+1:]))
				for _, f := range fields[11:13] {
					ticks, _ := strconv.Atoi(f)
					engineTime += time.Duration(ticks) * 10 * time.Millisecond
				}
			}
		}
	}
	return self, engineTime
}

// measure reports what b.N inserts of benchLines cost.
func measure(b *testing.B, conn driver.Conn, insert func()) {
	b.Helper()
	insert()
	self, eng := cpu()
	for b.Loop() {
		insert()
	}
	self2, eng2 := cpu()
	lines := float64(b.N) * benchLines
	own, engine := float64(self2-self)/lines, float64(eng2-eng)/lines
	b.ReportMetric(own, "ns-own/line")
	b.ReportMetric(engine, "ns-engine/line")
	b.ReportMetric(1e9/(own+engine), "lines/cpu-s")
}

// BenchmarkRows is our own code alone: decoded entries to the body of an insert, and with decoding.
func BenchmarkRows(b *testing.B) {
	codec := schemas.NewCodec(nil, schemas.OfflineIDs())
	values := benchRecords(b, codec, benchLines)
	block, err := NewBlock(journalColumns())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("decode", func(b *testing.B) {
		e := &schemas.JournalEntry{}
		for b.Loop() {
			for _, v := range values {
				if err := codec.DecodeInto(context.Background(), v, e); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed())/float64(b.N)/benchLines, "ns/line")
	})
	b.Run("decode+rows", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fill(b, codec, values, block)
			block.Reset()
		}
		b.ReportMetric(float64(b.Elapsed())/float64(b.N)/benchLines, "ns/line")
	})
}

func fill(b *testing.B, codec *schemas.Codec, values [][]byte, block *Block) {
	e := &schemas.JournalEntry{}
	d := schemas.Delivery{Event: e, Position: schemas.Position{Topic: "finance.journal"}, AppendTime: 1298970000000000}
	for i, v := range values {
		d.Offset = int64(i)
		if err := codec.DecodeInto(context.Background(), v, e); err != nil {
			b.Fatal(err)
		}
		if err := block.Take(func(block *Block) error { return journalRows(context.Background(), d, block) }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInsert is bytes to rows that ClickHouse has written: this package, and what one would write with clickhouse-go's documentation open, a row a
// leg and batch.Append, into a table of the same columns and types.
func BenchmarkInsert(b *testing.B) {
	codec := schemas.NewCodec(nil, schemas.OfflineIDs())
	values := benchRecords(b, codec, benchLines)
	b.Run("block", func(b *testing.B) {
		_, conn := migrated(b)
		block, err := NewBlock(journalColumns())
		if err != nil {
			b.Fatal(err)
		}
		measure(b, conn, func() {
			fill(b, codec, values, block)
			if err := Insert(context.Background(), conn, "journal_lines_log", block, journalColumns()); err != nil {
				b.Fatal(err)
			}
			block.Reset()
		})
	})
	b.Run("append", func(b *testing.B) {
		_, conn := migrated(b)
		columns := flatTable(b, conn)
		measure(b, conn, func() { appendRows(b, codec, values, conn, columns) })
	})
}

// flatTable makes a table of one row a leg with the columns and types of view journal_lines.
func flatTable(b *testing.B, conn driver.Conn) string {
	b.Helper()
	var names, defs []string
	for _, c := range journalColumns() {
		typ := strings.TrimSuffix(strings.TrimPrefix(c.Type, "Array("), ")")
		if !strings.HasPrefix(c.Type, "Array(") {
			typ = c.Type
		}
		names, defs = append(names, c.Name), append(defs, c.Name+" "+typ)
	}
	ddl := fmt.Sprintf("CREATE TABLE flat (%s) ENGINE = ReplacingMergeTree ORDER BY (order_id, thread, entry_id, line_no)", strings.Join(defs, ", "))
	if err := conn.Exec(b.Context(), ddl); err != nil {
		b.Fatal(err)
	}
	return strings.Join(names, ", ")
}

func appendRows(b *testing.B, codec *schemas.Codec, values [][]byte, conn driver.Conn, columns string) {
	b.Helper()
	batch, err := conn.PrepareBatch(context.Background(), "INSERT INTO flat ("+columns+")")
	if err != nil {
		b.Fatal(err)
	}
	for i, v := range values {
		event, _, err := codec.Decode(context.Background(), v)
		if err != nil {
			b.Fatal(err)
		}
		e := event.(*schemas.JournalEntry)
		m := &e.Meta
		dims := map[string]string{}
		for _, p := range e.Dimensions {
			dims[p.Key] = p.Value
		}
		for j := range e.Lines {
			l := &e.Lines[j]
			var qty *decimal.Decimal
			if l.Qty.Set {
				q := toDecimal(l.Qty.V)
				qty = &q
			}
			if err := batch.Append(uuid.UUID(m.EventID), uuid.UUID(m.CausationID.V), e.CauseType, e.RuleID, e.RuleVersion, e.N, m.RuleSet, m.LegalEntity, e.Ledger,
				e.FunctionalCurrency, nil, nil, dims["order_id"], dims["shipment_id"], dims["invoice_id"], dims["payment_id"], dims["channel"], map[string]string{},
				m.CorrelationID, m.OccurredAt.Time(), m.RecordedAt.V.Time(), m.AdmittedAt.V.Time(), m.EffectiveDate.V.Time(), m.Period, m.OriginalPeriod, m.Late,
				m.Source.System, m.Source.DocType, m.Source.DocID, l.LineNo, l.Account, toDecimal(l.AmountTxn), l.Currency, toDecimal(l.AmountFn), l.ControlKey,
				l.OrderLineID, l.SKU, l.Location, l.TaxJurisdiction, qty, l.UOM, "finance.journal", int32(0), uint64(i), m.OccurredAt.Time()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := batch.Send(); err != nil {
		b.Fatal(err)
	}
}

func toDecimal(d schemas.Decimal) decimal.Decimal {
	_, lo := d.Int128()
	return decimal.New(int64(lo), -int32(d.Scale()))
}
