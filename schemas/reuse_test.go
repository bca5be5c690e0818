package schemas_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// A reused decoder gives what a fresh one gives, whatever came before, an error included; and it does reuse.
func TestReuseDecodesAsAFreshCodecDoes(t *testing.T) {
	codec, ctx := offlineCodec(), context.Background()
	u := &schemas.Reuse{Codec: codec}
	record := func(e schemas.Event) *kgo.Record {
		r, err := codec.Record(e)
		if err != nil {
			t.Fatal(err)
		}
		r.Partition, r.Offset = 2, 7
		return r
	}
	full := record(tenLineOrder())
	small := tenLineOrder()
	small.Lines, small.TenderPlan, small.Meta.Hydration = small.Lines[:1], nil, nil
	short := &kgo.Record{Topic: "orders", Value: []byte{0, 0}}
	broken := &kgo.Record{Topic: "orders", Value: full.Value[:len(full.Value)-1]}
	var before schemas.Event
	for i, r := range []*kgo.Record{full, record(small), broken, full, short, record(schemas.Example("shipment.shipped")), full} {
		got, err := u.Deliver(ctx, r)
		want, wantErr := codec.Deliver(ctx, r)
		if (err == nil) != (wantErr == nil) || got.Position != want.Position || got.AppendTime != want.AppendTime {
			t.Fatalf("record %d: %v %v, want %v %v", i, got.Position, err, want.Position, wantErr)
		}
		if err != nil {
			continue
		}
		if a, b := encoded(t, got.Event), encoded(t, want.Event); a != b || got.SchemaID != want.SchemaID {
			t.Errorf("record %d: another event than a fresh decoder gives", i)
		}
		if i == 0 {
			before = got.Event
		} else if i == 1 && got.Event != before {
			t.Error("the second order was not decoded into the first one's memory")
		}
	}
}

// Of types whose bodies are of no use the envelope alone is read, the first time as every time, and of nothing else: what an event had before does not show.
func TestReuseReadsEnvelopesOnly(t *testing.T) {
	codec, ctx := offlineCodec(), context.Background()
	u := &schemas.Reuse{Codec: codec, Envelope: func(eventType string) bool { return eventType == "order.accepted" }}
	order, err := codec.Record(tenLineOrder())
	if err != nil {
		t.Fatal(err)
	}
	whole, err := codec.Deliver(ctx, order)
	if err != nil {
		t.Fatal(err)
	}
	cut := &kgo.Record{Topic: "orders", Value: order.Value[:len(order.Value)-1]} // its envelope is whole
	for i, r := range []*kgo.Record{cut, order, cut} {
		d, err := u.Deliver(ctx, r)
		if err != nil || !d.EnvelopeOnly {
			t.Fatalf("record %d: envelope only: %v, %v", i, d.EnvelopeOnly, err)
		}
		if want := (&schemas.OrderAccepted{Meta: *whole.Event.Header()}); !reflect.DeepEqual(d.Event, want) {
			t.Errorf("record %d has more than its envelope, or less", i)
		}
	}
	if _, err := u.Deliver(ctx, &kgo.Record{Topic: "orders", Value: order.Value[:20]}); !errors.Is(err, schemas.ErrPoison) {
		t.Errorf("an envelope that ends in its middle: %v", err)
	}
	shipment, err := codec.Record(schemas.Example("shipment.shipped"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d, err := u.Deliver(ctx, shipment)
		if err != nil || d.EnvelopeOnly || encoded(t, d.Event) != encoded(t, schemas.Example("shipment.shipped")) {
			t.Errorf("a shipment, whose body is of use: %+v, %v", d, err)
		}
	}
}

func encoded(t *testing.T, e schemas.Event) string {
	t.Helper()
	b, err := offlineCodec().Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
