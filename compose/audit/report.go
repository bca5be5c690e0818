package audit

import (
	"cmp"
	"slices"
	"strings"
)

// Kind says what is wrong.
type Kind string

const (
	Missing     Kind = "missing"     // it must be there and is not
	Altered     Kind = "altered"     // it is there with other content
	Doubled     Kind = "doubled"     // it is there more often than once
	Orphaned    Kind = "orphaned"    // nothing gives rise to it: forged, or left behind
	Unbalanced  Kind = "unbalanced"  // debits are not credits
	Differs     Kind = "differs"     // a sum is not the sum of its parts
	Unaccounted Kind = "unaccounted" // it has no outcome, or two
	Unreadable  Kind = "unreadable"  // its bytes are no event
)

// Finding is one violation.
type Finding struct {
	Check     string `json:"check"`     // finance.journal, canonical, intake, positions, table journal_lines, …
	Kind      Kind   `json:"kind"`      //
	Invariant string `json:"invariant"` // I1 to I8 (operations.md §3)
	Position  string `json:"position"`  // topic/partition@offset of the record that is wrong, or of its cause where it is missing
	ID        string `json:"id"`        // of the entry, delta, event or row; sku|location of a position
	Cause     string `json:"cause,omitempty"`
	Detail    string `json:"detail"`
	Do        string `json:"do"`              // what to do about it
	Lacks     bool   `json:"lacks,omitempty"` // what must stand does not: it can be brought, whereas a record too many stays in the log for ever

	order struct {
		check int
		at    place
	}
}

// Summary is what a check looked at.
type Summary struct {
	Check      string `json:"check"`
	Records    int64  `json:"records"`     // that stand there
	Pending    int64  `json:"pending"`     // due, but beyond what the consumer has committed
	Dead       int64  `json:"dead"`        // due, but died at the consumer
	RawDoubles int64  `json:"raw_doubles"` // identical rows that the view deduplicates: no violation
	Unknown    int64  `json:"unknown"`     // whose cause is older than the log that is kept, so that nobody can tell
	Findings   int64  `json:"findings"`
}

// Report is what an audit found.
type Report struct {
	Checks   []Summary `json:"checks"`
	Findings []Finding `json:"findings"` // in the order of checks, topics, partitions and offsets; at most Audit.Limit a check
}

// Violations is how many there are, those beyond the limit included.
func (r Report) Violations() (n int64) {
	for _, c := range r.Checks {
		n += c.Findings
	}
	return n
}

// check is one line of the report in the making.
type check struct {
	Summary
	judge func(group []fact)
}

func (r *run) addCheck(name string, judge func(*run, *check, []fact)) (*check, uint8) {
	c := &check{Summary: Summary{Check: name}}
	c.judge = func(group []fact) { judge(r, c, group) }
	r.checks = append(r.checks, c)
	return c, uint8(len(r.checks) - 1)
}

// find reports a violation.
func (r *run) find(c *check, at place, f Finding) {
	if c.Findings++; c.Findings > int64(r.Limit) {
		return
	}
	f.Check, f.Position, f.order.at = c.Check, r.tally.position(at).String(), at
	f.order.check = slices.Index(r.checks, c)
	r.findings = append(r.findings, f)
}

func (r *run) report() Report {
	slices.SortFunc(r.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.order.check, b.order.check), strings.Compare(a.Position[:strings.LastIndexByte(a.Position, '@')], b.Position[:strings.LastIndexByte(b.Position, '@')]),
			cmp.Compare(a.order.at.offset, b.order.at.offset), strings.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind))
	})
	rep := Report{Findings: r.findings}
	if rep.Findings == nil {
		rep.Findings = []Finding{}
	}
	for _, c := range r.checks {
		rep.Checks = append(rep.Checks, c.Summary)
	}
	return rep
}
