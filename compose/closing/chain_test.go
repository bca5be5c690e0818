package closing

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/projections/chain"
	"github.com/throughline/throughline/schemas"
)

// segment is one partition of the journal, value by offset.
type segment []string

func (s segment) at(i int) schemas.Position {
	return schemas.Position{Topic: schemas.TopicJournal, Partition: 1, Offset: int64(i)}
}

// link makes the chain of a segment, two records a link.
func (s segment) link(t *testing.T) (links []*schemas.JournalLink) {
	t.Helper()
	st, p := projections.NewMemory(), chain.Projection()
	for i, v := range s {
		d := schemas.Delivery{Position: s.at(i), Record: &kgo.Record{Key: []byte("SO-1"), Value: []byte(v)}}
		if _, err := p.Apply(st, d, projections.Env{}); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 && i+1 < len(s) {
			continue
		}
		out, err := p.Finish(st)
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, out[0].Event.(*schemas.JournalLink))
	}
	return links
}

// check holds a segment as it is now against the links of another.
func check(links []*schemas.JournalLink, now map[int]string) (*chainCheck, string) {
	c := newChainCheck()
	for i, l := range links {
		c.takeLink(l, schemas.Position{Topic: schemas.TopicChain, Offset: int64(i)})
	}
	for i := range 10 {
		if v, ok := now[i]; ok {
			c.takeRecord(segment{}.at(i), v, []byte("SO-1"), []byte(v))
		}
	}
	var found []string
	for _, f := range c.findings(nil) {
		found = append(found, f.Kind+" "+f.Position)
	}
	return c, strings.Join(found, ", ")
}

// Whatever is done to a journal after it was linked is named with partition and offset.
func TestChainNamesTampering(t *testing.T) {
	links := segment{"a", "b", "c", "d", "e"}.link(t)
	for _, x := range []struct {
		what string
		now  map[int]string
		want string
	}{
		{"nothing", map[int]string{0: "a", 1: "b", 2: "c", 3: "d", 4: "e"}, ""},
		{"more came since", map[int]string{0: "a", 1: "b", 2: "c", 3: "d", 4: "e", 6: "f"}, ""},
		{"altered", map[int]string{0: "a", 1: "B", 2: "c", 3: "d", 4: "e"}, "altered finance.journal/1@1"},
		{"removed", map[int]string{0: "a", 1: "b", 3: "d", 4: "e"}, "removed finance.journal/1@2"},
		{"two in another order", map[int]string{0: "a", 1: "c", 2: "b", 3: "d", 4: "e"}, "altered finance.journal/1@1, altered finance.journal/1@2"},
		{"the last is gone", map[int]string{0: "a", 1: "b", 2: "c", 3: "d"}, "removed finance.journal/1@4"},
	} {
		if _, got := check(links, x.now); got != x.want {
			t.Errorf("%s: found %q, want %q", x.what, got, x.want)
		}
	}
	gap := segment{"a", "b", "c", "d"}.link(t)
	gap[1].Offsets = []int64{3, 4} // a link of other offsets does not have the head that it states
	if _, got := check(gap, map[int]string{0: "a", 1: "b"}); !strings.HasPrefix(got, "forged finance.chain/0@1") {
		t.Errorf("a link with other offsets: found %q", got)
	}
}

// A record put between those that were linked is forged, whoever wrote it; so is a link that does not continue the chain.
func TestChainNamesForgery(t *testing.T) {
	st, p := projections.NewMemory(), chain.Projection()
	for _, offset := range []int64{0, 2} {
		d := schemas.Delivery{Position: segment{}.at(int(offset)), Record: &kgo.Record{Key: []byte("SO-1"), Value: []byte(fmt.Sprint(offset))}}
		if _, err := p.Apply(st, d, projections.Env{}); err != nil {
			t.Fatal(err)
		}
	}
	out, err := p.Finish(st)
	if err != nil {
		t.Fatal(err)
	}
	link := out[0].Event.(*schemas.JournalLink)
	if _, got := check([]*schemas.JournalLink{link}, map[int]string{0: "0", 1: "x", 2: "2"}); got != "forged finance.journal/1@1" {
		t.Errorf("a record in between: found %q", got)
	}
	c, got := check([]*schemas.JournalLink{link, link}, map[int]string{0: "0", 2: "2"})
	if got != "forged finance.chain/0@1" {
		t.Errorf("the same link twice: found %q", got)
	}
	heads := c.heads()
	if len(heads) != 1 || heads[0].Records != 2 || len(c.follows(heads)) != 0 {
		t.Errorf("heads %+v", heads)
	}
	heads[0].Head = "00"
	if len(c.follows(heads)) != 1 {
		t.Error("a head that the chain does not have is not told")
	}
}

// fork continues the chain of a segment after its first links as somebody else would: with other records.
func fork(t *testing.T, links []*schemas.JournalLink, after int, hashes ...string) []*schemas.JournalLink {
	t.Helper()
	prev := links[after]
	l := &schemas.JournalLink{Partition: 1, Number: prev.Number + 1, Previous: prev.Head, Records: prev.Records}
	head, offset := prev.Head, prev.Offsets[len(prev.Offsets)-1]
	for _, h := range hashes {
		offset++
		hash := chain.Hash([]byte("SO-1"), []byte(h))
		head = chain.Next(head, offset, hash)
		l.Offsets, l.Hashes, l.Records = append(l.Offsets, offset), append(l.Hashes, hash), l.Records+1
	}
	l.Head = head
	return []*schemas.JournalLink{l}
}

// Somebody else's link that continues the chain makes a branch. It is named for ever, and it spoils nothing that ours link afterwards: the branch counts that says
// most of what stands.
func TestChainWithABranch(t *testing.T) {
	links, now := segment{"a", "b", "c", "d", "e", "f"}.link(t), map[int]string{0: "a", 1: "b", 2: "c", 3: "d", 4: "e", 5: "f"}
	forged := fork(t, links, 0, "x", "y")
	long := fork(t, append(slices.Clone(links[:1]), forged...), 1, "z")
	long = append(long, fork(t, append(slices.Clone(links[:1]), forged[0], long[0]), 2, "zz")...)
	for _, x := range []struct {
		what  string
		links []*schemas.JournalLink
		now   map[int]string
		want  string
	}{
		{"before ours", slices.Concat(links[:1], forged, links[1:]), now, "forged finance.chain/0@1"},
		{"after ours", slices.Concat(links, forged), now, "forged finance.chain/0@3"},
		{"longer than ours", slices.Concat(links[:1], forged, long, links[1:]), now, "forged finance.chain/0@1, forged finance.chain/0@2, forged finance.chain/0@3"},
		{"and a record is altered", slices.Concat(links[:1], forged, links[1:]), map[int]string{0: "a", 1: "b", 2: "c", 3: "D", 4: "e", 5: "f"}, "forged finance.chain/0@1, altered finance.journal/1@3"},
		{"and one is removed", slices.Concat(links[:1], forged, links[1:]), map[int]string{0: "a", 1: "b", 2: "c", 4: "e", 5: "f"}, "forged finance.chain/0@1, removed finance.journal/1@3"},
	} {
		c, got := check(x.links, x.now)
		if got != x.want {
			t.Errorf("%s: found %q, want %q", x.what, got, x.want)
		}
		if heads := c.heads(); len(heads) != 1 || heads[0].Link != 2 || heads[0].Records != 6 || len(c.follows(heads)) != 0 {
			t.Errorf("%s: heads %+v", x.what, heads)
		}
	}
}
