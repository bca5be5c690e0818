package schemas

// DecodeEmbedded reads an event that another one carries, as a void carries what it voids: a record value as the codec writes it, five-byte prefix
// included. A pure function has no registry to ask, so the body must be in this binary's schema of eventType; admission embeds it so, and the id in
// the prefix is not looked at. What does not decode is a *PoisonError.
func DecodeEmbedded(original []byte, eventType string) (Event, error) {
	_, body, err := splitPrefix(original)
	if err != nil {
		return nil, err
	}
	e := eventOfType(eventType)
	if e == nil {
		return nil, &PoisonError{Class: DeadLetterClassUNKNOWN_SCHEMA, Reason: "meta.correction.corrected_event_type is no event of the catalog"}
	}
	r := newReader(body)
	e.decodeAvro(&r)
	if err := r.end(); err != nil {
		return nil, undecodable(e.Subject(), body, err)
	}
	return e, nil
}

// EncodeEmbedded writes what DecodeEmbedded reads. The id in the prefix is 0, so that the bytes do not depend on the registry.
func EncodeEmbedded(e Event) ([]byte, error) { return e.appendAvro(make([]byte, 5)) }
