package schemas

import "errors"

// INTERNAL: what can be wrong with bytes. Each becomes the reason of a PoisonError, with the path of the field where it can be found.
var (
	errTruncated    = errors.New("the bytes end too early")
	errTrailing     = errors.New("bytes follow the record")
	errVarint       = errors.New("a number of more than ten bytes or 64 bits")
	errIntRange     = errors.New("an int of more than 32 bits")
	errBoolean      = errors.New("a boolean that is neither 0 nor 1")
	errUnion        = errors.New("a union branch that the schema does not have")
	errEnum         = errors.New("an enum symbol that the schema does not have")
	errNegative     = errors.New("a negative length")
	errUUID         = errors.New("a uuid that is not 8-4-4-4-12 hexadecimal digits")
	errDecimal      = errors.New("a decimal of no bytes, or of more digits than its schema allows")
	errBlockSize    = errors.New("a block that does not take the bytes that it claims")
	errDuplicateKey = errors.New("a map key that stands twice")
	errTooLong      = errors.New("a length beyond the limit of an event")
	errCount        = errors.New("a count of items that the bytes cannot hold")
	errMemory       = errors.New("more array items than an event may have")
	errDepth        = errors.New("values nested too deep")
)

// EXTERNAL.
var (
	// ErrPoison is returned for a record that no retry can save; the error is a *PoisonError, which says why. Make it a dead letter.
	ErrPoison = errors.New("poison record")

	// ErrRegistryUnavailable is returned when the schema registry did not answer, or not sensibly. Wait and try again, never a dead letter.
	ErrRegistryUnavailable = errors.New("schema registry unavailable")

	// ErrNotRegistered is returned when the registry does not hold a schema of ours yet.
	ErrNotRegistered = errors.New("not registered: run `throughline migrate`")
)

// PoisonError is why a record can never be read: a class for machines, and a reason that names fields, never values.
type PoisonError struct {
	Class  DeadLetterClass
	Reason string
}

func (e *PoisonError) Error() string { return string(e.Class) + ": " + e.Reason }

// Is makes every PoisonError an ErrPoison.
func (e *PoisonError) Is(target error) bool { return target == ErrPoison }

// classOf is the dead-letter class of a wire error.
func classOf(err error) DeadLetterClass {
	for _, limit := range []error{errTooLong, errCount, errMemory, errDepth} {
		if errors.Is(err, limit) {
			return DeadLetterClassLIMIT_EXCEEDED
		}
	}
	return DeadLetterClassUNDECODABLE
}
