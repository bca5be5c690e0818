// Package replay hands records once more to the one consumer that should have dealt with them: canonical events to a processor, dead letters to the
// consumer at which they died. What it does is written to operations.actions, one record per event or letter; the role operations turns those into
// redrives, in a transaction, so that two operators, or one who retries, redrive once.
//
// The types that matter are Plan, which says to the last offset what a replay would change, and Desk, the operator's place: Plan, Apply, Letters,
// Redrive, Rebook, Skip.
//
// The rules of a replay (operations.md §2):
//
//   - it adds what is missing and nothing else: a plan under which anything that stands would change or be left behind is refused, because that
//     needs a reversal beside a new entry (rule.superseded)
//   - what died at the processor is not replayed but redriven: two ways to one entry could write it twice
//   - nothing is booked into a period that was closed meanwhile: a letter of finance is rebooked in the first open one instead
//   - what is superseded is shown in the period in which it will be booked, the first open one by the calendar of now
//   - apply plans again over the same offsets, and refuses where the effect is another one
//   - a second apply changes nothing; an interrupted one resumes
//
// The partial-failure rule: actions are sent before anything is waited for, and have ids that a repetition shares; so whatever is interrupted is
// done again from the start.
package replay
