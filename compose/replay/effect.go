package replay

import (
	"cmp"
	"context"
	"slices"

	"github.com/throughline/throughline/schemas"
)

// effect says what a replay would change, in the order of the log.
func (s *shadow) effect(ctx context.Context, windows []Window) (Effect, error) {
	f := Effect{New: []Event{}, Changed: []Event{}, Orphaned: []Event{}, Dead: []Event{}, Caused: []Event{}, Superseded: []Event{}, Unfit: []Event{}, Money: []Money{}, Units: []Units{}}
	b := s.difference
	again := map[schemas.Position]map[schemas.UUID]bool{} // events whose new or changed records must be weighed
	for _, x := range s.order {
		var absent, other []schemas.UUID
		for _, id := range x.ids {
			switch w := s.wants[id]; {
			case w.other:
				other = append(other, id)
			case !w.stands:
				absent = append(absent, id)
			}
		}
		letter, dead := s.letters[x.at]
		switch {
		case s.answered[x.at]:
			absent = nil // what follows from it follows from the rule.superseded that answered its letter
		case x.refusal != "" && !dead:
			f.Caused = append(f.Caused, x.as(nil, x.refusal))
		case dead && (x.refusal != "" || len(absent) > 0):
			f.Dead = append(f.Dead, x.as(absent, letter))
			if x.refusal == "" {
				f.Curable++
			}
			absent = nil
		case len(absent) > 0:
			e := x.as(absent, "")
			e.Entity, e.Period = x.entity, x.period
			f.New = append(f.New, e)
		}
		if len(other) > 0 {
			f.Changed = append(f.Changed, x.as(other, ""))
		}
		if x.superseded {
			e := x.as(nil, "")
			e.Stands, e.Times, e.Entity, e.Period = x.stands, x.times, x.entity, x.booked
			f.Superseded = append(f.Superseded, e)
		}
		if x.unfit != "" {
			f.Unfit = append(f.Unfit, x.as(nil, x.unfit))
		}
		if ids := append(absent, other...); len(ids) > 0 {
			again[x.at] = set(ids)
		}
	}
	if err := s.weighDerived(ctx, windows, again, b); err != nil {
		return f, err
	}
	s.weighStrays(&f, b)
	f.Money, f.Units = b.list()
	return f, nil
}

func set(ids []schemas.UUID) map[schemas.UUID]bool {
	m := make(map[schemas.UUID]bool, len(ids))
	for _, id := range ids {
		m[id] = true
	}
	return m
}

func (x *shadowed) as(ids []schemas.UUID, reason string) Event {
	return Event{ID: x.id.String(), Type: x.eventType, Position: x.at.String(), IDs: sorted(ids), Reason: reason}
}

// weighDerived adds what would be new, and what changed records would become.
func (s *shadow) weighDerived(ctx context.Context, windows []Window, again map[schemas.Position]map[schemas.UUID]bool, b *books) error {
	if len(again) == 0 {
		return nil
	}
	return s.each(ctx, span(windows), func(d schemas.Delivery) error {
		ids := again[d.Position]
		if ids == nil {
			return nil
		}
		outputs, err := s.derive(d.Event)
		if err != nil {
			return err
		}
		for _, e := range outputs {
			if ids[e.Header().EventID] {
				b.add(e, 1)
			}
		}
		return nil
	})
}

// weighStrays takes away what stands and would not: the old content of what changed, and what nothing gives.
func (s *shadow) weighStrays(f *Effect, b *books) {
	for _, d := range s.strays {
		b.add(d.Event, -1)
		m := d.Event.Header()
		if _, changed := s.wants[m.EventID]; changed {
			continue
		}
		x := s.events[m.CausationID.V]
		f.Orphaned = append(f.Orphaned, Event{ID: x.id.String(), Type: x.eventType, Position: d.Position.String(), IDs: []string{m.EventID.String()}})
	}
	slices.SortFunc(f.Orphaned, func(a, b Event) int { return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID)) })
}

// books sums differences.
type books struct {
	money map[Money]schemas.Decimal // Amount is not set in the key
	units map[Units]schemas.Decimal
}

func newBooks() *books {
	return &books{money: map[Money]schemas.Decimal{}, units: map[Units]schemas.Decimal{}}
}

func (b *books) add(e schemas.Event, sign int) {
	signed := func(d schemas.Decimal) schemas.Decimal {
		if sign < 0 {
			return d.Neg()
		}
		return d
	}
	switch x := e.(type) {
	case *schemas.JournalEntry:
		for i := range x.Lines {
			k := Money{Entity: x.Meta.LegalEntity, Period: x.Meta.Period, Account: x.Lines[i].Account, Currency: x.FunctionalCurrency}
			b.money[k] = b.money[k].Add(signed(x.Lines[i].AmountFn))
		}
	case *schemas.StockDelta:
		for i := range x.Lines {
			k := Units{SKU: x.Lines[i].SKU, Location: x.Location, Bucket: string(x.Lines[i].Bucket)}
			b.units[k] = b.units[k].Add(signed(x.Lines[i].Qty))
		}
	}
}

func (b *books) list() ([]Money, []Units) {
	money, units := []Money{}, []Units{}
	for k, v := range b.money {
		if k.Amount = v; !v.IsZero() {
			money = append(money, k)
		}
	}
	for k, v := range b.units {
		if k.Quantity = v; !v.IsZero() {
			units = append(units, k)
		}
	}
	slices.SortFunc(money, func(a, b Money) int {
		return cmp.Or(cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.Period, b.Period), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Currency, b.Currency))
	})
	slices.SortFunc(units, func(a, b Units) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Location, b.Location), cmp.Compare(a.Bucket, b.Bucket))
	})
	return money, units
}
