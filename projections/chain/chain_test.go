package chain

import (
	"bytes"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

func record(offset int64, value string) schemas.Delivery {
	return schemas.Delivery{Position: schemas.Position{Topic: schemas.TopicJournal, Partition: 3, Offset: offset}, AppendTime: schemas.Time(offset),
		Record: &kgo.Record{Key: []byte("SO-1"), Value: []byte(value)}}
}

// Transactions of any size give the same head, and each link begins where the one before ended, also after the state was written and read.
func TestHeadDoesNotDependOnTransactions(t *testing.T) {
	values := []string{"a", "b", "c", "d", "e"}
	p := Projection()
	run := func(ends ...int) (links []*schemas.JournalLink) {
		st := projections.NewMemory()
		for i, v := range values {
			if _, err := p.Apply(st, record(int64(i*2), v), projections.Env{}); err != nil {
				t.Fatal(err)
			}
			for _, end := range ends {
				if end != i {
					continue
				}
				out, err := p.Finish(st)
				if err != nil || len(out) != 1 {
					t.Fatalf("finish: %v, %v", out, err)
				}
				links = append(links, out[0].Event.(*schemas.JournalLink))
				b, err := p.Values.Encode(nil, stateKey, st.Get(stateKey))
				if err != nil {
					t.Fatal(err)
				}
				v, err := p.Values.Decode(stateKey, b)
				if err != nil {
					t.Fatal(err)
				}
				st.Put(stateKey, v)
			}
		}
		return links
	}
	one, many := run(4), run(0, 1, 4)
	if len(one) != 1 || len(many) != 3 || one[0].Records != 5 || many[2].Records != 5 || !bytes.Equal(one[0].Head, many[2].Head) {
		t.Fatalf("one link %+v, three links %+v", one, many)
	}
	head := Start()
	for i, l := range many {
		if l.Number != int64(i) || !bytes.Equal(l.Previous, head) {
			t.Errorf("link %d has number %d and does not begin where the one before ended", i, l.Number)
		}
		for j, hash := range l.Hashes {
			head = Next(head, l.Offsets[j], hash)
		}
		if !bytes.Equal(head, l.Head) {
			t.Errorf("link %d: its head is not that of its records", i)
		}
	}
}

// What has nothing new emits nothing.
func TestNoEmptyLink(t *testing.T) {
	if out, err := finish(projections.NewMemory()); err != nil || len(out) != 0 {
		t.Errorf("an empty partition gives %v, %v", out, err)
	}
}

// Another key, value, offset or order is another head.
func TestHeadSeesEverything(t *testing.T) {
	a, b := Hash([]byte("k"), []byte("v")), Hash([]byte("k"), []byte("w"))
	head := Next(Next(Start(), 1, a), 2, b)
	for what, other := range map[string][]byte{
		"order":  Next(Next(Start(), 1, b), 2, a),
		"offset": Next(Next(Start(), 1, a), 3, b),
		"key":    Next(Next(Start(), 1, Hash([]byte("kv"), nil)), 2, b),
		"less":   Next(Start(), 2, b),
	} {
		if bytes.Equal(head, other) {
			t.Errorf("another %s, the same head", what)
		}
	}
}
