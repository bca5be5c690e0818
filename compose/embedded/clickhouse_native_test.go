package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

const everyType = `CREATE TABLE throughline.every (
	id UInt64, name String, amount Decimal(38, 4), at DateTime64(6, 'UTC'), day Date32, uid UUID, owner LowCardinality(String),
	tags Map(LowCardinality(String), String), lines Array(UInt32), price Nullable(Decimal(38, 8)), fixed FixedString(4), flag Bool
) ENGINE = ReplacingMergeTree ORDER BY id`

// everyBlock holds the columns of everyType, as a sink holds those of its table.
type everyBlock struct {
	id     proto.ColUInt64
	name   proto.ColStr
	amount proto.ColDecimal128
	at     *proto.ColDateTime64
	day    proto.ColDate32
	uid    proto.ColUUID
	owner  *proto.ColLowCardinality[string]
	tags   *proto.ColMap[string, string]
	lines  *proto.ColArr[uint32]
	price  *proto.ColNullable[proto.Decimal128]
	fixed  proto.ColFixedStr
	flag   proto.ColBool
}

func newEveryBlock() *everyBlock {
	return &everyBlock{
		at: new(proto.ColDateTime64).WithPrecision(proto.PrecisionMicro).WithLocation(time.UTC), owner: proto.NewLowCardinality(new(proto.ColStr)),
		tags:  proto.NewMap(proto.ColumnOf[string](proto.NewLowCardinality(new(proto.ColStr))), proto.ColumnOf[string](new(proto.ColStr))),
		lines: proto.NewArray(new(proto.ColUInt32)), price: proto.NewColNullable(new(proto.ColDecimal128)), fixed: proto.ColFixedStr{Size: 4},
	}
}

var epoch = time.Date(2011, 3, 4, 5, 6, 7, 890123000, time.UTC)

func everyID(i uint64) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, i)) }

// add appends row i: amounts are -50 cents, 50 cents, … so that sums are easy to say.
func (b *everyBlock) add(i uint64) {
	b.id.Append(i)
	b.name.Append(fmt.Sprintf("name %d é\n", i%1000))
	units := int64(i)*10000 + 5000
	if i%2 == 1 {
		units = -units
	}
	b.amount.Append(proto.Decimal128(proto.Int128FromInt(int(units))))
	b.at.Append(epoch.Add(time.Duration(i) * time.Microsecond))
	b.day.Append(epoch.AddDate(0, 0, int(i%100)))
	b.uid.Append(everyID(i))
	b.owner.Append([]string{"orders", "billing", "returns"}[i%3])
	b.tags.Append(map[string]string{"k": fmt.Sprint(i % 7)})
	b.lines.Append([]uint32{uint32(i), uint32(i % 5)}[:i%3])
	if i%4 == 0 {
		b.price.Append(proto.Null[proto.Decimal128]())
	} else {
		b.price.Append(proto.NewNullable(proto.Decimal128(proto.Int128FromInt(int(i)))))
	}
	b.fixed.Append([]byte("abcd"))
	b.flag.Append(i%2 == 0)
}

// input names the columns. A decimal says its scale itself: ch-go's type does not.
func (b *everyBlock) input() proto.Input {
	return proto.Input{
		{Name: "id", Data: &b.id}, {Name: "name", Data: &b.name}, {Name: "amount", Data: proto.Alias(&b.amount, "Decimal(38, 4)")},
		{Name: "at", Data: b.at}, {Name: "day", Data: &b.day}, {Name: "uid", Data: &b.uid}, {Name: "owner", Data: b.owner},
		{Name: "tags", Data: b.tags}, {Name: "lines", Data: b.lines}, {Name: "price", Data: proto.Alias(b.price, "Nullable(Decimal(38, 8))")},
		{Name: "fixed", Data: &b.fixed}, {Name: "flag", Data: &b.flag},
	}
}

