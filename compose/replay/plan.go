package replay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"slices"

	"github.com/throughline/throughline/processors"
	"github.com/throughline/throughline/schemas"
)

// planVersion moves when a plan of an older form can no longer be applied.
const planVersion = 3

// Plan is what a replay would do, to the last offset. It is a file for people to read and for Apply to hold on to.
type Plan struct {
	Version   int       `json:"version"`
	Selection Selection `json:"selection"`
	Windows   []Window  `json:"windows"`   // exactly what is looked at
	AsOf      []Window  `json:"as_of"`     // where the output topics ended, in To
	RuleSets  []string  `json:"rule_sets"` // under which the events were derived
	Events    int       `json:"events"`    // selected
	Inputs    string    `json:"inputs"`    // SHA-256 over the selected records
	Derived   string    `json:"derived"`   // SHA-256 over all that follows from them by today's rules: ids, keys, bodies and errors
	Effect    Effect    `json:"effect"`
	Hash      string    `json:"hash"` // SHA-256 over all of the above
}

// Event is one canonical event that a replay would touch.
type Event struct {
	ID       string   `json:"event_id"`
	Type     string   `json:"event_type"`
	Position string   `json:"position"`
	IDs      []string `json:"ids"`              // of what follows from it
	Reason   string   `json:"reason,omitempty"` // why it would die, or died
	Stands   string   `json:"stands,omitempty"` // the rule set under which its entry stands, where another is to replace it
	Times    int      `json:"times_superseded,omitempty"`
	Entity   string   `json:"legal_entity,omitempty"` // of what is new or superseded: whose books it would be booked in, and in which period
	Period   string   `json:"period,omitempty"`
}

// Effect is what would change.
type Effect struct {
	New      []Event `json:"new"`      // missing today: apply adds it
	Changed  []Event `json:"changed"`  // stands with other content than the rules give
	Orphaned []Event `json:"orphaned"` // stands, and the rules do not give it
	Dead     []Event `json:"dead"`     // missing because the event died at the processor: redrive it
	Curable  int     `json:"curable"`  // of them, those that today's rules can derive
	Caused   []Event `json:"caused"`   // today's rules cannot derive it, and no letter says so

	Superseded []Event `json:"superseded"` // stands under other rules than the plan's rule set, which give something else: apply publishes a rule.superseded for each
	Unfit      []Event `json:"unfit"`      // the plan's rule set refuses it
	Money      []Money `json:"money"`      // of what is new, changed, orphaned or superseded
	Units      []Units `json:"units"`
}

// Changes is how many events would be touched.
func (e Effect) Changes() int {
	return len(e.New) + len(e.Changed) + len(e.Orphaned) + len(e.Superseded)
}

// Money is a difference of one account in one period, functional currency, Dr +.
type Money struct {
	Entity   string          `json:"legal_entity"`
	Period   string          `json:"period"`
	Account  string          `json:"account"`
	Currency string          `json:"currency"`
	Amount   schemas.Decimal `json:"amount"`
}

// Units is a difference of one bucket of a SKU at a location, base units.
type Units struct {
	SKU      string          `json:"sku"`
	Location string          `json:"location"`
	Bucket   string          `json:"bucket"`
	Quantity schemas.Decimal `json:"quantity"`
}

// seal computes the hash.
func (p *Plan) seal() error {
	h, err := p.sum()
	p.Hash = h
	return err
}

func (p Plan) sum() (string, error) {
	p.Hash = ""
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("hashing the plan: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Check says whether the plan is as it was written.
func (p Plan) Check() error {
	if p.Version != planVersion {
		return fmt.Errorf("%w: it has version %d, this program reads %d: plan again", ErrPlanFile, p.Version, planVersion)
	}
	h, err := p.sum()
	if err == nil && h != p.Hash {
		err = fmt.Errorf("%w: its content does not have the hash that it states: plan again", ErrPlanFile)
	}
	return err
}

// Plan derives the selected events in shadow and compares with what stands. It writes nothing.
func (d Desk) Plan(ctx context.Context, s Selection) (Plan, error) {
	p, err := d.processor(s.Processor)
	if err != nil {
		return Plan{}, err
	}
	adm, closeAdmin, err := d.admin()
	if err != nil {
		return Plan{}, err
	}
	defer closeAdmin()
	done, err := committed(ctx, adm, schemas.Group(p.Name))
	if err != nil {
		return Plan{}, err
	}
	windows, err := s.windows(ctx, adm, done)
	if err != nil {
		return Plan{}, err
	}
	return d.plan(ctx, p, s, windows)
}

// plan is Plan over exact offsets.
func (d Desk) plan(ctx context.Context, p processors.Processor, s Selection, windows []Window) (Plan, error) {
	plan := Plan{Version: planVersion, Selection: s, Windows: windows, AsOf: []Window{}, RuleSets: []string{}}
	if plan.Windows == nil {
		plan.Windows = []Window{}
	}
	adm, closeAdmin, err := d.admin()
	if err != nil {
		return plan, err
	}
	defer closeAdmin()
	asOf, err := ends(ctx, adm, append(slices.Clone(p.To), schemas.TopicLetters)...)
	if err != nil {
		return plan, err
	}
	plan.AsOf = asWindows(asOf)
	sh := &shadow{desk: d, processor: p, selection: s, inputs: sha256.New(), derived: sha256.New(), events: map[schemas.UUID]*shadowed{}, wants: map[schemas.UUID]want{},
		letters: map[schemas.Position]string{}, answered: map[schemas.Position]bool{}, ruleSets: map[string]bool{}, difference: newBooks()}
	if err := sh.run(ctx, windows, asOf); err != nil {
		return plan, err
	}
	plan.Events, plan.RuleSets = len(sh.events), slices.Sorted(maps.Keys(sh.ruleSets))
	if plan.RuleSets == nil {
		plan.RuleSets = []string{}
	}
	plan.Inputs, plan.Derived = hexOf(sh.inputs), hexOf(sh.derived)
	if plan.Effect, err = sh.effect(ctx, windows); err != nil {
		return plan, err
	}
	return plan, plan.seal()
}

func hexOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

func asWindows(ends map[string]map[int32]int64) (all []Window) {
	for _, topic := range slices.Sorted(maps.Keys(ends)) {
		for _, p := range slices.Sorted(maps.Keys(ends[topic])) {
			all = append(all, Window{Topic: topic, Partition: p, To: ends[topic][p]})
		}
	}
	return all
}
