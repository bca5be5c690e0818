package compose

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/throughline/throughline/schemas"
)

// Lag is how many records each group has still to read. A transaction's marker takes an offset and is never read, so a group that is done may show one a
// partition: it counts as none.
func Lag(ctx context.Context, adm *kadm.Client, codec *schemas.Codec) (map[string]int64, error) {
	all := groups(codec)
	lags := make(map[string]int64, len(all))
	for _, group := range sortedKeys(all) {
		committed, err := adm.FetchOffsets(ctx, group)
		if errors.Is(err, kerr.GroupIDNotFound) {
			lags[group] = 0 // nobody has seeded it, or its offsets are lost: `run` refuses it, and says which
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("fetching offsets of %s: %w", group, err)
		}
		ends, err := adm.ListCommittedOffsets(ctx, all[group]...)
		if err != nil {
			return nil, fmt.Errorf("listing ends for %s: %w", group, err)
		}
		lags[group] = 0
		ends.Each(func(o kadm.ListedOffset) {
			marker := int64(1)
			if strings.HasPrefix(o.Topic, schemas.IntakePrefix) {
				marker = 0 // sources write no transactions
			}
			if at, ok := committed.Lookup(o.Topic, o.Partition); ok && o.Offset-at.At > marker {
				lags[group] += o.Offset - at.At
			}
		})
	}
	return lags, nil
}
