package closing

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/projections/chain"
	"github.com/throughline/throughline/schemas"
)

// linked is one partition of finance.journal as finance.chain says that it was.
type linked struct {
	heads   []Head // by number of the link
	head    []byte
	hashes  map[int64][sha256.Size]byte // by offset
	last    int64                       // the highest offset linked, -1 where none is
	found   []Finding
	records int64
}

// chainCheck holds the journal against its chain.
type chainCheck struct{ partitions map[int32]*linked }

func newChainCheck() *chainCheck { return &chainCheck{map[int32]*linked{}} }

func (c *chainCheck) partition(p int32) *linked {
	if c.partitions[p] == nil {
		c.partitions[p] = &linked{head: chain.Start(), hashes: map[int64][sha256.Size]byte{}, last: -1}
	}
	return c.partitions[p]
}

// takeLink checks that a link continues its chain and that its head is that of its records.
func (c *chainCheck) takeLink(l *schemas.JournalLink, at schemas.Position) {
	p := c.partition(l.Partition)
	bad := func(detail string) {
		p.found = append(p.found, Finding{Check: "chain", Kind: "forged", Position: at.String(), ID: l.Meta.EventID.String(), Detail: detail,
			Do: "find out who else may write " + schemas.TopicChain + "; the link is left out"})
	}
	if l.Number != int64(len(p.heads)) || !bytes.Equal(l.Previous, p.head) || len(l.Offsets) != len(l.Hashes) || slices.ContainsFunc(l.Hashes, noHash) {
		bad(fmt.Sprintf("link %d of partition %d does not continue link %d", l.Number, l.Partition, len(p.heads)-1))
		return
	}
	head := p.head
	for i, hash := range l.Hashes {
		head = chain.Next(head, l.Offsets[i], hash)
	}
	if !bytes.Equal(head, l.Head) || l.Records != p.records+int64(len(l.Offsets)) {
		bad(fmt.Sprintf("the head of link %d of partition %d is not that of its records", l.Number, l.Partition))
		return
	}
	for i, hash := range l.Hashes {
		p.hashes[l.Offsets[i]] = [sha256.Size]byte(hash)
		p.last = max(p.last, l.Offsets[i])
	}
	p.head, p.records = bytes.Clone(head), l.Records
	p.heads = append(p.heads, Head{Partition: l.Partition, Link: l.Number, Records: l.Records, Head: hex.EncodeToString(head)})
}

func noHash(b []byte) bool { return len(b) != sha256.Size }

// holds says whether a record is the one that was linked, or came after all links; then there is nothing to say of it.
func (c *chainCheck) holds(r *kgo.Record) bool {
	p := c.partition(r.Partition)
	hash, ok := p.hashes[r.Offset]
	if !ok {
		return r.Offset > p.last
	}
	if !bytes.Equal(hash[:], chain.Hash(r.Key, r.Value)) {
		return false
	}
	delete(p.hashes, r.Offset)
	return true
}

// takeRecord holds a record of the journal against its link. Call it after the links, once per record.
func (c *chainCheck) takeRecord(at schemas.Position, id string, key, value []byte) {
	p := c.partition(at.Partition)
	hash, ok := p.hashes[at.Offset]
	switch {
	case !ok && at.Offset <= p.last:
		p.found = append(p.found, Finding{Check: "chain", Kind: "forged", Position: at.String(), ID: id, Detail: "the record was not there when its partition was linked",
			Do: "find out who may write or restore segments of " + schemas.TopicJournal})
	case !ok: // came since
	case !bytes.Equal(hash[:], chain.Hash(key, value)):
		p.found = append(p.found, Finding{Check: "chain", Kind: "altered", Position: at.String(), ID: id, Detail: "it is not the record that stood here when its partition was linked: it was altered, or another one was put in its place",
			Do: "restore the partition from a replica or backup, then `throughline audit`"})
	}
	delete(p.hashes, at.Offset)
}

// findings are all that was found; call it last. from is where each partition begins today.
func (c *chainCheck) findings(from map[int32]int64) (all []Finding) {
	for _, n := range slices.Sorted(maps.Keys(c.partitions)) {
		p := c.partitions[n]
		for _, offset := range slices.Sorted(maps.Keys(p.hashes)) {
			if offset >= from[n] {
				at := schemas.Position{Topic: schemas.TopicJournal, Partition: n, Offset: offset}
				p.found = append(p.found, Finding{Check: "chain", Kind: "removed", Position: at.String(), Detail: "the record that was linked here is gone",
					Do: "restore the partition from a replica or backup, then `throughline audit`"})
			}
		}
		slices.SortStableFunc(p.found, func(a, b Finding) int { return cmp.Compare(a.Position, b.Position) })
		all = append(all, p.found...)
	}
	return all
}

// heads is how far the chain has come.
func (c *chainCheck) heads() []Head {
	all := []Head{}
	for _, n := range slices.Sorted(maps.Keys(c.partitions)) {
		if p := c.partitions[n]; len(p.heads) > 0 {
			all = append(all, p.heads[len(p.heads)-1])
		}
	}
	return all
}

// follows says what of the heads of a manifest the chain does not know any more.
func (c *chainCheck) follows(closed []Head) (all []Difference) {
	for _, h := range closed {
		now := "no such link"
		if p := c.partitions[h.Partition]; p != nil && h.Link < int64(len(p.heads)) {
			now = p.heads[h.Link].Head
		}
		if now != h.Head {
			all = append(all, Difference{fmt.Sprintf("head of link %d of %s/%d", h.Link, schemas.TopicJournal, h.Partition), h.Head, now})
		}
	}
	return all
}

// readChain reads the links, and where records is true the journal beside them.
func (d Desk) readChain(ctx context.Context, records bool) (*chainCheck, error) {
	c := newChainCheck()
	for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, schemas.Span{Topics: []string{schemas.TopicChain}, Open: true}) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return nil, fmt.Errorf("reading the hash chain: %w", err)
		}
		if l, ok := x.Event.(*schemas.JournalLink); ok && err == nil {
			c.takeLink(l, x.Position)
		}
	}
	if !records {
		return c, nil
	}
	for r, err := range schemas.ReadRecords(ctx, d.Cluster, schemas.Span{Topics: []string{schemas.TopicJournal}, Open: true}) {
		if err != nil {
			return nil, fmt.Errorf("reading the journal beside its hash chain: %w", err)
		}
		if c.holds(r) {
			continue // most do, so that few are decoded
		}
		x, err := d.Codec.Deliver(ctx, r)
		switch {
		case err == nil:
			c.takeRecord(x.Position, x.Event.Header().EventID.String(), r.Key, r.Value)
		case schemas.FateOf(err) != schemas.Poison:
			return nil, fmt.Errorf("reading the journal beside its hash chain: %w", err)
		} // what cannot be read died at the role chain: nothing was linked either
	}
	return c, nil
}
