package operations

import (
	"fmt"

	"github.com/throughline/throughline/schemas"
)

func refuse(format string, args ...any) error {
	return &schemas.PoisonError{Class: schemas.DeadLetterClassCONTRACT, Reason: fmt.Sprintf(format, args...)}
}
