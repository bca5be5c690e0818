package schemas

import (
	"fmt"
	"slices"
	"time"
)

// EffectiveDate is the accounting date of something that occurred: the calendar date in the legal entity's zone
// (domain.md §1.2), where the document says no other.
func EffectiveDate(occurred Time, zone *time.Location) Date {
	return DateOf(time.UnixMicro(int64(occurred)).In(zone))
}

// PeriodOf is the accounting period of a date, its month: "2011-03".
func PeriodOf(date Date) string {
	year, month, _ := date.Time().Date()
	return periodName(year, month)
}

// PeriodChange is one line of a close schedule: a period.closed or a period.reopened, announced a little ahead.
type PeriodChange struct {
	Period string // "2011-03"
	Closes bool   // else it reopens
	// At is the closed_at or reopened_at of the event. What is admitted up to and at closed_at still belongs to the
	// period; what is admitted from reopened_at on belongs to it again.
	At Time
	// AppendedAt is the append time of the record in `periods`. Nothing admitted before it sees the change, so that a
	// replay judges as the first run did, even where At lies before it.
	AppendedAt Time
}

// CloseSchedule is what the topic `periods` says: per legal entity and period, the closes and reopens in log order. The
// zero value is empty, and in it everything is open. It is not safe for concurrent use.
type CloseSchedule struct {
	changes map[string]map[string][]PeriodChange
}

// Add appends a change; call it in log order. A close or reopen replaces an earlier one of the same kind that has not
// come into effect when it is appended: that is how an announced close is put off. The error says what is wrong with
// the change; the schedule is then as before.
func (s *CloseSchedule) Add(entity string, change PeriodChange) error {
	if entity == "" {
		return fmt.Errorf("change of period %q without a legal entity: name the entity whose books it is for", change.Period)
	}
	if _, err := parsePeriod(change.Period); err != nil {
		return err
	}
	if s.changes == nil {
		s.changes = make(map[string]map[string][]PeriodChange)
	}
	if s.changes[entity] == nil {
		s.changes[entity] = make(map[string][]PeriodChange)
	}
	// What is replaced could only have had an effect after change was appended, so nothing judged before loses it.
	known := slices.DeleteFunc(s.changes[entity][change.Period], func(earlier PeriodChange) bool {
		return earlier.Closes == change.Closes && earlier.At >= change.AppendedAt
	})
	s.changes[entity][change.Period] = append(known, change)
	return nil
}

// Judge says to which period of entity's books an event belongs whose effective date is in p0 and that was admitted at
// admittedAt (domain.md §2.6): p0 while that is open, else the first period after p0 that is open; then late is true
// and original is p0. original is empty for what is not late. A period that was never closed is open.
func (s *CloseSchedule) Judge(entity, p0 string, admittedAt Time) (period, original string, late bool) {
	books := s.changes[entity]
	period = p0
	for isClosed(books[period], admittedAt) {
		period = nextPeriod(period)
	}
	if period == p0 {
		return p0, "", false
	}
	return period, p0, true
}

// ClosedAt is the instant up to which entity's period took postings, as of an instant: that of the first close in effect since the period was last reopened. False where
// it is open then, be its close announced or not.
func (s *CloseSchedule) ClosedAt(entity, period string, at Time) (closed Time, ok bool) {
	for _, change := range s.changes[entity][period] {
		switch {
		case change.AppendedAt > at:
		case change.Closes && !ok && at > change.At:
			closed, ok = change.At, true
		case !change.Closes && at >= change.At:
			closed, ok = 0, false
		}
	}
	return closed, ok
}

// isClosed looks for the newest change that admittedAt could see and that had come into effect.
func isClosed(changes []PeriodChange, admittedAt Time) bool {
	for _, change := range slices.Backward(changes) {
		switch {
		case change.AppendedAt > admittedAt:
		case change.Closes && admittedAt > change.At:
			return true
		case !change.Closes && admittedAt >= change.At:
			return false
		}
	}
	return false
}

// nextPeriod is only asked about periods that parsePeriod has accepted.
func nextPeriod(period string) string {
	start, err := parsePeriod(period)
	if err != nil {
		return ""
	}
	year, month, _ := start.AddDate(0, 1, 0).Date()
	return periodName(year, month)
}

func parsePeriod(period string) (time.Time, error) {
	start, err := time.Parse("2006-01", period)
	if err != nil {
		return start, fmt.Errorf("period %q: want year-month, for example 2011-03", period)
	}
	return start, nil
}

func periodName(year int, month time.Month) string {
	b := [...]byte{byte('0' + year/1000%10), byte('0' + year/100%10), byte('0' + year/10%10), byte('0' + year%10), '-',
		byte('0' + month/10), byte('0' + month%10)}
	return string(b[:])
}
