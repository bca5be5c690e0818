package simulate

import (
	"slices"

	"github.com/throughline/throughline/schemas"
)

// plot is what becomes of an order, and which deals and lines it needs.
//
// Two shipments of one line may be admitted in either order, and then either carries the line's odd cent. So plots that ship one line twice
// sell for dollars and keep both within a month: the sum by account and month is then the same whatever the order.
type plot struct {
	name       string
	cards      int // how often it lies in the deck
	deals      []deal
	leastLines int
	leastQty   int64
	extras     bool // a charge, and for some a gift card
	consigned  bool
	ours       bool // until they are delivered
	changes    bool // the order
	play       func(r *run, o *order)
}

func plots() []plot {
	return []plot{
		{name: "plain", cards: 5, deals: everyDeal(), play: playPlain},
		{name: "charges and a gift card", cards: 2, deals: everyDeal(), extras: true, play: playPlain},
		{name: "consigned goods", cards: 1, deals: everyDeal(), consigned: true, play: playPlain},
		{name: "lines apart", cards: 3, deals: everyDeal(), leastLines: 2, play: playApart},
		{name: "line by line abroad", cards: 2, deals: []deal{webEUR, cardEUR, webGBP}, leastLines: 4, play: playOneByOne},
		{name: "a line in two parts", cards: 4, deals: dollarDeals(), leastQty: 3, play: playSplit},
		{name: "a line in three parts", cards: 1, deals: dollarDeals(), leastQty: 3, play: playThirds},
		{name: "backorder", cards: 2, deals: dollarDeals(), leastQty: 3, play: playBackorder},
		{name: "short and cancelled", cards: 2, deals: prepaidDeals(), leastQty: 3, play: playShortCancel},
		{name: "substitute", cards: 1, deals: everyDeal(), leastQty: 2, play: playSubstitute},
		{name: "short but waited for", cards: 1, deals: dollarDeals(), leastQty: 3, play: playWait},
		{name: "partly cancelled", cards: 2, deals: everyDeal(), leastQty: 3, play: playCancelPart},
		{name: "cancelled", cards: 1, deals: prepaidDeals(), play: playCancelAll},
		{name: "cancelled after the pick", cards: 1, deals: prepaidDeals(), leastQty: 2, leastLines: 2, play: playCancelPicked},
		{name: "from elsewhere", cards: 1, deals: everyDeal(), play: playElsewhere},
		{name: "never reserved", cards: 1, deals: everyDeal(), play: playUnreserved},
		{name: "returned", cards: 6, deals: everyDeal(), leastQty: 2, play: playReturned},
		{name: "returned twice", cards: 1, deals: everyDeal(), play: playReturnedTwice},
		{name: "return given up", cards: 1, deals: everyDeal(), leastQty: 2, play: playReturnGivenUp},
		{name: "kept", cards: 1, deals: everyDeal(), leastQty: 3, play: playKept},
		{name: "billed ahead", cards: 2, deals: prepaidDeals(), leastQty: 3, play: playBilledAhead},
		{name: "dispute lost", cards: 2, deals: []deal{webUSD, walletUSD}, leastQty: 2, play: playDispute},
		{name: "dispute of what never shipped", cards: 1, deals: []deal{walletUSD}, play: playDisputeDeposit},
		{name: "written off", cards: 2, deals: []deal{b2bUSD, b2bEUR, b2bGBP}, play: func(r *run, o *order) { playWrittenOff(r, o, false) }},
		{name: "written off and paid", cards: 1, deals: []deal{b2bUSD, b2bEUR}, play: func(r *run, o *order) { playWrittenOff(r, o, true) }},
		{name: "invoice voided", cards: 1, deals: everyDeal(), play: playInvoiceVoided},
		{name: "shipment voided", cards: 1, deals: prepaidDeals(), play: playShipmentVoided},
		{name: "delivered", cards: 2, deals: everyDeal(), ours: true, play: playPlain},
		{name: "delivered and returned", cards: 1, deals: everyDeal(), leastQty: 2, ours: true, play: playReturned},
		{name: "lost, ours", cards: 1, deals: prepaidDeals(), ours: true, play: playLost},
		{name: "lost, the customer's", cards: 1, deals: everyDeal(), play: playLost},
		{name: "undelivered", cards: 1, deals: prepaidDeals(), ours: true, play: playUndelivered},
		{name: "shipped anew", cards: 1, deals: []deal{webUSD, walletUSD, bankUSD, codUSD, amazonUS}, play: playShippedAnew},
		{name: "changed", cards: 1, deals: []deal{webUSD, walletUSD, bankUSD}, leastQty: 3, changes: true, play: playChanged},
		{name: "stopped", cards: 1, deals: everyDeal(), leastQty: 2, play: func(r *run, o *order) { playStop(r, o, true) }},
		{name: "not stopped", cards: 1, deals: everyDeal(), leastQty: 2, play: func(r *run, o *order) { playStop(r, o, false) }},
		{name: "never captured", cards: 1, deals: []deal{webUSD, cardEUR, webGBP}, play: playNeverCaptured},
		{name: "declined", cards: 1, deals: []deal{webUSD, walletUSD, webEUR}, play: playDeclined},
		{name: "capture missing", cards: 1, deals: []deal{webUSD, walletUSD}, play: playCaptureMissing},
		{name: "refund failed", cards: 1, deals: []deal{webUSD, bankUSD, webEUR, cardEUR}, play: playRefundFailed},
		{name: "dispute won", cards: 1, deals: []deal{walletUSD}, play: playDisputeWon},
		{name: "gift card given back", cards: 1, deals: []deal{walletUSD, bankUSD}, extras: true, play: playCardGivenBack},
		{name: "never back", cards: 1, deals: []deal{webUSD, walletUSD, bankUSD, webEUR, cardEUR, webGBP, b2bUSD}, leastQty: 2, play: playNeverBack},
		{name: "captured twice", cards: 1, deals: []deal{webUSD, walletUSD}, play: playCapturedTwice},
	}
}

