package audit

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/schemas"
)

// Derivation is a pure function of canonical events, as a value: the audit calls it and imports none.
type Derivation struct {
	Role   string // finance: names the consumer group
	To     string // the topic that only this role writes
	Derive func(schemas.Event) ([]schemas.Event, error)
}

// Audit looks at one cluster.
type Audit struct {
	Cluster     []kgo.Opt
	Codec       *schemas.Codec
	Derivations []Derivation                // positions are looked at where that of their deltas is among them
	Conn        driver.Conn                 // nil: Kafka only
	Dir         string                      // for scratch files: the system's where empty
	Limit       int                         // findings kept per check, all are counted: 1,000 where zero
	Progress    func(stage string, n int64) // records read so far; may be nil
}

// run is one audit under way.
type run struct {
	Audit
	tally    *tally
	horizon  horizon
	letters  map[death]bool
	own      map[string]int // subject → the schema id that we write
	read     int64
	checks   []*check
	findings []Finding

	canonical, intake, balance *check
	canonicalID, intakeID      uint8
	derived                    []*derivedCheck
	exceptions                 uint8
	positions                  *positions
	tables                     []*tableCheck
}

// Run reads everything and judges it. An error means that the audit could not be done, never that something was found. The roles may run meanwhile.
func (a Audit) Run(ctx context.Context) (rep Report, err error) {
	if a.Limit == 0 {
		a.Limit = 1000
	}
	if a.Dir == "" {
		a.Dir = os.TempDir()
	}
	r := &run{Audit: a, letters: map[death]bool{}, own: map[string]int{}}
	if r.tally, err = newTally(a.Dir); err != nil {
		return Report{}, err
	}
	defer func() { _ = r.tally.close() }()
	for _, t := range schemas.Topics {
		r.tally.place(schemas.Position{Topic: t.Name}) // numbers do not depend on what is read first
	}
	r.plan()
	if err := r.gather(ctx); err != nil {
		return Report{}, fmt.Errorf("auditing: %w", err)
	}
	err = r.tally.each(func(group []fact) {
		r.checks[group[0].check].judge(group)
	})
	if err != nil {
		return Report{}, fmt.Errorf("auditing: %w", err)
	}
	if r.positions != nil {
		r.positions.judge(r)
	}
	if err := r.explainAltered(ctx); err != nil {
		return Report{}, fmt.Errorf("auditing: %w", err)
	}
	return r.report(), nil
}

// plan lists the checks in the order of the report.
func (r *run) plan() {
	r.canonical, r.canonicalID = r.addCheck("canonical", judgeCanonical)
	r.intake, r.intakeID = r.addCheck("intake", judgeIntake)
	for _, d := range r.Derivations {
		c := &derivedCheck{Derivation: d}
		c.check, c.id = r.addCheck(d.To, judgeDerived)
		r.derived = append(r.derived, c)
	}
	_, r.exceptions = r.addCheck(schemas.TopicExceptions, judgeExceptions)
	r.balance, _ = r.addCheck("balance", nil)
	if slices.ContainsFunc(r.Derivations, func(d Derivation) bool { return d.To == schemas.TopicDeltas }) {
		c, _ := r.addCheck(schemas.TopicPositions, nil)
		r.positions = newPositions(c)
	}
	if r.Conn == nil {
		return
	}
	for _, t := range tables() {
		if t.name == "stock_deltas" && r.positions == nil {
			continue // nobody reads what it is to be compared with
		}
		c := &tableCheck{table: t}
		c.check, c.id = r.addCheck("table "+t.name, c.judge)
		r.tables = append(r.tables, c)
	}
}

// gather reads, in an order that keeps what is under way from looking lost: first how far each consumer had committed, then what it had written by
// then, and causes last.
func (r *run) gather(ctx context.Context) error {
	var err error
	if r.horizon, err = r.look(ctx); err != nil {
		return err
	}
	for _, t := range r.tables {
		if err := r.readTable(ctx, t); err != nil {
			return err
		}
	}
	if err := r.horizon.settle(ctx, r.Cluster); err != nil {
		return err
	}
	positions, deltas := []string{schemas.TopicPositions}, []string{schemas.TopicDeltas}
	if r.positions == nil {
		positions, deltas = nil, nil
	}
	for _, stage := range []struct {
		topics []string
		take   func(context.Context, schemas.Delivery, error) error
	}{
		{[]string{schemas.TopicLetters}, r.takeLetter},
		{schemas.CanonicalTopics(), r.takeCanonical},
		{r.derivedTopics(), r.takeDerived},
		{[]string{schemas.TopicExceptions}, r.takeException},
		{positions, r.takePosition},
		{deltas, r.takeDelta},
		{[]string{schemas.TopicOutcomes}, r.takeOutcome},
		{[]string{schemas.TopicThreads}, r.takeThread},
		{schemas.IntakeTopics(), r.takeIntake},
	} {
		if err := r.each(ctx, stage.topics, stage.take); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) derivedTopics() (topics []string) {
	for _, d := range r.derived {
		if d.To != schemas.TopicDeltas { // read once, after the positions that are sums of it
			topics = append(topics, d.To)
		}
	}
	return topics
}

// each reads topics to their horizon. What cannot be decoded is handed on with its error; an outage ends the audit.
func (r *run) each(ctx context.Context, topics []string, take func(context.Context, schemas.Delivery, error) error) error {
	if len(topics) == 0 {
		return nil
	}
	span := schemas.Span{Topics: topics, Until: r.horizon.ends, Open: true}
	reuse := schemas.Reuse{Codec: r.Codec} // nothing keeps an event: facts hold digests
	for rec, err := range schemas.ReadRecords(ctx, r.Cluster, span) {
		var d schemas.Delivery
		if err == nil {
			d, err = reuse.Deliver(ctx, rec)
		}
		if err != nil && (rec == nil || schemas.FateOf(err) != schemas.Poison) {
			return fmt.Errorf("reading %s: %w", topics[0], err)
		}
		if r.read++; r.Progress != nil && r.read%1000 == 0 {
			r.Progress(d.Topic, r.read)
		}
		if err := take(ctx, d, err); err != nil {
			return err
		}
	}
	return r.tally.err
}
