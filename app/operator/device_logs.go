package operator

import (
	"context"
	"encoding/json"
	"time"

	"sneakers23/app/devices"
)

// DeviceLog is a log record as the command line shows it.
type DeviceLog struct {
	ID       int64           `json:"id"`
	Device   string          `json:"device"` // its name
	Received time.Time       `json:"received_at"`
	Message  string          `json:"message"`
	Stamp    json.RawMessage `json:"timestamp,omitempty"` // what the device said
	Fields   json.RawMessage `json:"fields,omitempty"`    // an object of all other members
}

// DeviceLogsRequest asks for log records. It is a search, newest first, unless Follow is set.
type DeviceLogsRequest struct {
	Device string    `json:"device,omitempty"` // name; empty: all
	Text   string    `json:"text,omitempty"`   // words to search for
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"`
	Before string    `json:"before,omitempty"` // DeviceLogs.Older of the page before
	Limit  int       `json:"limit"`            // 1 to MaxDeviceLogs
	// records with ids above After, oldest first; the times and Before are ignored
	Follow bool  `json:"follow,omitempty"`
	After  int64 `json:"after,omitempty"` // DeviceLogs.Next of the call before; negative: from now on
}

// MaxDeviceLogs is the most records of one DeviceLogsRequest.
const MaxDeviceLogs = devices.MaxPage

// DeviceLogs are log records.
type DeviceLogs struct {
	Records []DeviceLog `json:"records"`
	Older   string      `json:"older,omitempty"` // where the next page of a search begins; empty if there is none
	Next    int64       `json:"next,omitempty"`  // where Follow goes on
	More    bool        `json:"more,omitempty"`  // and there may be more already
}

// DeviceLogs searches or follows what devices have said.
func (c *Client) DeviceLogs(ctx context.Context, q DeviceLogsRequest) (DeviceLogs, error) {
	return ask[DeviceLogs](ctx, c, commandDeviceLogs, q)
}

func (o *Operator) deviceLogs(ctx context.Context, q DeviceLogsRequest) (DeviceLogs, error) {
	query := devices.Query{Device: q.Device, Text: q.Text, Since: q.Since, Until: q.Until, Limit: q.Limit}
	if q.Follow {
		f, err := o.devices.Follow(ctx, query, q.After)
		return DeviceLogs{Records: viewLogs(f.Records), Next: f.Next, More: f.More}, err
	}
	var err error
	if query.Before, err = devices.ParseMark(q.Before); err != nil {
		return DeviceLogs{}, err
	}
	page, err := o.devices.Search(ctx, query)
	return DeviceLogs{Records: viewLogs(page.Records), Older: page.Older.String()}, err
}

func viewLogs(records []devices.Logged) []DeviceLog {
	views := make([]DeviceLog, len(records))
	for i, r := range records {
		views[i] = DeviceLog{r.ID, r.Name, r.Received, r.Message, r.Timestamp, r.Fields}
	}
	return views
}