// nextPlot deals from a shuffled deck, so that every plot comes up within one deck's number of orders.
func (r *run) nextPlot() plot {
	if len(r.deck) == 0 {
		for _, p := range plots() {
			for range p.cards {
				r.deck = append(r.deck, p)
			}
		}
		r.rng.Shuffle(len(r.deck), func(i, j int) { r.deck[i], r.deck[j] = r.deck[j], r.deck[i] })
	}
	p := r.deck[len(r.deck)-1]
	r.deck = r.deck[:len(r.deck)-1]
	return p
}

// fulfil ships and bills parts a day after at, and lets the customer pay. It is what most plots have in common.
func (r *run) fulfil(o *order, at schemas.Time, parts []part) (*shipment, *invoice) {
	s := r.ship(o, r.later(at, 1, 3*hour), parts)
	if r.chance(30) {
		s.event.LabelPrice = &schemas.Money{Amount: schemas.NewDecimal(45000+100*r.rng.Int64N(1000), 4), Currency: Functional}
		r.billFreight(o, s)
	}
	inv := r.bill(o, s.at+hour, s)
	if o.ours() || r.chance(15) {
		r.deliver(o, s)
	}
	r.collect(o, inv)
	if o.marketplace {
		r.promote(o, s.at)
	}
	return s, inv
}

// soon is when a second shipment follows: a day later, or the same evening where the month ends.
func soon(at schemas.Time) schemas.Time {
	if sameMonth(at, at+day+3*hour) {
		return at + day
	}
	return at + hour
}

func playPlain(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	parts := o.all()
	if r.chance(15) { // a soft reservation moves nothing
		r.reserveAs(o, o.at+5*minute, schemas.HardnessSOFT, parts)
	}
	r.fulfil(o, o.at, r.reserve(o, o.at+10*minute, parts))
}

