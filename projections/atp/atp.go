package atp

import (
	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// Projection is the fold of inventory.deltas, and of its own redrives, which have the same partitions and keys, to inventory.positions.
func Projection() projections.Projection {
	return projections.Projection{
		Name:      "atp",
		From:      []string{schemas.TopicDeltas, schemas.RedrivePositions},
		To:        []string{schemas.TopicPositions},
		Changelog: func(string) string { return "changelog.atp" },
		Values:    projections.Values{Encode: encode, Decode: decode},
		Apply:     apply,
		Finish:    finish,
		Reuse:     true,
	}
}

func encode(b []byte, _ string, v any) ([]byte, error) {
	return schemas.AppendState(b, v.(*schemas.StockPosition))
}

func decode(_ string, b []byte) (any, error) {
	p := &schemas.StockPosition{}
	return p, schemas.ReadState(b, p)
}

// apply checks the whole delta before it adds any of it, so that a letter leaves the state as it was.
func apply(st projections.State, d schemas.Delivery, _ projections.Env) ([]projections.Output, error) {
	delta, ok := d.Event.(*schemas.StockDelta)
	if !ok {
		return nil, &schemas.PoisonError{Class: schemas.DeadLetterClassCONTRACT, Reason: d.Event.EventType() + " is no stock delta"}
	}
	positions := make([]*schemas.StockPosition, len(delta.Lines))
	for i := range delta.Lines {
		l := &delta.Lines[i]
		p := position(st, l.SKU, delta.Location, l.BaseUOM)
		if p.BaseUOM != l.BaseUOM {
			return nil, &schemas.PoisonError{Class: schemas.DeadLetterClassCONTRACT, Reason: "lines.base_uom is not the position's: cases may not be counted as pieces"}
		}
		if bucket(p, l.Bucket) == nil && l.Bucket != schemas.BucketINBOUND_RETURN {
			return nil, &schemas.PoisonError{Class: schemas.DeadLetterClassCONTRACT, Reason: "lines.bucket is unknown"}
		}
		positions[i] = p
	}
	for i := range delta.Lines {
		l, p := &delta.Lines[i], positions[i]
		key := l.SKU + "|" + delta.Location
		// A line of the same SKU may have put it already: the one in the state counts.
		if standing, ok := st.Get(key).(*schemas.StockPosition); ok {
			p = standing
		}
		if b := bucket(p, l.Bucket); b != nil {
			*b = b.Add(l.Qty)
		} else {
			p.InboundReturns = schemas.Some(p.InboundReturns.Or(schemas.NewDecimal(0, 6)).Add(l.Qty))
		}
		p.Deltas++
		p.ATP = p.OnHand.Sub(p.Unavailable).Sub(p.Reserved).Sub(p.OpenDemand).Sub(p.SafetyStock)
		p.AsOf = newest(p.AsOf, delta.Meta.AdmittedAt)
		p.Meta = delta.Meta.Follow(schemas.Identity{Rule: "atp:" + key, Version: 1})
		st.Put(key, p)
	}
	return nil, nil
}

func position(st projections.State, sku, location, uom string) *schemas.StockPosition {
	if p, ok := st.Get(sku + "|" + location).(*schemas.StockPosition); ok {
		return p
	}
	zero := schemas.NewDecimal(0, 6)
	return &schemas.StockPosition{SKU: sku, Location: location, BaseUOM: uom, OnHand: zero, Unavailable: zero, Reserved: zero, OpenDemand: zero,
		Inbound: zero, SafetyStock: zero, ATP: zero}
}

// bucket is where a position keeps a bucket; nil for INBOUND_RETURN, which positions of before it lack, and for none at all.
func bucket(p *schemas.StockPosition, b schemas.Bucket) *schemas.Decimal {
	switch b {
	case schemas.BucketON_HAND:
		return &p.OnHand
	case schemas.BucketUNAVAILABLE:
		return &p.Unavailable
	case schemas.BucketRESERVED:
		return &p.Reserved
	case schemas.BucketOPEN_DEMAND:
		return &p.OpenDemand
	case schemas.BucketINBOUND:
		return &p.Inbound
	case schemas.BucketSAFETY_STOCK:
		return &p.SafetyStock
	}
	return nil
}

func newest(a, b schemas.Opt[schemas.Time]) schemas.Opt[schemas.Time] {
	if !a.Set || b.Set && b.V > a.V {
		return b
	}
	return a
}

func finish(st projections.State) ([]projections.Output, error) {
	var out []projections.Output
	for _, key := range st.Changed() {
		if p, ok := st.Get(key).(*schemas.StockPosition); ok {
			out = append(out, projections.Output{Event: p})
		}
	}
	return out, nil
}
