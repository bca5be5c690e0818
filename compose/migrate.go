package compose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/throughline/throughline/processors/finance"
	"github.com/throughline/throughline/schemas"
	"github.com/throughline/throughline/sinks"
)

// Migration is what Migrate did.
type Migration struct {
	Topics  []string `json:"topics"`   // made
	Schemas int      `json:"schemas"`  // registered or found
	Seeds   int      `json:"seeds"`    // partitions whose groups got their first offsets
	RuleSet string   `json:"rule_set"` // activated, empty where one was there
}

// Migrate prepares everything that roles need and changes nothing that is there: topics, schemas, tables, the first rule set, first offsets.
func Migrate(ctx context.Context, cfg Config) (Migration, error) {
	var done Migration
	cluster, err := cfg.Cluster()
	if err != nil {
		return done, err
	}
	// A topic that was made a moment ago is unknown to some broker for another moment, and is asked for again.
	cl, err := kgo.NewClient(append(slices.Clone(cluster), append(schemas.WriteOptions(), kgo.UnknownTopicRetries(-1), kgo.MetadataMinAge(100*time.Millisecond))...)...)
	if err != nil {
		return done, err
	}
	defer cl.Close()
	if done.Topics, err = createTopics(ctx, cl, cfg); err != nil {
		return done, err
	}
	registry, err := cfg.SchemaRegistry()
	if err != nil {
		return done, err
	}
	if err := registry.CheckCompatible(ctx); err != nil {
		return done, fmt.Errorf("checking schemas against %s: %w", cfg.Registry.URL, err)
	}
	ids, err := registry.Register(ctx)
	if err != nil {
		return done, fmt.Errorf("registering schemas at %s: %w", cfg.Registry.URL, err)
	}
	done.Schemas = len(ids)
	codec := schemas.NewCodec(registry, ids)
	where, err := cfg.Tables()
	if err != nil {
		return done, err
	}
	chart, err := accounts()
	if err != nil {
		return done, err
	}
	if err := sinks.Migrate(ctx, where, chart); err != nil {
		return done, err
	}
	if done.RuleSet, err = activateRules(ctx, cluster, cl, codec); err != nil {
		return done, err
	}
	all := groups(codec)
	for _, group := range sortedKeys(all) {
		n, err := schemas.Seed(ctx, cluster, group, all[group]...)
		if err != nil {
			return done, err
		}
		done.Seeds += n
	}
	return done, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// createTopics makes what is missing and checks what is there.
func createTopics(ctx context.Context, cl *kgo.Client, cfg Config) (made []string, err error) {
	adm := kadm.NewClient(cl)
	var names []string
	for _, t := range schemas.Topics {
		names = append(names, t.Name)
		n, configs := t.Partitions, map[string]*string{}
		if n == 0 {
			n = cfg.Kafka.Partitions
		}
		for k, v := range t.Configs() {
			configs[k] = &v
		}
		_, err := adm.CreateTopic(ctx, int32(n), int16(cfg.Kafka.Replication), configs, t.Name)
		switch {
		case err == nil:
			made = append(made, t.Name)
		case !errors.Is(err, kerr.TopicAlreadyExists):
			return made, fmt.Errorf("creating topic %s at %v: %w", t.Name, cfg.Kafka.Brokers, err)
		}
	}
	// A topic that one broker has just made is not known to the others at once.
	for attempt := 0; ; attempt++ {
		err := schemas.CheckTopics(ctx, cl, names...)
		if len(made) == 0 || attempt > 8 || !errors.Is(err, kerr.UnknownTopicOrPartition) {
			return made, err
		}
		schemas.Backoff(ctx, attempt)
	}
}

func accounts() ([]sinks.Account, error) {
	chart, err := finance.Accounts()
	if err != nil {
		return nil, err
	}
	var all []sinks.Account
	for _, a := range chart {
		all = append(all, sinks.Account{Code: a.Code, Role: a.Role, Name: a.Name, Normal: a.Normal, Control: a.Control, Key: a.Key, Owner: a.Owner})
	}
	return all, nil
}

// activateRules puts the default rule set in force where none is.
func activateRules(ctx context.Context, cluster []kgo.Opt, cl *kgo.Client, codec *schemas.Codec) (string, error) {
	for _, err := range schemas.ReadRecords(ctx, cluster, schemas.Span{Topics: []string{"reference.rule_sets"}}) {
		if err != nil {
			return "", fmt.Errorf("reading rule sets: %w", err)
		}
		return "", nil
	}
	set := &schemas.ReferenceRuleSet{Name: finance.DefaultRuleSet, Version: "1", Rounding: schemas.RoundingHALF_UP}
	for _, s := range finance.RuleSets {
		if s.Name != finance.DefaultRuleSet {
			continue
		}
		for _, r := range s.Rules {
			set.Rules.Set(r.ID, fmt.Sprint(r.Version))
		}
	}
	set.Meta = schemas.Meta{EventID: schemas.NamedID("rule set", set.Name, set.Version), LegalEntity: "*", OccurredAt: 1, OccurredTZOffset: "Z",
		Source: schemas.Source{System: "throughline", Instance: "migrate", DocType: "rule set", DocID: set.Name, DocVersion: set.Version}}
	r, err := codec.Record(set)
	if err != nil {
		return "", err
	}
	if err := cl.ProduceSync(ctx, r).FirstErr(); err != nil {
		return "", fmt.Errorf("activating rule set %s: %w", set.Name, err)
	}
	return set.Name, nil
}
