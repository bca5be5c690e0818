package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/throughline/throughline/schemas"
)

// place is a position whose topic is a number of the tally's list.
type place struct {
	topic     uint16
	partition int32
	offset    int64
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.topic, q.topic), cmp.Compare(p.partition, q.partition), cmp.Compare(p.offset, q.offset))
}

// key is what facts meet under: the id of an event or row, or a position.
type key [16]byte

// fact is one thing that somebody said about a key. Facts of one check and key are judged together.
type fact struct {
	check  uint8
	kind   uint8
	flags  uint8
	key    key
	digest [16]byte // of the content, zero where it does not matter
	at     place    // where it stands
	from   place    // what it follows from
}

const factSize = 3 + 16 + 16 + 2*14

// buckets is how many files the facts are spread over: one file at a time is in memory.
const buckets = 64

// tally gathers facts on disk and gives them back grouped by check and key.
type tally struct {
	dir    string
	files  [buckets]*os.File
	out    [buckets]*bufio.Writer
	topics []string
	number map[string]uint16
	buf    []byte
	err    error
}

// newTally makes a tally in a directory of its own under dir.
func newTally(dir string) (*tally, error) {
	own, err := os.MkdirTemp(dir, "throughline-audit-")
	if err != nil {
		return nil, fmt.Errorf("making the audit's scratch directory: %w", err)
	}
	t := &tally{dir: own, number: map[string]uint16{}}
	for i := range t.files {
		if t.files[i], err = os.Create(filepath.Join(own, fmt.Sprintf("%02d", i))); err != nil {
			return nil, errors.Join(fmt.Errorf("making the audit's scratch files: %w", err), t.close())
		}
		t.out[i] = bufio.NewWriterSize(t.files[i], 32<<10)
	}
	return t, nil
}

func (t *tally) close() error {
	for _, f := range t.files {
		if f != nil {
			_ = f.Close()
		}
	}
	return os.RemoveAll(t.dir)
}

// place is a position as facts hold it.
func (t *tally) place(p schemas.Position) place {
	n, ok := t.number[p.Topic]
	if !ok {
		n = uint16(len(t.topics))
		t.number[p.Topic] = n
		t.topics = append(t.topics, p.Topic)
	}
	return place{n, p.Partition, p.Offset}
}

// position is place backwards.
func (t *tally) position(p place) schemas.Position {
	return schemas.Position{Topic: t.topics[p.topic], Partition: p.partition, Offset: p.offset}
}

// positionKey is the key of a position.
func (t *tally) positionKey(p schemas.Position) (k key) {
	at := t.place(p)
	binary.BigEndian.PutUint16(k[2:], at.topic)
	binary.BigEndian.PutUint32(k[4:], uint32(at.partition))
	binary.BigEndian.PutUint64(k[8:], uint64(at.offset))
	return k
}

// add keeps a fact. The first error stays and is returned by each.
func (t *tally) add(f fact) {
	b := append(t.buf[:0], f.check, f.kind, f.flags)
	b = append(append(b, f.key[:]...), f.digest[:]...)
	for _, p := range [...]place{f.at, f.from} {
		b = binary.BigEndian.AppendUint16(b, p.topic)
		b = binary.BigEndian.AppendUint32(b, uint32(p.partition))
		b = binary.BigEndian.AppendUint64(b, uint64(p.offset))
	}
	t.buf = b
	if _, err := t.out[f.key[15]%buckets].Write(b); err != nil && t.err == nil {
		t.err = fmt.Errorf("spilling the audit's facts: %w", err)
	}
}

func parseFact(b []byte) (f fact) {
	f.check, f.kind, f.flags = b[0], b[1], b[2]
	copy(f.key[:], b[3:])
	copy(f.digest[:], b[19:])
	for i, p := range [...]*place{&f.at, &f.from} {
		at := b[35+14*i:]
		p.topic, p.partition, p.offset = binary.BigEndian.Uint16(at), int32(binary.BigEndian.Uint32(at[2:])), int64(binary.BigEndian.Uint64(at[6:]))
	}
	return f
}

// each hands the facts of every check and key to judge, sorted by kind and place.
func (t *tally) each(judge func(group []fact)) error {
	if t.err != nil {
		return t.err
	}
	for i := range t.files {
		facts, err := t.load(i)
		if err != nil {
			return fmt.Errorf("reading the audit's facts: %w", err)
		}
		for from := 0; from < len(facts); {
			to := from + 1
			for to < len(facts) && facts[to].check == facts[from].check && facts[to].key == facts[from].key {
				to++
			}
			judge(facts[from:to])
			from = to
		}
	}
	return nil
}

func (t *tally) load(i int) ([]fact, error) {
	if err := t.out[i].Flush(); err != nil {
		return nil, err
	}
	size, err := t.files[i].Seek(0, io.SeekEnd)
	if err == nil {
		_, err = t.files[i].Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, err
	}
	facts := make([]fact, 0, size/factSize)
	in, b := bufio.NewReaderSize(t.files[i], 1<<20), make([]byte, factSize)
	for range cap(facts) {
		if _, err := io.ReadFull(in, b); err != nil {
			return nil, err
		}
		facts = append(facts, parseFact(b))
	}
	slices.SortFunc(facts, func(a, b fact) int {
		return cmp.Or(cmp.Compare(a.check, b.check), bytes.Compare(a.key[:], b.key[:]), cmp.Compare(a.kind, b.kind), a.at.compare(b.at), bytes.Compare(a.digest[:], b.digest[:]))
	})
	return facts, nil
}
