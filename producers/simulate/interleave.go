package simulate

import (
	"cmp"
	"math/rand/v2"
	"reflect"
	"slices"

	"github.com/throughline/throughline/schemas"
)

// Document is what one source document says on one topic, in the order that the topic keeps.
type Document struct {
	Topic, Key string // an intake topic and the record key
	Events     []schemas.Event
}

// Thread is what belongs together, in the order in which it happened: an order, or a root document where there is no order.
type Thread struct {
	ID     string
	Events []schemas.Event
}

// Documents groups events by intake topic and document, in the order of first appearance.
func Documents(events []schemas.Event) []Document {
	var out []Document
	at := map[[2]string]int{}
	for _, e := range events {
		topic, _ := schemas.IntakeTopic(e)
		key := schemas.DocumentKey(e.Header().Source)
		i, ok := at[[2]string{topic, key}]
		if !ok {
			i = len(out)
			at[[2]string{topic, key}] = i
			out = append(out, Document{Topic: topic, Key: key})
		}
		out[i].Events = append(out[i].Events, e)
	}
	return out
}

// Threads groups events by thread, in the order of first appearance. A void stands in its original's thread.
func Threads(events []schemas.Event) []Thread {
	var out []Thread
	at := map[string]int{}
	for i, id := range threadsOf(events) {
		n, ok := at[id]
		if !ok {
			n = len(out)
			at[id] = n
			out = append(out, Thread{ID: id})
		}
		out[n].Events = append(out[n].Events, events[i])
	}
	return out
}

func threadsOf(events []schemas.Event) []string {
	out, byID := make([]string, len(events)), make(map[schemas.UUID]string, len(events))
	for i, e := range events {
		m := e.Header()
		if out[i] = schemas.Thread(e); out[i] == "" && m.Correction != nil {
			out[i] = byID[m.Correction.CorrectedEventID]
		}
		byID[m.EventID] = out[i]
	}
	return out
}

// Shuffle says how badly a delivery goes. The zero value is any order at all, everything once.
type Shuffle struct {
	Window     int // events stay within about so many places of where they were; 0: anywhere
	Duplicates int // percent of the events that are delivered a second time, later
	Late       int // percent of the threads whose prerequisites (order, reservation, shipment, invoice, credit memo, dispute, receipt) come after all the rest
}

// Interleave delivers events in another order. Each topic keeps its order per document, which is all that Kafka promises to a
// source; a second delivery comes after the first. events must be in the order of their happening, and is not changed. The same
// seed gives the same order.
func Interleave(seed uint64, events []schemas.Event, how Shuffle) []schemas.Event {
	rng := rand.New(rand.NewPCG(seed, stream+3))
	reach := how.Window
	if reach <= 0 {
		reach = len(events) + 1
	}
	places := places(rng, events, how)
	keepDocuments(events, places)
	type delivery struct {
		place, turn int
		event       schemas.Event
	}
	out := make([]delivery, 0, len(events))
	for i, e := range events {
		out = append(out, delivery{places[i], i, e})
		if rng.IntN(100) < how.Duplicates {
			out = append(out, delivery{places[i] + 1 + rng.IntN(reach), len(events) + i, again(e)})
		}
	}
	slices.SortFunc(out, func(a, b delivery) int { return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.turn, b.turn)) })
	shuffled := make([]schemas.Event, len(out))
	for i, d := range out {
		shuffled[i] = d.event
	}
	return shuffled
}

// places draws where each event goes, prerequisites of unlucky threads behind everything else.
func places(rng *rand.Rand, events []schemas.Event, how Shuffle) []int {
	threads := threadsOf(events)
	late := map[string]bool{}
	last := map[string]int{}
	out := make([]int, len(events))
	for i := range events {
		if _, seen := late[threads[i]]; !seen {
			late[threads[i]] = rng.IntN(100) < how.Late
		}
		if how.Window > 0 {
			out[i] = i + rng.IntN(how.Window)
		} else {
			out[i] = rng.IntN(len(events))
		}
		last[threads[i]] = max(last[threads[i]], out[i])
	}
	for i, e := range events {
		if late[threads[i]] && prerequisite(e) {
			out[i] = last[threads[i]] + 1 + rng.IntN(1+len(events)/10)
		}
	}
	return out
}

// keepDocuments moves an event behind its predecessor in the same document.
func keepDocuments(events []schemas.Event, places []int) {
	behind := map[[2]string]int{}
	for i, e := range events {
		topic, _ := schemas.IntakeTopic(e)
		key := [2]string{topic, schemas.DocumentKey(e.Header().Source)}
		if before, ok := behind[key]; ok {
			places[i] = max(places[i], before)
		}
		behind[key] = places[i]
	}
}

func prerequisite(e schemas.Event) bool {
	switch e.(type) {
	case *schemas.OrderAccepted, *schemas.InventoryReserved, *schemas.ShipmentShipped, *schemas.InvoiceIssued, *schemas.CreditMemoIssued,
		*schemas.DisputeOpened, *schemas.ReturnAuthorised, *schemas.ReturnReceived, *schemas.RefundIssued, *schemas.ShipmentReturnedToSender,
		*schemas.InventoryTransferDispatched:
		return true
	}
	return false
}

// again is a second delivery: the same content, one attempt more.
func again(e schemas.Event) schemas.Event {
	twin := reflect.New(reflect.TypeOf(e).Elem())
	twin.Elem().Set(reflect.ValueOf(e).Elem())
	second := twin.Interface().(schemas.Event)
	second.Header().Source.DeliveryAttempt++
	return second
}

// Overlap lets two producers deliver events between them, each in an order of its own: about a third of the documents comes from the first,
// a third from the second, and a third from both. Put the two on topics with different partitioners.
func Overlap(seed uint64, events []schemas.Event, how Shuffle) (first, second []schemas.Event) {
	rng := rand.New(rand.NewPCG(seed, stream+4))
	who := map[[2]string]int{}
	for _, e := range events {
		topic, _ := schemas.IntakeTopic(e)
		key := [2]string{topic, schemas.DocumentKey(e.Header().Source)}
		n, ok := who[key]
		if !ok {
			n = rng.IntN(3)
			who[key] = n
		}
		if n != 1 {
			first = append(first, e)
		}
		if n == 2 {
			second = append(second, again(e))
		} else if n == 1 {
			second = append(second, e)
		}
	}
	return Interleave(rng.Uint64(), first, how), Interleave(rng.Uint64(), second, how)
}
