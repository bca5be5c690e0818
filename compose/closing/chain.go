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

// link is one record of finance.chain that continues another one.
type link struct {
	head Head
	prev *link
	last int64 // the highest offset linked up to here, -1 where none is
	at   schemas.Position
	id   string

	matched int64 // of its records, those that stand as it says
	total   int64 // with those of all before it
	counts  bool  // it is on the branch that counts
}

// claim is what a link says of one offset.
type claim struct {
	by   *link
	hash [sha256.Size]byte
}

// stood is a record of the journal of which not every link says the same.
type stood struct {
	at schemas.Position
	id string
	by []*link // that say what stands
}

// linked is one partition of finance.journal as finance.chain says that it was. Somebody else may have written a link that continues the chain, and ours the next of the
// same number: then it has branches, and the one that says most of what stands counts.
type linked struct {
	start  *link
	links  []*link           // each after the one that it continues
	byHead map[string]*link  //
	claims map[int64]claim   // by offset, until the record is seen
	more   map[int64][]claim // of further branches
	last   int64             // the highest offset linked by any
	stood  []stood
	found  []Finding
}

// chainCheck holds the journal against its chain.
type chainCheck struct{ partitions map[int32]*linked }

func newChainCheck() *chainCheck { return &chainCheck{map[int32]*linked{}} }

func (c *chainCheck) partition(p int32) *linked {
	if c.partitions[p] == nil {
		start := &link{head: Head{Partition: p, Link: -1}, last: -1}
		c.partitions[p] = &linked{start: start, byHead: map[string]*link{string(chain.Start()): start}, claims: map[int64]claim{}, more: map[int64][]claim{}, last: -1}
	}
	return c.partitions[p]
}

func forgedLink(at schemas.Position, id, detail string) Finding {
	return Finding{Check: "chain", Kind: "forged", Position: at.String(), ID: id, Detail: detail, Do: "find out who else may write " + schemas.TopicChain + "; the link is left out"}
}

// takeLink checks that a link continues its chain and that its head is that of its records.
func (c *chainCheck) takeLink(l *schemas.JournalLink, at schemas.Position) {
	p, id := c.partition(l.Partition), l.Meta.EventID.String()
	prev := p.byHead[string(l.Previous)]
	if prev == nil || l.Number != prev.head.Link+1 || p.byHead[string(l.Head)] != nil || len(l.Offsets) != len(l.Hashes) || slices.ContainsFunc(l.Hashes, noHash) {
		p.found = append(p.found, forgedLink(at, id, fmt.Sprintf("link %d of partition %d does not continue the chain", l.Number, l.Partition)))
		return
	}
	head := l.Previous
	for i, hash := range l.Hashes {
		head = chain.Next(head, l.Offsets[i], hash)
	}
	if !bytes.Equal(head, l.Head) || l.Records != prev.head.Records+int64(len(l.Offsets)) {
		p.found = append(p.found, forgedLink(at, id, fmt.Sprintf("the head of link %d of partition %d is not that of its records", l.Number, l.Partition)))
		return
	}
	n := &link{head: Head{Partition: l.Partition, Link: l.Number, Records: l.Records, Head: hex.EncodeToString(head)}, prev: prev, last: prev.last, at: at, id: id}
	for i, hash := range l.Hashes {
		p.claim(l.Offsets[i], claim{n, [sha256.Size]byte(hash)})
		n.last = max(n.last, l.Offsets[i])
	}
	p.last = max(p.last, n.last)
	p.links = append(p.links, n)
	p.byHead[string(l.Head)] = n
}

func noHash(b []byte) bool { return len(b) != sha256.Size }

func (p *linked) claim(offset int64, x claim) {
	if _, taken := p.claims[offset]; taken {
		p.more[offset] = append(p.more[offset], x)
		return
	}
	p.claims[offset] = x
}

// holds says whether a record is the one that was linked, or came after all links; then there is nothing to say of it.
func (c *chainCheck) holds(r *kgo.Record) bool {
	p := c.partition(r.Partition)
	x, ok := p.claims[r.Offset]
	switch {
	case !ok:
		return r.Offset > p.last
	case len(p.more[r.Offset]) > 0 || !bytes.Equal(x.hash[:], chain.Hash(r.Key, r.Value)):
		return false
	}
	x.by.matched++
	delete(p.claims, r.Offset)
	return true
}

