package simulate

import (
	"iter"

	"github.com/throughline/throughline/producers/simulate/oracle"
	"github.com/throughline/throughline/schemas"
)

// Entity is the legal entity that the company's books belong to, Zone its accounting zone, Functional its currency.
const (
	Entity     = "ACME-US"
	Zone       = "America/New_York"
	Functional = "USD"
)

// Config says which company. The same Config gives the same bytes, for ever; zero fields take the defaults noted.
type Config struct {
	Seed               uint64
	Orders             int  // 200; in LivesOnly the number of lives
	LinesMin, LinesMax int  // goods lines per order: 1 to 4
	SKUs               int  // 24, at least 8; in LivesOnly 1,000
	Days               int  // orders come over so many days from 2026-01-05 on: 75
	LivesOnly          bool // nothing but complete ten-line lives (see Life) and the receipts that they need
}

// Expected is what the company's books and shelves must show once everything has been admitted.
type Expected = oracle.Expected

// Company is a seeded company. It holds master data only: Events plays the story anew each time.
type Company struct {
	cfg   Config
	world *world
	lives *livesPlan
}

// New founds a company. It cannot fail and does no work that grows with Orders.
func New(cfg Config) *Company {
	setDefault(&cfg.Orders, 200)
	setDefault(&cfg.Days, 75)
	setDefault(&cfg.LinesMin, 1)
	setDefault(&cfg.LinesMax, max(4, cfg.LinesMin))
	if cfg.LivesOnly {
		setDefault(&cfg.SKUs, 1000)
	}
	setDefault(&cfg.SKUs, 24)
	cfg.SKUs = max(cfg.SKUs, 8)
	cfg.LinesMax = max(cfg.LinesMax, cfg.LinesMin)
	c := &Company{cfg: cfg, world: newWorld(cfg)}
	c.lives = newLivesPlan(c.world)
	return c
}

func setDefault(v *int, d int) {
	if *v <= 0 {
		*v = d
	}
}

// Config is the configuration with its defaults filled in.
func (c *Company) Config() Config { return c.cfg }

// Reference is the master data: the entity, its items with their costs, daily rates. Publish it before Events.
func (c *Company) Reference() []schemas.Event { return c.world.reference() }

// Events is everything that the company's systems publish, ordered by occurred_at. Nothing in it is changed afterwards, and
// nobody who reads it may change it: voids and copies share its parts.
func (c *Company) Events() iter.Seq[schemas.Event] {
	if c.cfg.LivesOnly {
		return c.liveEvents
	}
	return func(yield func(schemas.Event) bool) { newRun(c).play(yield) }
}

// Expected is the outcome of Reference and Events by the second calculation. It panics where the company says something that the
// calculation does not know, because then one of the two is wrong.
func (c *Company) Expected() Expected {
	var expected Expected
	var err error
	if c.cfg.LivesOnly {
		expected, err = c.expectLives()
	} else {
		expected, err = oracle.Expect(c.Reference(), c.Events())
	}
	if err != nil {
		panic("simulated company and its oracle disagree on the language: " + err.Error())
	}
	return expected
}