func playApart(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	parts := r.reserve(o, o.at+10*minute, o.all())
	r.fulfil(o, o.at, parts[:1])
	r.fulfil(o, o.at+2*day, parts[1:])
}

// playOneByOne ships and bills each line by itself, and moves away what rounding has left of the deposit.
func playOneByOne(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	var owed []schemas.Decimal
	for i, p := range r.reserve(o, o.at+10*minute, o.all()) {
		_, inv := r.fulfil(o, o.at+schemas.Time(i)*day, []part{p})
		owed = append(owed, inv.owed)
	}
	r.roundOff(o, o.at+20*day, owed...)
}

// playThirds ships a line in three parts, an hour between them.
func playThirds(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	first, rest := split(r.reserve(o, o.at+10*minute, o.all()), 1)
	second, third := split(rest, 1)
	s := r.ship(o, r.later(o.at, 1, 3*hour), first)
	r.collect(o, r.bill(o, s.at+hour, s))
	for i, parts := range [][]part{second, third} {
		t := r.ship(o, s.at+schemas.Time(i+1)*10*minute, parts)
		r.collect(o, r.bill(o, t.at+hour, t))
	}
	if o.marketplace {
		r.promote(o, s.at+20*minute)
	}
}

func playSplit(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	first, rest := split(r.reserve(o, o.at+10*minute, o.all()), 1)
	s := r.ship(o, r.later(o.at, 1, 3*hour), first)
	r.collect(o, r.bill(o, s.at+hour, s))
	t := r.ship(o, soon(s.at), rest)
	r.collect(o, r.bill(o, t.at+hour, t))
	if o.marketplace {
		r.promote(o, t.at)
	}
}

// playBackorder: a part is not there, waits in open demand, and is reserved and shipped later.
func playBackorder(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	first, rest := split(r.reserve(o, o.at+10*minute, o.all()), 2)
	at := r.later(o.at, 1, 3*hour)
	cause := pick(r, schemas.ShortCauseCAPACITY, schemas.ShortCauseSTOCK_NOT_FOUND, schemas.ShortCauseCARRIER)
	r.short(o, at, rest[0], cause, schemas.ShortOutcomeBACKORDER)
	if cause == schemas.ShortCauseSTOCK_NOT_FOUND { // what was promised is gone: other pieces must serve
		r.take(rest[0].item, rest[0].place, rest[0].item.base(rest[0].n), o.at)
	}
	s := r.ship(o, at+10*minute, first)
	r.collect(o, r.bill(o, s.at+hour, s))
	t := r.ship(o, soon(s.at)+20*minute, r.reserve(o, s.at+30*minute, rest))
	r.collect(o, r.bill(o, t.at+hour, t))
}

// playShortCancel is the worked example's story: a piece is broken, the customer gets its money back.
func playShortCancel(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	first, rest := split(r.reserve(o, o.at+10*minute, o.all()), o.goods()[0].qty-1)
	at := r.later(o.at, 1, 3*hour)
	r.short(o, at, rest[0], pick(r, schemas.ShortCauseDAMAGED, schemas.ShortCauseDATA), schemas.ShortOutcomeCANCEL)
	r.cancel(o, at+30*minute, rest, schemas.ReleasedFromNONE, "WAREHOUSE")
	s := r.ship(o, at+10*minute, first)
	r.bill(o, s.at+hour, s)
	r.giveBack(o, at+2*hour, rest)
}

// giveBack refunds from the deposit what was paid for parts that will not ship: the last ones of their lines.
func (r *run) giveBack(o *order, at schemas.Time, parts []part) {
	sum := schemas.NewDecimal(0, 4)
	for _, p := range parts {
		sum = sum.Add(p.line.worth(p.line.qty-p.n, p.n))
	}
	if o.prepaid() {
		r.refund(o, at, sum, schemas.SettlesCUSTOMER_DEPOSIT, "")
	}
}

