package closing

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/throughline/throughline/schemas"
)

// Verdict is what a verification found: nothing, where the books are what was closed.
type Verdict struct {
	Entity      string       `json:"legal_entity"`
	Period      string       `json:"period"`
	Manifest    string       `json:"manifest_hash"`
	Entries     int64        `json:"entries"`
	Balances    []Balance    `json:"trial_balance"` // as Kafka gives it now
	Differences []Difference `json:"differences"`
	Findings    []Finding    `json:"findings"`
	Accepted    []Acceptance `json:"accepted,omitempty"` // found, and let stand: by the close itself, or later where it belongs to no period
}

// Violations is how many there are.
func (v Verdict) Violations() int { return len(v.Differences) + len(v.Findings) }

// Verify holds Kafka against a manifest. It asks Kafka only, whatever Conn is. An error means that it could not be done, never that something was found.
func (d Desk) Verify(ctx context.Context, closed Manifest) (Verdict, error) {
	d.Conn = nil
	v := Verdict{Entity: closed.Entity, Period: closed.Period, Manifest: closed.Hash, Differences: []Difference{}, Findings: []Finding{}}
	b := newBooks(closed.Entity, closed.Period, closed.controls())
	b.without = leavesOut(closed.Accepted)
	if err := b.read(ctx, d, closed.until()); err != nil {
		return v, err
	}
	now := b.manifest()
	v.Entries, v.Balances = now.Entries, now.Balances
	v.Differences = append(v.Differences, compare(closed, now)...)
	v.Findings = append(v.Findings, b.doubled()...)
	if err := d.verifyFindings(ctx, closed, &v); err != nil {
		return v, err
	}
	if !closed.Soft {
		if err := d.verifyQuiet(ctx, closed, &v); err != nil {
			return v, err
		}
	}
	return v, d.verifyRecorded(ctx, closed, &v)
}

// verifyFindings audits, and tells what was accepted from what was not. Whatever belongs to the period must stand in its manifest: what somebody accepts later
// changes nothing of what was closed.
func (d Desk) verifyFindings(ctx context.Context, closed Manifest, v *Verdict) error {
	later, err := d.acceptances(ctx)
	if err != nil {
		return err
	}
	c, err := d.readChain(ctx)
	if err != nil {
		return err
	}
	from, err := d.starts(ctx, schemas.TopicJournal)
	if err != nil {
		return err
	}
	found, err := d.audited(ctx, closed.Entity, closed.Period)
	if err != nil {
		return err
	}
	met, here := map[mark]bool{}, marksOf(closed.Accepted)
	put := func(f Finding, allowed marks) {
		k := mark{f.Check + " " + f.Kind, f.Position, f.ID}
		if a, ok := allowed[k]; ok {
			met[k] = true
			v.Accepted = append(v.Accepted, a)
			return
		}
		v.Findings = append(v.Findings, f)
	}
	maps.Copy(later, here)
	for _, f := range found {
		allowed := here
		if f.whose == nobodys && cureOf(f.Finding) == "" {
			allowed = later
		}
		if f.whose != earlier || closed.within(f.Position) {
			put(Finding{Check: f.Check, Kind: string(f.Kind), Position: f.Position, ID: f.ID, Detail: f.Detail, Do: f.Do}, allowed)
		}
	}
	if err := d.verifyLetters(ctx, closed, later, v); err != nil {
		return err
	}
	for _, f := range c.findings(from[schemas.TopicJournal]) {
		put(f, later)
	}
	v.Differences = append(v.Differences, c.follows(closed.Chain)...)
	for _, a := range closed.Accepted {
		if a.Check == schemas.TopicJournal && !met[a.mark()] {
			v.Findings = append(v.Findings, Finding{Check: "manifest", Kind: "unfounded", Position: a.Position, ID: a.ID, Detail: "the close leaves this record out as " + a.Kind + ", and an audit finds nothing wrong with it",
				Do: "find out who else may write " + schemas.TopicCloses + ", and close the period again"})
		}
	}
	return nil
}

// verifyLetters names what died at finance of the close's own events, and what nobody has answered: an audit excuses what lacks by its letter. One of a record that was
// accepted as nobody's goes with it.
func (d Desk) verifyLetters(ctx context.Context, closed Manifest, accepted marks, v *Verdict) error {
	letters, err := d.letters(ctx, closed.Entity, closed.Period)
	if err != nil {
		return err
	}
	nobodys := map[string]bool{}
	for k := range accepted {
		nobodys[k.position] = nobodys[k.position] || strings.HasPrefix(k.what, checkCanonical+" ")
	}
	for _, l := range letters {
		if closed.within(l.Position) && !nobodys[l.Position] {
			v.Findings = append(v.Findings, Finding{Check: letterBlocks, Kind: "open", Position: l.Position, ID: l.ID, Detail: l.Detail, Do: l.Do})
		}
	}
	return nil
}

