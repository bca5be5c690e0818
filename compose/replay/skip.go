package replay

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/throughline/throughline/schemas"
)

// Skipped is one batch that a group was made to step over.
type Skipped struct {
	Group     string `json:"group"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	First     int64  `json:"first_offset"` // the group's committed offset
	Last      int64  `json:"last_offset"`
	Bytes     int    `json:"bytes"` // as it stands in the log
	Cause     string `json:"cause"` // why it cannot be opened
}

// Skip makes a group step over exactly the batch that stands at its committed offset and cannot be opened, and records that as an action. It refuses while
// the group has members, and where the batch can be opened. With look it only says what it would do.
func (d Desk) Skip(ctx context.Context, group, topic string, partition int32, why string, look bool) (Skipped, error) {
	s := Skipped{Group: group, Topic: topic, Partition: partition}
	if !look {
		if err := d.checkOperator(why); err != nil {
			return s, err
		}
	}
	cl, err := kgo.NewClient(append(append([]kgo.Opt{}, d.Cluster...), schemas.WriteOptions()...)...)
	if err != nil {
		return s, fmt.Errorf("reaching the brokers: %w", err)
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	if s.First, err = d.standing(ctx, adm, group, topic, partition); err != nil {
		return s, err
	}
	if s.Cause, err = d.unreadable(ctx, topic, partition, s.First); err != nil {
		return s, err
	}
	if s.Last, s.Bytes, err = batchAt(ctx, cl, adm, topic, partition, s.First); err != nil || look {
		return s, err
	}
	// The record of it first: a skip that nobody can find would be worse than one that is recorded and did not happen.
	a := d.NewAction(schemas.ActionKindSKIP, why, schemas.Position{Topic: topic, Partition: partition, Offset: s.First}, group, topic, itoa(partition), fmt.Sprint(s.First))
	a.Consumer, a.LastOffset = group, schemas.Some(s.Last)
	if _, err := d.Send(ctx, []*schemas.OperatorAction{a}); err != nil {
		return s, err
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, partition, s.Last+1, -1)
	if err := adm.CommitAllOffsets(ctx, group, offsets); err != nil {
		return s, fmt.Errorf("setting %s to %s/%d@%d (did it start meanwhile? stop it and skip again): %w", group, topic, partition, s.Last+1, err)
	}
	return s, nil
}

// standing is where an idle group stands.
func (d Desk) standing(ctx context.Context, adm *kadm.Client, group, topic string, partition int32) (int64, error) {
	described, err := adm.DescribeGroups(ctx, group)
	if err == nil {
		err = described.Error()
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return 0, fmt.Errorf("describing group %s: %w", group, err)
	}
	if n := len(described[group].Members); n > 0 {
		return 0, refused("%s has %d members: stop them first, a running consumer commits over what is set here. A member that was killed leaves after its session timeout", group, n)
	}
	offsets, err := committed(ctx, adm, group)
	if err != nil {
		return 0, err
	}
	o, ok := offsets.Lookup(topic, partition)
	if !ok || o.At < 0 {
		return 0, refused("%s has no committed offset on %s/%d: is the name right? `throughline status` lists groups and topics", group, topic, partition)
	}
	return o.At, nil
}

// unreadable is why the batch at an offset cannot be opened, by the means by which the loops open it.
func (d Desk) unreadable(ctx context.Context, topic string, partition int32, offset int64) (string, error) {
	opts := append(append(append([]kgo.Opt{}, d.Cluster...), schemas.ReadOptions()...), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(offset)}}))
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return "", fmt.Errorf("reaching the brokers: %w", err)
	}
	defer cl.Close()
	limited, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	fs := cl.PollFetches(limited)
	err = schemas.HaltOf(fs)
	switch {
	case errors.Is(err, schemas.ErrPoisonBatch):
		return err.Error(), nil
	case err != nil:
		return "", err
	case ctx.Err() != nil:
		return "", ctx.Err()
	case fs.NumRecords() > 0:
		return "", refused("the batch at %s/%d@%d can be opened: nothing needs to be skipped; a record in it that cannot be read becomes a dead letter by itself", topic, partition, offset)
	}
	return "", refused("nothing stands at %s/%d@%d yet, or what stands there is an undecided transaction: nothing needs to be skipped", topic, partition, offset)
}

// batchAt asks the leader for the raw bytes at an offset and reads the header of the batch that holds it: its last offset, and how long it is.
func batchAt(ctx context.Context, cl *kgo.Client, adm *kadm.Client, topic string, partition int32, offset int64) (last int64, size int, err error) {
	details, err := adm.ListTopics(ctx, topic)
	if err != nil {
		return 0, 0, fmt.Errorf("looking for the leader of %s/%d: %w", topic, partition, err)
	}
	detail := details[topic].Partitions[partition]
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes = 1000, 1, 64<<20
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = topic, [16]byte(details[topic].ID)
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition, offset, 64<<20
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	raw, err := cl.Broker(int(detail.Leader)).RetriableRequest(ctx, req)
	if err != nil {
		return 0, 0, fmt.Errorf("fetching the raw batch at %s/%d@%d: %w", topic, partition, offset, err)
	}
	resp := raw.(*kmsg.FetchResponse)
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return 0, 0, fmt.Errorf("fetching the raw batch at %s/%d@%d: the broker answered nothing (error code %d): try again", topic, partition, offset, resp.ErrorCode)
	}
	got := resp.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(got.ErrorCode); err != nil {
		return 0, 0, fmt.Errorf("fetching the raw batch at %s/%d@%d: %w", topic, partition, offset, err)
	}
	return lastOffset(got.RecordBatches, offset)
}

// A record batch begins with its first offset (8 bytes), its length after that field (4), and has the distance to its last offset at byte 23.
const (
	batchLengthEnds = 12
	batchLastDelta  = 23
	batchHeader     = 61
)

// lastOffset walks batches up to the one that holds offset.
func lastOffset(b []byte, offset int64) (last int64, size int, err error) {
	for len(b) >= batchHeader {
		base, length := int64(binary.BigEndian.Uint64(b)), int(binary.BigEndian.Uint32(b[8:]))
		last := base + int64(int32(binary.BigEndian.Uint32(b[batchLastDelta:])))
		if offset <= last && last >= base {
			return last, batchLengthEnds + length, nil
		}
		if length <= 0 || batchLengthEnds+length > len(b) {
			break
		}
		b = b[batchLengthEnds+length:]
	}
	return 0, 0, fmt.Errorf("no batch at offset %d in what the broker sent: even its header cannot be read; the partition needs its broker's repair", offset)
}
