package audit

import (
	"context"
	"maps"
	"slices"

	"github.com/throughline/throughline/schemas"
)

// A position says of how many delta lines it is the sum. So it can be checked while the fold runs: it must equal the sum of the first so many lines of
// its SKU and location, and every line that the fold has passed must be among them (I3, I5).

// sums are the buckets of a position in the order of the formula of ATP, in millionths.
type sums [7]schemas.Decimal

var bucketOrder = []schemas.Bucket{schemas.BucketON_HAND, schemas.BucketUNAVAILABLE, schemas.BucketRESERVED, schemas.BucketOPEN_DEMAND, schemas.BucketINBOUND, schemas.BucketSAFETY_STOCK,
	schemas.BucketINBOUND_RETURN}

func (s *sums) add(t sums) {
	for i := range s {
		s[i] = s[i].Add(t[i])
	}
}

func (s *sums) equal(t sums) bool {
	for i := range s {
		if !s[i].Equal(t[i]) && !(s[i].IsZero() && t[i].IsZero()) {
			return false
		}
	}
	return true
}

// shelf is one SKU at one location.
type shelf struct {
	stated bool // a position stands
	says   sums
	deltas int64 // of how many lines it is the sum
	wrong  bool  // its ATP is not what its own buckets give
	at     place

	sum     sums
	lines   int64 // seen so far
	passed  int64 // of them, those that the fold must have seen
	agreed  bool  // the first so many lines sum to what it says
	dead    sums  // of lines whose delta died at the fold
	died    int64
	lastRef place // the newest delta
}

type positions struct {
	*check
	shelves map[string]*shelf
}

func newPositions(c *check) *positions { return &positions{c, map[string]*shelf{}} }

func (p *positions) shelf(sku, location string) *shelf {
	k := sku + "|" + location
	s := p.shelves[k]
	if s == nil {
		s = &shelf{}
		p.shelves[k] = s
	}
	return s
}

// take keeps the newest position of each key.
func (p *positions) take(r *run, d schemas.Delivery, err error) {
	x, ok := d.Event.(*schemas.StockPosition)
	if err != nil || !ok {
		r.find(p.check, r.tally.place(d.Position), Finding{Kind: Unreadable, Invariant: "I5", Detail: "it is no stock position", Do: doForeign(d.Topic)})
		return
	}
	p.Records++
	s := p.shelf(x.SKU, x.Location)
	s.stated, s.deltas, s.at = true, x.Deltas, r.tally.place(d.Position)
	s.says = sums{x.OnHand, x.Unavailable, x.Reserved, x.OpenDemand, x.Inbound, x.SafetyStock, x.InboundReturns.V}
	s.wrong = !x.ATP.Equal(x.OnHand.Sub(x.Unavailable).Sub(x.Reserved).Sub(x.OpenDemand).Sub(x.SafetyStock))
}

// takeDelta adds one delta record. Its lines of one shelf are added before the shelf is looked at: a fold emits whole records.
func (p *positions) takeDelta(r *run, e *schemas.StockDelta, at schemas.Position) {
	passed, died := r.horizon.passed(schemas.Group("atp"), at), r.died(schemas.Group("atp"), at)
	touched := make([]*shelf, 0, len(e.Lines))
	for i := range e.Lines {
		l := &e.Lines[i]
		s := p.shelf(l.SKU, e.Location)
		var change sums
		if b := slices.Index(bucketOrder, l.Bucket); b >= 0 {
			change[b] = l.Qty
		}
		s.lastRef = r.tally.place(at)
		if died {
			s.died++
			s.dead.add(change)
			continue
		}
		s.sum.add(change)
		if s.lines++; passed {
			s.passed++
		}
		touched = append(touched, s)
	}
	for _, s := range touched {
		if s.lines == s.deltas {
			s.agreed = s.sum.equal(s.says)
		}
	}
}

// judge compares each position with what its deltas gave. Where deltas died at the fold and some were redriven, they came in another order: then only the
// sums with and without them are compared.
func (p *positions) judge(r *run) {
	for _, name := range slices.Sorted(maps.Keys(p.shelves)) {
		s := p.shelves[name]
		f := Finding{Kind: Differs, Invariant: "I5", ID: name, Do: "rebuild the positions from the deltas: stop role atp, delete its state directory and changelog, start it; first find out who else may write " + schemas.TopicPositions}
		with := s.sum
		with.add(s.dead)
		switch {
		case s.wrong:
			f.Detail = "its atp is not on_hand - unavailable - reserved - open_demand - safety_stock"
		case s.died > 0 && (s.sum.equal(s.says) || with.equal(s.says) || s.passed < s.lines):
			p.Dead += s.died
			continue
		case !s.stated && s.passed > 0:
			f.Kind, f.Lacks, f.Detail = Missing, true, "deltas stand, the fold has passed them, and there is no position"
		case !s.stated, s.agreed && s.deltas >= s.passed:
			if s.lines > s.deltas {
				p.Pending++
			}
			continue
		case s.agreed:
			f.Detail = "the fold has passed more deltas than it sums"
		case s.deltas > s.lines:
			f.Detail = "it says that it sums more deltas than stand"
		default:
			f.Detail = "it is not the sum of its deltas: " + difference(s.says, s.sum)
		}
		at := s.at
		if !s.stated {
			at = s.lastRef
		}
		r.find(p.check, at, f)
	}
}

func difference(says, sum sums) string {
	for i, b := range bucketOrder {
		if !says[i].Equal(sum[i]) {
			return string(b) + " is " + says[i].Text() + ", the deltas to the end of the topic sum to " + sum[i].Text()
		}
	}
	return "its buckets were other ones when it summed so many"
}

// takePosition adapts take to a stage of gather.
func (r *run) takePosition(_ context.Context, d schemas.Delivery, err error) error {
	r.positions.take(r, d, err)
	return nil
}
