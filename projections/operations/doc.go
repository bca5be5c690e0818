// Package operations turns what operators decide into redrives.
//
// Projection folds operations.actions, one record per letter (for a replay, per event), and emits a redrive to the one consumer that failed, in the
// transaction of its state: two operators, or one who retries, redrive a letter once per lap. A letter that keeps dying is parked after MaxLaps, with
// an exception that says so.
package operations
