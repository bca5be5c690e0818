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
