package admission

import (
	"fmt"
	"testing"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

func TestCopiesOfAHeldEvent(t *testing.T) {
	k := newDesk(t)
	s := ship("O1", "S1", "2")
	k.say(s, ship("O1", "S1", "2"))
	if k.count(schemas.OutcomeHELD) != 1 || k.count(schemas.OutcomeDUPLICATE) != 1 {
		t.Fatalf("%d held, %d duplicates, want 1 and 1", k.count(schemas.OutcomeHELD), k.count(schemas.OutcomeDUPLICATE))
	}
	k.say(ship("O1", "S1", "3")) // same id, other content: never last write wins
	k.died(schemas.DeadLetterClassCONFLICT, "event_id was used before")
	if len(k.raised) != 1 || k.raised[0].Code != "CONFLICT" || k.raised[0].Thread != "O1" {
		t.Fatalf("%d exceptions, want the conflict in its thread", len(k.raised))
	}
	k.say(order("O1"))
	k.clean(1)
	same(t, "shipped", k.line("O1", "1").Shipped, "2")
	k.say(ship("O1", "S1", "2"))
	if k.count(schemas.OutcomeDUPLICATE) != 2 {
		t.Error("a copy after the release is a duplicate too")
	}
}

// A held event that turns out to be wrong dies when it is let go, without a trace; what waits for it goes on waiting, and a redrive meets the thread as if
// it had never come. Its letter counts the laps that it had made before it came to wait, or operators would redrive it once and never again.
func TestAHeldEventThatDiesOnRelease(t *testing.T) {
	k := newDesk(t)
	bad := ship("O1", "S1", "1")
	bad.Lines[0].OrderLineID = "9"
	d := k.delivery(bad)
	k.apply(d)
	k.say(invoice("O1", "I1", "S1"), order("O1"))
	k.died(schemas.DeadLetterClassCONTRACT, "not a line of the order")
	if held := k.held(); len(held) != 1 || held[0] != "invoice.issued waits for order, shipment:S1" {
		t.Fatalf("held %q, want the invoice alone", held)
	}
	same(t, "shipped", k.line("O1", "1").Shipped, "0")

	k = newDesk(t)
	first := k.delivery(bad)
	k.apply(first)
	k.say(order("O1"))
	letter := k.letters[0]
	if letter.Laps != 0 || letter.Topic != schemas.TopicThreads || letter.Offset != first.Offset || string(letter.Key) != "O1" {
		t.Fatalf("letter of lap %d at %s@%d under %q", letter.Laps, letter.Topic, letter.Offset, letter.Key)
	}
	k.letters = nil
	second := k.delivery(ship("O2", "S1", "9")) // another thread, whose order has not come: held again after a redrive
	second.Laps = 3
	k.apply(second)
	k.say(&schemas.OrderAccepted{Meta: meta("order", "O2"), OrderID: "O2", Terms: schemas.TermsPREPAID, Currency: "USD"})
	if len(k.letters) != 1 || k.letters[0].Laps != 3 {
		t.Fatalf("letters %q of lap %d, want lap 3", k.reasons(), k.letters[0].Laps)
	}
}

// Poison between good events of a thread: the rest flows, and after the redrive the state is that of a run in which nothing failed (S10).
func TestRedriveMeetsTheThreadAsIfItHadNeverCome(t *testing.T) {
	calm, k := newDesk(t), newDesk(t)
	events := func() []schemas.Event {
		return []schemas.Event{order("O1"), reserve("O1", "R1", "3"), ship("O1", "S1", "2@R1"), invoice("O1", "I1", "S1"), ship("O1", "S2", "1@R1")}
	}
	calm.say(events()...)
	calm.clean(0)
	all := events()
	late := all[2]
	k.say(all[0], all[1], all[3], all[4], late)
	k.clean(0)
	for _, id := range []string{"demand", "shipped", "invoiced"} {
		a, b := calm.line("O1", "1"), k.line("O1", "1")
		if !a.Demand.Equal(b.Demand) || !a.Shipped.Equal(b.Shipped) || !a.Invoiced.Equal(b.Invoiced) {
			t.Errorf("%s differs: %+v, want %+v", id, b, a)
		}
	}
}

func TestWhatWaitsForWhat(t *testing.T) {
	lost := &schemas.DisputeLost{Meta: meta("dispute", "D1 lost"), DisputeID: "D1", PaymentID: "P1", PSP: "psp", Settles: schemas.SettlesLOSS,
		Amount: schemas.Money{Amount: schemas.MustDecimal("5"), Currency: "USD"}}
	opened := &schemas.DisputeOpened{Meta: meta("dispute", "D1"), DisputeID: "D1", PaymentID: "P1", PSP: "psp", ReasonCode: "x", Amount: lost.Amount}
	settles := refund("O1", "F1", "5", schemas.SettlesCREDIT_MEMO)
	settles.CreditMemoID = "C1"
	named := credit("O1", "C1", schemas.CreditedGoodsKEPT, "1")
	named.InvoiceID = "I1"
	for _, c := range []struct {
		event  schemas.Event
		before []schemas.Event
		waits  string
		comes  schemas.Event
	}{
		{disposed("O1", "D1", "T1", "1"), []schemas.Event{order("O1")}, "receipt:T1", returned("O1", "T1", "", "1")},
		{returned("O1", "T1", "S1", "1"), []schemas.Event{order("O1")}, "shipment:S1", ship("O1", "S1", "1")},
		{lost, nil, "dispute:D1", opened},
		{settles, []schemas.Event{order("O1")}, "credit:C1", credit("O1", "C1", schemas.CreditedGoodsKEPT, "1")},
		{named, []schemas.Event{order("O1")}, "invoice:I1", bill("O1", "I1", "1")},
		{ship("O1", "S1", "1@R1"), []schemas.Event{order("O1")}, "reservation:R1", reserve("O1", "R1", "1")},
		{short("O1", "X1", "R1", "1", schemas.ShortOutcomeWAIT), []schemas.Event{order("O1")}, "reservation:R1", reserve("O1", "R1", "1")},
		{capture("O1", "P1", "5"), nil, "order", order("O1")},
		{cancel("O1", "C1", "1", "1", schemas.ReleasedFromOPEN_DEMAND), nil, "order", order("O1")},
	} {
		k := newDesk(t)
		k.say(c.before...)
		k.say(c.event)
		if held := k.held(); len(held) != 1 || held[0] != c.event.EventType()+" waits for "+c.waits {
			t.Errorf("%s: held %q, want it to wait for %s; letters %q", c.event.EventType(), held, c.waits, k.reasons())
			continue
		}
		k.say(c.comes)
		if len(k.held()) > 0 || len(k.letters) > 0 {
			t.Errorf("%s: after %s held %q, letters %q", c.event.EventType(), c.comes.EventType(), k.held(), k.reasons())
		}
		if got := k.canonical[len(k.canonical)-1]; got.EventType() != c.event.EventType() || got.Header().AdmittedAt.V != k.now {
			t.Errorf("last admitted: %s at %v, want %s at %v, when its prerequisite came", got.EventType(), got.Header().AdmittedAt.V, c.event.EventType(), k.now)
		}
	}
}

// A refund that does not say what it settles is never guessed; the corrected one is a new version of the document, and the other stays with its owner.
func TestRefundThatDoesNotSayWhatItSettles(t *testing.T) {
	k := newDesk(t)
	unknown := refund("O1", "F1", "5", "")
	k.say(order("O1"), unknown)
	if len(k.held()) != 1 {
		t.Fatalf("held %q", k.held())
	}
	k.say(again(refund("O1", "F1", "5", schemas.SettlesCUSTOMER_DEPOSIT)))
	if len(k.held()) != 1 || len(k.canonical) != 2 {
		t.Errorf("held %q, %d admitted", k.held(), len(k.canonical))
	}
	k.now += 9 * hour
	k.tick()
	k.tick()
	if len(k.raised) != 1 || k.raised[0].Code != "HOLD_OVERDUE" || k.raised[0].Owner != "Customer service" || k.count(schemas.OutcomeOVERDUE) != 1 {
		t.Errorf("%d exceptions, %d overdue: want one, told once to its owner", len(k.raised), k.count(schemas.OutcomeOVERDUE))
	}
}

// What is valued waits for its reference data; the first tick after that lets it through, with the tick's time, and all that waits for it.
func TestReferenceDataComesBetweenTwoTicks(t *testing.T) {
	k := newDesk(t)
	o := order("O1")
	o.Lines[0].Stock.SKU = "NEW"
	s := ship("O1", "S1", "1")
	s.Lines[0].Stock.SKU = "NEW"
	k.say(o, s, invoice("O1", "I1", "S1"))
	k.tick()
	if held := k.held(); len(held) != 2 || held[0] != "shipment.shipped waits for reference:item:NEW" {
		t.Fatalf("held %q", held)
	}
	k.refer(item("NEW", "2"))
	k.say(capture("O1", "P1", "5")) // another event lets nothing through that waits for a tick
	if len(k.held()) != 2 {
		t.Fatalf("held %q", k.held())
	}
	k.tick()
	k.clean(0)
	if at := last[*schemas.InvoiceIssued](k).Meta.AdmittedAt.V; at != k.now {
		t.Errorf("the invoice was admitted at %v, want the tick's %v", at, k.now)
	}
}

// A thread that waits is not written anew at every tick: ten thousand of them would fill the changelog.
func TestATickThatChangesNothingWritesNothing(t *testing.T) {
	k := newDesk(t)
	s := ship("O1", "S1", "1")
	s.Lines[0].Stock.SKU = "NEW"
	k.say(order("O1"), s)
	before, _ := encode(nil, progressKey("O1"), k.st.Get(progressKey("O1")))
	for range 3 {
		if _, err := apply(k.st, schemas.Delivery{Event: &schemas.Tick{}, AppendTime: k.now + 1e6}, projections.Env{Reference: k.reference}); err != nil {
			t.Fatal(err)
		}
		if changed := k.st.Changed(); len(changed) > 0 {
			t.Fatalf("the tick put %q", changed)
		}
	}
	if after, _ := encode(nil, progressKey("O1"), k.st.Get(progressKey("O1"))); string(before) != string(after) {
		t.Error("the tick changed a value that it did not put")
	}
}

func TestUnknownEntityRateAndRuleSet(t *testing.T) {
	k := newDesk(t)
	k.reference = projections.NewReference()
	o := order("O1")
	o.Meta.LegalEntity, o.Currency = "DE", "USD"
	k.say(o)
	for _, step := range []struct {
		waits string
		comes schemas.Event
	}{
		{"reference:entity:DE", &schemas.ReferenceEntity{Entity: "DE", Version: "1", FunctionalCurrency: "EUR", Zone: "Europe/Berlin"}},
		{"reference:rule_set", &schemas.ReferenceRuleSet{Name: "2026-01", Version: "1"}},
		{"reference:rate:USD/EUR", &schemas.ReferenceRate{Base: "USD", Quote: "EUR", Version: "1", RateDate: schemas.DateOf(start.Time()) - 5, Rate: schemas.MustDecimal("0.9")}},
	} {
		if held := k.held(); len(held) != 1 || held[0] != "order.accepted waits for "+step.waits {
			t.Fatalf("held %q, want %s", held, step.waits)
		}
		k.refer(step.comes)
		k.tick()
	}
	k.clean(0)
	fx := last[*schemas.OrderAccepted](k).FX
	if fx == nil || fx.RateType != schemas.RateTypePREPAYMENT || fx.FunctionalCurrency != "EUR" {
		t.Errorf("rate %+v", fx)
	}
}

// A thread's record grows by 24 bytes an event, and what ended its hold leaves nothing behind.
func TestGrowthOfTheProgressRecord(t *testing.T) {
	k := newDesk(t)
	k.say(order("O1"))
	size := func() int {
		b, err := encode(nil, progressKey("O1"), k.st.Get(progressKey("O1")))
		if err != nil {
			t.Fatal(err)
		}
		return len(b)
	}
	small := size()
	for i := range 1000 {
		k.say(capture("O1", fmt.Sprint("P", i), "1"))
	}
	if per := (size() - small) / 1000; per > 24 {
		t.Errorf("%d bytes an event", per)
	}
	held := refund("O1", "F1", "1", schemas.SettlesCREDIT_MEMO)
	held.CreditMemoID = "C1"
	k.say(held, credit("O1", "C1", schemas.CreditedGoodsKEPT, "1"))
	if left := append(k.st.Keys("h"), k.st.Keys("w")...); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
