package admission

import (
	"testing"

	"github.com/throughline/throughline/schemas"
)

// codes are what was raised, since the last call.
func (k *desk) codes() (all []string) {
	for _, x := range k.raised {
		all = append(all, x.Code)
	}
	k.raised = nil
	return all
}

// The same document under another event id is booked, and told: it may be the correction that overtook a void (domain.md §1.5; E8).
func TestADocumentThatComesTwiceIsTold(t *testing.T) {
	for what, c := range map[string]struct {
		before []schemas.Event
		e      func() schemas.Event
		code   string
	}{
		"a shipment":      {nil, func() schemas.Event { return ship("O1", "S1", "1") }, "E8"},
		"an invoice":      {[]schemas.Event{ship("O1", "S1", "1")}, func() schemas.Event { return bill("O1", "I1", "1") }, "DOCUMENT_TWICE"},
		"a credit memo":   {[]schemas.Event{ship("O1", "S1", "3")}, func() schemas.Event { return credit("O1", "C1", schemas.CreditedGoodsKEPT, "1") }, "DOCUMENT_TWICE"},
		"a return's scan": {[]schemas.Event{ship("O1", "S1", "3")}, func() schemas.Event { return returned("O1", "T1", "S1", "1") }, "DOCUMENT_TWICE"},
	} {
		t.Run(what, func(t *testing.T) {
			k := newDesk(t)
			k.say(order("O1"))
			k.say(c.before...)
			k.say(c.e())
			k.clean(0)
			second := c.e()
			second.Header().EventID = schemas.NamedID("another version")
			k.say(second)
			if got := k.codes(); len(got) != 1 || got[0] != c.code || len(k.letters) > 0 {
				t.Errorf("told %v, letters %v, want %s", got, k.reasons(), c.code)
			}
		})
	}
}

// Of a document that stands twice the one that is voided goes, whichever it is, and later events quote the other.
func TestWhicheverOfTwoIsVoidedTheOtherIsQuoted(t *testing.T) {
	first, second := ship("O1", "S1", "2"), again(ship("O1", "S1", "1"))
	for what, c := range map[string]struct {
		voided schemas.Event
		gross  string
	}{"the first": {first, "33.33"}, "the second": {second, "66.66"}} {
		k := newDesk(t)
		k.say(order("O1"), first, second, void("V1", c.voided), invoice("O1", "I1", "S1"))
		if len(k.letters) > 0 || len(k.held()) > 0 {
			t.Fatalf("%s: %v %v", what, k.reasons(), k.held())
		}
		same(t, what+" voided, invoiced", last[*schemas.InvoiceIssued](k).Lines[0].Amounts.Gross, c.gross)
	}
}

// A movement in a processor's own ledger has one effect, whatever document says it, until it is voided.
func TestOneTransactionHasOneEffect(t *testing.T) {
	p, q := capture("O1", "P1", "5"), capture("O1", "P2", "5")
	p.BalanceTransaction, q.BalanceTransaction = "txn_1", "txn_1"
	k := newDesk(t)
	k.say(order("O1"), p, q)
	k.died(schemas.DeadLetterClassCONTRACT, "balance_transaction was booked before")
	k.say(void("V1", p), q)
	k.clean(0)
}

// A capture that fails after it was booked is taken back, though its failure names none: adapters keep no state (domain.md §2.3). One that was never booked is nothing to take back, and of
// two captures the failure must say which.
func TestACaptureThatWasBookedAndFailed(t *testing.T) {
	failure := func(amount string) *schemas.PaymentCaptureFailed {
		return &schemas.PaymentCaptureFailed{Meta: meta("failure", "F1"), FailureID: "F1", PaymentID: "P1", OrderID: "O1", Method: schemas.PaymentMethodCARD, Amount: dollars(amount), Reason: "refused"}
	}
	k := newDesk(t)
	p := capture("O1", "P1", "5")
	k.say(order("O1"), p, failure("5"))
	k.clean(0)
	got := last[*schemas.PaymentCaptureFailed](k).Meta.Correction
	if got == nil || got.CorrectedEventID != p.Meta.EventID || len(got.Original) == 0 || got.StandingRuleSet == "" {
		t.Errorf("the failure takes back %+v", got)
	}

	k = newDesk(t)
	k.say(order("O1"), failure("5"))
	k.clean(0)
	if last[*schemas.PaymentCaptureFailed](k).Meta.Correction != nil {
		t.Error("a capture that never was is taken back")
	}

	k = newDesk(t)
	k.say(order("O1"), capture("O1", "P1", "5"), failure("6"))
	k.died(schemas.DeadLetterClassCONTRACT, "of another amount")
	k.say(again(capture("O1", "P1", "5")), failure("5"))
	k.died(schemas.DeadLetterClassCONTRACT, "captured more than once")
}