// playSubstitute ships another item than was ordered, for the same money.
func playSubstitute(r *run, o *order) {
	parts := o.all()
	i := slices.IndexFunc(parts, func(p part) bool { return p.item.loose() })
	if i < 0 { // nothing that another item could stand in for, piece by piece
		playPlain(r, o)
		return
	}
	parts[0], parts[i] = parts[i], parts[0]
	r.pay(o, o.at+2*minute)
	parts = r.reserve(o, o.at+10*minute, parts)
	at := r.later(o.at, 1, 3*hour)
	r.short(o, at, parts[0], schemas.ShortCauseCAPACITY, schemas.ShortOutcomeSUBSTITUTE)
	other := parts[0]
	for other.item == parts[0].item || !other.item.loose() {
		other.item = r.items[r.rng.IntN(len(r.items)-1)]
	}
	r.take(other.item, other.place, other.item.base(other.n), o.at)
	parts[0] = r.reserve(o, at+10*minute, []part{other})[0]
	r.fulfil(o, o.at+day, parts)
}

// loose says that the item is counted in single pieces.
func (it *item) loose() bool { return it.uom == "EA" && it.caseUOM == "" }

func playWait(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	first, rest := split(r.reserve(o, o.at+10*minute, o.all()), 2)
	at := r.later(o.at, 1, 3*hour)
	r.short(o, at, rest[0], schemas.ShortCauseSTOCK_NOT_FOUND, schemas.ShortOutcomeWAIT)
	s := r.ship(o, at+10*minute, first)
	r.collect(o, r.bill(o, s.at+hour, s))
	t := r.ship(o, soon(s.at), rest)
	r.collect(o, r.bill(o, t.at+hour, t))
}

func playCancelPart(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	first, rest := split(r.reserve(o, o.at+10*minute, o.all()), o.goods()[0].qty-2)
	at := o.at + 40*minute
	r.release(o, at, rest, schemas.ReservationStateRESERVED, "CUSTOMER")
	r.cancel(o, at+minute, rest, schemas.ReleasedFromOPEN_DEMAND, "CUSTOMER")
	r.giveBack(o, at+2*minute, rest)
	r.fulfil(o, o.at, first)
}

func playCancelAll(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	r.cancel(o, o.at+20*minute, o.all(), schemas.ReleasedFromOPEN_DEMAND, "CUSTOMER")
	r.giveBack(o, o.at+30*minute, o.all())
}

// playCancelPicked: what was picked stays on hold until somebody counts it; nobody does.
func playCancelPicked(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	parts := r.reserve(o, o.at+10*minute, o.all())
	at := r.later(o.at, 1, 0)
	r.release(o, at, parts[:1], pick(r, schemas.ReservationStatePICKED, schemas.ReservationStatePACKED), "CUSTOMER")
	r.cancel(o, at+minute, parts[:1], schemas.ReleasedFromOPEN_DEMAND, "CUSTOMER")
	r.giveBack(o, at+2*minute, parts[:1])
	r.fulfil(o, o.at+day, parts[1:])
}

// playElsewhere moves the reservation to another warehouse: demand stands where the order put it, stock leaves where it was reserved.
func playElsewhere(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	parts := r.reserve(o, o.at+10*minute, o.all())
	r.release(o, o.at+20*minute, parts, schemas.ReservationStateRELEASED, "WAREHOUSE_CLOSED")
	for i := range parts {
		for parts[i].place == o.place {
			parts[i].place = pick(r, r.places...)
		}
		parts[i].place = parts[0].place
		r.take(parts[i].item, parts[i].place, parts[i].item.base(parts[i].n), o.at)
	}
	r.fulfil(o, o.at, r.reserve(o, o.at+30*minute, parts))
}

func playUnreserved(r *run, o *order) {
	r.pay(o, o.at+2*minute)
	r.fulfil(o, o.at, o.all())
}
