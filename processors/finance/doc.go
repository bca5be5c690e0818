// Package finance derives journal entries from canonical events (domain.md §2): the product's heart, and pure.
//
// The two types that matter are Rule, one line of the table in finance.go, and draft, the entry in the making. A rule adds
// legs to a draft in the document's currency (money) or in the entity's (worth); the draft values them, puts what rounding
// leaves where domain.md §2.5 rule 5 says, and refuses to become an entry unless it sums to zero per currency and in the
// functional currency. Account is a role with its default code, RuleSet a named list of rule versions and the name of a chart:
// chart/<version>.csv gives the account of each role by legal entity, channel, tax jurisdiction and date, chart/<version>.charges.csv
// the role of each charge code. An account by which open items are told has one role, in all charts and for every entity.
//
// Invariants, each with a test of that name:
//
//   - every entry balances per currency and in functional currency before anybody sees it
//   - an event's entry has one id, UUIDv5(event_id, rule@version/n), whenever and wherever it is derived; n is 0 but for the
//     second entry of a rule.superseded
//   - the same event gives the same bytes
//   - an event and its void sum to zero, leg by leg
//   - the legs of any partition of a quantity sum to those of the whole
//
// The partial-failure rule: a rule that lacks a fact returns a schemas.PoisonError that names the field (UNHYDRATED where
// admission should have stamped it, CONTRACT where the document contradicts itself, UNMAPPED_ACCOUNT where no account is
// known, UNBALANCED where legs do not sum to zero), and there is no entry at all. It never guesses and never posts part.
package finance
