package simulate

import (
	"iter"
	"strconv"

	"github.com/throughline/throughline/schemas"
)

// refill is after how many orders of a trickle the suppliers deliver again.
const refill = 500

// Trickle lets small orders come for ever. Each instant that the caller gives starts one order and moves every order that is under way
// one step on (accepted, reserved, picked, packed, shipped, invoiced, captured, settled), so that a life takes eight instants; suppliers
// deliver first, and every so often. Ids come from the instants, which must rise: a company that is started again later says nothing
// twice. It ends when the instants end.
func (c *Company) Trickle(instants iter.Seq[schemas.Time]) iter.Seq[schemas.Event] {
	return func(yield func(schemas.Event) bool) {
		var under [][]schemas.Event // way of each open order that is still to come
		n := 0
		for now := range instants {
			var due []schemas.Event
			if n%refill == 0 {
				due = c.lives.receipts(c.lives.small[:], strconv.FormatInt(int64(now), 36), now, 10*refill)
			}
			life := &Life{}
			life.fill(c.lives.small[n%lifeKinds], int64(now), now, 0)
			n++
			under = append(under, life.Events())
			for i := range under {
				under[i][0].Header().OccurredAt = now
				if shipped, ok := under[i][0].(*schemas.ShipmentShipped); ok {
					shipped.HandedOverAt = schemas.Some(now)
				}
				due = append(due, under[i][0])
				under[i] = under[i][1:]
			}
			if len(under[0]) == 0 {
				under = under[1:]
			}
			for _, e := range due {
				if !yield(e) {
					return
				}
			}
		}
	}
}
