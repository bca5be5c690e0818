package chain

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// RedriveTopic brings letters of this role back.
const RedriveTopic = "redrive.chain"

// Projection is the fold of finance.journal to finance.chain.
func Projection() projections.Projection {
	return projections.Projection{
		Name:      "chain",
		From:      []string{schemas.TopicJournal, RedriveTopic},
		To:        []string{schemas.TopicChain},
		Changelog: func(string) string { return "changelog.chain" },
		Values:    projections.Values{Encode: encode, Decode: decode},
		Apply:     apply,
		Finish:    finish,
		Reuse:     true,
	}
}

func encode(b []byte, _ string, v any) ([]byte, error) {
	return schemas.AppendState(b, v.(*schemas.JournalLink))
}

func decode(_ string, b []byte) (any, error) {
	l := &schemas.JournalLink{}
	return l, schemas.ReadState(b, l)
}

// Start is the head of an empty chain.
func Start() []byte { return make([]byte, sha256.Size) }

// Hash is a record's hash: SHA-256 of its key's length, its key and its value.
func Hash(key, value []byte) []byte {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(key))))
	h.Write(key)
	h.Write(value)
	return h.Sum(nil)
}

// Next is the head after one more record: SHA-256 of the head before, the record's offset and its hash.
func Next(head []byte, offset int64, hash []byte) []byte {
	h := sha256.New()
	h.Write(head)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(offset)))
	h.Write(hash)
	return h.Sum(nil)
}

// stateKey holds the link in the making: the newest one's head, and what came since.
const stateKey = "head"

// apply takes a record into the link in the making.
func apply(st projections.State, d schemas.Delivery, _ projections.Env) ([]projections.Output, error) {
	l, _ := st.Get(stateKey).(*schemas.JournalLink)
	if l == nil {
		l = &schemas.JournalLink{Partition: d.Partition, Number: -1, Head: Start(), Previous: Start()}
	}
	if len(l.Offsets) == 0 { // the first of a new link
		l.Number, l.Previous = l.Number+1, l.Head
	}
	hash := Hash(d.Record.Key, d.Record.Value)
	l.Records++
	l.Head = Next(l.Head, d.Offset, hash)
	l.Offsets, l.Hashes = append(l.Offsets, d.Offset), append(l.Hashes, hash)
	id := strconv.Itoa(int(l.Partition)) + "/" + strconv.FormatInt(l.Number, 10)
	l.Meta = schemas.Meta{EventID: schemas.NamedID("journal.linked", id), EventType: l.EventType(), SchemaVersion: 1, LegalEntity: "*", OccurredAt: d.AppendTime,
		OccurredTZOffset: "Z", Source: schemas.Source{System: "throughline", Instance: "chain", DocType: "journal link", DocID: id}}
	st.Put(stateKey, l)
	return nil, nil
}

// finish emits the link, and leaves only its head behind: the state stays small however long the journal is.
func finish(st projections.State) ([]projections.Output, error) {
	l, _ := st.Get(stateKey).(*schemas.JournalLink)
	if l == nil || len(l.Offsets) == 0 {
		return nil, nil
	}
	emitted := *l
	l.Offsets, l.Hashes = nil, nil
	st.Put(stateKey, l)
	return []projections.Output{{Event: &emitted}}, nil
}