// doubled names entries that stand more often than once.
func (b *books) doubled() (all []Finding) {
	for i := 1; i < len(b.entries); i++ {
		if e, first := b.entries[i], b.entries[i-1]; e.id == first.id {
			all = append(all, Finding{Check: "books", Kind: "doubled", Position: e.at.String(), ID: e.id.String(), Detail: "the same entry stands at " + first.at.String() + " too",
				Do: "find out who else may write " + schemas.TopicJournal})
		}
	}
	return all
}

// verifyQuiet names entries that came into the period after its close.
func (d Desk) verifyQuiet(ctx context.Context, closed Manifest, v *Verdict) error {
	reopened, err := d.reopened(ctx, closed)
	if err != nil {
		return err
	}
	from := map[string]map[int32]int64{schemas.TopicJournal: closed.until()[schemas.TopicJournal]}
	for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, schemas.Span{Topics: []string{schemas.TopicJournal}, From: from, Open: true}) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return fmt.Errorf("looking for entries after the close: %w", err)
		}
		if err != nil {
			continue // an audit names it
		}
		m := x.Event.Header()
		if m.LegalEntity != closed.Entity || m.Period != closed.Period {
			continue
		}
		f := Finding{Check: "books", Kind: "late", Position: x.Position.String(), ID: m.EventID.String(), Detail: "an entry of the period came after its close",
			Do: "nothing of ours writes it: find out who else may write " + schemas.TopicJournal}
		if reopened != 0 && m.AdmittedAt.Or(0) >= reopened {
			f.Detail, f.Do = "it was booked after the period was reopened at "+reopened.String(), "close the period again: its newest manifest is the one to verify"
		}
		v.Findings = append(v.Findings, f)
	}
	return nil
}

// reopened is when the period was reopened after the close of a manifest, 0 where it was not.
func (d Desk) reopened(ctx context.Context, closed Manifest) (at schemas.Time, err error) {
	for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, schemas.Span{Topics: []string{schemas.TopicPeriods}, Open: true}) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return 0, fmt.Errorf("reading the close schedule: %w", err)
		}
		r, ok := x.Event.(*schemas.PeriodReopened)
		if err == nil && ok && at == 0 && r.Meta.LegalEntity == closed.Entity && r.Period == closed.Period && r.ReopenedAt >= closed.ClosedAt {
			at = r.ReopenedAt
		}
	}
	return at, nil
}

// verifyRecorded says where a file is not what was recorded: both are sealed, so who wants to change one must change the log.
func (d Desk) verifyRecorded(ctx context.Context, closed Manifest, v *Verdict) error {
	recorded, err := d.recorded(ctx, closed.Entity, closed.Period)
	if err != nil {
		return err
	}
	for _, m := range recorded {
		if m.Hash == closed.Hash {
			return nil
		}
	}
	v.Findings = append(v.Findings, Finding{Check: "manifest", Kind: "forged", ID: closed.Hash, Detail: "no close with this hash stands in " + schemas.TopicCloses,
		Do: fmt.Sprintf("verify what was recorded: `throughline verify-close %s/%s`", closed.Entity, closed.Period)})
	return nil
}

// Recorded is the newest manifest of a period in finance.closes; a soft one where there is no other.
func (d Desk) Recorded(ctx context.Context, entity, period string) (Manifest, error) {
	all, err := d.recorded(ctx, entity, period)
	if err != nil {
		return Manifest{}, err
	}
	if len(all) == 0 {
		return Manifest{}, fmt.Errorf("%w: no close of %s of %s stands in %s: `throughline close %s --entity %s`", ErrUnknown, period, entity, schemas.TopicCloses, period, entity)
	}
	newest := all[len(all)-1]
	for _, m := range all {
		if !m.Soft || newest.Soft {
			newest = m
		}
	}
	return newest, nil
}

// recorded are the manifests of a period in the order of the log. What is no manifest is left out: somebody else wrote it.
func (d Desk) recorded(ctx context.Context, entity, period string) (all []Manifest, err error) {
	for x, err := range schemas.Read(ctx, d.Cluster, d.Codec, schemas.Span{Topics: []string{schemas.TopicCloses}, Open: true}) {
		if err != nil && schemas.FateOf(err) != schemas.Poison {
			return nil, fmt.Errorf("reading the closes: %w", err)
		}
		c, ok := x.Event.(*schemas.PeriodClose)
		if err != nil || !ok || c.Meta.LegalEntity != entity || c.Period != period {
			continue
		}
		if m, err := ParseManifest(c.Manifest); err == nil && m.Hash == c.ManifestHash {
			all = append(all, m)
		}
	}
	return all, nil
}
