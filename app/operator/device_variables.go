package operator

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"sneakers23/app/devices"
	"sneakers23/inventory"
)

// DeviceVariable is a variable of a device: what the device has reported, and what it is to become.
type DeviceVariable struct {
	Name     string         `json:"name"`
	Reported *ReportedValue `json:"reported,omitempty"`
	Wanted   *WantedValue   `json:"wanted,omitempty"`
}

// ReportedValue is the last value that a device has reported.
type ReportedValue struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
	At    time.Time       `json:"at"`
}

// WantedValue is what an operator wants, until the device reports it.
type WantedValue struct {
	Type     string          `json:"type"`
	Value    json.RawMessage `json:"value"`
	Revision int64           `json:"revision"`
	Since    time.Time       `json:"since"`
	Who      string          `json:"who"`
}

// SetDeviceRequest asks for a variable of a device to be changed.
type SetDeviceRequest struct {
	Device string `json:"device"` // its name
	Name   string `json:"name"`   // of the variable
	Type   string `json:"type"`   // string, integer, float or boolean; empty: the type that the variable has
	Value  string `json:"value"`  // as people write it: a string without quotes
}

// DeviceVariables lists the variables of a device by name.
func (c *Client) DeviceVariables(ctx context.Context, q DeviceRequest) ([]DeviceVariable, error) {
	return ask[[]DeviceVariable](ctx, c, commandDeviceVars, q)
}

// SetDevice keeps what a variable is to become. The value is sent to all connections of the device
// until it is reported.
func (c *Client) SetDevice(ctx context.Context, q SetDeviceRequest) ([]DeviceVariable, error) {
	return ask[[]DeviceVariable](ctx, c, commandDeviceSet, q)
}

// UnsetDeviceRequest names a variable of a device.
type UnsetDeviceRequest struct {
	Device string `json:"device"`
	Name   string `json:"name"`
}

// UnsetDevice withdraws what a variable is to become, if the device has not reported it. A device
// that was sent the value may have it all the same.
func (c *Client) UnsetDevice(ctx context.Context, q UnsetDeviceRequest) ([]DeviceVariable, error) {
	return ask[[]DeviceVariable](ctx, c, commandDeviceUnset, q)
}

func (o *Operator) deviceVariables(ctx context.Context, q DeviceRequest) ([]DeviceVariable, error) {
	d, err := o.devices.Find(ctx, q.Name)
	if err != nil {
		return nil, err
	}
	return o.variablesOf(ctx, d.ID)
}

func (o *Operator) variablesOf(ctx context.Context, id devices.ID) ([]DeviceVariable, error) {
	states, err := o.devices.Variables(ctx, id)
	if err != nil {
		return nil, err
	}
	views := make([]DeviceVariable, len(states))
	for i, s := range states {
		views[i].Name = s.Name
		if s.Reported != nil {
			views[i].Reported = &ReportedValue{s.Reported.Type, s.Reported.Value, s.At}
		}
		if s.Wanted != nil {
			views[i].Wanted = &WantedValue{s.Wanted.Type, s.Wanted.Value, s.Revision, s.Since, s.Who}
		}
	}
	return views, nil
}

func (o *Operator) setDevice(ctx context.Context, q SetDeviceRequest) ([]DeviceVariable, error) {
	d, err := o.devices.Find(ctx, q.Device)
	if err != nil {
		return nil, err
	}
	if q.Type == "" {
		if q.Type, err = o.typeOf(ctx, d.ID, q.Name); err != nil {
			return nil, err
		}
	}
	if err := o.want(ctx, d, []devices.Variable{devices.VariableOfText(q.Name, q.Type, q.Value)}); err != nil {
		return nil, err
	}
	return o.variablesOf(ctx, d.ID)
}

// want keeps what variables of a device are to become.
func (o *Operator) want(ctx context.Context, d devices.Device, variables []devices.Variable) error {
	if err := o.devices.Want(ctx, d.ID, variables, inventory.Actor(ctx)); err != nil {
		return err
	}
	for _, v := range variables {
		o.did(ctx, "a variable of a device is to change", "device", d.Name, "variable", v.Name)
	}
	return nil
}

func (o *Operator) unsetDevice(ctx context.Context, q UnsetDeviceRequest) ([]DeviceVariable, error) {
	d, err := o.devices.Find(ctx, q.Device)
	if err != nil {
		return nil, err
	}
	if err := o.unwant(ctx, d, q.Name); err != nil {
		return nil, err
	}
	return o.variablesOf(ctx, d.ID)
}

// unwant withdraws what a variable of a device is to become.
func (o *Operator) unwant(ctx context.Context, d devices.Device, name string) error {
	if err := o.devices.Unwant(ctx, d.ID, name, inventory.Actor(ctx)); err != nil {
		return err
	}
	o.did(ctx, "the change of a variable of a device is withdrawn", "device", d.Name, "variable", name)
	return nil
}

// typeOf is the type that a variable has: the one that was reported, else the one that is wanted.
func (o *Operator) typeOf(ctx context.Context, id devices.ID, name string) (string, error) {
	states, err := o.devices.Variables(ctx, id)
	if err != nil {
		return "", err
	}
	for _, s := range states {
		switch {
		case s.Name != name:
		case s.Reported != nil:
			return s.Reported.Type, nil
		default:
			return s.Wanted.Type, nil
		}
	}
	return "", errors.New("the device has no variable of this name yet: add --type string, integer, float or boolean")
}
