package embedded

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A topic with message.timestamp.type=LogAppendTime has its record times set by the broker. kfake ignores the setting, and
// where a batch carries the bit that says so it rewrites the times but keeps the old checksum, which makes the stored batch
// unreadable. So the work is split. On the way in, in the broker's one loop, a batch gets the append time in both header
// times and a private mark instead of the bit, with the right checksum: what is stored is an ordinary batch. On the way
// out the connection turns the mark into the bit (broker_conn.go).

const (
	batchCRC, batchAttributes           = 17, 21 // positions in a v2 record batch; the checksum covers what follows itself
	batchFirstTime, batchMaxTime        = 27, 35
	batchHeader                         = 61
	batchMagic                          = 16
	appendTimeBit                uint16 = 0x08 // the protocol's timestamp type
	appendTimeMark               uint16 = 0x80 // unused by the protocol; never leaves the broker
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stamper stamps produced batches. Its methods run one at a time in the broker's loop, so it needs no lock.
type stamper struct {
	cluster *kfake.Cluster
	now     func() time.Time
	topics  map[topicRef]stampedTopic
	last    map[partitionRef]int64
	seen    int
}

type topicRef struct {
	name string
	id   [16]byte
}

type stampedTopic struct {
	name    string
	stamped bool
}

type partitionRef struct {
	topic     string
	partition int32
}

func stampAppendTime(c *kfake.Cluster) {
	s := &stamper{cluster: c, now: time.Now, topics: map[topicRef]stampedTopic{}, last: map[partitionRef]int64{}}
	for _, key := range []kmsg.Key{kmsg.CreateTopics, kmsg.DeleteTopics, kmsg.AlterConfigs, kmsg.IncrementalAlterConfigs} {
		c.ControlKey(int16(key), s.forget)
	}
	c.ControlKey(int16(kmsg.Produce), s.produce)
}

// forget drops what is known about topics before a request that may change it is handled.
func (s *stamper) forget(kmsg.Request) (kmsg.Response, error, bool) {
	clear(s.topics)
	clear(s.last)
	return nil, nil, false
}

func (s *stamper) produce(kreq kmsg.Request) (kmsg.Response, error, bool) {
	req, ok := kreq.(*kmsg.ProduceRequest)
	if !ok {
		return nil, nil, false
	}
	for i := range req.Topics {
		t := &req.Topics[i]
		topic := s.topic(topicRef{t.Topic, t.TopicID})
		for j := range t.Partitions {
			p := &t.Partitions[j]
			s.stamp(topic, p.Partition, p.Records)
		}
	}
	s.renew()
	return nil, nil, false
}

// renew registers the hook anew from time to time: kfake keeps the last request of every connection for each hook, bodies
// included, for as long as the hook lives.
func (s *stamper) renew() {
	if s.seen++; s.seen%10_000 == 0 {
		s.cluster.DropControl()
		s.cluster.ControlKey(int16(kmsg.Produce), s.produce)
	}
}

func (s *stamper) topic(ref topicRef) stampedTopic {
	if t, ok := s.topics[ref]; ok {
		return t
	}
	info := s.cluster.TopicInfo(ref.name)
	if ref.id != [16]byte{} {
		info = s.cluster.TopicIDInfo(ref.id)
	}
	if info == nil {
		return stampedTopic{name: ref.name} // unknown: the broker refuses it, and it may exist the next time
	}
	kind := info.Configs["message.timestamp.type"]
	t := stampedTopic{name: info.Topic, stamped: kind != nil && *kind == "LogAppendTime"}
	s.topics[ref] = t
	return t
}

// stamp rewrites one batch in place. A batch that is not whole is left alone, so that the broker refuses it: a new checksum
// would hide the damage.
func (s *stamper) stamp(topic stampedTopic, partition int32, batch []byte) {
	if len(batch) < batchHeader || batch[batchMagic] != 2 {
		return
	}
	attributes := binary.BigEndian.Uint16(batch[batchAttributes:])
	clean := attributes &^ (appendTimeBit | appendTimeMark)
	if !topic.stamped && clean == attributes {
		return
	}
	if binary.BigEndian.Uint32(batch[batchCRC:]) != crc32.Checksum(batch[batchAttributes:], castagnoli) {
		return
	}
	if topic.stamped {
		clean |= appendTimeMark
		at := uint64(s.appendTime(partitionRef{topic.name, partition}))
		binary.BigEndian.PutUint64(batch[batchFirstTime:], at)
		binary.BigEndian.PutUint64(batch[batchMaxTime:], at)
	}
	binary.BigEndian.PutUint16(batch[batchAttributes:], clean)
	binary.BigEndian.PutUint32(batch[batchCRC:], crc32.Checksum(batch[batchAttributes:], castagnoli))
}

// appendTime is the wall clock in Unix milliseconds, but never earlier than what the partition already holds: the log's
// readers rely on times that do not run backwards, and clocks are set back.
func (s *stamper) appendTime(p partitionRef) int64 {
	last, ok := s.last[p]
	if !ok {
		if info := s.cluster.PartitionInfo(p.topic, p.partition); info != nil {
			last = info.MaxTimestamp
		}
	}
	at := max(s.now().UnixMilli(), last)
	s.last[p] = at
	return at
}
