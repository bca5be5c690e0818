package producers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/throughline/throughline/schemas"
)

func cluster(t *testing.T, opts ...kfake.Opt) (*kfake.Cluster, []kgo.Opt) {
	t.Helper()
	topics := append(schemas.IntakeTopics(), "reference.items", "reference.entities", "reference.rates", "reference.rule_sets")
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(3, topics...)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, []kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.MetadataMinAge(50 * time.Millisecond)}
}

func codec() *schemas.Codec { return schemas.NewCodec(nil, schemas.OfflineIDs()) }

func producer(t *testing.T, opts []kgo.Opt, more ...Option) *Producer {
	t.Helper()
	p, err := New(opts, codec(), more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(t.Context()) })
	return p
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// read waits for n records of a topic.
func read(t *testing.T, opts []kgo.Opt, topic string, n int) []*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(append(opts[:len(opts):len(opts)], kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var got []*kgo.Record
	for ctx := deadline(t); len(got) < n; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("%d of %d records of %s: %v", len(got), n, topic, err)
		}
		got = append(got, fetches.Records()...)
	}
	return got
}

func shipped(doc string) *schemas.ShipmentShipped {
	return &schemas.ShipmentShipped{
		Meta: schemas.Meta{
			LegalEntity: "ACME-US", OccurredAt: 1300000000_000000, OccurredTZOffset: "+01:00",
			Source: schemas.Source{System: "wms", Instance: "DC 1", DocType: "shipment", DocID: doc, Transition: "shipped"},
		},
		ShipmentID: doc, OrderID: "SO-1",
		Lines: []schemas.ShipmentLine{{
			LineID: "1", OrderLineID: "1", Stock: schemas.StockRef{SKU: "A", Location: "DC1"},
			Quantity: schemas.Quantity{Qty: schemas.NewDecimal(2, 0), UOM: "EA", BaseQty: schemas.NewDecimal(2, 0), BaseUOM: "EA"},
		}},
	}
}

