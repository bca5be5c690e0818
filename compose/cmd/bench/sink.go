package main

import "context"

// measureSink is the part "sink": journal entries to rows that ClickHouse has written, CPU of this side and of the engine together.
func measureSink(ctx context.Context, b *bench) error {
	benchtime := "5x"
	if b.quick {
		benchtime = "2x"
	}
	inserts, err := b.goBench(ctx, "./sinks", "^BenchmarkInsert$", benchtime)
	if err != nil {
		return err
	}
	ours, theirs := inserts.median("Insert/block", "lines/cpu-s"), inserts.median("Insert/append", "lines/cpu-s")
	b.row(row{what: "sink, journal lines per CPU-second", ours: count(ours), baseline: "clickhouse-go batch.Append: " + count(theirs), ratio: times(ours / theirs),
		goal: "≥ 2x", met: meets(ours/theirs >= 2)})
	loads, err := b.goBench(ctx, "./sinks", "^BenchmarkFromKafka$", "1x")
	if err != nil {
		return err
	}
	ours, theirs = loads.median("FromKafka/sink", "lines/cpu-s"), loads.median("FromKafka/kafka-engine", "lines/cpu-s")
	b.row(row{what: "sink, topic to rows, journal lines per CPU-second", ours: count(ours), baseline: "ClickHouse's Kafka engine: " + count(theirs), ratio: times(ours / theirs),
		goal: "≥ 5x", met: meets(ours/theirs >= 5)})
	b.row(row{what: "… journal lines a second", ours: count(loads.median("FromKafka/sink", "lines/s")),
		baseline: "ClickHouse's Kafka engine: " + count(loads.median("FromKafka/kafka-engine", "lines/s"))})
	return nil
}
