package projections

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

var referenceTopics = []string{"reference.items", "reference.rates", "reference.entities", "reference.rule_sets", schemas.TopicPeriods}

// Reference is reference data as of the last poll: every version ever seen, each with its append time, so that a look-up for an event sees what was
// there when the event was admitted, however late or often it is asked. CatchUp and look-ups never run at the same time.
type Reference struct {
	cl    *kgo.Client
	adm   *kadm.Client
	codec *schemas.Codec
	read  map[schemas.Position]int64 // next offset by partition (offset 0 in the key)
	mu    sync.RWMutex

	items    map[string][]version[*schemas.ReferenceItem]
	rates    map[string][]version[*schemas.ReferenceRate]
	entities map[string][]version[*schemas.ReferenceEntity]
	ruleSets []version[*schemas.ReferenceRuleSet]
	schedule schemas.CloseSchedule
	zones    map[string]*time.Location
}

type version[T any] struct {
	value    T
	from     schemas.Date
	appended schemas.Time
	offset   int64
}

// NewReference is reference data that somebody feeds by hand, as simulations and tests do.
func NewReference() *Reference {
	return &Reference{read: map[schemas.Position]int64{}, items: map[string][]version[*schemas.ReferenceItem]{}, rates: map[string][]version[*schemas.ReferenceRate]{},
		entities: map[string][]version[*schemas.ReferenceEntity]{}, zones: map[string]*time.Location{}}
}

// OpenReference prepares to read the reference topics from their start.
func OpenReference(cluster []kgo.Opt, codec *schemas.Codec) (*Reference, error) {
	r := NewReference()
	starts := map[string]map[int32]kgo.Offset{}
	for _, t := range referenceTopics {
		starts[t] = map[int32]kgo.Offset{0: kgo.NewOffset().AtStart()}
	}
	opts := append(append(slices.Clone(cluster), schemas.ReadOptions()...), kgo.ConsumePartitions(starts), kgo.KeepControlRecords(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("reading reference data: %w", err)
	}
	r.cl, r.adm, r.codec = cl, kadm.NewClient(cl), codec
	return r, nil
}

// Close lets go of the client.
func (r *Reference) Close() { r.cl.Close() }

// CatchUp reads the reference topics to the ends that they have now. What a poll returned before it was appended before, so look-ups for it see all
// they must see. The ends are high watermarks: a period's close may be committed before the events behind it, and its marker come after theirs.
func (r *Reference) CatchUp(ctx context.Context) error {
	// Shorter than the watchdog: brokers that are away are waited out, they do not end the process.
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	ends, err := r.adm.ListEndOffsets(ctx, referenceTopics...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return fmt.Errorf("listing the ends of reference data: %w", err)
	}
	behind := func() bool {
		late := false
		ends.Each(func(o kadm.ListedOffset) {
			late = late || r.read[schemas.Position{Topic: o.Topic, Partition: o.Partition}] < o.Offset
		})
		return late
	}
	for behind() {
		fs := r.cl.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := schemas.HaltOf(fs); err != nil {
			return err
		}
		for it := fs.RecordIter(); !it.Done(); {
			if err := r.record(ctx, it.Next()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Reference) record(ctx context.Context, rec *kgo.Record) error {
	r.read[schemas.Position{Topic: rec.Topic, Partition: rec.Partition}] = rec.Offset + 1
	if rec.Attrs.IsControl() || rec.Value == nil {
		return nil
	}
	d, err := r.codec.Deliver(ctx, rec)
	if err != nil {
		return fmt.Errorf("%w: %s cannot be read: %w", schemas.ErrTopicSettings, d.Position, err)
	}
	r.Add(d)
	return nil
}

// Add takes one version in.
func (r *Reference) Add(d schemas.Delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch x := d.Event.(type) {
	case *schemas.ReferenceItem:
		r.items[x.SKU] = insert(r.items[x.SKU], version[*schemas.ReferenceItem]{x, x.EffectiveFrom, d.AppendTime, d.Offset})
	case *schemas.ReferenceRate:
		k := x.Base + "|" + x.Quote
		r.rates[k] = insert(r.rates[k], version[*schemas.ReferenceRate]{x, x.RateDate, d.AppendTime, d.Offset})
	case *schemas.ReferenceEntity:
		r.entities[x.Entity] = insert(r.entities[x.Entity], version[*schemas.ReferenceEntity]{x, x.EffectiveFrom, d.AppendTime, d.Offset})
		if z, err := time.LoadLocation(x.Zone); err == nil {
			r.zones[x.Zone] = z
		}
	case *schemas.ReferenceRuleSet:
		r.ruleSets = append(r.ruleSets, version[*schemas.ReferenceRuleSet]{x, 0, d.AppendTime, d.Offset})
	case *schemas.PeriodClosed:
		r.change(x.Meta.LegalEntity, schemas.PeriodChange{Period: x.Period, Closes: true, At: x.ClosedAt, AppendedAt: d.AppendTime})
	case *schemas.PeriodReopened:
		r.change(x.Meta.LegalEntity, schemas.PeriodChange{Period: x.Period, At: x.ReopenedAt, AppendedAt: d.AppendTime})
	}
}

// change takes a close or reopen in. Admission has checked the period's name, so Add cannot refuse it.
func (r *Reference) change(entity string, c schemas.PeriodChange) { _ = r.schedule.Add(entity, c) }

// insert keeps versions sorted by the date they hold from, then by the log.
func insert[T any](list []version[T], v version[T]) []version[T] {
	i, _ := slices.BinarySearchFunc(list, v, func(a, b version[T]) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.offset, b.offset))
	})
	return slices.Insert(list, i, v)
}

// lookup is the newest version that holds on a date, among those that were there at an instant.
func lookup[T any](list []version[T], on schemas.Date, at schemas.Time) (T, bool) {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].from <= on && list[i].appended <= at {
			return list[i].value, true
		}
	}
	var none T
	return none, false
}