func header(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

func TestEmit(t *testing.T) {
	_, opts := cluster(t)
	p := producer(t, opts)
	e := shipped("SH-1")
	if err := p.Emit(deadline(t), e); err != nil {
		t.Fatal(err)
	}
	r := read(t, opts, "intake.fulfillment", 1)[0]
	if string(r.Key) != "wms/DC 1|shipment|SH-1" {
		t.Errorf("key %s", r.Key)
	}
	for key, want := range map[string]string{
		"ce_specversion": "1.0", "ce_id": schemas.SourceID(e.Meta.Source).String(), "ce_source": "/wms/DC%201",
		"ce_type": "org.throughline.o2c.shipment.shipped.v1", "ce_subject": "shipment/SH-1", "ce_time": "2011-03-13T07:06:40Z",
		"content-type": "application/avro", "traceparent": e.Meta.Traceparent,
	} {
		if got := header(r, key); got != want {
			t.Errorf("header %s = %q, want %q", key, got, want)
		}
	}
	back, _, err := codec().Decode(t.Context(), r.Value)
	if err != nil {
		t.Fatal(err)
	}
	m := back.Header()
	if m.EventID != schemas.SourceID(e.Meta.Source) || m.EventType != "shipment.shipped" || m.SchemaVersion != 1 || m.Traceparent != e.Meta.Traceparent {
		t.Errorf("envelope %+v", m)
	}
	if schemas.ContentHash(back) != schemas.ContentHash(e) {
		t.Error("what was read is not what was emitted")
	}
}

// The same fact emitted by two processes, at two times, is the same record but for its position: intake sees a duplicate.
func TestEmitAgain(t *testing.T) {
	_, opts := cluster(t)
	for range 2 {
		if err := producer(t, opts).Emit(deadline(t), shipped("SH-1")); err != nil {
			t.Fatal(err)
		}
	}
	got := read(t, opts, "intake.fulfillment", 2)
	if string(got[0].Value) != string(got[1].Value) || got[0].Partition != got[1].Partition || header(got[0], "ce_id") != header(got[1], "ce_id") {
		t.Errorf("%v and %v differ", got[0], got[1])
	}
}

func TestTraceparent(t *testing.T) {
	_, opts := cluster(t)
	type key struct{}
	p := producer(t, opts, Traceparent(func(ctx context.Context) string { s, _ := ctx.Value(key{}).(string); return s }))
	const own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	first, second, third := shipped("SH-1"), shipped("SH-2"), shipped("SH-3")
	if err := p.Emit(context.WithValue(deadline(t), key{}, own), first); err != nil || first.Meta.Traceparent != own {
		t.Errorf("%s, %v: want the caller's", first.Meta.Traceparent, err)
	}
	if err := p.Emit(deadline(t), second, third); err != nil {
		t.Fatal(err)
	}
	a, b := second.Meta.Traceparent, third.Meta.Traceparent
	if len(a) != 55 || a[:36] != b[:36] || a == b {
		t.Errorf("%s and %s: want one trace for the order, one span for each event", a, b)
	}
}

func TestReferenceDataKeepsItsVersions(t *testing.T) {
	_, opts := cluster(t)
	source := schemas.Source{System: "erp", Instance: "1", DocType: "item", DocID: "A"}
	item := func(version string) *schemas.ReferenceItem {
		s := source
		s.DocVersion = version
		return &schemas.ReferenceItem{Meta: schemas.Meta{LegalEntity: "ACME-US", OccurredAt: 1300000000_000000, Source: s}, SKU: "A", EffectiveFrom: 14610, Version: version,
			BaseUOM: "EA", UnitCost: schemas.NewDecimal(5, 0), Currency: "USD"}
	}
	entity := &schemas.ReferenceEntity{Meta: schemas.Meta{LegalEntity: "ACME-US", OccurredAt: 1300000000_000000, Source: source}, Entity: "ACME-US", EffectiveFrom: 14610, Version: "1",
		FunctionalCurrency: "USD", Zone: "America/New_York"}
	if err := producer(t, opts).Emit(deadline(t), item("1"), item("2"), entity); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range read(t, opts, "reference.items", 2) {
		keys = append(keys, string(r.Key))
	}
	if got := strings.Join(keys, " "); !strings.Contains(got, "A|2010-01-01|1") || !strings.Contains(got, "A|2010-01-01|2") {
		t.Errorf("keys %v", keys)
	}
	if r := read(t, opts, "reference.entities", 1)[0]; string(r.Key) != "ACME-US|2010-01-01|1" {
		t.Errorf("key %s", r.Key)
	}
}

// What breaks its contract is refused before anything is sent, and the message says what to do.
func TestEmitRefuses(t *testing.T) {
	_, opts := cluster(t)
	p := producer(t, opts)
	broken := func(change func(*schemas.ShipmentShipped)) schemas.Event {
		e := shipped("SH-1")
		change(e)
		return e
	}
	for want, e := range map[string]schemas.Event{
		"set meta.source.system":   broken(func(e *schemas.ShipmentShipped) { e.Meta.Source.System = "" }),
		"set meta.source.doc_type": broken(func(e *schemas.ShipmentShipped) { e.Meta.Source.DocType = "" }),
		"set meta.source.doc_id":   broken(func(e *schemas.ShipmentShipped) { e.Meta.Source.DocID = "" }),
		"leave it empty":           broken(func(e *schemas.ShipmentShipped) { e.Meta.EventType = "shipment.lost" }),
		"split the document":       broken(func(e *schemas.ShipmentShipped) { e.Tracking = []string{strings.Repeat("x", 9<<20)} }),
		"correct the event: CONTRACT: lines.order_line_id is empty": broken(func(e *schemas.ShipmentShipped) { e.Lines[0].OrderLineID = "" }),
		"qty": broken(func(e *schemas.ShipmentShipped) {
			e.Lines[0].Quantity.Qty, e.Lines[0].Quantity.BaseQty = schemas.NewDecimal(1, 9), schemas.NewDecimal(1, 9)
		}),
		"publish the fact that it follows from":        &schemas.StockDelta{Meta: shipped("SH-1").Meta},
		"set meta.correction.corrected_event_type to ": &schemas.EventVoided{Meta: shipped("SH-1").Meta},
	} {
		err := p.Emit(deadline(t), shipped("SH-0"), e)
		if !errors.Is(err, ErrNotPublished) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q", err, want)
		}
		called := 0
		p.EmitAsync(deadline(t), e, func(err error) {
			called++
			if !errors.Is(err, ErrNotPublished) {
				t.Errorf("in bulk: %v: want %q", err, want)
			}
		})
		if called != 1 {
			t.Errorf("in bulk: %d answers to %q", called, want)
		}
	}
	if err := p.Emit(deadline(t), shipped("SH-9")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, opts, "intake.fulfillment", 1); !strings.Contains(string(got[0].Key), "SH-9") {
		t.Errorf("%s was sent beside a broken event", got[0].Key)
	}
}

