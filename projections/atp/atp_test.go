package atp

import (
	"testing"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// TestReturnsArePromisedToNobody: what is expected back stands apart from inbound, and neither is in ATP; the sum does not depend on the order, and a
// position survives its stored form.
func TestReturnsArePromisedToNobody(t *testing.T) {
	line := func(b schemas.Bucket, qty string) schemas.DeltaLine {
		return schemas.DeltaLine{SKU: "A", Bucket: b, Qty: schemas.MustDecimal(qty).Round(6, schemas.Down), BaseUOM: "EA"}
	}
	lines := []schemas.DeltaLine{
		line(schemas.BucketINBOUND_RETURN, "3"), line(schemas.BucketON_HAND, "10"), line(schemas.BucketINBOUND, "5"),
		line(schemas.BucketINBOUND_RETURN, "-1"), line(schemas.BucketOPEN_DEMAND, "4"), line(schemas.BucketSAFETY_STOCK, "1"),
	}
	for turn := range lines {
		st := projections.NewMemory()
		for i := range lines {
			delta := &schemas.StockDelta{Location: "DC1", Lines: []schemas.DeltaLine{lines[(i+turn)%len(lines)]}}
			if _, err := apply(st, schemas.Delivery{Event: delta}, projections.Env{}); err != nil {
				t.Fatal(err)
			}
		}
		stored, err := encode(nil, "", st.Get("A|DC1"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := decode("", stored)
		if err != nil {
			t.Fatal(err)
		}
		p := v.(*schemas.StockPosition)
		if p.Inbound.Text() != "5" || p.InboundReturns.V.Text() != "2" || p.ATP.Text() != "5" || p.Deltas != 6 {
			t.Errorf("turn %d: inbound %s, returns %s, ATP %s, %d deltas", turn, p.Inbound.Text(), p.InboundReturns.V.Text(), p.ATP.Text(), p.Deltas)
		}
	}
}

// TestUnknownBucketIsALetter and leaves the state as it was.
func TestUnknownBucketIsALetter(t *testing.T) {
	st := projections.NewMemory()
	delta := &schemas.StockDelta{Location: "DC1", Lines: []schemas.DeltaLine{{SKU: "A", Bucket: schemas.BucketON_HAND, BaseUOM: "EA"}, {SKU: "A", Bucket: "LENT", BaseUOM: "EA"}}}
	if _, err := apply(st, schemas.Delivery{Event: delta}, projections.Env{}); schemas.FateOf(err) != schemas.Poison || st.Get("A|DC1") != nil {
		t.Errorf("got %v, state %v", err, st.Get("A|DC1"))
	}
}
