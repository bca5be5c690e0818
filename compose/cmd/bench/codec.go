package main

import (
	"context"
	"fmt"
)

// measureCodec is the part "codec": a ten-line order, against hamba with the structs of its own generator, same bytes, same run.
func measureCodec(ctx context.Context, b *bench) error {
	benchtime := "1s"
	if b.quick {
		benchtime = "100ms"
	}
	r, err := b.goBench(ctx, "./schemas", "^(BenchmarkEncode|BenchmarkDecode|BenchmarkPartial)$", benchtime)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		what, ours, theirs string
		allocations        float64 // at most; negative: no goal
	}{
		{"encode a ten-line order", "Encode/ours", "Encode/hamba", 0},
		{"decode it into a reused value", "Decode/ours,_reused", "Decode/hamba,_reused", 2},
		{"decode it into a new value", "Decode/ours,_fresh", "Decode/hamba,_fresh", -1},
		{"decode its envelope only", "Partial/ours", "Partial/hamba", -1},
	} {
		ours, theirs := r.median(c.ours, "ns/op"), r.median(c.theirs, "ns/op")
		allocations, goal := r.median(c.ours, "allocs/op"), "≥ 3x"
		ok := theirs/ours >= 3
		if c.allocations >= 0 {
			goal += fmt.Sprintf(", ≤ %.0f allocations", c.allocations)
			ok = ok && allocations <= c.allocations
		}
		b.row(row{what: c.what, ours: fmt.Sprintf("%s ns, %.0f allocations", count(ours), allocations),
			baseline: fmt.Sprintf("hamba/avro: %s ns, %.0f allocations", count(theirs), r.median(c.theirs, "allocs/op")), ratio: times(theirs / ours), goal: goal, met: meets(ok)})
	}
	return nil
}