func TestNewWantsACodec(t *testing.T) {
	if _, err := New(nil, nil); err == nil || !strings.Contains(err.Error(), "schemas.NewCodec") {
		t.Error(err)
	}
}

// Every request waits for all replicas and carries a producer id, whatever the caller's options say.
func TestDurabilityIsNoSetting(t *testing.T) {
	c, opts := cluster(t)
	var mu sync.Mutex
	var requests []*kmsg.ProduceRequest
	c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, r.(*kmsg.ProduceRequest))
		c.KeepControl()
		return nil, nil, false
	})
	if _, err := New(append(opts[:len(opts):len(opts)], kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite()), codec()); err == nil {
		t.Error("a retry could write twice")
	}
	p := producer(t, append(opts[:len(opts):len(opts)], kgo.RequiredAcks(kgo.NoAck())))
	if err := p.Emit(deadline(t), shipped("SH-1")); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(requests) != 1 || requests[0].Acks != -1 {
		t.Fatalf("%d requests, %+v", len(requests), requests)
	}
	var batch kmsg.RecordBatch
	if err := batch.ReadFrom(requests[0].Topics[0].Partitions[0].Records); err != nil || batch.ProducerID < 0 {
		t.Errorf("producer id %d, %v: a retry would write twice", batch.ProducerID, err)
	}
}

func TestClusterErrorsSayWhatToDo(t *testing.T) {
	t.Run("no such topic", func(t *testing.T) {
		c, err := kfake.NewCluster(kfake.NumBrokers(1))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		p := producer(t, []kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.MetadataMinAge(50 * time.Millisecond)})
		if err := p.Emit(deadline(t), shipped("SH-1")); err == nil || !strings.Contains(err.Error(), "throughline migrate") {
			t.Error(err)
		}
	})
	t.Run("no write access", func(t *testing.T) {
		_, opts := cluster(t, kfake.EnableACLs())
		if err := producer(t, opts).Emit(deadline(t), shipped("SH-1")); err == nil || !strings.Contains(err.Error(), "ask for write access") {
			t.Error(err)
		}
	})
	t.Run("nobody answers", func(t *testing.T) {
		p := producer(t, []kgo.Opt{kgo.SeedBrokers("127.0.0.1:1")})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if err := p.Emit(ctx, shipped("SH-1")); !errors.Is(err, ErrUnknownOutcome) || !strings.Contains(err.Error(), "emit it again") {
			t.Error(err)
		}
	})
}

// Bulk: every event is answered once, Close waits for all, and a document's events keep their order.
func TestEmitAsync(t *testing.T) {
	_, opts := cluster(t)
	p, err := New(opts, codec())
	if err != nil {
		t.Fatal(err)
	}
	const documents, versions = 50, 40
	var mu sync.Mutex
	answers := map[string]int{}
	for v := range versions {
		for d := range documents {
			e := shipped(fmt.Sprint("SH-", d))
			e.Meta.Source.DocVersion = fmt.Sprintf("%03d", v)
			p.EmitAsync(t.Context(), e, func(err error) {
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				answers[e.Meta.Source.DocID+e.Meta.Source.DocVersion]++
			})
		}
	}
	if err := p.Close(deadline(t)); err != nil {
		t.Fatal(err)
	}
	for name, n := range answers {
		if n != 1 {
			t.Errorf("%s was answered %d times", name, n)
		}
	}
	if len(answers) != documents*versions {
		t.Errorf("%d answers after Close, want %d", len(answers), documents*versions)
	}
	last := map[string]string{}
	for _, r := range read(t, opts, "intake.fulfillment", documents*versions) {
		e, _, err := codec().Decode(t.Context(), r.Value)
		if err != nil {
			t.Fatal(err)
		}
		s := e.Header().Source
		if s.DocVersion <= last[s.DocID] {
			t.Fatalf("%s: version %s after %s", s.DocID, s.DocVersion, last[s.DocID])
		}
		last[s.DocID] = s.DocVersion
	}
}