// encode writes the block as InsertFormat("Native", …) wants it: revision 0, that is no block info and no serialization kinds.
func (b *everyBlock) encode(t testing.TB, buffer *proto.Buffer) {
	t.Helper()
	input := b.input()
	if err := (proto.Block{Columns: len(input), Rows: b.id.Rows()}).EncodeRawBlock(buffer, 0, input); err != nil {
		t.Fatal(err)
	}
}

func insertNative(t testing.TB, conn driver.Conn, body io.Reader) {
	t.Helper()
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0}))
	if err := conn.InsertFormat(ctx, "Native", "INSERT INTO throughline.every", body); err != nil {
		t.Fatal(err)
	}
}

func TestInsertFormatEveryType(t *testing.T) {
	c := startClickHouse(t, nil)
	conn := connect(t, c, nil)
	if err := conn.Exec(t.Context(), everyType); err != nil {
		t.Fatal(err)
	}
	const rows = 200_000
	var body proto.Buffer
	for from := uint64(0); from < rows; from += 65_536 {
		block := newEveryBlock()
		for i := from; i < min(from+65_536, rows); i++ {
			block.add(i)
		}
		block.encode(t, &body)
	}
	insertNative(t, conn, bytes.NewReader(body.Buf))

	var count, id uint64
	var amount, price decimal.Decimal
	var lines, uniques, nulls, flags uint64
	err := conn.QueryRow(t.Context(), `SELECT count(), sum(id), sum(amount), sum(price), sum(length(lines)), uniqExact(uid), countIf(price IS NULL), countIf(flag) FROM every`).
		Scan(&count, &id, &amount, &price, &lines, &uniques, &nulls, &flags)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "rows", count, rows)
	equal(t, "ids", id, rows*(rows-1)/2)
	equal(t, "amounts", amount.StringFixed(4), "-100000.0000") // 100,000 pairs of i + 0.5 and -(i + 1) - 0.5
	equal(t, "prices", price.StringFixed(8), "150.00000000")   // (sum of i - sum of the multiples of 4) × 10⁻⁸
	equal(t, "lines", lines, 66_667+66_666*2)
	equal(t, "uuids", uniques, rows)
	equal(t, "nulls", nulls, rows/4)
	equal(t, "flags", flags, rows/2)
	readEveryRow(t, conn, rows)
}

