package embedded

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// scannedPartition is what one pass over a partition's segments has found.
type scannedPartition struct {
	topic     string
	partition int32
	dir       string

	segment   string // path of the last segment, without its suffix
	next      int64  // offset after the last record
	epoch     int32  // leader epoch of the last batch
	time      int64  // highest batch time
	producers map[int64]*scannedProducer
}

// scannedProducer is one producer's trace in one partition.
type scannedProducer struct {
	open                 bool // a transaction has records here and no marker behind them
	epoch                int16
	marked, markedCommit bool // the last marker
	markedEpoch          int16
	window               sequenceWindow
}

const (
	transactionalBit, controlBit = 0x10, 0x20
	indexEntry                   = 15
)

func (p *scannedPartition) scan() error {
	names, err := filepath.Glob(filepath.Join(p.dir, "*.dat"))
	if err != nil {
		return err
	}
	bases := map[string]int64{}
	for _, name := range names {
		base, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(name), ".dat"), 10, 64)
		if err != nil {
			return fmt.Errorf("%s is not a segment", name)
		}
		bases[name] = base
	}
	slices.SortFunc(names, func(a, b string) int { return int(bases[a] - bases[b]) })
	for _, name := range names {
		p.segment = strings.TrimSuffix(name, ".dat")
		if err := p.scanSegment(); err != nil {
			return err
		}
	}
	return nil
}

// scanSegment reads whole batches, cuts what follows them and makes the index say what the batches say.
func (p *scannedPartition) scanSegment() error {
	raw, err := os.ReadFile(p.segment + ".dat")
	if err != nil {
		return err
	}
	var index []byte
	good := 0
	for {
		batch := wholeBatch(raw[good:])
		if batch == nil {
			break
		}
		p.note(batch)
		index = appendIndexEntry(index, batch)
		good += len(batch)
	}
	if good < len(raw) {
		if err := os.Truncate(p.segment+".dat", int64(good)); err != nil {
			return err
		}
	}
	return os.WriteFile(p.segment+".idx", index, 0o644)
}

// wholeBatch returns the first batch of b if all of it is there and its checksum holds.
func wholeBatch(b []byte) []byte {
	if len(b) < batchHeader {
		return nil
	}
	size := 12 + int(binary.BigEndian.Uint32(b[8:]))
	if size < batchHeader || size > len(b) || binary.BigEndian.Uint32(b[batchCRC:]) != crc32.Checksum(b[batchAttributes:size], castagnoli) {
		return nil
	}
	return b[:size]
}

// appendIndexEntry writes the store's index format: version, checksum, leader epoch, a time that loading computes anew,
// and whether the batch belongs to a transaction.
func appendIndexEntry(index, batch []byte) []byte {
	var e [indexEntry]byte
	e[0] = 1
	binary.LittleEndian.PutUint32(e[2:], binary.BigEndian.Uint32(batch[12:]))
	binary.LittleEndian.PutUint64(e[6:], binary.BigEndian.Uint64(batch[batchMaxTime:]))
	if binary.BigEndian.Uint16(batch[batchAttributes:])&(transactionalBit|controlBit) == transactionalBit {
		e[14] = 1
	}
	e[1] = byte(crc32.Checksum(e[2:], castagnoli))
	return append(index, e[:]...)
}

// note keeps what the end of the log needs to know about one batch.
func (p *scannedPartition) note(batch []byte) {
	be := binary.BigEndian
	offset := int64(be.Uint64(batch))
	p.next = offset + int64(be.Uint32(batch[23:])) + 1
	p.epoch = int32(be.Uint32(batch[12:]))
	p.time = max(p.time, int64(be.Uint64(batch[batchMaxTime:])))
	pid, epoch := int64(be.Uint64(batch[43:])), int16(be.Uint16(batch[51:]))
	if pid < 0 {
		return
	}
	s := p.producers[pid]
	if s == nil {
		s = &scannedProducer{}
		p.producers[pid] = s
	}
	attributes := be.Uint16(batch[batchAttributes:])
	if attributes&controlBit != 0 {
		s.open, s.marked, s.markedEpoch, s.markedCommit = false, true, epoch, isCommit(batch)
		return
	}
	if attributes&transactionalBit != 0 {
		s.open = true
	}
	s.epoch = epoch
	s.window.push(epoch, int32(be.Uint32(batch[53:])), int32(be.Uint32(batch[57:])), offset)
}

