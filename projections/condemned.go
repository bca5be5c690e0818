package projections

import (
	"fmt"
	"sync"

	"github.com/throughline/throughline/schemas"
)

// condemned remembers the records whose fold went wrong after it had moved the state: it panicked, or emitted what no topic takes. The transaction is
// aborted, and when the record comes again it is a dead letter without being folded. Folding it again would go wrong again, for ever.
type condemned struct {
	mu sync.Mutex
	by map[schemas.Position]*schemas.PoisonError
}

// add returns the error that aborts the transaction; it is transient, because the next attempt gets by.
func (c *condemned) add(at schemas.Position, cause error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[schemas.Position]*schemas.PoisonError{}
	}
	c.by[at] = schemas.PoisonOf(cause)
	return fmt.Errorf("folding %s: %v: it will be a dead letter", at, cause)
}

// cause is why the record at a position is a dead letter, nil where it is none.
func (c *condemned) cause(at schemas.Position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.by[at]; p != nil {
		return p
	}
	return nil
}
