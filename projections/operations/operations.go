package operations

import (
	"slices"

	"github.com/throughline/throughline/projections"
	"github.com/throughline/throughline/schemas"
)

// MaxLaps is how often a letter may be redriven before it is parked (scenario S12).
const MaxLaps = 5

// Projection is the fold of operator actions to redrives.
func Projection() projections.Projection {
	to := []string{schemas.TopicThreads, schemas.TopicExceptions}
	for _, t := range schemas.Topics {
		if schemas.IsRedrive(t.Name) {
			to = append(to, t.Name)
		}
	}
	return projections.Projection{
		Name:      "operations",
		From:      []string{schemas.TopicActions},
		To:        to,
		Changelog: func(string) string { return "changelog.operations" },
		Values:    projections.Values{Encode: encode, Decode: decode},
		Apply:     apply,
		Load:      load,
	}
}

func encode(b []byte, _ string, v any) ([]byte, error) {
	return schemas.AppendState(b, v.(*schemas.LetterState))
}

func decode(_ string, b []byte) (any, error) {
	s := &schemas.LetterState{}
	return s, schemas.ReadState(b, s)
}

// load names the letter, or for a replay the canonical event, that the action is about.
func load(_ projections.State, d schemas.Delivery) (schemas.Position, bool) {
	a, ok := d.Event.(*schemas.OperatorAction)
	if !ok || !readable(a) {
		return schemas.Position{}, false
	}
	return schemas.Position{Topic: a.Topic, Partition: a.Partition.V, Offset: a.Offset.V}, true
}

// readable says whether an action names a topic that holds what it is about. Asking the brokers for any other would fail for ever.
func readable(a *schemas.OperatorAction) bool {
	switch a.Action {
	case schemas.ActionKindREDRIVE:
		return a.Topic == schemas.TopicLetters
	case schemas.ActionKindREPLAY:
		return slices.Contains(schemas.CanonicalTopics(), a.Topic)
	}
	return false
}

func apply(st projections.State, d schemas.Delivery, env projections.Env) ([]projections.Output, error) {
	a, ok := d.Event.(*schemas.OperatorAction)
	if !ok {
		return nil, refuse("%s is no operator action", d.Event.EventType())
	}
	if a.Why == "" || a.Who == "" {
		return nil, refuse("who and why are mandatory")
	}
	switch a.Action {
	case schemas.ActionKindREDRIVE:
		return redrive(st, a, env)
	case schemas.ActionKindREPLAY:
		return replay(st, a, env)
	case schemas.ActionKindREPAIR:
		repair(st, a)
	}
	return nil, nil // recorded for the history; nothing follows here
}

func redrive(st projections.State, a *schemas.OperatorAction, env projections.Env) ([]projections.Output, error) {
	letter, ok := env.Loaded.(*schemas.DeadLetter)
	if !ok || letter.Meta.EventID != a.LetterID.V {
		return nil, refuse("there is no such letter at the position that the action names")
	}
	if !takesBack(letter.Consumer) {
		return nil, refuse("the consumer at which the record died takes no redrives: correct what it complains of and send that anew")
	}
	key := stateKey(letter.Meta.EventID, letter.Consumer)
	s := state(st, key)
	action := a.Meta.EventID.String()
	if slices.Contains(s.Actions, action) {
		return nil, nil
	}
	// An action that saw an older death of the letter than the newest redrive is one that somebody else was faster with.
	if letter.Laps < s.Laps || s.Parked {
		return nil, nil
	}
	if s.Laps >= MaxLaps {
		s.Parked = true
		st.Put(key, s)
		return []projections.Output{{Event: schemas.NewException("PARKED", "the letter died again after every redrive: repair it", letter.Owner, letter)}}, nil
	}
	s.Laps++
	s.Actions = append(s.Actions, action)
	st.Put(key, s)
	r := &schemas.Redrive{LetterID: letter.Meta.EventID, Consumer: letter.Consumer, Laps: s.Laps, Topic: letter.Topic, Partition: letter.Partition,
		Offset: letter.Offset, RecordTime: letter.RecordTime, Key: letter.Key, Value: letter.Value, Headers: letter.Headers}
	r.Meta = a.Meta.Follow(schemas.Identity{Rule: "redrive", Version: 1})
	r.Meta.CorrelationID = letter.Thread
	return []projections.Output{{Event: r}}, nil
}

// repair notes that another event has answered a letter: a redrive of it that comes later would do again what that has done.
func repair(st projections.State, a *schemas.OperatorAction) {
	if !a.LetterID.Set {
		return
	}
	key := stateKey(a.LetterID.V, a.Consumer)
	s := state(st, key)
	s.Parked = true
	st.Put(key, s)
}

// replay hands one canonical event to one processor again, which may produce the listed ids only.
func replay(st projections.State, a *schemas.OperatorAction, env projections.Env) ([]projections.Output, error) {
	if env.Loaded == nil || env.Loaded.Header().EventID != a.LetterID.V || len(a.RuleIds) == 0 {
		return nil, refuse("a replay names an event, its position and the ids that are missing")
	}
	if a.Consumer == schemas.Group("admission") || a.Consumer == schemas.Group("intake") || !takesBack(a.Consumer) {
		return nil, refuse("a replay goes to a processor: consumer names none")
	}
	key := stateKey(a.LetterID.V, a.Consumer)
	s := state(st, key)
	action := a.Meta.EventID.String()
	if slices.Contains(s.Actions, action) {
		return nil, nil
	}
	s.Actions = append(s.Actions, action)
	st.Put(key, s)
	r := &schemas.Redrive{LetterID: a.LetterID.V, Consumer: a.Consumer, Topic: a.Topic, Partition: a.Partition.V, Offset: a.Offset.V,
		RecordTime: env.Loaded.Header().AdmittedAt.V, Key: []byte(env.Loaded.Header().CorrelationID), Value: env.LoadedRaw, OnlyIds: a.RuleIds}
	r.Meta = a.Meta.Follow(schemas.Identity{Rule: "replay", Version: 1})
	r.Meta.CorrelationID = env.Loaded.Header().CorrelationID
	return []projections.Output{{Event: r}}, nil
}

// takesBack says whether a consumer has a way back for what died at it: producers, for example, have none, nor has this projection.
func takesBack(consumer string) bool {
	_, ok := schemas.LookupTopic(schemas.RedriveTopic(consumer))
	return ok
}

func stateKey(id schemas.UUID, consumer string) string { return id.String() + "|" + consumer }

func state(st projections.State, key string) *schemas.LetterState {
	if s, ok := st.Get(key).(*schemas.LetterState); ok {
		return s
	}
	return &schemas.LetterState{}
}
