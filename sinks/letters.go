package sinks

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/throughline/throughline/schemas"
)

// lettersTable never makes letters: a letter about a letter could not be read either.
const lettersTable = "dead_letters"

// bury makes the dead letter of r. In table dead_letters it becomes a row at once; elsewhere it goes out with the batch, before the insert.
func (l *loader) bury(r *kgo.Record, outer, inner schemas.Event, cause error) error {
	described := inner
	if outer != nil {
		described = outer
	}
	letter := schemas.NewLetter(schemas.Stage{Name: "sink:" + l.table.Name, Group: l.table.Group()}, r, described, cause)
	if inner != nil {
		letter.Describe(inner)
	}
	if l.table.Name == lettersTable {
		return l.buryHere(r, letter)
	}
	l.sink.Observe.Letter(letter)
	record, err := l.sink.Codec.Record(letter)
	if errors.Is(err, schemas.ErrPoison) {
		// Too large with the bytes of the record inside; its position still says where they are.
		letter.Value, letter.Headers = nil, nil
		record, err = l.sink.Codec.Record(letter)
	}
	if err != nil {
		return fmt.Errorf("%w: writing a letter: %w", schemas.ErrTopicSettings, err)
	}
	l.batch.letters = append(l.batch.letters, record)
	return nil
}

func (l *loader) buryHere(r *kgo.Record, letter *schemas.DeadLetter) error {
	return l.batch.block.Take(func(b *Block) error {
		letterCells(b, letter)
		b.Int32(r.Partition)
		b.Int64(r.Offset)
		b.Time(schemas.TimeOf(r.Timestamp))
		unreadCells(b, letter)
		b.Row(1)
		return nil
	})
}

// sendLetters returns when every letter of the batch is on all in-sync replicas. A repetition writes the same ids.
func (l *loader) sendLetters(ctx context.Context) error {
	fresh := make([]*kgo.Record, len(l.batch.letters))
	for i, r := range l.batch.letters {
		fresh[i] = &kgo.Record{Topic: r.Topic, Key: r.Key, Value: r.Value, Headers: r.Headers}
	}
	if err := l.client.ProduceSync(ctx, fresh...).FirstErr(); err != nil {
		return fmt.Errorf("producing %d records to %s: %w", len(fresh), schemas.TopicLetters, err)
	}
	return nil
}

// commitOffsets commits the batch's offsets and waits for the answer.
func (l *loader) commitOffsets(ctx context.Context) error {
	var failed error
	l.client.CommitOffsetsSync(ctx, l.batch.next, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
		if err != nil {
			failed = err
			return
		}
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					failed = fmt.Errorf("%s/%d: %w", t.Topic, p.Partition, err)
				}
			}
		}
	})
	return failed
}