// Whichever of a capture and its failure comes first, nothing was taken (domain.md §2.8.2). What was taken after a failure is another try, and stands.
func TestACaptureAndItsFailureInEitherOrder(t *testing.T) {
	failure := func(after schemas.Time) *schemas.PaymentCaptureFailed {
		x := &schemas.PaymentCaptureFailed{Meta: meta("failure", "F1"), FailureID: "F1", PaymentID: "P1", OrderID: "O1", Method: schemas.PaymentMethodCARD, Amount: dollars("5"), Reason: "refused"}
		x.Meta.OccurredAt += after
		return x
	}
	authorized := func() schemas.Event {
		return &schemas.PaymentAuthorized{Meta: meta("authorization", "A1"), AuthorizationID: "A1", PaymentID: "P1", OrderID: "O1", Amount: dollars("5"), Method: schemas.PaymentMethodCARD}
	}
	stands := map[string]string{"1050 payment:P1": "5", "2100 order:O1": "-5"}
	for what, c := range map[string]struct {
		events []schemas.Event
		want   map[string]string
	}{
		"capture, failure":               {[]schemas.Event{order("O1"), authorized(), capture("O1", "P1", "5"), failure(1)}, nil},
		"failure, capture":               {[]schemas.Event{order("O1"), authorized(), failure(1), capture("O1", "P1", "5")}, nil},
		"both before the order":          {[]schemas.Event{failure(0), capture("O1", "P1", "5"), authorized(), order("O1")}, nil},
		"failure, capture, another try":  {[]schemas.Event{order("O1"), failure(1), capture("O1", "P1", "5"), again(capture("O1", "P1", "5"))}, stands},
		"an earlier failure, capture":    {[]schemas.Event{order("O1"), failure(-1), capture("O1", "P1", "5")}, stands},
		"capture, an earlier failure":    {[]schemas.Event{order("O1"), capture("O1", "P1", "5"), failure(-1)}, stands},
		"a failure of another amount":    {[]schemas.Event{order("O1"), func() schemas.Event { x := failure(1); x.Amount = dollars("6"); return x }(), capture("O1", "P1", "5")}, stands},
		"failure, its void, capture":     {[]schemas.Event{order("O1"), failure(1), void("V1", failure(1)), capture("O1", "P1", "5")}, stands},
		"failure, capture, void of it":   {[]schemas.Event{order("O1"), failure(1), capture("O1", "P1", "5"), void("V1", capture("O1", "P1", "5"))}, nil},
		"… and what it met is met again": {[]schemas.Event{order("O1"), failure(1), capture("O1", "P1", "5"), void("V1", capture("O1", "P1", "5")), again(capture("O1", "P1", "5"))}, nil},
	} {
		t.Run(what, func(t *testing.T) {
			k := bookDesk(t)
			k.say(c.events...)
			k.clean(0)
			k.open("1050 2100", c.want)
		})
	}
	k := bookDesk(t)
	stated := capture("O1", "P1", "5")
	stated.FailureEventID = schemas.Some(schemas.NamedID("whoever says so"))
	k.say(order("O1"), stated)
	k.clean(0)
	k.open("1050 2100", stands) // only admission says that a capture failed

	k = bookDesk(t)
	k.say(order("O1"), failure(1), capture("O1", "P1", "5"), void("V1", failure(1)))
	if got := k.codes(); len(got) != 1 || got[0] != "OVER_COMMITTED" {
		t.Errorf("voiding a failure that kept a capture from being booked told %v", got)
	}
}
