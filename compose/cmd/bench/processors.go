package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/compose/kafka"
	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/schemas"
)

// The canonical log of a company's lives, copied into one topic, so that the peer can read the very same records.
const (
	sourceTopic = "bench.source"
	targetTopic = "bench.target"
)

// canonicalLog admits n lives and copies the canonical events, in the order of their topics' partitions, into sourceTopic. It returns how many there are.
func (b *bench) canonicalLog(ctx context.Context, s *system, n int) (int, error) {
	if err := s.run("intake", "admission", "ticker"); err != nil {
		return 0, err
	}
	w, err := s.settle(ctx)
	if err != nil {
		return 0, err
	}
	if err := w.publish(ctx, n, 0); err != nil {
		return 0, err
	}
	if err := s.caughtUp(ctx, schemas.Group("intake"), schemas.Group("admission")); err != nil {
		return 0, err
	}
	s.stopRoles()
	adm := kadm.NewClient(s.client)
	for _, topic := range []string{sourceTopic, targetTopic} {
		if _, err := adm.CreateTopic(ctx, int32(s.cfg.Kafka.Partitions), 1, nil, topic); err != nil {
			return 0, fmt.Errorf("creating %s: %w", topic, err)
		}
	}
	cl, err := kgo.NewClient(append(slices.Clone(s.cluster), schemas.WriteOptions()...)...)
	if err != nil {
		return 0, err
	}
	defer cl.Close()
	copied, failed := 0, error(nil)
	for r, err := range schemas.ReadRecords(ctx, s.cluster, schemas.Span{Topics: schemas.CanonicalTopics()}) {
		if err != nil {
			return copied, err
		}
		copied++
		cl.Produce(ctx, &kgo.Record{Topic: sourceTopic, Key: slices.Clone(r.Key), Value: slices.Clone(r.Value), Headers: r.Headers}, func(_ *kgo.Record, err error) {
			if err != nil {
				failed = err // callbacks run one at a time, and Flush waits for them
			}
		})
	}
	return copied, errors.Join(cl.Flush(ctx), failed)
}

// pace is one run of a loop over the whole log: events in and entries out a second, from its first poll to its last commit.
type pace struct{ events, entries float64 }

// entriesOn counts the records of finance.journal; markers count as offsets, so a run is told by what it wrote, not by where the topic ends.
func (s *system) exactlyOnce(ctx context.Context, total, round int) (pace, error) {
	p := finance.Processor()
	p.Name, p.From, p.Redrive = "bench-exactly-once-"+strconv.Itoa(round), []string{sourceTopic}, ""
	var entries counter
	p.Derive = entries.counting(p.Derive)
	if _, err := schemas.Seed(ctx, s.cluster, schemas.Group(p.Name), p.From...); err != nil {
		return pace{}, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var first, last time.Time
	done := 0
	observe := schemas.Observer{OnCommit: func(_ string, records int, took time.Duration) {
		last = time.Now()
		if done == 0 {
			first = last.Add(-took)
		}
		if done += records; done >= total {
			stop()
		}
	}}
	err := processors.Runner{Processor: p, Cluster: s.cluster, Codec: s.codec, Replica: "bench", Log: slog.New(slog.DiscardHandler), Observe: observe}.Run(ctx)
	if err == nil && done != total {
		err = fmt.Errorf("%d records of %d were committed", done, total)
	}
	took := last.Sub(first).Seconds()
	return pace{float64(total) / took, float64(entries.load()) / took}, err
}

// measureProcessors is the part "processors": finance over a prepared canonical log.
func measureProcessors(ctx context.Context, b *bench) error {
	n := 60_000
	if b.quick {
		n = 10_000
	}
	if err := b.processorsOn(ctx, false, n); err != nil {
		return err
	}
	err := b.processorsOn(ctx, true, n)
	if errors.Is(err, kafka.ErrUnavailable) {
		b.row(row{what: "finance on Apache Kafka", ours: err.Error(), goal: "ahead of Kafka Streams", met: notMeasured})
		return nil
	}
	return err
}

func (b *bench) processorsOn(ctx context.Context, real bool, lives int) error {
	s, err := b.start(ctx, real)
	if err != nil {
		return err
	}
	defer s.close()
	total, err := b.canonicalLog(ctx, s, lives)
	if err != nil {
		return err
	}
	var exactly, least, peer []float64
	var entries []float64
	for round := range b.rounds {
		x, err := s.exactlyOnce(ctx, total, round)
		if err != nil {
			return err
		}
		l, err := s.atLeastOnce(ctx, total, round)
		if err != nil {
			return err
		}
		exactly, least, entries = append(exactly, x.events), append(least, l.events), append(entries, x.entries)
		fmt.Fprintf(b.log, "%s events/s in transactions, %s at least once\n", count(x.events), count(l.events))
		if !real {
			continue
		}
		p, err := b.kafkaStreams(ctx, s, total)
		if err != nil {
			b.row(row{what: "Kafka Streams, copying as many records", ours: err.Error(), goal: "", met: notMeasured})
			fmt.Fprintf(os.Stderr, "\nTHE PEER DID NOT RUN: %v\n\n", err)
			break
		}
		peer = append(peer, p)
	}
	where, tax := "embedded", 1-median(exactly)/median(least)
	if real {
		where = "Apache Kafka, one node"
	}
	b.row(row{what: "finance, " + where + ": entries through transactions", ours: count(median(entries)) + "/s (" + count(median(exactly)) + " events/s)"})
	b.row(row{what: "… the tax of transactions", ours: fmt.Sprintf("%.0f %%", 100*tax), baseline: "at least once: " + count(median(least)) + " events/s",
		ratio: times(median(exactly) / median(least)), goal: "≤ 10 %", met: meets(tax <= 0.10)})
	if len(peer) > 0 {
		ratio := median(exactly) / median(peer)
		b.row(row{what: "… beside Kafka Streams, which only copies", ours: count(median(exactly)) + " events/s", baseline: count(median(peer)) + " records/s", ratio: times(ratio),
			goal: "ahead", met: meets(ratio > 1)})
	}
	return nil
}

var recordsPerSecond = regexp.MustCompile(`(\d+) records/s`)

// kafkaStreams runs the peer over the same records and returns its records a second.
func (b *bench) kafkaStreams(ctx context.Context, s *system, total int) (float64, error) {
	script := filepath.Join(filepath.Dir(b.root), "shared", "peers", "kafka-streams", "run.sh")
	if _, err := os.Stat(script); err != nil {
		return 0, fmt.Errorf("the peer is not there, so nothing is compared with Kafka Streams: %w", err)
	}
	// A target of its own for each run: the peer waits until the target holds as many records as it copies.
	adm := kadm.NewClient(s.client)
	target := fmt.Sprintf("%s.%d", targetTopic, time.Now().UnixNano())
	if _, err := adm.CreateTopic(ctx, int32(s.cfg.Kafka.Partitions), 1, nil, target); err != nil {
		return 0, fmt.Errorf("creating %s: %w", target, err)
	}
	bounded, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(bounded, "bash", script, s.cfg.Kafka.Brokers[0], sourceTopic, target, strconv.Itoa(total)).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("the peer: %w: %s", err, out[max(0, len(out)-1000):])
	}
	m := recordsPerSecond.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("the peer printed no rate: %s", out)
	}
	fmt.Fprintf(b.log, "%s", out)
	return strconv.ParseFloat(string(m[1]), 64)
}
