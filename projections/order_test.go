package projections

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// Whatever the parts are, all outputs are handed on once, each part's in its own order, and an earlier input's before a later one's wherever that is possible.
func TestOutputsFollowAppendOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		var batches []*batch
		total := 0
		for p := range 1 + rng.IntN(5) {
			b, at := &batch{}, int64(0)
			for range 1 + rng.IntN(20) {
				at += rng.Int64N(3)
				b.records = append(b.records, &kgo.Record{Timestamp: time.UnixMilli(at)})
				for range rng.IntN(3) {
					b.out = append(b.out, schemas.Outgoing{Record: &kgo.Record{Topic: fmt.Sprintf("%d/%04d", p, len(b.out)), Timestamp: time.UnixMilli(at)}})
					total++
				}
				b.ends = append(b.ends, len(b.out))
			}
			batches = append(batches, b)
		}
		var got []*kgo.Record
		inAppendOrder(batches, func(o schemas.Outgoing) { got = append(got, o.Record) })
		if len(got) != total {
			t.Fatalf("round %d: %d outputs of %d", round, len(got), total)
		}
		if !slices.IsSortedFunc(got, func(a, b *kgo.Record) int { return a.Timestamp.Compare(b.Timestamp) }) {
			t.Fatalf("round %d: not in append order", round)
		}
		for p := range batches {
			prefix := fmt.Sprintf("%d/", p)
			part := slices.DeleteFunc(slices.Clone(got), func(r *kgo.Record) bool { return !strings.HasPrefix(r.Topic, prefix) })
			if !slices.IsSortedFunc(part, func(a, b *kgo.Record) int { return strings.Compare(a.Topic, b.Topic) }) {
				t.Fatalf("round %d: part %d is not in its own order", round, p)
			}
		}
	}
}

// A part whose times run backwards, as after a clock was set, keeps its order.
func TestOutputsKeepTheOrderOfAPartition(t *testing.T) {
	b, other := &batch{}, &batch{}
	for i, at := range []int64{5, 3, 4} {
		b.records = append(b.records, &kgo.Record{Timestamp: time.UnixMilli(at)})
		b.out = append(b.out, schemas.Outgoing{Record: &kgo.Record{Partition: int32(i)}})
		b.ends = append(b.ends, i+1)
	}
	other.records, other.ends = []*kgo.Record{{Timestamp: time.UnixMilli(4)}}, []int{0}
	var got []int32
	inAppendOrder([]*batch{b, other}, func(o schemas.Outgoing) { got = append(got, o.Partition) })
	if !slices.Equal(got, []int32{0, 1, 2}) {
		t.Errorf("order %v, want 0 1 2", got)
	}
}
