package schemas

import (
	"slices"
	"strconv"
)

// IntakePrefix precedes a domain in the name of the topic that sources write.
const IntakePrefix = "intake."

// Topic names that code refers to.
const (
	TopicThreads    = "admission.threads"
	TopicOutcomes   = "admission.outcomes"
	TopicLetters    = "dead-letters"
	TopicExceptions = "exceptions"
	TopicJournal    = "finance.journal"
	TopicDeltas     = "inventory.deltas"
	TopicPositions  = "inventory.positions"
	TopicActions    = "operations.actions"
	TopicPeriods    = "periods"
	TopicSeeds      = "operations.seeds"
	TopicChain      = "finance.chain"
	TopicCloses     = "finance.closes"

	RedriveIntake    = "redrive.intake"
	RedriveFinance   = "redrive.finance"
	RedriveDeltas    = "redrive.atp-deltas"
	RedrivePositions = "redrive.atp"
)

// Topic is one Kafka topic and what it promises.
type Topic struct {
	Name       string
	Partitions int  // 0: as many as configured for data
	Compacted  bool // cleanup.policy=compact
	AppendTime bool // message.timestamp.type=LogAppendTime: the loops refuse it otherwise
	Days       int  // retention in days; 0: for ever
	MaxBytes   int  // max.message.bytes
}

// RecordMax is how many bytes a record of ours may have; a letter may have more, because it carries one.
const (
	RecordMax = 8 << 20
	letterMax = 10 << 20
)

// Topics is every topic: one line each.
var Topics = []Topic{
	{"intake.orders", 0, false, true, 90, RecordMax},
	{"intake.inventory", 0, false, true, 90, RecordMax},
	{"intake.fulfillment", 0, false, true, 90, RecordMax},
	{"intake.billing", 0, false, true, 90, RecordMax},
	{"intake.payments", 0, false, true, 90, RecordMax},
	{"intake.returns", 0, false, true, 90, RecordMax},
	{"intake.periods", 1, false, true, 90, RecordMax},
	{RedriveIntake, 0, false, true, 90, letterMax},
	{TopicThreads, 0, false, true, 90, letterMax},

	{"orders", 0, false, false, 0, RecordMax},
	{"inventory", 0, false, false, 0, RecordMax},
	{"fulfillment", 0, false, false, 0, RecordMax},
	{"billing", 0, false, false, 0, RecordMax},
	{"payments", 0, false, false, 0, RecordMax},
	{"returns", 0, false, false, 0, RecordMax},
	{TopicPeriods, 1, false, true, 0, RecordMax},

	{TopicJournal, 0, false, false, 0, RecordMax},
	{TopicChain, 1, false, false, 0, RecordMax},
	{TopicCloses, 1, false, true, 0, RecordMax},
	{TopicDeltas, 0, false, false, 0, RecordMax},
	{TopicPositions, 0, true, false, 0, RecordMax},
	{TopicOutcomes, 0, false, false, 0, RecordMax}, // what waits longer than any retention would otherwise be forgotten, and keep no period open (package closing)
	{TopicLetters, 0, false, false, 90, letterMax},
	{TopicExceptions, 0, false, false, 0, RecordMax},

	{"reference.items", 1, true, true, 0, RecordMax},
	{"reference.rates", 1, true, true, 0, RecordMax},
	{"reference.entities", 1, true, true, 0, RecordMax},
	{"reference.rule_sets", 1, true, true, 0, RecordMax},

	{TopicActions, 1, false, true, 0, letterMax},
	{TopicSeeds, 1, true, false, 0, RecordMax},
	{RedriveFinance, 0, false, false, 90, letterMax},
	{"redrive.chain", 0, false, false, 90, letterMax},
	{RedriveDeltas, 0, false, false, 90, letterMax},
	{RedrivePositions, 0, false, false, 90, letterMax},
	{"redrive.sink-events", 1, false, false, 90, letterMax},
	{"redrive.sink-journal_lines", 1, false, false, 90, letterMax},
	{"redrive.sink-stock_deltas", 1, false, false, 90, letterMax},
	{"redrive.sink-stock_positions", 1, false, false, 90, letterMax},
	{"redrive.sink-stock_snapshots", 1, false, false, 90, letterMax},
	{"redrive.sink-order_lines", 1, false, false, 90, letterMax},
	{"redrive.sink-exceptions", 1, false, false, 90, letterMax},
	{"redrive.sink-operator_actions", 1, false, false, 90, letterMax},
	{"redrive.sink-intake", 1, false, false, 90, letterMax},
	{"redrive.sink-holds", 1, false, false, 90, letterMax},

	{"changelog.intake.orders", 0, true, false, 0, RecordMax},
	{"changelog.intake.inventory", 0, true, false, 0, RecordMax},
	{"changelog.intake.fulfillment", 0, true, false, 0, RecordMax},
	{"changelog.intake.billing", 0, true, false, 0, RecordMax},
	{"changelog.intake.payments", 0, true, false, 0, RecordMax},
	{"changelog.intake.returns", 0, true, false, 0, RecordMax},
	{"changelog.intake.periods", 1, true, false, 0, RecordMax},
	{"changelog.redrive.intake", 0, true, false, 0, RecordMax},
	{"changelog.admission", 0, true, false, 0, RecordMax},
	{"changelog.atp", 0, true, false, 0, RecordMax},
	{"changelog.chain", 0, true, false, 0, RecordMax},
	{"changelog.operations", 1, true, false, 0, RecordMax},
}

// IntakeTopics are the topics that sources write, in the catalog's order.
func IntakeTopics() []string {
	return []string{"intake.orders", "intake.inventory", "intake.fulfillment", "intake.billing", "intake.payments", "intake.returns", "intake.periods"}
}

// CanonicalTopics are the topics that only admission writes: the source of truth.
func CanonicalTopics() []string {
	return []string{"orders", "inventory", "fulfillment", "billing", "payments", "returns", TopicPeriods}
}

// LookupTopic finds a topic's line.
func LookupTopic(name string) (Topic, bool) {
	i := slices.IndexFunc(Topics, func(t Topic) bool { return t.Name == name })
	if i < 0 {
		return Topic{}, false
	}
	return Topics[i], true
}

// Configs are the topic's Kafka settings, for creating it and for checking that it is as it must be.
func (t Topic) Configs() map[string]string {
	c := map[string]string{"max.message.bytes": strconv.Itoa(t.MaxBytes), "cleanup.policy": "delete", "retention.ms": "-1"}
	if t.Days > 0 {
		c["retention.ms"] = strconv.Itoa(t.Days * 24 * 3600 * 1000)
	}
	if t.Compacted {
		c["cleanup.policy"] = "compact"
	}
	if t.AppendTime {
		c["message.timestamp.type"] = "LogAppendTime"
	}
	return c
}
