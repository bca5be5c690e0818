package sinks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// Progress is what tells "pending" from "missing". In this order: (1) note how far the upstream groups of a table have committed; (2) note where the
// table's own topics end; (3) once the table's group has committed past these ends, everything that follows from (1) is in ClickHouse, and (1) is
// written to table progress. (2) asks for the high watermark, not the last stable offset: the offsets of a transaction can be visible a moment
// before its marker stands in every partition that it wrote. A group commits only after its insert, and counts markers, so that it reaches the end.

// upstreamMark is (1) and (2) of one table.
type upstreamMark struct {
	committed map[string]kadm.OffsetResponses // by role
	ends      kadm.ListedOffsets
}

const progressEvery = time.Second

func progressColumns() []Column {
	return []Column{{"loaded_by", chText}, {"upstream_group", chText}, {"topic", chText}, {"partition", chInt32}, {"offset", chUInt64}, {"noted_at", chTime}}
}

// noteProgress runs until ctx ends. What fails is tried again: a note that comes late makes events pending for longer, and nothing wrong.
func (s Sink) noteProgress(ctx context.Context) error {
	cl, err := kgo.NewClient(s.Cluster...)
	if err != nil {
		return fmt.Errorf("noting progress: %w", err)
	}
	defer cl.Close()
	marks := make([]*upstreamMark, len(s.Tables))
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for attempt := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		bounded, cancel := context.WithTimeout(ctx, s.Attempt)
		err := s.noteOnce(bounded, kadm.NewClient(cl), marks)
		cancel()
		if err == nil {
			attempt = 0
			continue
		}
		if ctx.Err() == nil {
			s.Log.Warn("noting progress waits and tries again", "err", err)
			schemas.Backoff(ctx, attempt)
			attempt++
		}
	}
}

// noteOnce writes the marks that have been reached, in one insert, and sets new ones.
func (s Sink) noteOnce(ctx context.Context, adm *kadm.Client, marks []*upstreamMark) error {
	b, err := NewBlock(progressColumns())
	if err != nil {
		return err
	}
	now := schemas.TimeOf(time.Now())
	var reached []int
	for i, t := range s.Tables {
		if marks[i] == nil {
			continue
		}
		own, err := committedBy(ctx, adm, t.Group())
		if err != nil {
			return err
		}
		if marks[i].reachedBy(own) {
			marks[i].cells(b, t, now)
			reached = append(reached, i)
		}
	}
	if err := Insert(ctx, s.Conn, "progress_log", b, progressColumns()); err != nil {
		return err
	}
	for _, i := range reached {
		marks[i] = nil
	}
	return s.mark(ctx, adm, marks)
}

// mark sets the marks that are not set.
func (s Sink) mark(ctx context.Context, adm *kadm.Client, marks []*upstreamMark) error {
	committed := map[string]kadm.OffsetResponses{}
	for i, t := range s.Tables {
		if marks[i] != nil || len(t.Upstream) == 0 {
			continue
		}
		m := &upstreamMark{committed: map[string]kadm.OffsetResponses{}}
		for _, u := range t.Upstream {
			if _, ok := committed[u.Role]; !ok {
				offsets, err := committedBy(kadm.RequireStable(ctx), adm, schemas.Group(u.Role))
				if err != nil {
					return err
				}
				committed[u.Role] = offsets
			}
			m.committed[u.Role] = committed[u.Role]
		}
		// After the upstream offsets, never before.
		ends, err := adm.ListEndOffsets(ctx, t.Topics...)
		if err == nil {
			err = ends.Error()
		}
		if err != nil {
			return fmt.Errorf("listing the ends of what %s loads: %w", t.Name, err)
		}
		m.ends = ends
		marks[i] = m
	}
	return nil
}

// committedBy is empty for a group that nobody has made yet.
func committedBy(ctx context.Context, adm *kadm.Client, group string) (kadm.OffsetResponses, error) {
	offsets, err := adm.FetchOffsets(ctx, group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("fetching the offsets of %s: %w", group, err)
	}
	return offsets, nil
}

func (m *upstreamMark) reachedBy(own kadm.OffsetResponses) bool {
	reached := true
	m.ends.Each(func(end kadm.ListedOffset) {
		at, ok := own.Lookup(end.Topic, end.Partition)
		if end.Offset > 0 && (!ok || at.Err != nil || at.At < end.Offset) {
			reached = false
		}
	})
	return reached
}

func (m *upstreamMark) cells(b *Block, t Table, now schemas.Time) {
	for _, u := range t.Upstream {
		for _, topic := range u.Topics {
			for partition, o := range m.committed[u.Role][topic] {
				if o.Err != nil || o.At < 0 {
					continue
				}
				b.Str(t.Name)
				b.Str(schemas.Group(u.Role))
				b.Str(topic)
				b.Int32(partition)
				b.Int64(o.At)
				b.Time(now)
				b.Row(1)
			}
		}
	}
}
