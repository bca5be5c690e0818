package simulate

import (
	"container/heap"
	"fmt"
	"math/rand/v2"

	"github.com/throughline/throughline/schemas"
)

// run is one playing of the company's story. Orders are planned to their end when they come; what they will say waits in the agenda
// until its time, so that memory holds the open stories only.
type run struct {
	*world
	rng     *rand.Rand
	agenda  agenda
	said    int // events and appointments so far: breaks ties of time
	now     schemas.Time
	stock   map[shelf]int64 // base units free to promise, thousandths
	batches map[string]*batch
	cards   []*giftCard // sold, and worth something
	deck    []plot
	ids     map[string]int
	kept    map[shelf]int64 // base units that are never promised, thousandths

	remittances map[string]*remittance // by currency, the next one
	counter     int                    // gift cards sold at the counter
}

type shelf struct {
	item  *item
	place string
}

type giftCard struct {
	ref   string
	worth schemas.Decimal
	from  schemas.Time
}

func newRun(c *Company) *run {
	return &run{world: c.world, rng: rand.New(rand.NewPCG(c.cfg.Seed, stream+1)), stock: map[shelf]int64{},
		batches: map[string]*batch{}, ids: map[string]int{}, kept: map[shelf]int64{}, remittances: map[string]*remittance{}}
}

// play yields the story in the order of occurred_at.
func (r *run) play(yield func(schemas.Event) bool) {
	r.openHouse(r.orderTime(0))
	for i := range r.cfg.Orders {
		at := r.orderTime(i)
		if !r.speakUntil(at, yield) {
			return
		}
		r.newOrder(i, at)
	}
	r.speakUntil(1<<62, yield)
}

// orderTime spreads the orders over the configured days, 13:00 to 21:00 UTC, which is business time on the east coast.
func (r *run) orderTime(i int) schemas.Time {
	slot := int64(i) * int64(r.cfg.Days) * 28_800 / int64(r.cfg.Orders) // seconds of business time since the first day
	return schemas.Time(firstDay)*day + schemas.Time(slot/28_800)*day + 13*hour + schemas.Time(slot%28_800)*second
}

// lastOrder is when routine work ends: the stories that still run need none.
func (r *run) lastOrder() schemas.Time { return r.orderTime(r.cfg.Orders - 1) }

func (r *run) speakUntil(until schemas.Time, yield func(schemas.Event) bool) bool {
	for len(r.agenda) > 0 && r.agenda[0].at < until {
		next := heap.Pop(&r.agenda).(appointment)
		r.now = next.at
		if next.do != nil {
			next.do()
		} else if !yield(next.event) {
			return false
		}
	}
	return true
}

// say publishes e at an instant that is not before now.
func (r *run) say(at schemas.Time, e schemas.Event, source schemas.Source, refs ...string) {
	stamp(e, at, source, "Z", refs...)
	r.put(appointment{at: at, event: e})
}

// sayLocally is say for systems that think in local time, as warehouses do.
func (r *run) sayLocally(at schemas.Time, e schemas.Event, source schemas.Source, refs ...string) {
	stamp(e, at, source, "-05:00", refs...)
	r.put(appointment{at: at, event: e})
}

// then does something at a later instant.
func (r *run) then(at schemas.Time, do func()) { r.put(appointment{at: at, do: do}) }

func (r *run) put(a appointment) {
	r.said++
	a.turn = r.said
	heap.Push(&r.agenda, a)
}

// id numbers documents of a kind.
func (r *run) id(kind string) string {
	r.ids[kind]++
	return fmt.Sprintf("%s-%06d", kind, r.ids[kind])
}

// later is a number of days and up to 50 minutes after at, so that a day's work stays within its day.
func (r *run) later(at schemas.Time, days int, least schemas.Time) schemas.Time {
	return at + schemas.Time(days)*day + least + schemas.Time(r.rng.Int64N(int64(8*minute)))
}

func (r *run) chance(percent int) bool { return r.rng.IntN(100) < percent }

func pick[T any](r *run, from ...T) T { return from[r.rng.IntN(len(from))] }

// appointment is an event to publish or a thing to do.
type appointment struct {
	at    schemas.Time
	turn  int
	event schemas.Event
	do    func()
}

type agenda []appointment

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].turn < a[j].turn
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(appointment)) }
func (a *agenda) Pop() any {
	old := *a
	last := old[len(old)-1]
	old[len(old)-1] = appointment{}
	*a = old[:len(old)-1]
	return last
}
