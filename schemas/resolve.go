package schemas

import (
	"context"
	"errors"
)

// resolver reads bodies that another version of a schema wrote.
type resolver struct {
	subject string
	err     error
}

func (c *Codec) resolver(ctx context.Context, id int) (*resolver, error) {
	return nil, unknownID(id)
}

func (c *Codec) decodeForeign(f *resolver, body []byte, e Event) error {
	return errors.New("not yet")
}

func undecodable(subject string, body []byte, err error) error {
	return &PoisonError{Class: classOf(err), Reason: subject + ": " + err.Error()}
}

// Compatible says whether data written with each of writers can be read with reader.
func Compatible(reader string, writers []string) error { return nil }
