package channel

import (
	"encoding/json"
	"fmt"

	"sneakers23/replication/pubsub"
)

// encodeJSON encodes a payload. A json.RawMessage is taken as it is, unchecked:
// whoever encodes once for many has a reason. HTML is not escaped, since frames are
// not pages. nil gives {}: payloads and responses are objects.
func encodeJSON(v any) (json.RawMessage, error) {
	switch v := v.(type) {
	case nil:
		return OK, nil
	case json.RawMessage:
		if len(v) == 0 {
			return OK, nil
		}
		return v, nil
	}
	return marshal(v)
}

func marshal(v any) (json.RawMessage, error) {
	b, err := pubsub.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("channel: %w", err)
	}
	return b, nil
}
