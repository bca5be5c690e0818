package onlineretail

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/producers"
	"github.com/throughline/throughline/schemas"
)

func broker(t testing.TB, topics ...string) []kgo.Opt {
	t.Helper()
	if len(topics) == 0 {
		topics = append(schemas.IntakeTopics(), "reference.items", "reference.entities")
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return []kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.MetadataMinAge(50 * time.Millisecond)}
}

func publisher(t testing.TB, opts []kgo.Opt) *producers.Producer {
	t.Helper()
	p, err := producers.New(opts, schemas.NewCodec(nil, schemas.OfflineIDs()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = p.Close(ctx)
	})
	return p
}

const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

// small is a file with a sale of two lines, its freight, and a return.
const small = header +
	"536365,85123A,WHITE HANGING HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n" +
	"536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850.0,United Kingdom\n" +
	"536365,POST,POSTAGE,1,2010-12-01 08:26:00,10.0,17850.0,United Kingdom\n" +
	"C536379,85123A,WHITE HANGING HEART,-1,2010-12-02 09:41:00,2.55,17850.0,United Kingdom\n"

func written(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	opts := broker(t)
	type report struct{ done, total int64 }
	var reports []report
	err := Load(t.Context(), publisher(t, opts), written(t, "small.csv", small), func(done, total int64) { reports = append(reports, report{done, total}) })
	if err != nil {
		t.Fatal(err)
	}
	// Two items and the entity; two opening receipts, six events of the sale, three of the return.
	if last := reports[len(reports)-1]; last != (report{14, 14}) {
		t.Errorf("last report %+v", last)
	}
	client, err := kgo.NewClient(append(opts, kgo.ConsumeTopics("intake.fulfillment", "intake.returns", "intake.billing", "reference.items"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var fulfillment []string
	newestReference, oldestFact, n := time.Time{}, time.Now().Add(time.Hour), 0
	for n < 9 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			n++
			if r.Topic == "intake.fulfillment" {
				fulfillment = append(fulfillment, string(r.Headers[3].Value))
			}
			if r.Topic == "reference.items" && r.Timestamp.After(newestReference) {
				newestReference = r.Timestamp
			}
			if r.Topic != "reference.items" && r.Timestamp.Before(oldestFact) {
				oldestFact = r.Timestamp
			}
		})
	}
	if got := strings.Join(fulfillment, " "); got != "org.throughline.o2c.fulfillment.picked.v1 org.throughline.o2c.fulfillment.packed.v1 org.throughline.o2c.shipment.shipped.v1" {
		t.Errorf("fulfillment said: %s", got)
	}
	if oldestFact.Before(newestReference) {
		t.Errorf("a fact of %v came before the reference data of %v", oldestFact, newestReference)
	}
}

func TestLoadSendsNothingOfABadFile(t *testing.T) {
	opts := broker(t)
	bad := small + "536366,22633,HAND WARMER,six,2010-12-01 08:28:00,1.85,17850.0,United Kingdom\n"
	if err := Load(t.Context(), publisher(t, opts), written(t, "bad.csv", bad), nil); err == nil || !strings.Contains(err.Error(), "bad.csv:6") {
		t.Fatalf("%v: want the line", err)
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(t.Context())
	if err != nil || len(ends) != 9 {
		t.Fatalf("%d topics, %v", len(ends), err)
	}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset != 0 {
			t.Errorf("%s/%d holds %d records", o.Topic, o.Partition, o.Offset)
		}
	})
}

func TestLoadSaysThatItMayBeRunAgain(t *testing.T) {
	opts := broker(t, "reference.items", "reference.entities") // no intake topics
	err := Load(t.Context(), publisher(t, opts), written(t, "small.csv", small), nil)
	if err == nil || !strings.Contains(err.Error(), "load it again") || !strings.Contains(err.Error(), "throughline migrate") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Load(ctx, publisher(t, broker(t)), written(t, "small.csv", small), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v: want the cancellation", err)
	}
}

// BenchmarkLoad is the whole file: read, classed, converted, encoded and durable on the in-process broker.
func BenchmarkLoad(b *testing.B) {
	path := dataPath(b, "by-day.tar.gz")
	for b.Loop() {
		if err := Load(b.Context(), publisher(b, broker(b)), path, nil); err != nil {
			b.Fatal(err)
		}
	}
}
