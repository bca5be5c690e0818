package schemas

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ErrLate is returned when the brokers ended a transaction that took longer than its timeout. It was aborted whole; a new session repeats it.
var ErrLate = errors.New("the brokers ended a transaction that took too long; it is repeated. If this comes often, raise kafka.session")

// TakeOver makes the session's producer id now and not at its first output. That ends at once what a killed predecessor left open: else everybody
// downstream, and our own restore, would wait for the transaction's timeout and for the coordinator to notice it.
func (t *Transaction) TakeOver(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, t.Dog.share(2, 3))
	defer cancel()
	_, _, err := t.Session.Client().ProducerID(bounded)
	t.Dog.Feed()
	if err != nil {
		return fmt.Errorf("taking over the transactional id of %s: %w", t.Role, err)
	}
	return nil
}

// lateOrFenced tells the two causes of a fenced producer apart. Another process with our identity has also taken our place in the group, and we must end;
// where our place is ours or nobody's, only a transaction of ours was too slow (a broker that failed over, a machine that slept), and we go on.
func (t *Transaction) lateOrFenced(ctx context.Context, err error) error {
	if !errors.Is(err, kerr.ProducerFenced) && !errors.Is(err, kerr.InvalidProducerEpoch) || errors.Is(err, kerr.FencedInstanceID) {
		return err
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	t.Dog.Feed()
	cl := t.Session.Client()
	group, _ := cl.OptValue(kgo.ConsumerGroup).(string)
	instance, _ := cl.OptValue(kgo.InstanceID).(string)
	ours, _ := cl.GroupMetadata()
	described, askErr := kadm.NewClient(cl).DescribeGroups(bounded, group)
	if askErr != nil {
		return fmt.Errorf("%w (%v; the group could not be asked who has our place: %v)", ErrLate, err, askErr)
	}
	for _, m := range described[group].Members {
		if m.InstanceID != nil && *m.InstanceID == instance && m.MemberID != ours {
			return err
		}
	}
	return fmt.Errorf("%w (%v)", ErrLate, err)
}

// share is a part of the watchdog's time: how long a bounded attempt may take.
func (w *Watchdog) share(of, parts time.Duration) time.Duration {
	if w.After == 0 {
		return 30 * time.Second * of / parts
	}
	return w.After * of / parts
}