// readEveryRow reads the table back through clickhouse-go's row interface and compares every value.
func readEveryRow(t *testing.T, conn driver.Conn, want uint64) {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT id, name, amount, at, day, uid, owner, tags, lines, price, toString(fixed), flag FROM every ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	i := uint64(0)
	for ; rows.Next(); i++ {
		var r struct {
			id                 uint64
			name, owner, fixed string
			amount             decimal.Decimal
			at, day            time.Time
			uid                uuid.UUID
			tags               map[string]string
			lines              []uint32
			price              *decimal.Decimal
			flag               bool
		}
		if err := rows.Scan(&r.id, &r.name, &r.amount, &r.at, &r.day, &r.uid, &r.owner, &r.tags, &r.lines, &r.price, &r.fixed, &r.flag); err != nil {
			t.Fatal(err)
		}
		units := decimal.New(int64(i)*10000+5000, -4)
		if i%2 == 1 {
			units = units.Neg()
		}
		same := r.id == i && r.name == fmt.Sprintf("name %d é\n", i%1000) && r.amount.Equal(units) && r.at.Equal(epoch.Add(time.Duration(i)*time.Microsecond)) &&
			r.day.Format(time.DateOnly) == epoch.AddDate(0, 0, int(i%100)).Format(time.DateOnly) && r.uid == everyID(i) &&
			r.owner == []string{"orders", "billing", "returns"}[i%3] && len(r.tags) == 1 && r.tags["k"] == fmt.Sprint(i%7) && len(r.lines) == int(i%3) &&
			(r.price == nil) == (i%4 == 0) && (r.price == nil || r.price.Equal(decimal.New(int64(i), -8))) && r.fixed == "abcd" && r.flag == (i%2 == 0)
		if !same {
			t.Fatalf("row %d came back as %+v", i, r)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	equal(t, "rows read", i, want)
}

func TestClickHouseGo(t *testing.T) {
	c := startClickHouse(t, nil)
	for _, method := range []struct {
		name   string
		method clickhouse.CompressionMethod
	}{{"none", clickhouse.CompressionNone}, {"lz4", clickhouse.CompressionLZ4}, {"zstd", clickhouse.CompressionZSTD}, {"gzip", clickhouse.CompressionGZIP}, {"deflate", clickhouse.CompressionDeflate}, {"br", clickhouse.CompressionBrotli}} {
		t.Run(method.name, func(t *testing.T) {
			conn := connect(t, c, func(o *clickhouse.Options) { o.Compression = &clickhouse.Compression{Method: method.method, Level: 3} })
			testClickHouseGo(t, conn)
		})
	}
}

func testClickHouseGo(t *testing.T, conn driver.Conn) {
	ctx := t.Context()
	if err := conn.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	version, err := conn.ServerVersion()
	if err != nil || version.Version.Major < 26 || version.Timezone.String() != "UTC" {
		t.Fatalf("server version %v: %v", version, err)
	}
	for _, sql := range []string{"DROP TABLE IF EXISTS batch", "CREATE TABLE batch (id UInt64, s String, d Decimal(38, 4), l LowCardinality(String)) ENGINE = MergeTree ORDER BY id"} {
		if err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO batch (id, s, d, l)")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		if err := batch.Append(uint64(i), fmt.Sprintf("row %d", i), decimal.New(int64(i), -4), "low"); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	if err := conn.InsertFormat(ctx, "CSV", "INSERT INTO batch (id, s, d, l)", strings.NewReader("10000,x,1.5,low\n10001,y,2.5,low\n")); err != nil {
		t.Fatal(err)
	}
	var count uint64
	var sum decimal.Decimal
	if err := conn.QueryRow(ctx, "SELECT count(), sum(d) FROM batch WHERE id < ?", 10_001).Scan(&count, &sum); err != nil {
		t.Fatal(err)
	}
	equal(t, "rows", count, 10_001)
	equal(t, "sum", sum.StringFixed(4), "5001.0000") // 9999 × 10000 / 2 × 0.0001 + 1.5
	stream, err := conn.QueryFormat(ctx, "JSONEachRow", "SELECT id, s FROM batch ORDER BY id LIMIT 1")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	text, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "QueryFormat", string(text), "{\"id\":0,\"s\":\"row 0\"}\n")
	testExceptions(t, conn)
}

// testExceptions checks that errors reach clickhouse-go's caller typed: before the answer, inside it, and of an insert.
func testExceptions(t *testing.T, conn driver.Conn) {
	exception := func(what string, err error, code int32) {
		t.Helper()
		var typed *clickhouse.Exception
		if !errors.As(err, &typed) || typed.Code != code {
			t.Errorf("%s: %v instead of code %d", what, err, code)
		}
	}
	exception("unknown table", conn.Exec(t.Context(), "SELECT * FROM nope"), 60)
	exception("a row that does not parse", conn.InsertFormat(t.Context(), "CSV", "INSERT INTO batch (id)", strings.NewReader("1\nx\n")), 117)
	rows := bytes.NewReader(make([]byte, 8<<20)) // the reason must reach a client that still writes
	exception("rows for no table", conn.InsertFormat(t.Context(), "Native", "INSERT INTO nope", rows), 60)
	stream, err := conn.QueryFormat(t.Context(), "TSV", "SELECT throwIf(number = 900000), number FROM numbers(1000000)")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	_, err = io.Copy(io.Discard, stream)
	exception("a failure in the middle", err, 395)
	var nothing uint64
	if err := conn.QueryRow(t.Context(), "SELECT id FROM batch WHERE id > 99999999").Scan(&nothing); err == nil {
		t.Error("a row out of an empty result")
	}
}