// Item is the version of a SKU that holds on a date, as known at an instant.
func (r *Reference) Item(sku string, on schemas.Date, at schemas.Time) (*schemas.ReferenceItem, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return lookup(r.items[sku], on, at)
}

// Rate is the newest rate of base in quote on or before a date, as known at an instant.
func (r *Reference) Rate(base, quote string, on schemas.Date, at schemas.Time) (*schemas.ReferenceRate, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return lookup(r.rates[base+"|"+quote], on, at)
}

// Entity is the record of a legal entity and its zone, as known at an instant.
func (r *Reference) Entity(name string, on schemas.Date, at schemas.Time) (*schemas.ReferenceEntity, *time.Location, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, ok := lookup(r.entities[name], on, at)
	if !ok || r.zones[e.Zone] == nil {
		return nil, nil, false
	}
	return e, r.zones[e.Zone], true
}

// RuleSet is the rule set in force at an instant: of those that were announced by then and are active, the one activated last.
func (r *Reference) RuleSet(at schemas.Time) (*schemas.ReferenceRuleSet, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var best *version[*schemas.ReferenceRuleSet]
	for i := range r.ruleSets {
		v := &r.ruleSets[i]
		if v.appended > at || v.value.ActiveFrom > at {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(best.value.ActiveFrom, v.value.ActiveFrom), cmp.Compare(best.offset, v.offset)) < 0 {
			best = v
		}
	}
	if best == nil {
		return nil, false
	}
	return best.value, true
}

// Announced says whether a rule set of that name was announced by an instant, be it in force or not.
func (r *Reference) Announced(name string, at schemas.Time) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.ContainsFunc(r.ruleSets, func(v version[*schemas.ReferenceRuleSet]) bool { return v.value.Name == name && v.appended <= at })
}

// Judge places an event of a legal entity into a period (domain.md §2.6).
func (r *Reference) Judge(entity string, effective schemas.Date, admittedAt schemas.Time) (period, original string, late bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.schedule.Judge(entity, schemas.PeriodOf(effective), admittedAt)
}

// ClosedAt is the instant up to which a period of a legal entity took postings, as of an instant; false where it is open then.
func (r *Reference) ClosedAt(entity, period string, at schemas.Time) (schemas.Time, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.schedule.ClosedAt(entity, period, at)
}
