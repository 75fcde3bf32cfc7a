package channel

import (
	"bytes"
	"encoding/json"
	"fmt"
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

func marshal(v any) (b json.RawMessage, err error) {
	defer func() { // a MarshalJSON of the caller's
		if p := recover(); p != nil {
			err = fmt.Errorf("channel: marshal %T: panic: %v", v, p)
		}
	}()
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("channel: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
