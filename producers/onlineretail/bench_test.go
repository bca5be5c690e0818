package onlineretail

import (
	"testing"

	"github.com/throughline/throughline/schemas"
)

// Where the time of a load goes: reading, classing, making events, encoding them.
func BenchmarkRead(b *testing.B) {
	path := dataPath(b, "by-day.tar.gz")
	for b.Loop() {
		rows, _, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for range rows {
			n++
		}
		if n != 541_909 {
			b.Fatal(n)
		}
	}
}

func BenchmarkConvert(b *testing.B) {
	w := load541909(b)
	for b.Loop() {
		if _, err := Convert(rowsOf(w.rows)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvents(b *testing.B) {
	w := load541909(b)
	b.ReportAllocs()
	for b.Loop() {
		for range w.set.Events() {
		}
	}
}

func BenchmarkEventsEncoded(b *testing.B) {
	w := load541909(b)
	codec, buffer, size := schemas.NewCodec(nil, schemas.OfflineIDs()), []byte(nil), 0
	for b.Loop() {
		size = 0
		for e := range w.set.Events() {
			var err error
			if buffer, err = codec.AppendEncode(buffer[:0], e); err != nil {
				b.Fatal(err)
			}
			size += len(buffer)
		}
	}
	b.ReportMetric(float64(size)/1e6, "MB")
}

func BenchmarkReadXLSX(b *testing.B) {
	path := spreadsheet(b, load541909(b).rows)
	for b.Loop() {
		got, total, err := readAll(b, path)
		if err != nil || len(got) != 541_909 || total != 541_909 {
			b.Fatal(len(got), total, err)
		}
	}
}
