package projections

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/throughline/throughline/schemas"
)

// partID names the state of one changelog partition.
type partID struct {
	changelog string
	partition int32
}

// part is the state of one partition: a cache of decoded values over Pebble. It is used by one goroutine at a time.
type part struct {
	id      partID
	db      *pebble.DB
	values  Values
	prefix  []byte
	cache   map[string]*entry
	dirty   []*entry
	limit   int
	resume  int64 // changelog offset up to which Pebble holds everything
	written int64 // highest changelog offset of the running transaction, plus one
	err     error // the first store error; Apply cannot return it, so the loop asks
	buf     []byte
	recent  map[schemas.UUID]schemas.Event
}

type entry struct {
	key   string
	value any
	dirty bool
	bytes []byte // what the changelog got, until the commit
}

func newPart(id partID, db *pebble.DB, values Values, limit int) (*part, error) {
	p := &part{id: id, db: db, values: values, limit: limit, cache: map[string]*entry{}, recent: map[schemas.UUID]schemas.Event{}}
	p.prefix = append([]byte(id.changelog), 0)
	p.prefix = binary.BigEndian.AppendUint32(p.prefix, uint32(id.partition))
	raw, closer, err := db.Get(p.offsetKey())
	switch {
	case err == pebble.ErrNotFound:
	case err != nil:
		return nil, fmt.Errorf("reading the store's offset of %s/%d: %w", id.changelog, id.partition, err)
	default:
		p.resume = int64(binary.BigEndian.Uint64(raw))
		closer.Close()
	}
	return p, nil
}

// offsetKey sorts outside the part's own keys, which continue its prefix with 'd'.
func (p *part) offsetKey() []byte { return append(slices.Clone(p.prefix), 'o') }

func (p *part) storeKey(b []byte, key string) []byte {
	b = append(append(b, p.prefix...), 'd')
	return append(b, key...)
}

// Get returns the value under key, nil where there is none.
func (p *part) Get(key string) any {
	if e, ok := p.cache[key]; ok {
		return e.value
	}
	p.buf = p.storeKey(p.buf[:0], key)
	raw, closer, err := p.db.Get(p.buf)
	if err != nil {
		if err != pebble.ErrNotFound {
			p.fail(fmt.Errorf("reading state %s/%d: %w", p.id.changelog, p.id.partition, err))
		}
		return nil
	}
	defer closer.Close()
	v, err := p.values.Decode(key, slices.Clone(raw))
	if err != nil {
		p.fail(fmt.Errorf("decoding state %s/%d: %w", p.id.changelog, p.id.partition, err))
		return nil
	}
	p.cache[strings.Clone(key)] = &entry{key: strings.Clone(key), value: v}
	return v
}

// Put keeps value under key and marks it to be written; nil deletes the key.
func (p *part) Put(key string, value any) {
	e := p.cache[key]
	if e == nil {
		key = strings.Clone(key) // record values alias the fetch buffer
		e = &entry{key: key}
		p.cache[key] = e
	}
	e.value = value
	if !e.dirty {
		e.dirty = true
		p.dirty = append(p.dirty, e)
	}
}

// Keys lists the keys with a prefix, stored and not yet stored.
func (p *part) Keys(prefix string) []string {
	lower := p.storeKey(nil, prefix)
	it, err := p.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upperBound(lower)})
	if err != nil {
		p.fail(fmt.Errorf("listing state %s/%d: %w", p.id.changelog, p.id.partition, err))
		return nil
	}
	defer it.Close()
	var keys []string
	skip := len(p.prefix) + 1
	for it.First(); it.Valid(); it.Next() {
		keys = append(keys, string(it.Key()[skip:]))
	}
	for _, e := range p.dirty {
		if strings.HasPrefix(e.key, prefix) {
			keys = append(keys, e.key)
		}
	}
	slices.Sort(keys)
	gone := func(key string) bool { e := p.cache[key]; return e != nil && e.value == nil }
	return slices.DeleteFunc(slices.Compact(keys), gone)
}

// Changed lists the keys that the running transaction has put.
func (p *part) Changed() []string {
	keys := make([]string, len(p.dirty))
	for i, e := range p.dirty {
		keys[i] = e.key
	}
	return keys
}

// set writes or, where value is nil, deletes.
func set(batch *pebble.Batch, key, value []byte) error {
	if value == nil {
		return batch.Delete(key, nil)
	}
	return batch.Set(key, value, nil)
}

func upperBound(prefix []byte) []byte {
	up := slices.Clone(prefix)
	for i := len(up) - 1; i >= 0; i-- {
		if up[i]++; up[i] != 0 {
			return up[:i+1]
		}
	}
	return nil
}

func (p *part) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// encodeDirty renders what the transaction changed; the bytes go to the changelog now and to Pebble after the commit.
func (p *part) encodeDirty() error {
	for _, e := range p.dirty {
		if e.value == nil {
			e.bytes = nil
			continue
		}
		b, err := p.values.Encode(nil, e.key, e.value)
		if err != nil {
			return fmt.Errorf("encoding state %s/%d: %w", p.id.changelog, p.id.partition, err)
		}
		e.bytes = b
	}
	return p.err
}

// commit writes the transaction's changes to Pebble, with the changelog's offset in the same batch.
func (p *part) commit() error {
	if len(p.dirty) == 0 {
		return nil
	}
	p.resume = max(p.resume, p.written)
	batch := p.db.NewBatch()
	defer batch.Close()
	for _, e := range p.dirty {
		p.buf = p.storeKey(p.buf[:0], e.key)
		if err := set(batch, p.buf, e.bytes); err != nil {
			return fmt.Errorf("writing state %s/%d: %w", p.id.changelog, p.id.partition, err)
		}
		e.dirty, e.bytes = false, nil
	}
	if err := batch.Set(p.offsetKey(), binary.BigEndian.AppendUint64(nil, uint64(p.resume)), nil); err != nil {
		return fmt.Errorf("writing the store's offset: %w", err)
	}
	if err := batch.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("committing state %s/%d: %w", p.id.changelog, p.id.partition, err)
	}
	p.dirty = p.dirty[:0]
	clear(p.recent)
	p.evict()
	return nil
}

// evict keeps the cache at its limit. Which clean entries go does not matter much: a cache sized to the open threads rarely evicts.
func (p *part) evict() {
	over := len(p.cache) - p.limit
	for key, e := range p.cache {
		if over <= 0 {
			return
		}
		if !e.dirty {
			delete(p.cache, key)
			over--
		}
	}
}

// abort forgets what the transaction changed. Values are changed in place, so the decoded ones go too.
func (p *part) abort() {
	for _, e := range p.dirty {
		delete(p.cache, e.key)
	}
	p.dirty, p.err, p.written = p.dirty[:0], nil, 0
	clear(p.recent)
}