// isCommit reads a marker; one that cannot be read counts as an abort, as in the store.
func isCommit(batch []byte) bool {
	var record kmsg.Record
	if err := record.ReadFrom(batch[batchHeader:]); err != nil || len(record.Key) < 4 {
		return false
	}
	return binary.BigEndian.Uint16(record.Key[2:]) == 1
}

// appendMarker writes the batch that ends a producer's transaction in this partition, as a transaction coordinator would.
func (p *scannedPartition) appendMarker(pid int64, epoch int16, commit bool) error {
	key, value := kmsg.ControlRecordKey{Type: kmsg.ControlRecordKeyTypeAbort}, kmsg.EndTxnMarker{}
	if commit {
		key.Type = kmsg.ControlRecordKeyTypeCommit
	}
	record := kmsg.Record{Key: key.AppendTo(nil), Value: value.AppendTo(nil)}
	record.Length = int32(len(record.AppendTo(nil)) - 1)
	at := max(time.Now().UnixMilli(), p.time)
	batch := (&kmsg.RecordBatch{
		FirstOffset: p.next, PartitionLeaderEpoch: p.epoch, Magic: 2, Attributes: transactionalBit | controlBit,
		FirstTimestamp: at, MaxTimestamp: at, ProducerID: pid, ProducerEpoch: epoch, FirstSequence: -1,
		NumRecords: 1, Records: record.AppendTo(nil),
	}).AppendTo(nil)
	binary.BigEndian.PutUint32(batch[8:], uint32(len(batch)-12))
	binary.BigEndian.PutUint32(batch[batchCRC:], crc32.Checksum(batch[batchAttributes:], castagnoli))
	if err := appendFile(p.segment+".dat", batch); err != nil {
		return err
	}
	p.note(batch)
	return appendFile(p.segment+".idx", appendIndexEntry(nil, batch))
}

func appendFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// sequenceWindow is the store's memory of a producer's last five batches in a partition, in the store's JSON form.
type sequenceWindow struct {
	PID       int64            `json:"pid"`
	Topic     string           `json:"topic"`
	Partition int32            `json:"partition"`
	Entries   [5]sequenceEntry `json:"entries"`
	Count     uint8            `json:"count"`
	At        uint8            `json:"at"`
	Epoch     int16            `json:"epoch"`
	Seen      bool             `json:"seen"`
	NextSeq   int32            `json:"next_seq"`
}

type sequenceEntry struct {
	FirstSeq int32 `json:"first_seq"`
	NextSeq  int32 `json:"next_seq"`
	Offset   int64 `json:"offset"`
}

func (w *sequenceWindow) push(epoch int16, first, records int32, offset int64) {
	if !w.Seen || epoch != w.Epoch {
		*w = sequenceWindow{Epoch: epoch, Seen: true}
	}
	w.NextSeq = int32((int64(first) + int64(records)) % math.MaxInt32)
	w.Entries[w.At] = sequenceEntry{first, w.NextSeq, offset}
	w.At = (w.At + 1) % 5
	w.Count = min(w.Count+1, 5)
}

func writeSequences(dir string, parts []*scannedPartition) error {
	all := []sequenceWindow{}
	for _, p := range parts {
		for pid, s := range p.producers {
			if w := s.window; w.Seen {
				w.PID, w.Topic, w.Partition = pid, p.topic, p.partition
				all = append(all, w)
			}
		}
	}
	raw, err := json.Marshal(map[string]any{"version": 1, "windows": all})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "seq_windows.json"), raw, 0o644)
}
