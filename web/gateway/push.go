package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"sneakers23/app/devices"
)

// maxPushed is about how many bytes of JSON are sent in one line: small devices have small buffers.
const maxPushed = 48 << 10

// variableLines returns the lines that send variables to a device, none for none.
func variableLines(key secret, variables []devices.Variable) (lines [][]byte) {
	var array bytes.Buffer
	encoder := json.NewEncoder(&array)
	encoder.SetEscapeHTML(false)
	flush := func() {
		array.WriteByte(']')
		lines = append(lines, variableLine(key, array.Bytes()))
		array.Reset()
	}
	for _, v := range variables {
		if array.Len() > maxPushed {
			flush()
		}
		if array.Len() == 0 {
			array.WriteByte('[')
		} else {
			array.WriteByte(',')
		}
		before := array.Len()
		if encoder.Encode(v) != nil { // a value that is no JSON, which package devices never has
			array.Truncate(max(before-1, 0))
			continue
		}
		array.Truncate(array.Len() - len("\n"))
	}
	if array.Len() > 0 {
		flush()
	}
	return lines
}

func variableLine(key secret, array []byte) []byte {
	line := make([]byte, 0, len("v:")+len(key)+len(":")+base64.StdEncoding.EncodedLen(len(array))+len("\n"))
	line = append(line, "v:"...)
	line = append(line, key[:]...)
	line = append(line, ':')
	line = base64.StdEncoding.AppendEncode(line, array)
	return append(line, '\n')
}
