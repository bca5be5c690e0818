// Package intake asks of every record that a source sent: is it valid, and is it new?
//
// Projection is the fold. What breaks the contract becomes a dead letter; the same event a second time is dropped and counted; the same id with other
// content is a conflict, never last write wins; everything else gets its thread, its intake position and its content hash, and goes to
// admission.threads. The state belongs to one intake partition and is the first sieve only: a copy that comes through another partition is found by
// admission, which sees whole threads.
package intake