// takeRecord holds a record of the journal against what links say of it. Call it after the links, once per record.
func (c *chainCheck) takeRecord(at schemas.Position, id string, key, value []byte) {
	p := c.partition(at.Partition)
	if at.Offset > p.last {
		return // came since
	}
	hash, s := chain.Hash(key, value), stood{at: at, id: id}
	all := p.more[at.Offset]
	if x, ok := p.claims[at.Offset]; ok {
		all = append([]claim{x}, all...)
	}
	var others []claim
	for _, x := range all {
		if bytes.Equal(x.hash[:], hash) {
			x.by.matched++
			s.by = append(s.by, x.by)
		} else {
			others = append(others, x)
		}
	}
	delete(p.claims, at.Offset)
	delete(p.more, at.Offset)
	for _, x := range others {
		p.claim(at.Offset, x)
	}
	if len(s.by) == 0 || len(others) > 0 {
		p.stood = append(p.stood, s)
	}
}

// choose finds the branch that counts and returns its newest link: the one that says most of what stands, then the longest, then the first.
func (p *linked) choose() *link {
	best := p.start
	for _, n := range p.links {
		n.counts, n.total = false, n.prev.total+n.matched
		if cmp.Or(cmp.Compare(n.total, best.total), cmp.Compare(n.head.Link, best.head.Link)) > 0 {
			best = n
		}
	}
	for n := best; n != p.start; n = n.prev {
		n.counts = true
	}
	return best
}

// findings are all that was found; call it last. from is where each partition begins today.
func (c *chainCheck) findings(from map[int32]int64) (all []Finding) {
	for _, n := range slices.Sorted(maps.Keys(c.partitions)) {
		found := c.partitions[n].judge(n, from[n])
		slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(a.Position, b.Position) })
		all = append(all, found...)
	}
	return all
}

func (p *linked) judge(partition int32, from int64) []Finding {
	best, found := p.choose(), slices.Clone(p.found)
	for _, n := range p.links {
		if !n.counts {
			found = append(found, forgedLink(n.at, n.id, fmt.Sprintf("link %d of partition %d is on a branch of the chain that says less of what stands", n.head.Link, partition)))
		}
	}
	missing := map[int64]bool{}
	for offset, x := range p.claims {
		missing[offset] = x.by.counts || slices.ContainsFunc(p.more[offset], func(x claim) bool { return x.by.counts })
	}
	for _, s := range p.stood {
		switch {
		case missing[s.at.Offset]:
			missing[s.at.Offset] = false
			found = append(found, Finding{Check: "chain", Kind: "altered", Position: s.at.String(), ID: s.id, Detail: "it is not the record that stood here when its partition was linked: it was altered, or another one was put in its place",
				Do: "restore the partition from a replica or backup, then `throughline audit`"})
		case s.at.Offset <= best.last && !slices.ContainsFunc(s.by, func(n *link) bool { return n.counts }):
			found = append(found, Finding{Check: "chain", Kind: "forged", Position: s.at.String(), ID: s.id, Detail: "the record was not there when its partition was linked",
				Do: "find out who may write or restore segments of " + schemas.TopicJournal})
		}
	}
	for _, offset := range slices.Sorted(maps.Keys(missing)) {
		if missing[offset] && offset >= from {
			at := schemas.Position{Topic: schemas.TopicJournal, Partition: partition, Offset: offset}
			found = append(found, Finding{Check: "chain", Kind: "removed", Position: at.String(), Detail: "the record that was linked here is gone",
				Do: "restore the partition from a replica or backup, then `throughline audit`"})
		}
	}
	return found
}

// heads is how far the chain has come.
func (c *chainCheck) heads() []Head {
	all := []Head{}
	for _, n := range slices.Sorted(maps.Keys(c.partitions)) {
		if best := c.partitions[n].choose(); best.prev != nil {
			all = append(all, best.head)
		}
	}
	return all
}

// follows says what of the heads of a manifest the chain does not know any more.
func (c *chainCheck) follows(closed []Head) (all []Difference) {
	for _, h := range closed {
		now := "no such link"
		for n := c.partition(h.Partition).choose(); n != nil; n = n.prev {
			if n.head.Link == h.Link {
				now = n.head.Head
			}
		}
		if now != h.Head {
			all = append(all, Difference{fmt.Sprintf("head of link %d of %s/%d", h.Link, schemas.TopicJournal, h.Partition), h.Head, now})
		}
	}
	return all
}

// readChain reads the links, and the journal beside them.
func (d Desk) readChain(ctx context.Context) (*chainCheck, error) {
	c := newChainCheck()
	for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, schemas.Span{Topics: []string{schemas.TopicChain}, Open: true}) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return nil, fmt.Errorf("reading the hash chain: %w", err)
		}
		if l, ok := x.Event.(*schemas.JournalLink); ok && err == nil {
			c.takeLink(l, x.Position)
		}
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
