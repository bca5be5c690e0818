package admission

import (
	"slices"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// One document has one effect, and one balance transaction too (domain.md §1.5). An event's own id keeps copies out; what a source says again under another version of its document is told
// here. It is told and not refused where it may be a correction that overtook the void of what it corrects (the void will come, and takes the first back); a movement of a processor's
// own ledger has no second version, and is refused.

// twice tells of a document that the thread knows under another event id, and refuses a balance transaction that is booked.
func (c *completion) twice(e schemas.Event) error {
	if id := transactionOf(e); id != "" && c.st.Get(transactionKey(c.t.name, id)) != nil {
		return contract("balance_transaction was booked before under another event id: one transaction has one effect; if the first was wrong, void it")
	}
	if fact := factsOf(e); fact == "" || !c.t.knows(fact) {
		c.movedTwice(e)
		return nil
	}
	if _, ok := e.(*schemas.ShipmentShipped); ok {
		c.exception("E8", "the same shipment was booked before under another event id: void the one that did not leave", e)
		return nil
	}
	c.exception("DOCUMENT_TWICE", "the same document was booked before under another event id: void the one that is wrong", e)
	return nil
}

func endedFact(dispute string) string { return "ended:" + dispute }

// movedTwice tells of what moved money or goods already by a document that others need not find, and of a dispute that has ended.
func (c *completion) movedTwice(e schemas.Event) {
	switch e.(type) {
	case *schemas.OrderAccepted, *schemas.OrderChanged, *schemas.FreightCostBilled, *schemas.PaymentCaptureFailed:
		return // what these let be known is no document of theirs
	}
	if noted := notedOf(e); len(noted) > 0 && c.t.knowsAll(noted) {
		c.exception("DOCUMENT_TWICE", "the same document was booked before under another event id: void the one that is wrong", e)
	}
}

// transactionOf is the processor's own id of the movement of money that an event books.
func transactionOf(e schemas.Event) string {
	switch x := e.(type) {
	case *schemas.PaymentCaptured:
		return x.BalanceTransaction
	case *schemas.RefundIssued:
		return x.BalanceTransaction
	case *schemas.DisputeOpened:
		return x.BalanceTransaction
	}
	return ""
}

// What is kept of movements of money stands under keys of its own: the thread's record is written with every event, and grows by its seen ids only.
func transactionKey(thread, id string) string { return factKey(thread, "transaction:"+id) }
func capturesKey(thread, payment string) string {
	return factKey(thread, "captured:"+payment)
}

// captures are the booked captures of a payment, one line each, so that a failure that names none finds the one that it takes back: an adapter keeps no state, and cannot
// know whether it was booked.
func (t *thread) captures(payment string) []schemas.DocumentLine {
	if d, ok := t.f.st.Get(capturesKey(t.name, payment)).(*schemas.ThreadDocument); ok {
		return d.Lines
	}
	return nil
}

// captureOf is the booked capture of a payment, where there is exactly one.
func (t *thread) captureOf(payment string) (schemas.UUID, bool) {
	booked := t.captures(payment)
	if len(booked) != 1 {
		return schemas.UUID{}, false
	}
	id, err := schemas.ParseUUID(booked[0].LineID)
	return id, err == nil
}

// captureFailed makes a failure that names no capture the reversal of the one that was booked, if one was (domain.md §2.3). What was taken after it failed is another try.
func (c *completion) captureFailed(x *schemas.PaymentCaptureFailed) error {
	booked := c.t.captures(x.PaymentID)
	if x.Meta.Correction != nil || len(booked) == 0 {
		return nil
	}
	id, ok := c.t.captureOf(x.PaymentID)
	if !ok {
		return contract("meta.correction is absent, and the payment was captured more than once: name the capture that failed")
	}
	capture, ok := c.find(id).(*schemas.PaymentCaptured)
	switch {
	case !ok:
		return contract("the capture was booked and cannot be read: was the canonical topic truncated?")
	case capture.Meta.OccurredAt > x.Meta.OccurredAt:
		return nil
	case !capture.Amount.Amount.Equal(x.Amount.Amount) || capture.Amount.Currency != x.Amount.Currency:
		return contract("meta.correction is absent, and the capture that was booked is of another amount: name it, or send the failure's own amount")
	}
	x.Meta.Correction = &schemas.Correction{Reason: schemas.CorrectionReasonDID_NOT_OCCUR, CorrectedEventID: id, CorrectedEventType: capture.EventType()}
	return nil
}

// A failure that comes before its capture takes nothing back, and is remembered: the capture that it was about, which is no younger and of its amount, is admitted as one that came to
// nothing. So the order in which the two arrive changes no balance (domain.md §2.8.2).

const failedPrefix = "failed:"

func failedFact(payment string, amount schemas.Money, at schemas.Time, failure schemas.UUID) string {
	return strings.Join([]string{failedPrefix + payment, amount.Amount.Text() + " " + amount.Currency, at.String(), failure.String()}, "\x00")
}

// failedBefore finds the failure that came before a capture; the first of several.
func (c *completion) failedBefore(x *schemas.PaymentCaptured) (failure schemas.UUID, fact string, ok bool) {
	prefix := failedPrefix + x.PaymentID + "\x00" + x.Amount.Amount.Text() + " " + x.Amount.Currency + "\x00"
	for _, noted := range c.t.progress.Facts {
		rest, of := strings.CutPrefix(noted, prefix)
		if !of {
			continue
		}
		text, id, _ := strings.Cut(rest, "\x00")
		var at schemas.Time
		if err := at.UnmarshalText([]byte(text)); err != nil || x.Meta.OccurredAt > at {
			continue
		}
		if failure, err := schemas.ParseUUID(id); err == nil {
			return failure, noted, true
		}
	}
	return failure, "", false
}

// failedCapture says whether an event is a capture that came to nothing before it was booked.
func failedCapture(e schemas.Event) bool {
	x, ok := e.(*schemas.PaymentCaptured)
	return ok && x.FailureEventID.Set
}

// failureMet takes a remembered failure off once its capture is admitted, and remembers it again where that is voided.
func (c *completion) failureMet(e schemas.Event, stands bool) {
	x, ok := e.(*schemas.PaymentCaptured)
	if !ok || !x.FailureEventID.Set {
		return
	}
	if !stands {
		c.t.learn(failedFact(x.PaymentID, x.Amount, x.Meta.OccurredAt, x.FailureEventID.V))
	} else if _, fact, ok := c.failedBefore(x); ok {
		c.t.unlearn(fact)
	}
}

// moneyMoved notes a movement of money, stands true, or takes it back.
func (c *completion) moneyMoved(e schemas.Event, stands bool) {
	if id := transactionOf(e); id != "" {
		c.keep(transactionKey(c.t.name, id), &schemas.ThreadDocument{DocumentID: e.Header().EventID.String()}, stands)
	}
	c.failureMet(e, stands)
	x, ok := e.(*schemas.PaymentCaptured)
	if !ok || failedCapture(e) {
		return
	}
	id := x.Meta.EventID.String()
	lines := slices.DeleteFunc(slices.Clone(c.t.captures(x.PaymentID)), func(l schemas.DocumentLine) bool { return l.LineID == id })
	if stands {
		lines = append(lines, schemas.DocumentLine{LineID: id, Qty: zeroQty})
	}
	c.keep(capturesKey(c.t.name, x.PaymentID), &schemas.ThreadDocument{DocumentID: x.PaymentID, Lines: lines}, len(lines) > 0)
}

func (c *completion) keep(key string, doc *schemas.ThreadDocument, stands bool) {
	if stands {
		c.st.Put(key, doc)
	} else if c.st.Get(key) != nil {
		c.st.Put(key, nil)
	}
}

// A document that stands twice, because its correction overtook the void of what it corrects or because somebody said it twice, is kept twice, so that whichever is voided the other one's lines
// are what later events quote: the first apart, and the id of the event whose document stands under the name.
func firstKey(thread, fact string) string  { return factKey(thread, fact) + "\x00first" }
func secondKey(thread, fact string) string { return factKey(thread, fact) + "\x00second" }

// keepBoth keeps the document that a second one of its name is about to replace.
func (c *completion) keepBoth(fact string, e schemas.Event) {
	if c.document == nil || !c.t.knows(fact) {
		return
	}
	if first := firstKey(c.t.name, fact); c.st.Get(first) == nil {
		c.st.Put(first, c.st.Get(factKey(c.t.name, fact)))
	}
	c.st.Put(secondKey(c.t.name, fact), &schemas.ThreadDocument{DocumentID: e.Header().EventID.String()})
}

// keepOther puts back what a voided second document had replaced; where the first one is voided, the second stands already.
func (c *completion) keepOther(fact string, voided schemas.Event) {
	first, second := firstKey(c.t.name, fact), secondKey(c.t.name, fact)
	was, by := c.st.Get(first), c.st.Get(second)
	if was == nil || by == nil {
		return
	}
	if by.(*schemas.ThreadDocument).DocumentID == voided.Header().EventID.String() {
		c.st.Put(factKey(c.t.name, fact), was)
	}
	c.st.Put(first, nil)
	c.st.Put(second, nil)
}
